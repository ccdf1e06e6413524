package drivertest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A GadgetModel is what a Gadget says of itself on the bus.
type GadgetModel struct {
	Vendor, Product uint16
	// Serial, Maker and Model are its strings, empty for none.
	Serial, Maker, Model string
	// DeviceID is its answer to GET_DEVICE_ID.
	DeviceID string
	// Second: it has another printer's interface beside the first.
	Second bool
}

// A Gadget is a real USB printer that this machine is itself, by Linux's
// printer gadget and a bus that is made of software (dummy_hcd): what is printed
// on it comes out of its other side, and the test speaks as the device through
// Read and Write. It needs root on a machine with these modules: that of
// packaging/lab/usb.
type Gadget struct {
	Model GadgetModel

	folder, function string // below configfs
	udc              string
	bus              string // the folder of its bus in /sys

	mu   sync.Mutex
	node *os.File // nil while it is unplugged
}

const (
	gadgets = "/sys/kernel/config/usb_gadget"
	udcs    = "/sys/class/udc"
	// The machine may be slow.
	gadgetWait  = 15 * time.Second
	gadgetTries = 4
	// gadgetAsk is how often its other side is asked: it wakes nobody when the
	// cable goes.
	gadgetAsk = 2 * time.Millisecond
)

// The bits of a printer's port status, and the ioctl of linux/usb/g_printer.h
// that sets them.
const (
	PortNoError    = 0x08
	PortSelected   = 0x10
	PortPaperEmpty = 0x20

	gadgetSetPrinterStatus = 0xc0016722
)

// HasGadgets says whether this machine can be a USB printer.
func HasGadgets() bool {
	free, err := os.ReadDir(udcs)
	_, configErr := os.Stat(gadgets)
	return err == nil && configErr == nil && len(free) > 0
}

// NewGadget plugs a new printer in, which is gone at the end of the test.
func NewGadget(t testing.TB, model GadgetModel) *Gadget {
	t.Helper()
	g := &Gadget{Model: model}
	if err := g.make(); err != nil {
		t.Fatalf("make a USB printer: %v", err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Errorf("remove a USB printer: %v", err)
		}
	})
	return g
}

// make describes the printer to the kernel and connects it.
func (g *Gadget) make() error {
	udc, err := freeUDC()
	if err != nil {
		return err
	}
	number := strings.TrimPrefix(udc, "dummy_udc.")
	buses, err := filepath.Glob("/sys/devices/platform/dummy_hcd." + number + "/usb*")
	if err != nil || len(buses) != 1 {
		return fmt.Errorf("the bus of %s is not to be found: %v, %v", udc, buses, err)
	}
	g.udc, g.bus = udc, buses[0]
	g.folder = filepath.Join(gadgets, "printer"+number)
	g.function = filepath.Join(g.folder, "functions", "printer."+number)
	config := filepath.Join(g.folder, "configs", "c.1")
	for _, folder := range []string{g.folder, g.strings(), config, g.function} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return err
		}
	}
	for _, file := range []struct{ path, text string }{
		{"idVendor", fmt.Sprintf("%#04x", g.Model.Vendor)}, {"idProduct", fmt.Sprintf("%#04x", g.Model.Product)},
		{"strings/0x409/manufacturer", g.Model.Maker}, {"strings/0x409/product", g.Model.Model}, {"strings/0x409/serialnumber", g.Model.Serial},
		{"functions/printer." + number + "/pnp_string", g.Model.DeviceID},
		{"functions/printer." + number + "/q_len", "2"},
	} {
		if file.text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(g.folder, file.path), []byte(file.text), 0o600); err != nil {
			return err
		}
	}
	if err := os.Symlink(g.function, filepath.Join(config, filepath.Base(g.function))); err != nil {
		return err
	}
	if g.Model.Second {
		second := g.function + "-second"
		if err := errors.Join(os.Mkdir(second, 0o755), os.Symlink(second, filepath.Join(config, filepath.Base(second)))); err != nil {
			return err
		}
	}
	return g.bind()
}

func (g *Gadget) strings() string { return filepath.Join(g.folder, "strings", "0x409") }

// freeUDC finds a controller that is nobody's printer yet.
func freeUDC() (string, error) {
	entries, err := os.ReadDir(udcs)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		function, err := os.ReadFile(filepath.Join(udcs, e.Name(), "function"))
		if err == nil && strings.TrimSpace(string(function)) == "" {
			return e.Name(), nil
		}
	}
	return "", fmt.Errorf("each of the %d USB controllers is taken", len(entries))
}

// bind connects the printer for the first time, and opens its other side: the
// node that has come.
func (g *Gadget) bind() error {
	before, err := filepath.Glob("/dev/g_printer*")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(g.folder, "UDC"), []byte(g.udc), 0o600); err != nil {
		return err
	}
	err = g.until("its node is there", func() bool {
		now, err := filepath.Glob("/dev/g_printer*")
		if err != nil {
			return false
		}
		for _, name := range now {
			if !slices.Contains(before, name) {
				g.node, err = os.OpenFile(name, os.O_RDWR|unix.O_NONBLOCK, 0)
				return err == nil
			}
		}
		return false
	})
	if err == nil && g.until("the host has it", g.isPlugged) != nil {
		err = errors.Join(g.cable(false), g.Plug())
	}
	return err
}

