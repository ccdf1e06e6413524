//go:build libusb

package main

import (
	"fmt"
	"testing"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/printer/virtual"
)

// TestLabDevices: on a machine with two serial lines, a printer on the network,
// USB twins and a clone, each is listed as what it is, and nothing is printed.
func TestLabDevices(t *testing.T) {
	requireUSBLab(t)
	usb := map[string]drivertest.GadgetModel{
		"usb://04b8:0e15?serial=J4KF012345": labEpson,
		"usb://04b8:0e15?serial=J4KF067890": labTwin,
		"usb://0416:5011":                   labClone,
	}
	var plugged []*usbPrinter
	for port, model := range usb {
		plugged = append(plugged, newUSBPrinter(t, port, model, port, virtual.Options{Silent: model == labClone}))
	}
	kitchen, silent, network := drivertest.NewPTY(t), drivertest.NewPTY(t), drivertest.NewTCP(t)
	line, till := newPaperPrinter(t, kitchen, "80mm", 0), newPaperPrinter(t, network, "58mm", 0)
	config := writeConfig(t, smallConfig+fmt.Sprintf(`
[[printer]]
name = "caja"
port = "tcp://%s"

[[station]]
name = "todo"
printers = ["caja"]
`, network.Addr()))

	got := devicesOf(t, "-c", config, kitchen.Node(), silent.Node())
	for port, model := range usb {
		d, found := got[port]
		if !found || d.Kind != drivers.FoundUSB || !d.Printer || d.Maker != model.Maker || d.Model != model.Model || d.Serial != model.Serial {
			t.Errorf("%s: %+v of %+v", port, d, got)
		}
	}
	for _, port := range []string{"serial://" + kitchen.Node(), "serial://" + silent.Node()} {
		if d, found := got[port]; !found || d.Kind != drivers.FoundSerial || d.Printer || d.recognised() {
			t.Errorf("a line that nobody has asked: %+v", d)
		}
	}
	if d := got["tcp://"+network.Addr()]; d.Kind != drivers.FoundNetwork || d.Name != "caja" {
		t.Errorf("the printer on the network: %+v", d)
	}

	// What else hangs here is not asked: it is another test's.
	got = devicesOf(t, "-c", config, "--root", emptyRoot(t), "--probe", kitchen.Node(), silent.Node())
	for _, port := range []string{"serial://" + kitchen.Node() + "?baud=9600", "tcp://" + network.Addr()} {
		if d := got[port]; !d.recognised() || d.Answer.Abilities.Model != "TM-T20II" {
			t.Errorf("%s: %+v", port, d)
		}
	}
	if d := got["serial://"+silent.Node()]; d.recognised() {
		t.Errorf("the silent line: %+v", d)
	}
	for _, p := range plugged {
		if n := p.works.Received(); n > 0 {
			t.Errorf("%s was sent %d bytes", p.name, n)
		}
	}
	for _, p := range []*paperPrinter{line, till} {
		if papers := p.Papers(); len(papers) > 0 {
			t.Errorf("a probe printed %d papers", len(papers))
		}
	}
}
