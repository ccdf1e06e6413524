package drivers_test

import (
	"testing"

	"mostrador/drivers"
)

func TestParseAddress(t *testing.T) {
	for _, test := range []struct{ address, host, path, query string }{
		{"usb://04b8:0e15", "04b8:0e15", "", ""},
		{"usb://04B8:0202?serial=J%201", "04B8:0202", "", "serial=J%201"},
		{"usb://04b8:0e15/?path=1-2.3", "04b8:0e15", "/", "path=1-2.3"},
		{"usb://", "", "", ""},
		{"tcp://host:9100", "host:9100", "", ""},
		{"file:///dev/usb/lp0", "", "/dev/usb/lp0", ""},
	} {
		u, err := drivers.ParseAddress(test.address)
		if err != nil {
			t.Errorf("%s: %v", test.address, err)
			continue
		}
		if u.Host != test.host || u.Path != test.path || u.RawQuery != test.query {
			t.Errorf("%s: host %q, path %q, query %q", test.address, u.Host, u.Path, u.RawQuery)
		}
	}
	for _, address := range []string{"tcp://host:0e15", "usb://04b8:0e15?serial=%zz\x01", "usb://me:[x@04b8:0e15", "usb://printer:tm"} {
		if u, err := drivers.ParseAddress(address); err == nil {
			t.Errorf("%s is taken: %v", address, u)
		}
	}
}

// What ParseAddress takes comes back the same from its own text.
func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{"usb://04b8:0e15?serial=J1", "usb://1:x/?#", "tcp://[::1]:9100", "serial:COM3", "usb://%20"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := drivers.ParseAddress(s)
		if err != nil {
			return
		}
		again, err := drivers.ParseAddress(u.String())
		if err != nil || again.Host != u.Host || again.RawQuery != u.RawQuery {
			t.Errorf("%q is %q, which is read as %v, %v", s, u, again, err)
		}
	})
}
