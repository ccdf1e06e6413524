//go:build libusb

package usbport

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/gousb"

	"mostrador/drivers"
)

// controlTimeout bounds a question to the printer's interface; Close waits for
// one that is under way.
const controlTimeout = 400 * time.Millisecond

func opener() func(context.Context, *url.URL) (drivers.Port, error) {
	lib := &library{}
	return lib.open
}

func (l *library) open(ctx context.Context, address *url.URL) (drivers.Port, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open %s: %w", address.Redacted(), err)
	}
	t, err := parse(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrAbsent, err)
	}
	printer, err := pick(t)
	if err != nil {
		return nil, err
	}
	usb, err := l.acquire()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrAbsent, err)
	}
	p := &port{library: l, target: t, closing: make(chan struct{})}
	if err := p.take(ctx, usb, printer); err != nil {
		return nil, errors.Join(openError(t, err), p.letGo())
	}
	return p, nil
}

// pick finds the one printer that a target means.
func pick(t target) (Printer, error) {
	printers, err := plugged()
	if err != nil {
		return Printer{}, fmt.Errorf("%w: %w", drivers.ErrAbsent, err)
	}
	found := named(t, printers)
	switch len(found) {
	case 0:
		return Printer{}, fmt.Errorf("%w: %s", drivers.ErrAbsent, t)
	case 1:
		return found[0], busy(found[0])
	}
	var urls []string
	for _, p := range found {
		urls = append(urls, p.URL)
	}
	return Printer{}, fmt.Errorf("%w: %d printers are %s: write one of %s", drivers.ErrAmbiguous, len(found), t, strings.Join(urls, ", "))
}

// busy says who has a printer. Taking it from usblp would cut off a program in
// the middle of its ticket; one that has it through libusb says so by itself.
func busy(p Printer) error {
	if p.Node == "" {
		return nil
	}
	held, err := drivers.FindHolders()
	if err != nil || len(held.Of(p.Node)) == 0 {
		return nil // the claim will tell
	}
	return fmt.Errorf("%s: %w", p.Node, drivers.BusyError(p.Node))
}

// take opens a printer and claims its interface.
func (p *port) take(ctx context.Context, usb *gousb.Context, printer Printer) (err error) {
	if p.device, err = find(ctx, usb, printer.Path); err != nil {
		return err
	}
	p.device.ControlTimeout = controlTimeout
	if err := p.choose(); err != nil {
		return err
	}
	// Between these two: what is set before Config takes all of the device's
	// interfaces from their drivers, and not only ours.
	if p.config, err = p.device.Config(p.settings.config); err != nil {
		return err
	}
	if err := p.device.SetAutoDetach(true); err != nil {
		return err
	}
	if p.face, err = p.config.Interface(p.settings.Number, p.settings.Alternate); err != nil {
		return err
	}
	return p.endpoints()
}

// How long libusb may take to learn of a printer that the system knows, as it
// hears of one that was just plugged in when udev has seen to it, and how often
// it is asked.
const (
	learn    = 2 * time.Second
	learning = 20 * time.Millisecond
)

// find opens the device at a path.
func find(ctx context.Context, usb *gousb.Context, path string) (*gousb.Device, error) {
	ctx, cancel := context.WithTimeout(ctx, learn)
	defer cancel()
	for {
		opened, err := usb.OpenDevices(func(d *gousb.DeviceDesc) bool { return pathOf(d) == path })
		switch {
		case len(opened) > 0: // an error is another device's then
			for _, twice := range opened[1:] {
				_ = twice.Close() // nothing of it is claimed
			}
			return opened[0], nil
		case err != nil && !errors.Is(err, gousb.ErrorNoDevice):
			return nil, err
		}
		select {
		case <-time.After(learning):
		case <-ctx.Done():
			return nil, gousb.ErrorNoDevice
		}
	}
}

// pathOf is where a device is plugged in, as Linux writes it.
func pathOf(d *gousb.DeviceDesc) string {
	ports := make([]string, len(d.Path))
	for i, number := range d.Path {
		ports[i] = strconv.Itoa(number)
	}
	return strconv.Itoa(d.Bus) + "-" + strings.Join(ports, ".")
}

// A setting is one way to speak with a printer: an interface of its class.
type setting struct {
	gousb.InterfaceSetting
	config int
}

// choose finds the printer's interface: in the configuration that is active, and
// the one of both ways where there are several.
func (p *port) choose() error {
	active, err := p.device.ActiveConfigNum()
	if err != nil {
		return err
	}
	all := printerSettings(p.device.Desc)
	if len(all) == 0 {
		return errors.New("it has no printer's interface")
	}
	slices.SortStableFunc(all, func(a, b setting) int { return b.worth(active) - a.worth(active) })
	p.settings = all[0]
	return nil
}

// worth orders settings. Protocol 2 of the class speaks both ways, 1 one, and 3
// wraps its bytes in packets (IEEE 1284.4), which nobody here does.
func (s setting) worth(active int) int {
	worth := map[gousb.Protocol]int{2: 3, 1: 2}[s.Protocol]
	if s.config == active {
		worth += 10
	}
	return worth
}

func printerSettings(d *gousb.DeviceDesc) []setting {
	var all []setting
	for _, number := range slices.Sorted(maps.Keys(d.Configs)) {
		config := d.Configs[number]
		for at, face := range config.Interfaces {
			for _, alternate := range face.AltSettings {
				// gousb looks for an interface at the place of its number.
				if alternate.Class == gousb.ClassPrinter && face.Number == at && alternate.Protocol != 3 {
					all = append(all, setting{alternate, number})
				}
			}
		}
	}
	return all
}

// endpoints opens the printer's two lines of bytes; a printer of one way has
// one.
func (p *port) endpoints() (err error) {
	for _, e := range p.settings.Endpoints {
		if e.TransferType != gousb.TransferTypeBulk {
			continue
		}
		if e.Direction == gousb.EndpointDirectionOut {
			p.out, err = p.face.OutEndpoint(e.Number)
		} else {
			p.in, err = p.face.InEndpoint(e.Number)
		}
		if err != nil {
			return err
		}
	}
	if p.out == nil {
		return errors.New("its interface takes no bytes")
	}
	return nil
}

// openError says err in the words of the port contract. gousb wraps some errors
// as text alone.
func openError(t target, err error) error {
	is := func(code gousb.Error) bool {
		return errors.Is(err, code) || strings.Contains(err.Error(), code.Error())
	}
	switch {
	case is(gousb.ErrorBusy):
		return fmt.Errorf("%w: %s: %w", drivers.ErrBusy, t, err)
	case is(gousb.ErrorAccess):
		return fmt.Errorf("%w: %s: %w: the user of the service must be in the group lp", drivers.ErrDenied, t, err)
	case is(gousb.ErrorNotSupported):
		return fmt.Errorf("%w: %s: %w: on Windows libusb needs the printer to have the driver WinUSB; with the printer's own driver use its queue", drivers.ErrAbsent, t, err)
	default:
		return fmt.Errorf("%w: %s: %w", drivers.ErrAbsent, t, err)
	}
}
