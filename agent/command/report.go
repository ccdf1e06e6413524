package command

import (
	"fmt"
	"time"

	"mostrador/agent/spool"
	"mostrador/store"
)

// A Report is the balance of an evening: every ticket that was asked for, what
// became of it, and when printers could not print.
type Report struct {
	spool.Balance
	Orders OrderCount `json:"orders"`
	// Open is what somebody must look at, the oldest order first.
	Open []Task `json:"open"`
	// Paused are the printers that a person has paused, as they are now, with who
	// and why in words.
	Paused map[string]string `json:"paused,omitempty"`
	// Words is the same for people, and what prints.
	Words store.Report `json:"words"`
}

// An OrderCount counts the orders that came in a period, as they stand now.
type OrderCount struct {
	Taken     int `json:"taken"`
	Changed   int `json:"changed"` // more than one revision
	Cancelled int `json:"cancelled"`
	Rejected  int `json:"rejected"`
	Held      int `json:"held"` // their time to be made has not come
}

// Report balances the tickets from one time until before another. Zero times:
// from the start of the business day, until now.
func (c *Commands) Report(from, to time.Time) (Report, error) {
	now := c.store.Clock().Now().Wall
	if to.IsZero() {
		to = now.Add(time.Nanosecond) // the end is not part of it
	}
	if from.IsZero() {
		from = c.about.dayOf(to)
	}
	if !from.Before(to) {
		return Report{}, fmt.Errorf("%w: the report ends (%s) before it begins (%s)", ErrWrong, to.Format(time.RFC3339), from.Format(time.RFC3339))
	}
	r := Report{}
	var err error
	if r.Balance, err = c.spool.Balance(from, to); err != nil {
		return r, plain(err)
	}
	if r.Orders, err = c.countOrders(from, to); err != nil {
		return r, plain(err)
	}
	within := func(m store.Moment) bool { return !m.Wall.Before(from) && m.Wall.Before(to) }
	if err = c.store.View(func(tx *store.Tx) error { r.Open, err = openTasks(tx, within); return err }); err != nil {
		return r, plain(err)
	}
	if !to.Before(now) {
		r.Paused = c.paused()
	}
	r.Words = r.Tell(c.about.Location)
	return r, nil
}

// paused are the printers that a person has paused, with who and why.
func (c *Commands) paused() map[string]string {
	why := map[string]string{}
	for _, s := range c.spool.States() {
		if s.State == spool.Paused {
			why[s.Printer] = s.Cause
		}
	}
	return why
}

// dayOf is when the business day began that t is in.
func (a About) dayOf(t time.Time) time.Time {
	zone := a.Location
	if zone == nil {
		zone = time.UTC
	}
	t = t.In(zone)
	start := func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), 0, int(a.DayStarts/time.Minute), 0, 0, zone)
	}
	if today := start(t); !today.After(t) {
		return today
	}
	return start(t.AddDate(0, 0, -1))
}

func (c *Commands) countOrders(from, to time.Time) (n OrderCount, err error) {
	err = c.store.View(func(tx *store.Tx) error {
		n = OrderCount{}
		for o, err := range tx.Orders() { // newest first
			if err != nil {
				return err
			}
			at := o.ReceivedAt.Wall
			if at.Before(from) {
				break
			}
			if at.Before(to) {
				n.add(o)
			}
		}
		return nil
	})
	return n, err
}

func (n *OrderCount) add(o *store.Order) {
	n.Taken++
	if o.Revision > 1 {
		n.Changed++
	}
	switch {
	case o.Status == store.Cancelled:
		n.Cancelled++
	case o.Status == store.Rejected:
		n.Rejected++
	case !o.HeldUntil.IsZero():
		n.Held++
	}
}

// PrintReport puts the balance on paper.
func (c *Commands) PrintReport(printer string, from, to time.Time, who string) (*store.Job, error) {
	if _, err := c.Printer(printer); err != nil {
		return nil, err
	}
	r, err := c.Report(from, to)
	if err != nil {
		return nil, err
	}
	job, err := c.spool.PrintReport(printer, who, &r.Words)
	return job, plain(err)
}
