//go:build libusb

package usbport_test

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/usbport"
)

// Here is what needs real USB printers: packaging/lab/usb has a machine with
// them, and cmd/mostrador runs this there.

var epson = drivertest.GadgetModel{
	Vendor: 0x04b8, Product: 0x0e15, Serial: "J4KF012345", Maker: "EPSON", Model: "TM-T20II",
	DeviceID: "MFG:EPSON;CMD:ESC/POS;MDL:TM-T20II;CLS:PRINTER;",
}

func requireGadgets(t *testing.T) {
	t.Helper()
	if !drivertest.HasGadgets() {
		t.Skip("this machine can be no USB printer: make lab runs this on one that can")
	}
}

func TestLabPort(t *testing.T) {
	requireGadgets(t)
	drivertest.Port(t, drivertest.PortHarness{
		Scheme: usbport.Scheme(),
		Peer: func(t testing.TB) (drivertest.Peer, *url.URL) {
			g := drivertest.NewGadget(t, epson)
			return g, g.Address()
		},
		Exclusive: true,
	})
}

// sees waits until the list says so of the printer at a place.
func sees(t *testing.T, g *drivertest.Gadget, what string, holds func(usbport.Printer) bool) usbport.Printer {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		printers, err := usbport.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range printers {
			if p.Path == g.Path() && holds(p) {
				return p
			}
		}
		if time.Now().After(end) {
			t.Fatalf("not seen at %s: %s; there are %+v", g.Path(), what, printers)
		}
	}
}

func byUsblp(p usbport.Printer) bool { return p.Driver == "usblp" && p.Node != "" }

func open(t *testing.T, address string) (drivers.Port, error) {
	t.Helper()
	u, err := drivers.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	return usbport.Scheme().Open(t.Context(), u)
}

// printTo opens a printer, prints a word on it and closes it again.
func printTo(t *testing.T, address string, g *drivertest.Gadget, word string) {
	t.Helper()
	port, err := open(t, address)
	if err != nil {
		t.Errorf("open %s: %v", address, err)
		return
	}
	if _, err := port.Write([]byte(word)); err != nil {
		t.Errorf("print on %s: %v", address, err)
	}
	got := make([]byte, len(word))
	if _, err := io.ReadFull(g, got); err != nil || string(got) != word {
		t.Errorf("at %s came %q, %v; want %q", address, got, err, word)
	}
	if err := port.Close(); err != nil {
		t.Errorf("close %s: %v", address, err)
	}
}

// TestLabTwins: two printers of a model are told apart by their serial numbers,
// or by where they are plugged in, and an address that does not is refused with
// those that do.
func TestLabTwins(t *testing.T) {
	requireGadgets(t)
	other, third := epson, epson
	other.Serial, third.Serial = "J4KF067890", ""
	a, b := drivertest.NewGadget(t, epson), drivertest.NewGadget(t, other)
	_, err := open(t, "usb://04b8:0e15")
	if !errors.Is(err, drivers.ErrAmbiguous) || !strings.Contains(err.Error(), "?serial=J4KF012345") || !strings.Contains(err.Error(), "?serial=J4KF067890") {
		t.Errorf("one of two: %v", err)
	}
	printTo(t, "usb://04b8:0e15?serial=J4KF067890", b, "to b")
	printTo(t, "usb://04b8:0e15?serial=J4KF012345", a, "to a")
	printTo(t, "usb://04b8:0e15?path="+b.Path(), b, "to b, by its place")
	c := drivertest.NewGadget(t, third)
	if p := sees(t, c, "it is there", byUsblp); p.URL != "usb://04b8:0e15?path="+c.Path() {
		t.Errorf("one without a serial number is %s", p.URL)
	}
	printTo(t, "usb://04b8:0e15?path="+c.Path(), c, "to c")
	if _, err := open(t, "usb://04b8:0e15?serial=J4KF000000"); !errors.Is(err, drivers.ErrAbsent) {
		t.Errorf("a serial number that nobody has: %v", err)
	}
}

// TestLabUsblp: our interface alone is taken from usblp, which gets it back, and
// a program that prints through usblp keeps the printer.
func TestLabUsblp(t *testing.T) {
	requireGadgets(t)
	two := epson
	two.Second = true
	g := drivertest.NewGadget(t, two)
	before := sees(t, g, "usblp drives it", byUsblp)
	port, err := open(t, g.Address().String())
	if err != nil {
		t.Fatal(err)
	}
	during := sees(t, g, "a program has it", func(p usbport.Printer) bool { return p.Driver == "usbfs" && p.Node == "" })
	if len(during.Holders) != 0 {
		t.Errorf("held by others: %v", during.Holders)
	}
	second, err := os.Readlink("/sys/bus/usb/devices/" + g.Path() + ":1.1/driver")
	if err != nil || filepath.Base(second) != "usblp" {
		t.Errorf("its other interface is driven by %s, %v", second, err)
	}
	if err := port.Close(); err != nil {
		t.Error(err)
	}
	after := sees(t, g, "usblp has it back", byUsblp)
	if after.Node != before.Node {
		t.Errorf("it was %s and is %s", before.Node, after.Node)
	}

	node, err := os.OpenFile(after.Node, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	other := exec.Command("sleep", "60")
	other.Stdout = node
	if err := errors.Join(other.Start(), node.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = open(t, g.Address().String())
	if !errors.Is(err, drivers.ErrBusy) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", other.Process.Pid)) {
		t.Errorf("while process %d has %s open: %v", other.Process.Pid, after.Node, err)
	}
	if p := sees(t, g, "who has it", byUsblp); len(p.Holders) != 1 || p.Holders[0].PID != other.Process.Pid {
		t.Errorf("held by %v, want process %d", p.Holders, other.Process.Pid)
	}
	other.Process.Kill()
	other.Wait()
}

// TestLabRequests: what the printer class can be asked beside its bytes.
func TestLabRequests(t *testing.T) {
	requireGadgets(t)
	g := drivertest.NewGadget(t, epson)
	port, err := open(t, "usb://04b8:0e15")
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	// The gadget leaves the last two bytes out (f_printer.c counts its text
	// without the length before it).
	if id, err := port.(drivers.Identifier).DeviceID(); err != nil || id != strings.TrimSuffix(epson.DeviceID, "R;") {
		t.Errorf("it says of itself %q, %v", id, err)
	}
	status := port.(drivers.Statuser)
	for _, want := range []byte{
		drivertest.PortNoError | drivertest.PortSelected,
		drivertest.PortNoError | drivertest.PortSelected | drivertest.PortPaperEmpty,
		drivertest.PortSelected,
	} {
		if err := g.SetPortStatus(want); err != nil {
			t.Fatal(err)
		}
		if got, err := status.PortStatus(); err != nil || got != want {
			t.Errorf("port status %#x, %v; want %#x", got, err, want)
		}
	}
	if err := port.(drivers.Resetter).SoftReset(); err != nil {
		t.Errorf("soft reset: %v", err)
	}
	if _, err := port.Write([]byte("after the reset")); err != nil {
		t.Error(err)
	}
	got := make([]byte, len("after the reset"))
	if _, err := io.ReadFull(g, got); err != nil || string(got) != "after the reset" {
		t.Errorf("%q came, %v", got, err)
	}
	g.Unplug()
	if _, err := status.PortStatus(); !errors.Is(err, drivers.ErrGone) {
		t.Errorf("port status of an unplugged printer: %v", err)
	}
}
