package main

import (
	"slices"
	"testing"

	"mostrador/drivers"
	"mostrador/drivers/usbport"
)

// TestFoundUSB: a USB printer goes by its own words, and by the way to it that
// this build has.
func TestFoundUSB(t *testing.T) {
	p := usbport.Printer{
		Vendor: 0x04b8, Product: 0x0e15, Serial: "J4KF012345", Maker: "QinHeng", Model: "CH340S", DeviceID: "MFG:EPSON;MDL:TM-T20II;",
		Path: "1-2.3", Device: "/dev/bus/usb/001/004", Node: "/dev/usb/lp0", Driver: "usblp", URL: "usb://04b8:0e15",
	}
	bare := p
	bare.Node, bare.Driver, bare.Serial, bare.Path = "", "", "", "1-4"
	twin := bare
	twin.Path = "1-5"
	for _, test := range []struct {
		name   string
		p      usbport.Printer
		libusb bool
		port   string
		also   []string
		notes  []drivers.Note
	}{
		{"with libusb", p, true, "usb://04b8:0e15", []string{"file:///dev/usb/lp0"}, nil},
		{"without", p, false, "file:///dev/usb/lp0", []string{"usb://04b8:0e15"}, []drivers.Note{drivers.NoteUnstable}},
		{"a twin", bare, true, "usb://04b8:0e15", nil, []drivers.Note{drivers.NoteTwin}},
		{"out of reach", bare, false, "usb://04b8:0e15", nil, []drivers.Note{drivers.NoteTwin, drivers.NoteNoLibusb}},
	} {
		f := foundUSB(test.p, test.libusb, []usbport.Printer{p, bare, twin})
		if f.Port != test.port || !slices.Equal(f.Also, test.also) || !slices.Equal(f.Notes, test.notes) || f.Maker != "EPSON" || f.Model != "TM-T20II" || !f.Printer {
			t.Errorf("%s: %+v", test.name, f)
		}
	}
	l := listing{root: "/"}
	f := foundUSB(p, false, nil)
	for port, want := range map[string]bool{
		"usb://04b8:0e15": true, "usb://04B8:0E15?serial=J4KF012345": true, "usb://04b8:0e15?path=1-2.3": true, "file:///dev/usb/lp0": true,
		"usb://04b8:0e15?serial=other": false, "usb://04b8:0e15?path=1-2": false, "usb://04b8:0202": false, "tcp://04b8:9100": false,
	} {
		u, err := drivers.ParseAddress(port)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.isAt(f, u); got != want {
			t.Errorf("%s: %v", port, got)
		}
	}
}