// isPlugged says whether the host's side has it, with its driver.
func (g *Gadget) isPlugged() bool {
	_, err := os.Stat(filepath.Join(g.bus, g.Path(), g.Path()+":1.0", "driver"))
	return err == nil
}

// Path is where it is plugged in, as Linux writes it: bus and port.
func (g *Gadget) Path() string { return strings.TrimPrefix(filepath.Base(g.bus), "usb") + "-1" }

// Address is a URL that names it by where it is plugged in.
func (g *Gadget) Address() *url.URL {
	return &url.URL{Scheme: "usb", Host: fmt.Sprintf("%04x:%04x", g.Model.Vendor, g.Model.Product), RawQuery: "path=" + g.Path()}
}

// until waits for what the kernel does by itself.
func (g *Gadget) until(what string, holds func() bool) error {
	for end := time.Now().Add(gadgetWait); !holds(); time.Sleep(gadgetAsk) {
		if time.Now().After(end) {
			return fmt.Errorf("%s: not within %v: %s", g.udc, gadgetWait, what)
		}
	}
	return nil
}

// Plug puts the cable back in, and again where the host does not take notice.
func (g *Gadget) Plug() error {
	var err error
	for range gadgetTries {
		if err = g.cable(true); err != nil {
			return err
		}
		if err = g.until("the host has it", g.isPlugged); err == nil {
			return g.control(lookAt)
		}
		if err := g.cable(false); err != nil {
			return err
		}
	}
	return err
}

// Unplug pulls the cable out of the host; the printer stays switched on, and
// what it has taken is still read from it.
func (g *Gadget) Unplug() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.node == nil {
		return nil
	}
	if err := g.cable(false); err != nil {
		return err
	}
	return g.until("the host has lost it", func() bool {
		_, err := os.Stat(filepath.Join(g.bus, g.Path()))
		return errors.Is(err, os.ErrNotExist)
	})
}

// cable switches the power of the host's socket, which is what the host sees of
// a cable, and leaves the printer as it is. (Its own soft_connect does not come
// back on these buses, and to unbind it would empty its buffer.)
func (g *Gadget) cable(in bool) error {
	bus := strings.TrimPrefix(filepath.Base(g.bus), "usb")
	off := "1"
	if in {
		off = "0"
	}
	return os.WriteFile(filepath.Join(g.bus, bus+"-0:1.0", "usb"+bus+"-port1", "disable"), []byte(off), 0o600)
}

// SetPortStatus makes bits the answer to GET_PORT_STATUS.
func (g *Gadget) SetPortStatus(bits byte) error {
	var ioctlErr error
	err := g.control(func(fd int) { ioctlErr = unix.IoctlSetInt(fd, gadgetSetPrinterStatus, int(bits)) })
	return errors.Join(err, ioctlErr)
}

// control does a call on the node.
func (g *Gadget) control(call func(fd int)) error {
	node, err := g.device()
	if err != nil {
		return err
	}
	raw, err := node.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { call(int(fd)) })
}

// Read returns what was printed, waiting for at least one byte, also across an
// unplug.
func (g *Gadget) Read(b []byte) (int, error) {
	return g.attempt(func(fd int) (int, error) {
		n, err := unix.Read(fd, b)
		lookAt(fd)
		return n, err
	})
}

// lookAt makes a printer take more: it does while it is looked at (setup_rx_reqs
// in drivers/usb/gadget/function/f_printer.c).
func lookAt(fd int) { _, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0) }

// Write says something to the host, and waits while nobody takes it.
func (g *Gadget) Write(b []byte) (written int, err error) {
	for written < len(b) {
		n, err := g.attempt(func(fd int) (int, error) { return unix.Write(fd, b[written:]) })
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// attempt does a call on the node until it is through.
func (g *Gadget) attempt(call func(fd int) (int, error)) (n int, err error) {
	for ; ; time.Sleep(gadgetAsk) {
		var callErr error
		if err := g.control(func(fd int) { n, callErr = call(fd) }); err != nil {
			return 0, err
		}
		switch {
		case callErr == nil && n > 0:
			return n, nil
		case callErr == nil, errors.Is(callErr, unix.EAGAIN), errors.Is(callErr, unix.ENODEV):
		default:
			return 0, callErr
		}
	}
}

func (g *Gadget) device() (*os.File, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.node == nil {
		return nil, os.ErrClosed
	}
	return g.node, nil
}

// Close takes the printer apart, and ends a Read under way.
func (g *Gadget) Close() error {
	g.mu.Lock()
	node := g.node
	g.node = nil
	g.mu.Unlock()
	if node == nil {
		return nil
	}
	faults := []error{node.Close(), g.cable(true)} // for who is plugged in next
	config := filepath.Join(g.folder, "configs", "c.1")
	if err := os.WriteFile(filepath.Join(g.folder, "UDC"), []byte("\n"), 0o600); err != nil && !errors.Is(err, unix.ENODEV) {
		faults = append(faults, err)
	}
	parts := []string{filepath.Join(config, filepath.Base(g.function)), config, g.function, g.strings(), g.folder}
	if g.Model.Second {
		second := g.function + "-second"
		parts = slices.Insert(parts, 1, filepath.Join(config, filepath.Base(second)))
		parts = slices.Insert(parts, 3, second)
	}
	for _, path := range parts {
		faults = append(faults, os.Remove(path))
	}
	return errors.Join(faults...)
}
