package serialport_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"mostrador/drivers"
	"mostrador/drivers/serialport"
)

// A machine is a tree with the sysfs and the names of one: a UART that is there,
// one that is not, a virtual terminal, and three adapters of which one has a
// number of its own and two are twins.
func machine(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	file := func(name, text string) {
		t.Helper()
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(name, target string) {
		t.Helper()
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
	const class, bus = "sys/class/tty/", "sys/devices/pci0/usb1/"
	file(class+"console/active", "tty0 ttyS0")
	file(class+"tty1/uevent", "")
	for name, kind := range map[string]string{"ttyS0": "4", "ttyS1": "0"} {
		file(class+name+"/type", kind)
		file("sys/devices/platform/"+name+"/uevent", "")
		link(class+name+"/device", "../../../devices/platform/"+name)
		link("sys/devices/platform/"+name+"/driver", "../../bus/platform/drivers/serial8250")
	}
	adapter := func(place, node, maker, model, serial string) {
		file(bus+place+"/idVendor", "0403")
		file(bus+place+"/manufacturer", maker)
		file(bus+place+"/product", model)
		if serial != "" {
			file(bus+place+"/serial", serial)
		}
		file(bus+place+"/"+place+":1.0/"+node+"/uevent", "")
		link(bus+place+"/"+place+":1.0/"+node+"/driver", "../../../../../bus/usb-serial/drivers/ftdi_sio")
		link(class+node+"/device", "../../../devices/pci0/usb1/"+place+"/"+place+":1.0/"+node)
		link("dev/serial/by-path/pci-usb-0:"+place, "../../"+node)
	}
	adapter("1-1", "ttyUSB0", "FTDI", "FT232R USB UART", "A50285BI")
	adapter("1-2", "ttyUSB1", "Prolific", "USB-Serial", "")
	adapter("1-3", "ttyUSB2", "Prolific", "USB-Serial", "")
	link("dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0", "../../ttyUSB0")
	// udev has made the one name of both twins for the last one.
	link("dev/serial/by-id/usb-Prolific_USB-Serial-if00-port0", "../../ttyUSB2")
	file(bus+"1-4/idVendor", "0403")
	file(bus+"1-4/1-4:1.0/ttyACM0/uevent", "")
	link(class+"ttyACM0/device", "../../../devices/pci0/usb1/1-4/1-4:1.0/ttyACM0")
	return root
}

func TestList(t *testing.T) {
	found, err := serialport.List(machine(t))
	if err != nil {
		t.Fatal(err)
	}
	byNode := map[string]drivers.Found{}
	for _, f := range found {
		byNode[f.Nodes[len(f.Nodes)-1]] = f
	}
	want := map[string]drivers.Found{
		"/dev/ttyS0": {Kind: drivers.FoundSerial, Port: "serial:///dev/ttyS0", Nodes: []string{"/dev/ttyS0"}, Driver: "serial8250",
			Notes: []drivers.Note{drivers.NoteConsole}},
		"/dev/ttyUSB0": {Kind: drivers.FoundSerial, Port: "serial:///dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0",
			Maker: "FTDI", Model: "FT232R USB UART", Serial: "A50285BI", Driver: "ftdi_sio",
			Nodes: []string{"/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0", "/dev/serial/by-path/pci-usb-0:1-1", "/dev/ttyUSB0"}},
		"/dev/ttyUSB1": {Kind: drivers.FoundSerial, Port: "serial:///dev/serial/by-path/pci-usb-0:1-2", Maker: "Prolific", Model: "USB-Serial",
			Driver: "ftdi_sio", Nodes: []string{"/dev/serial/by-path/pci-usb-0:1-2", "/dev/ttyUSB1"}},
		// Its twin's name may become its own, so the socket's name is the better one.
		"/dev/ttyUSB2": {Kind: drivers.FoundSerial, Port: "serial:///dev/serial/by-path/pci-usb-0:1-3", Maker: "Prolific", Model: "USB-Serial",
			Driver: "ftdi_sio", Nodes: []string{"/dev/serial/by-path/pci-usb-0:1-3", "/dev/serial/by-id/usb-Prolific_USB-Serial-if00-port0", "/dev/ttyUSB2"},
			Notes: []drivers.Note{drivers.NoteTwin}},
		"/dev/ttyACM0": {Kind: drivers.FoundSerial, Port: "serial:///dev/ttyACM0", Nodes: []string{"/dev/ttyACM0"},
			Notes: []drivers.Note{drivers.NoteUnstable}},
	}
	twin := want["/dev/ttyUSB1"]
	twin.Notes = want["/dev/ttyUSB2"].Notes
	want["/dev/ttyUSB1"] = twin
	for node, w := range want {
		if !reflect.DeepEqual(byNode[node], w) {
			t.Errorf("%s:\n got %+v\nwant %+v", node, byNode[node], w)
		}
		delete(byNode, node)
	}
	for node := range byNode {
		t.Errorf("%s is listed", node)
	}
}

// TestListOfNothing: a machine without serial lines is no fault.
func TestListOfNothing(t *testing.T) {
	if found, err := serialport.List(t.TempDir()); err != nil || found != nil {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestStable(t *testing.T) {
	root := machine(t)
	for node, want := range map[string]string{
		"/dev/ttyUSB0": "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0",
		"/dev/ttyUSB1": "/dev/serial/by-path/pci-usb-0:1-2",
		"/dev/ttyUSB2": "/dev/serial/by-path/pci-usb-0:1-3",
		"/dev/ttyS0":   "", "/dev/ttyACM0": "", "/dev/pts/0": "",
		"/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0": "",
	} {
		if got := serialport.Stable(root, node); got != want {
			t.Errorf("%s: got %q, want %q", node, got, want)
		}
	}
}
