package usbport

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"mostrador/drivers"
)

// A Printer is a USB printer that is plugged in. Texts are its own words.
type Printer struct {
	Vendor, Product uint16
	// Serial is its serial number, empty where it has none; Maker and Model are
	// names for people.
	Serial, Maker, Model string
	// DeviceID is what it answers to GET_DEVICE_ID (IEEE 1284), where the system
	// tells: MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;CLS:PRINTER;
	DeviceID string
	// Path is where it is plugged in, such as 1-2.3.
	Path string
	// Device is the file that libusb speaks with it through, Node that of usblp
	// (/dev/usb/lp0), empty where usblp does not drive it.
	Device, Node string
	// Driver drives it now: usblp, usbfs for a program that uses libusb, empty
	// for none.
	Driver string
	// Holders are the other programs that have Device or Node open, as far as this
	// user may know.
	Holders []drivers.Holder
	// URL names this printer and, of those plugged in, no other.
	URL string
}

// addressed gives each printer the shortest URL that names it alone, and sorts
// them by where they are plugged in.
func addressed(printers []Printer) []Printer {
	slices.SortFunc(printers, func(a, b Printer) int { return cmp.Compare(a.Path, b.Path) })
	for i := range printers {
		p := &printers[i]
		for _, t := range []target{
			{vendor: p.Vendor, product: p.Product},
			{vendor: p.Vendor, product: p.Product, serial: p.Serial},
			{vendor: p.Vendor, product: p.Product, path: p.Path},
		} {
			p.URL = t.String()
			if len(named(t, printers)) == 1 {
				break
			}
		}
	}
	return printers
}

// named are those that a target may mean.
func named(t target, printers []Printer) []Printer {
	var found []Printer
	for _, p := range printers {
		if t.names(p) {
			found = append(found, p)
		}
	}
	return found
}

// clean makes a text of a device fit to be shown.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, "")))
}
