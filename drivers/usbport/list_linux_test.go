package usbport

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// A tree is a machine's /sys, as far as the list looks.
type tree struct {
	*testing.T
	root string
}

func (t tree) write(path, text string) {
	t.Helper()
	path = filepath.Join(t.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (t tree) link(path, to string) {
	t.Helper()
	path = filepath.Join(t.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

// device plugs a device with one interface in.
func (t tree) device(path, class string, attributes map[string]string) {
	for name, text := range attributes {
		t.write("sys/bus/usb/devices/"+path+"/"+name, text+"\n")
	}
	face := "sys/bus/usb/devices/" + path + ":1.0/"
	t.write(face+"bInterfaceClass", class+"\n")
	t.write(face+"bInterfaceSubClass", "01\n")
}

func TestList(t *testing.T) {
	m := tree{t, t.TempDir()}
	if printers, err := system(m.root).list(); err != nil || len(printers) != 0 {
		t.Fatalf("a machine without USB has %v, %v", printers, err)
	}
	m.device("usb1", "09", map[string]string{"idVendor": "1d6b", "idProduct": "0002", "busnum": "1", "devnum": "1"})
	m.device("1-2.3", "07", map[string]string{
		"idVendor": "04b8", "idProduct": "0e15", "busnum": "1", "devnum": "12",
		"serial": "J4KF012345", "manufacturer": "EPSON", "product": "TM-T20II\x1b[31m",
	})
	m.write("sys/bus/usb/devices/1-2.3:1.0/ieee1284_id", "MFG:EPSON;MDL:TM-T20II;\n")
	m.write("sys/bus/usb/devices/1-2.3:1.0/usbmisc/lp0/dev", "180:0\n")
	m.link("sys/bus/usb/devices/1-2.3:1.0/driver", "../../../../bus/usb/drivers/usblp")
	m.device("1-3", "07", map[string]string{"idVendor": "0416", "idProduct": "5011", "busnum": "1", "devnum": "13"})
	m.device("1-4", "03", map[string]string{"idVendor": "046d", "idProduct": "c31c", "busnum": "1", "devnum": "14"})
	m.device("1-5", "07", map[string]string{"idVendor": "0416"}) // it is being unplugged

	got, err := system(m.root).list()
	if err != nil {
		t.Fatal(err)
	}
	want := []Printer{
		{
			Vendor: 0x04b8, Product: 0x0e15, Serial: "J4KF012345", Maker: "EPSON", Model: "TM-T20II[31m", DeviceID: "MFG:EPSON;MDL:TM-T20II;",
			Path: "1-2.3", Device: "/dev/bus/usb/001/012", Node: "/dev/usb/lp0", Driver: "usblp",
			URL: "usb://04b8:0e15",
		},
		{Vendor: 0x0416, Product: 0x5011, Path: "1-3", Device: "/dev/bus/usb/001/013", URL: "usb://0416:5011"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// What this machine has is listed without an error.
func TestListHere(t *testing.T) {
	if _, err := List(); err != nil {
		t.Error(err)
	}
}
