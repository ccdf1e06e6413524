package usbport

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mostrador/drivers"
)

// List returns the USB printers that are plugged in, as Linux knows them: it
// speaks with none of them, and needs neither libusb nor a right. A machine
// without USB has none.
func List() ([]Printer, error) {
	printers, err := plugged()
	hold(printers)
	return printers, err
}

// plugged is List without looking who holds the printers, which reads what every
// process has open.
func plugged() ([]Printer, error) { return system("/").list() }

// A system is the folder that /sys is looked for in.
type system string

// The class of a printer's interface (USB Device Class Definition for Printing
// Devices 1.1, 4.2).
const (
	printerClass    = "07"
	printerSubclass = "01"
)

func (s system) list() ([]Printer, error) {
	const devices = "sys/bus/usb/devices"
	entries, err := os.ReadDir(s.path(devices))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the USB devices: %w", err)
	}
	var found []Printer
	for _, entry := range entries {
		device, _, isInterface := strings.Cut(entry.Name(), ":")
		face := s.path(devices, entry.Name())
		if !isInterface || attribute(face, "bInterfaceClass") != printerClass || attribute(face, "bInterfaceSubClass") != printerSubclass {
			continue
		}
		if slices.ContainsFunc(found, func(p Printer) bool { return p.Path == device }) {
			continue // a second way into the same printer
		}
		if p, ok := s.look(s.path(devices, device), face); ok {
			found = append(found, p)
		}
	}
	return addressed(found), nil
}

// look reads one printer; one that is being unplugged is none.
func (s system) look(device, face string) (Printer, bool) {
	p := Printer{
		Path: filepath.Base(device), Vendor: hex(attribute(device, "idVendor")), Product: hex(attribute(device, "idProduct")),
		Serial: attribute(device, "serial"), Maker: attribute(device, "manufacturer"), Model: attribute(device, "product"),
		DeviceID: attribute(face, "ieee1284_id"),
	}
	bus, busErr := strconv.Atoi(attribute(device, "busnum"))
	number, numberErr := strconv.Atoi(attribute(device, "devnum"))
	if busErr != nil || numberErr != nil || p.Vendor == 0 {
		return p, false
	}
	p.Device = fmt.Sprintf("/dev/bus/usb/%03d/%03d", bus, number)
	if driver, err := os.Readlink(filepath.Join(face, "driver")); err == nil {
		p.Driver = filepath.Base(driver)
	}
	if nodes, err := os.ReadDir(filepath.Join(face, "usbmisc")); err == nil && len(nodes) > 0 {
		p.Node = "/dev/usb/" + nodes[0].Name()
	}
	return p, true
}

// hold finds who has the printers open. What this user may not know is left out.
func hold(printers []Printer) {
	if len(printers) == 0 {
		return
	}
	held, err := drivers.FindHolders()
	if err != nil {
		return
	}
	for i := range printers {
		p := &printers[i]
		for _, h := range append(held.Of(p.Device), held.Of(p.Node)...) {
			if !slices.Contains(p.Holders, h) {
				p.Holders = append(p.Holders, h)
			}
		}
	}
}

func (s system) path(parts ...string) string {
	return filepath.Join(append([]string{string(s)}, parts...)...)
}

// attribute reads a small file of the system's, empty where there is none.
func attribute(folder, name string) string {
	b, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return ""
	}
	return clean(string(b))
}
