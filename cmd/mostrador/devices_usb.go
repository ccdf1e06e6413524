package main

import (
	"errors"
	"slices"

	"mostrador/drivers"
	"mostrador/drivers/usbport"
)

// usbPrinters are the USB printers of this machine. In a build without libusb
// the way to one is its node of usblp, where it has one.
func usbPrinters(root string) ([]drivers.Found, error) {
	if root != "/" {
		return nil, nil // a test's machine has no USB
	}
	printers, err := usbport.List()
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, nil
	}
	var found []drivers.Found
	for _, p := range printers {
		found = append(found, foundUSB(p, usbport.Built, printers))
	}
	return found, err
}

// foundUSB says of a printer what it says itself: by IEEE 1284 first, as the
// names of its USB descriptors are often a chip's.
func foundUSB(p usbport.Printer, libusb bool, all []usbport.Printer) drivers.Found {
	id := drivers.ParseDeviceID(p.DeviceID)
	f := drivers.Found{
		Kind: drivers.FoundUSB, Printer: true, Driver: p.Driver, Place: p.Path, Port: p.URL,
		Maker: p.Maker, Model: p.Model, Serial: p.Serial,
	}
	if id.Maker != "" {
		f.Maker = id.Maker
	}
	if id.Model != "" {
		f.Model = id.Model
	}
	for _, node := range []string{p.Node, p.Device} {
		if node != "" {
			f.Nodes = append(f.Nodes, node)
		}
	}
	if slices.ContainsFunc(all, func(o usbport.Printer) bool {
		return o.Path != p.Path && o.Vendor == p.Vendor && o.Product == p.Product && p.Serial == ""
	}) {
		f.Notes = append(f.Notes, drivers.NoteTwin)
	}
	switch {
	case libusb && p.Node != "":
		f.Also = []string{"file://" + p.Node}
	case !libusb && p.Node != "":
		f.Port, f.Also = "file://"+p.Node, []string{p.URL}
		f.Notes = append(f.Notes, drivers.NoteUnstable)
	case !libusb:
		f.Notes = append(f.Notes, drivers.NoteNoLibusb)
	}
	return f
}
