package serialport_test

import (
	"net/url"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"mostrador/drivers/serialport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCheck(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("names and flow control are the system's own")
	}
	for _, test := range []struct{ address, fault string }{
		{"serial:///dev/ttyS0", ""},
		{"serial:///dev/serial/by-id/usb-FTDI_FT232R-if00-port0?baud=19200&flow=dtrdsr", ""},
		{"serial:///dev/ttyS0?baud=2400&bits=7&parity=even&stop=2&flow=rtscts", ""},
		{"serial:///dev/ttyS0?flow=xonxoff&parity=odd", ""},
		{"serial:", "names no device"},
		{"serial:///", "names no device"},
		{"serial://dev/ttyS0", "two slashes"},
		{"serial:///dev/ttyS0?baud=9601", "baud=9601 is no speed"},
		{"serial:///dev/ttyS0?bits=9", "5, 6, 7 or 8"},
		{"serial:///dev/ttyS0?parity=mark", "none, even or odd"},
		{"serial:///dev/ttyS0?stop=1.5", "1 or 2 stop bits"},
		{"serial:///dev/ttyS0?flow=hardware", "none, rtscts, dtrdsr, xonxoff"},
		{"serial:///dev/ttyS0?speed=9600", `no option "speed"`},
		{"serial:///dev/ttyS0?baud=9600&baud=19200", "baud is given 2 times"},
		{"serial:///dev/ttyS0?baud=%zz", "cannot be read"},
		{"serial:///dev/ttyS0?baud=1&parity=x", "parity=x"},
	} {
		address, err := url.Parse(test.address)
		if err != nil {
			t.Fatal(err)
		}
		err = serialport.Scheme().Check(address)
		switch {
		case test.fault == "" && err != nil:
			t.Errorf("%s is refused: %v", test.address, err)
		case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
			t.Errorf("%s: got %v, want a fault with %q", test.address, err, test.fault)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"serial:///dev/ttyS0?baud=9600&flow=rtscts", "serial://COM3", "serial:?%", "serial:///x?bits=8&bits=7"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		address, err := url.Parse(s)
		if err != nil {
			return
		}
		if err := serialport.Scheme().Check(address); err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Errorf("%q is refused without a word", s)
		}
	})
}
