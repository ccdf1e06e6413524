package usbport

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"mostrador/drivers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCheck(t *testing.T) {
	for _, test := range []struct{ address, fault string }{
		{"usb://04b8:0e15", ""},
		{"usb://04B8:0E15/", ""},
		{"usb://04b8:0e15?serial=J4KF012345", ""},
		{"usb://04b8:0e15?path=1-2.3&status=no", ""},
		{"usb://", "write usb://VVVV:PPPP"},
		{"usb://epson", "write usb://VVVV:PPPP"},
		{"usb://4b8:e15", "four hex digits"},
		{"usb://0x04b8:0x0e15", "four hex digits"},
		{"usb://04b8:0e15/1-2", "?path=1-2.3"},
		{"usb://04b8:0e15?path=/dev/usb/lp0", "such as 1-2"},
		{"usb://04b8:0e15?path=1", "such as 1-2"},
		{"usb://04b8:0e15?serial=", "serial is empty"},
		{"usb://04b8:0e15?serial=a&serial=b", "given 2 times"},
		{"usb://04b8:0e15?status=maybe", "neither yes nor no"},
		{"usb://04b8:0e15?baud=9600", "no option of a USB printer"},
	} {
		address, err := drivers.ParseAddress(test.address)
		if err != nil {
			t.Fatal(err)
		}
		err = Scheme().Check(address)
		switch {
		case test.fault == "" && err != nil:
			t.Errorf("%s is refused: %v", test.address, err)
		case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
			t.Errorf("%s: got %v, want a fault with %q", test.address, err, test.fault)
		}
	}
}

// TestAddressed: the URL of each printer names it and no other, where one can.
func TestAddressed(t *testing.T) {
	printers := addressed([]Printer{
		{Vendor: 0x04b8, Product: 0x0e15, Serial: "J 2", Path: "2-1"},
		{Vendor: 0x04b8, Product: 0x0e15, Serial: "J 1", Path: "1-1"},
		{Vendor: 0x0416, Product: 0x5011, Path: "1-4"},
		{Vendor: 0x0fe6, Product: 0x811e, Serial: "000000", Path: "1-2"},
		{Vendor: 0x0fe6, Product: 0x811e, Serial: "000000", Path: "1-3"},
	})
	want := []string{
		"usb://04b8:0e15?serial=J+1", "usb://0fe6:811e?path=1-2", "usb://0fe6:811e?path=1-3", "usb://0416:5011", "usb://04b8:0e15?serial=J+2",
	}
	for i, p := range printers {
		if p.URL != want[i] {
			t.Errorf("at %s: %s, want %s", p.Path, p.URL, want[i])
		}
		address, err := drivers.ParseAddress(p.URL)
		if err != nil {
			t.Fatal(err)
		}
		target, err := parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if found := named(target, printers); len(found) != 1 || found[0].Path != p.Path {
			t.Errorf("%s names %v", p.URL, found)
		}
	}
}

// What an address is read as, its text names again.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"usb://04b8:0e15?serial=J1", "usb://04b8:0e15?path=1-2.3", "usb://04B8:0E15/?status=no&serial=%20%ff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		address, err := drivers.ParseAddress(s)
		if err != nil {
			return
		}
		first, err := parse(address)
		if err != nil {
			return
		}
		first.noStatus = false
		if first.serial != "" {
			first.path = "" // one of them is enough for a text
		}
		address, err = drivers.ParseAddress(first.String())
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parse(address); err != nil || again != first {
			t.Errorf("%q is %+v, and %q is %+v, %v", s, first, first.String(), again, err)
		}
	})
}
