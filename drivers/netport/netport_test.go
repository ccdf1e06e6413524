package netport_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/netport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPort(t *testing.T) {
	drivertest.Port(t, drivertest.PortHarness{
		Scheme: netport.Scheme(),
		Peer: func(t testing.TB) (drivertest.Peer, *url.URL) {
			peer := drivertest.NewTCP(t)
			return peer, peer.Address()
		},
		DrainSees: true,
	})
}

func TestCheck(t *testing.T) {
	for _, test := range []struct{ address, fault string }{
		{"tcp://192.168.1.50:9100", ""},
		{"tcp://cocina.local", ""},
		{"tcp://[fe80::1%25eth0]:9100", ""},
		{"tcp://[::1]/", ""},
		{"tcp://", "names no printer"},
		{"tcp://me:secret@/", "names no printer"},
		{"tcp://:9100", "names no printer"},
		{"tcp://host:0", "out of range"},
		{"tcp://host:70000", "out of range"},
		{"tcp://host:9100/lp", "no path"},
		{"tcp://host:9100?baud=9600", "no options"},
		{"tcp://host:9100?mac=00:26:AB:12:34:56", ""},
		{"tcp://host:9100?mac=00-26-ab-12-34-56", ""},
		{"tcp://host:9100?mac=00:26:ab", "no hardware address"},
		{"tcp://host:9100?mac=00:26:ab:12:34:56&mac=00:26:ab:12:34:57", "no options but one"},
		{"tcp://me:secret@host:9100", "no user"},
	} {
		address, err := url.Parse(test.address)
		if err != nil {
			t.Fatal(err)
		}
		err = netport.Scheme().Check(address)
		switch {
		case test.fault == "" && err != nil:
			t.Errorf("%s is refused: %v", test.address, err)
		case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
			t.Errorf("%s: got %v, want a fault with %q", test.address, err, test.fault)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the fault shows the password", test.address)
		}
	}
}

// A name that nobody knows is an absent device, not a fault of another kind.
func TestUnknownName(t *testing.T) {
	port, err := netport.Scheme().Open(t.Context(), &url.URL{Scheme: "tcp", Host: "no-such-printer.invalid:9100"})
	if err == nil {
		port.Close()
	}
	if !errors.Is(err, drivers.ErrAbsent) {
		t.Errorf("got %v, want %v", err, drivers.ErrAbsent)
	}
}
