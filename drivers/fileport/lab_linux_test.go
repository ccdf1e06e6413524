//go:build libusb

package fileport_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mostrador/drivers/drivertest"
	"mostrador/drivers/fileport"
)

// A lp is a USB printer behind usblp, under a name that stays, as udev would
// make one.
type lp struct {
	*drivertest.Gadget
	name string
}

func (p *lp) Plug() error {
	if err := p.Gadget.Plug(); err != nil {
		return err
	}
	return p.link()
}

func (p *lp) Unplug() error {
	os.Remove(p.name)
	return p.Gadget.Unplug()
}

// link names the node once usblp has made it.
func (p *lp) link() error {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		nodes, err := filepath.Glob("/sys/bus/usb/devices/" + p.Path() + ":1.0/usbmisc/lp*")
		if err != nil {
			return err
		}
		if len(nodes) != 1 {
			continue
		}
		node := "/dev/usb/" + filepath.Base(nodes[0])
		if _, err := os.Stat(node); err == nil {
			return os.Symlink(node, p.name)
		}
	}
	return errors.New("usblp does not drive it")
}

// TestLabUsblp is the suite over usblp, where packaging/lab/usb has real USB
// printers.
func TestLabUsblp(t *testing.T) {
	if !drivertest.HasGadgets() {
		t.Skip("this machine can be no USB printer: make lab runs this on one that can")
	}
	drivertest.Port(t, drivertest.PortHarness{
		Scheme: fileport.Scheme(),
		Peer: func(t testing.TB) (drivertest.Peer, *url.URL) {
			p := &lp{Gadget: drivertest.NewGadget(t, drivertest.GadgetModel{Vendor: 0x04b8, Product: 0x0e15}), name: filepath.Join(t.TempDir(), "lp0")}
			if err := p.link(); err != nil {
				t.Fatal(err)
			}
			return p, &url.URL{Scheme: "file", Path: p.name}
		},
		Exclusive: true,
	})
}
