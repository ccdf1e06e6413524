//go:build !linux && libusb

package usbport

import (
	"errors"
	"fmt"

	"github.com/google/gousb"
)

// List returns the USB printers that are plugged in, as libusb finds them. Who
// has them open is not known here.
func List() ([]Printer, error) { return plugged() }

func plugged() (printers []Printer, err error) {
	lib := &library{}
	usb, err := lib.acquire()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lib.release()) }()
	opened, openErr := usb.OpenDevices(func(d *gousb.DeviceDesc) bool { return len(printerSettings(d)) > 0 })
	for _, d := range opened {
		p := Printer{Vendor: uint16(d.Desc.Vendor), Product: uint16(d.Desc.Product), Path: pathOf(d.Desc)}
		p.Serial, p.Maker, p.Model = text(d.SerialNumber), text(d.Manufacturer), text(d.Product)
		printers = append(printers, p)
		err = errors.Join(err, d.Close())
	}
	if len(opened) == 0 && openErr != nil {
		err = fmt.Errorf("list the USB printers: %w", openErr)
	}
	return addressed(printers), err
}

// text is what a device says of itself, empty where it does not.
func text(ask func() (string, error)) string {
	s, err := ask()
	if err != nil {
		return ""
	}
	return clean(s)
}
