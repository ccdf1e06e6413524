package fileport

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"mostrador/drivers"
)

// List returns the printers that the system shows as files: those of usblp and
// of parallel ports. root is the folder that sys, dev and proc are in: "/", but
// for tests.
func List(root string) ([]drivers.Found, error) {
	var found []drivers.Found
	for _, class := range []string{"sys/class/usbmisc", "sys/class/printer"} {
		entries, err := os.ReadDir(filepath.Join(root, class))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return found, err
		}
		for _, entry := range entries {
			if strings.HasPrefix(entry.Name(), "lp") {
				found = append(found, describe(filepath.Join(root, class, entry.Name()), entry.Name()))
			}
		}
	}
	return found, nil
}

// describe tells of one printer by its entry in sysfs.
func describe(entry, name string) drivers.Found {
	device := filepath.Join(entry, "device")
	f := drivers.Found{Kind: drivers.FoundFile, Driver: "lp", Nodes: []string{"/dev/" + name}}
	if folder, err := filepath.EvalSymlinks(device); err == nil {
		if usb := filepath.Dir(folder); readText(filepath.Join(usb, "idVendor")) != "" {
			f = usbPrinter(folder, usb, name)
		}
	}
	f.Port = (&url.URL{Scheme: "file", Path: f.Nodes[0]}).String()
	return f
}

// usbPrinter tells of a printer behind usblp: what it says by IEEE 1284 counts
// more than what its USB descriptors do, which are often a chip's.
func usbPrinter(function, usb, name string) drivers.Found {
	f := drivers.Found{
		Kind: drivers.FoundFile, Driver: "usblp", Printer: true,
		// Older systems have it in /dev.
		Nodes:  []string{"/dev/usb/" + name},
		Maker:  readText(filepath.Join(usb, "manufacturer")),
		Model:  readText(filepath.Join(usb, "product")),
		Serial: readText(filepath.Join(usb, "serial")),
		Notes:  []drivers.Note{drivers.NoteUnstable},
	}
	id := drivers.ParseDeviceID(readText(filepath.Join(function, "ieee1284_id")))
	if id.Maker != "" {
		f.Maker = id.Maker
	}
	if id.Model != "" {
		f.Model = id.Model
	}
	return f
}

// readText reads a small file of sysfs; one that is not there is empty.
func readText(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
