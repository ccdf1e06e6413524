// Package usbport reaches USB printers themselves, past the system's own
// drivers, through libusb (github.com/google/gousb). It needs cgo and libusb,
// so a build has it with -tags libusb only; every build checks addresses, and
// on Linux lists the printers that are plugged in.
package usbport

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mostrador/drivers"
)

// Scheme returns the way to USB printers, by the numbers of maker and model:
//
//	usb://04b8:0e15?serial=J4KF012345
//	usb://04b8:0e15?path=1-2.3
//
// Both numbers have four hex digits, as lsusb shows them. Where several
// printers of a model are plugged in, one of these tells which:
//
//	serial  its serial number
//	path    where it is plugged in: the bus, and the ports on the way, as Linux
//	        names it in /sys/bus/usb/devices
//
// and status=no says that what it answers to GET_PORT_STATUS is not to be
// believed.
//
// The port is exclusive: it takes the printer's own interface, and no other
// one of the device, from the system's driver (usblp), which gets it back when
// the port is closed. A program that has the printer open keeps it: the port
// is busy then. It is a drivers.Drainer, Statuser, Identifier
// and Resetter. In a build
// without -tags libusb, Open says so.
func Scheme() drivers.Scheme {
	return drivers.Scheme{
		Name:    "usb",
		Example: "usb://04b8:0e15",
		Check:   check,
		Open:    opener(),
	}
}

// A target is a printer as a URL names it.
type target struct {
	vendor, product uint16
	serial, path    string // empty: any
	noStatus        bool   // its port status is not to be believed
}

func (t target) String() string {
	s := fmt.Sprintf("usb://%04x:%04x", t.vendor, t.product)
	switch {
	case t.serial != "":
		s += "?serial=" + url.QueryEscape(t.serial)
	case t.path != "":
		s += "?path=" + t.path
	}
	return s
}

// names says whether a printer is one that the target may mean.
func (t target) names(p Printer) bool {
	return p.Vendor == t.vendor && p.Product == t.product &&
		(t.serial == "" || ascii(t.serial) == ascii(p.Serial)) && (t.path == "" || t.path == p.Path)
}

func check(address *url.URL) error {
	_, err := parse(address)
	return err
}

var (
	numbers  = regexp.MustCompile(`^[0-9a-fA-F]{4}:[0-9a-fA-F]{4}$`)
	portPath = regexp.MustCompile(`^[0-9]{1,3}-[0-9]{1,3}(\.[0-9]{1,3}){0,6}$`)
)

// parse reads a URL; its error names every fault.
func parse(address *url.URL) (target, error) {
	var t target
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if numbers.MatchString(address.Host) {
		t.vendor, t.product = hex(address.Host[:4]), hex(address.Host[5:])
	} else {
		fault("%q does not name a printer: write usb://VVVV:PPPP with the numbers of maker and model in four hex digits each, such as usb://04b8:0e15; lsusb shows them", address.Host)
	}
	if address.User != nil {
		fault("a USB printer takes no user and password: leave them out")
	}
	if address.Path != "" && address.Path != "/" {
		fault("a USB printer has no path behind its numbers: leave out %q, or write ?path=1-2.3 for where it is plugged in", address.Path)
	}
	query, err := url.ParseQuery(address.RawQuery)
	if err != nil {
		fault("the options %q cannot be read: %w", address.RawQuery, err)
	}
	for _, key := range slices.Sorted(maps.Keys(query)) {
		if len(query[key]) > 1 {
			fault("%s is given %d times", key, len(query[key]))
		}
		if err := t.set(key, query.Get(key)); err != nil {
			faults = append(faults, err)
		}
	}
	return t, errors.Join(faults...)
}

// set reads one option.
func (t *target) set(key, value string) error {
	switch key {
	case "serial":
		if value == "" {
			return errors.New("serial is empty: leave it out where the printer has none, and write ?path= to tell twins apart")
		}
		t.serial = value
	case "path":
		if !portPath.MatchString(value) {
			return fmt.Errorf("path=%s is not where a printer is plugged in: write the bus and its ports, such as 1-2 or 1-2.3", value)
		}
		t.path = value
	case "status":
		if value != "yes" && value != "no" {
			return fmt.Errorf("status=%s is neither yes nor no", value)
		}
		t.noStatus = value == "no"
	default:
		return fmt.Errorf("%q is no option of a USB printer: there are serial, path and status", key)
	}
	return nil
}

// hex reads four digits that have been looked at.
func hex(digits string) uint16 {
	n, err := strconv.ParseUint(digits, 16, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// ascii is a text as libusb tells it: what is not ASCII is a question mark.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 0x7e {
			return '?'
		}
		return r
	}, s)
}
