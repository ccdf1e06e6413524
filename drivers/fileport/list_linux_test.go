package fileport_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"mostrador/drivers"
	"mostrador/drivers/fileport"
)

// TestList: a printer behind usblp says what it is, a parallel one does not.
func TestList(t *testing.T) {
	root := t.TempDir()
	usb := filepath.Join(root, "sys/devices/pci0/usb1/1-2")
	for name, text := range map[string]string{
		usb + "/idVendor": "04b8", usb + "/manufacturer": "QinHeng", usb + "/product": "CH340S", usb + "/serial": "J4KF012345",
		usb + "/1-2:1.0/ieee1284_id":                  "MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;CLS:PRINTER;",
		usb + "/1-2:1.0/usbmisc/lp0/dev":              "180:0",
		root + "/sys/devices/parport0/lp1/dev":        "6:1",
		root + "/sys/class/usbmisc/hiddev0/unrelated": "",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{
		"sys/class/usbmisc/lp0":                                "../../devices/pci0/usb1/1-2/1-2:1.0/usbmisc/lp0",
		"sys/devices/pci0/usb1/1-2/1-2:1.0/usbmisc/lp0/device": "../../../1-2:1.0",
		"sys/class/printer/lp1":                                "../../devices/parport0/lp1",
	} {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
	found, err := fileport.List(root)
	if err != nil {
		t.Fatal(err)
	}
	want := []drivers.Found{
		{Kind: drivers.FoundFile, Driver: "usblp", Printer: true, Port: "file:///dev/usb/lp0", Nodes: []string{"/dev/usb/lp0"},
			Maker: "EPSON", Model: "TM-T20II", Serial: "J4KF012345",
			Notes: []drivers.Note{drivers.NoteUnstable}},
		{Kind: drivers.FoundFile, Driver: "lp", Port: "file:///dev/lp1", Nodes: []string{"/dev/lp1"}},
	}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("got %+v\nwant %+v", found, want)
	}
	if found, err := fileport.List(t.TempDir()); err != nil || found != nil {
		t.Errorf("of nothing: %v, %v", found, err)
	}
}
