package command

import (
	"context"
	"errors"
	"fmt"

	"mostrador/agent/spool"
	"mostrador/store"
)

// Printers are all printers as they are now, in the configuration's order.
func (c *Commands) Printers() []spool.State { return c.spool.States() }

// Printer is one printer as it is now.
func (c *Commands) Printer(name string) (spool.State, error) {
	for _, s := range c.spool.States() {
		if s.Printer == name {
			return s, nil
		}
	}
	return spool.State{}, fmt.Errorf("%w: printer %q; there are: %s", ErrNotFound, name, c.printerNames())
}

// Pause keeps a printer from printing until Resume.
func (c *Commands) Pause(printer, reason, who string) (spool.State, error) {
	return c.onPrinter(printer, func() error { return c.spool.Pause(printer, who, reason) })
}

// Resume lets a paused printer print again.
func (c *Commands) Resume(printer, who string) (spool.State, error) {
	return c.onPrinter(printer, func() error { return c.spool.Resume(printer, who) })
}

// Forget drops what is known of a printer that another one has taken the place of.
func (c *Commands) Forget(printer, who string) (spool.State, error) {
	return c.onPrinter(printer, func() error { return c.spool.Forget(printer, who) })
}

// OpenDrawer opens the cash drawer on a printer.
func (c *Commands) OpenDrawer(ctx context.Context, printer, reason, who string) (spool.State, error) {
	return c.onPrinter(printer, func() error { return c.spool.KickDrawer(ctx, printer, who, reason) })
}

func (c *Commands) onPrinter(name string, act func() error) (spool.State, error) {
	if _, err := c.Printer(name); err != nil {
		return spool.State{}, err
	}
	if err := act(); err != nil {
		return spool.State{}, onPrinterError(err)
	}
	return c.Printer(name)
}

func onPrinterError(err error) error {
	if errors.Is(err, spool.ErrNoDrawer) || errors.Is(err, spool.ErrNotNow) || errors.Is(err, spool.ErrSamePrinter) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return plain(err)
}

// Moved says how many tickets wait for another printer now.
type Moved struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Tickets int    `json:"tickets"`
}

// Move has what waits for one printer come out of another. The first may be
// one that is not configured any more.
func (c *Commands) Move(from, to, who string) (Moved, error) {
	if _, err := c.Printer(to); err != nil {
		return Moved{}, err
	}
	n, err := c.spool.Move(from, to, who)
	if err != nil {
		return Moved{}, onPrinterError(err)
	}
	return Moved{from, to, n}, nil
}

// TestPrint queues the test ticket on a printer.
func (c *Commands) TestPrint(printer, who string) (*store.Job, error) {
	if _, err := c.Printer(printer); err != nil {
		return nil, err
	}
	job, err := c.spool.Test(printer, who)
	return job, plain(err)
}
