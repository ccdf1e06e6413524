package serialport_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/serialport"
)

func TestPort(t *testing.T) {
	drivertest.Port(t, drivertest.PortHarness{
		Scheme: serialport.Scheme(),
		Peer: func(t testing.TB) (drivertest.Peer, *url.URL) {
			peer := drivertest.NewPTY(t)
			return peer, &url.URL{Scheme: "serial", Path: peer.Node(), RawQuery: "baud=115200"}
		},
		Exclusive: true,
	})
}

// The line is set as the address says, flow control included.
func TestSettings(t *testing.T) {
	for _, test := range []struct {
		options              string
		cflag, iflag         uint32
		notCflag, notIflag   uint32
		startByte, otherByte byte
	}{
		{options: "baud=9600", cflag: unix.B9600 | unix.CS8, notCflag: unix.CRTSCTS | unix.PARENB | unix.CSTOPB, notIflag: unix.IXON | unix.IXOFF},
		{options: "baud=19200&stop=2", cflag: unix.B19200 | unix.CS8 | unix.CSTOPB, notCflag: unix.PARENB},
		{options: "flow=rtscts", cflag: unix.CRTSCTS, notIflag: unix.IXON | unix.IXOFF},
		{options: "flow=xonxoff", iflag: unix.IXON | unix.IXOFF, notCflag: unix.CRTSCTS, startByte: 0x11, otherByte: 0x13},
	} {
		peer := drivertest.NewPTY(t)
		port, err := serialport.Scheme().Open(t.Context(), &url.URL{Scheme: "serial", Path: peer.Node(), RawQuery: test.options})
		if err != nil {
			t.Fatalf("%s: %v", test.options, err)
		}
		node, err := os.OpenFile(peer.Node(), os.O_RDWR|unix.O_NOCTTY, 0)
		if errors.Is(err, unix.EBUSY) {
			t.Skip("the port is exclusive to us: only root may look at its settings")
		}
		if err != nil {
			t.Fatal(err)
		}
		termios, err := unix.IoctlGetTermios(int(node.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if termios.Cflag&test.cflag != test.cflag || termios.Cflag&test.notCflag != 0 {
			t.Errorf("%s: cflag is %#o", test.options, termios.Cflag)
		}
		if termios.Iflag&test.iflag != test.iflag || termios.Iflag&test.notIflag != 0 {
			t.Errorf("%s: iflag is %#o", test.options, termios.Iflag)
		}
		if test.startByte != 0 && (termios.Cc[unix.VSTART] != test.startByte || termios.Cc[unix.VSTOP] != test.otherByte) {
			t.Errorf("%s: XON is %#x, XOFF %#x", test.options, termios.Cc[unix.VSTART], termios.Cc[unix.VSTOP])
		}
		node.Close()
		port.Close()
	}
}

// A line without a DSR wire is refused rather than driven blindly.
func TestNoDSR(t *testing.T) {
	peer := drivertest.NewPTY(t)
	port, err := serialport.Scheme().Open(t.Context(), &url.URL{Scheme: "serial", Path: peer.Node(), RawQuery: "flow=dtrdsr"})
	if !errors.Is(err, drivers.ErrAbsent) {
		t.Errorf("got %v, want %v", err, drivers.ErrAbsent)
	}
	if err == nil {
		port.Close()
	}
}

// What is no serial line is left alone.
func TestNoLine(t *testing.T) {
	name := filepath.Join(t.TempDir(), "ttyS0")
	if err := os.WriteFile(name, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := serialport.Scheme().Open(t.Context(), &url.URL{Scheme: "serial", Path: name})
	if !errors.Is(err, drivers.ErrAbsent) {
		t.Errorf("got %v, want %v", err, drivers.ErrAbsent)
	}
	if got, _ := os.ReadFile(name); string(got) != "precious" {
		t.Errorf("the file was changed to %q", got)
	}
}
