package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"mostrador/agent/config"
	"mostrador/agent/sale"
	"mostrador/drivers"
	"mostrador/drivers/tap"
	"mostrador/printer/escpos"
	"mostrador/printer/profile"
	"mostrador/store"
)

// stallBytes is how far a tap reads ahead of a printer that is busy where
// nothing can stop the POS: a receipt or two, at the speed of a serial line
// within a minute.
const stallBytes = 64 << 10

func newTap(d config.Device) (drivers.Device, error) {
	wired, err := readTap(d)
	if err != nil {
		return nil, err
	}
	return wired.driver(opener(schemes()))
}

// A tapWiring is what the configuration says of a tap, read.
type tapWiring struct {
	device  config.Device
	profile *tap.Profile // nil: none is taught yet
	model   profile.Profile
}

// readTap reads the settings of a tap. Its error joins every fault, each
// beginning with the key that it is about.
func readTap(d config.Device) (tapWiring, error) {
	w := tapWiring{device: d}
	faults := []error{onlyKeys(d, "printer_port", "printer_profile", "profile_file", "status", "point_of_sale")}
	if d.PrinterPort == "" {
		faults = append(faults, errors.New("printer_port: a tap has a second port, to the printer: name it"))
	} else if strings.HasPrefix(d.PrinterPort, "listen:") {
		faults = append(faults, errors.New("printer_port: the tap goes to the printer: write tcp:// and where it is"))
	}
	if !slices.Contains([]string{"", "relay", "answer"}, d.Status) {
		faults = append(faults, fmt.Errorf("status: %q: it is relay or answer", d.Status))
	}
	found := false
	if w.model, found = profile.Lookup(cmp.Or(d.PrinterProfile, "generic")); !found {
		faults = append(faults, fmt.Errorf("printer_profile: there is no model %q; there are: %s", d.PrinterProfile, strings.Join(profile.Names(), ", ")))
	}
	if d.ProfileFile != "" {
		source, err := os.ReadFile(d.ProfileFile)
		if err == nil {
			w.profile, err = tap.ParseProfile(source)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("profile_file: %w", err))
		}
	}
	return w, errors.Join(faults...)
}

func (w tapWiring) decoder() *escpos.Decoder { return escpos.NewDecoder(w.model) }

// driver makes the driver over the ways to reach hardware.
func (w tapWiring) driver(open portOpener) (drivers.Device, error) {
	accepts := strings.HasPrefix(w.device.Port, "listen:")
	return tap.New(tap.Settings{
		Printer:       func(ctx context.Context) (drivers.Port, error) { return open(w.device.PrinterPort)(ctx) },
		PerConnection: accepts && strings.HasPrefix(w.device.PrinterPort, "tcp:"),
		Decoder:       w.decoder, Profile: w.profile, Answer: w.device.Status == "answer",
		Ahead: aheadOf(w.device.Port),
	})
}

// aheadOf is how far a tap reads ahead: only where nothing stops the POS.
func aheadOf(port string) int {
	u, err := url.Parse(port)
	if err != nil || u.Scheme != "serial" {
		return 0
	}
	switch u.Query().Get("flow") {
	case "rtscts", "xonxoff":
		return 0
	}
	return stallBytes
}

// wireTap makes a tap's driver and what makes sales of its receipts.
func wireTap(d config.Device, open portOpener, st *store.Store, source sale.Source) (drivers.Device, *sale.Recorder, error) {
	w, err := readTap(d)
	if err != nil {
		return nil, nil, err
	}
	keeper, err := w.keeper(st, source)
	if err != nil {
		return nil, nil, err
	}
	driver, err := w.driver(open)
	return driver, keeper, err
}

// keeper makes sales of what a tap reads.
func (w tapWiring) keeper(st *store.Store, source sale.Source) (*sale.Recorder, error) {
	if digits, _ := store.Digits(source.Currency); w.profile != nil && w.profile.Decimals() != digits {
		return nil, fmt.Errorf("profile_file: its amounts have %d decimals, and %s has %d", w.profile.Decimals(), source.Currency, digits)
	}
	source.Reread = func(stream []byte) drivers.Receipt { return tap.ReadStream(w.profile, w.decoder(), stream) }
	return sale.NewRecorder(st, source), nil
}
