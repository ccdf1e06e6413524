package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"mostrador/drivers"
	"mostrador/printer"
	"mostrador/printer/profile"
)

// A probe of a device that nobody has named asks only what cannot print, what
// is free, and each one for a bounded time.
const (
	portProbeTime   = 45 * time.Second
	probesAtOnce    = 8
	networkProbeMax = 64 // addresses of one search
)

// probeSpeeds are tried on a line of which nobody knows the speed: those that
// printers come with, the commonest first.
var probeSpeeds = []int{9600, 19200, 38400, 115200}

// probeAll asks every device that is free what it is.
func (a *app) probeAll(ctx context.Context, devices []listedDevice) {
	var asked []*listedDevice
	network := 0
	for i := range devices {
		d := &devices[i]
		if d.Kind == drivers.FoundNetwork {
			network++
		}
		if d.mayProbe() && network <= networkProbeMax {
			asked = append(asked, d)
		}
	}
	if len(asked) == 0 {
		return
	}
	if !a.json {
		fmt.Fprintf(a.stderr, "preguntando en %d puertos, sin imprimir nada…\n", len(asked))
	}
	places := make(chan struct{}, probesAtOnce)
	var wg sync.WaitGroup
	for _, d := range asked {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			ctx, cancel := context.WithTimeout(ctx, portProbeTime)
			defer cancel()
			d.probe(ctx)
		})
	}
	wg.Wait()
}

// mayProbe: it is there, nobody uses it, and asking does no harm to what is
// known of it.
func (d *listedDevice) mayProbe() bool {
	switch {
	case d.Missing, len(d.Holders) > 0, d.isOurs(), d.Use != "" && d.Use != "printer":
		return false
	case slices.Contains(d.Notes, drivers.NoteConsole):
		return false
	}
	return d.Kind != drivers.FoundQueue
}

// isOurs: the running agent has it open.
func (d *listedDevice) isOurs() bool {
	return d.State != "" && d.State != "absent" && d.State != "opening" && d.State != "failing"
}

// probe asks one device, and a line of unknown speed at several.
func (d *listedDevice) probe(ctx context.Context) {
	u, err := drivers.ParseAddress(d.Port)
	if err != nil {
		d.Failed = err.Error()
		return
	}
	if d.Kind != drivers.FoundSerial || u.Query().Has("baud") {
		d.Failed = d.ask(ctx, u)
		return
	}
	for _, speed := range probeSpeeds {
		at := *u
		query := at.Query()
		query.Set("baud", strconv.Itoa(speed))
		at.RawQuery = query.Encode()
		if d.Failed = d.ask(ctx, &at); d.Failed != "" {
			return
		}
		if d.recognised() {
			d.Speed, d.Port = speed, at.String()
			return
		}
	}
}

// ask opens the port and asks; it returns why it could not.
func (d *listedDevice) ask(ctx context.Context, u *url.URL) string {
	port, err := opener(schemes())(u.String())(ctx)
	if err != nil {
		return err.Error()
	}
	defer port.Close()
	// Whoever does not answer a status is asked nothing else (printer.Probe), so
	// that a line with something else on it hears three bytes.
	found, err := printer.Probe(ctx, port, printer.AskAll())
	if err == nil && found.Abilities == (printer.Abilities{Status: true}) {
		// Noise can look like a status once.
		again, err := printer.Probe(ctx, port, profile.Answers{Status: true})
		if err != nil || !again.Abilities.Status {
			found = again
		}
	}
	d.Answer = &found
	if errors.Is(err, printer.ErrNoise) {
		return ""
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// recognised: it answers as a printer does.
func (d *listedDevice) recognised() bool {
	return d.Answer != nil && d.Answer.Abilities.Status
}
