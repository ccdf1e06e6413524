//go:build linux

package main

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"mostrador/agent/command"
	"mostrador/agent/spool"
	"mostrador/store"
)

// A clerk is the person at the counter. What they do they do by what the lists
// and the papers say.
type clerk struct {
	*house
	rng *rand.Rand
	// seen are the tickets that they have dealt with, or overlooked for good.
	seen map[uint64]bool
	// said counts what they have said and asked for, by ticket: each makes one
	// more end of it.
	said      map[uint64]int
	yes, no   int // what they said of unknown tickets
	moved     int
	reprinted int
}

func newClerk(h *house, rng *rand.Rand) *clerk {
	return &clerk{house: h, rng: rng, seen: map[uint64]bool{}, said: map[uint64]int{}}
}

const clerkName = "Rosa"

// look goes through the lists.
func (c *clerk) look() {
	c.Helper()
	unknown, err := c.commands.Tickets(store.JobUnknown, command.Page{Limit: 1000})
	must(c, err)
	for _, j := range slices.Backward(unknown) {
		if !c.seen[j.Seq] && c.calm(j) {
			c.seen[j.Seq] = true
			if c.rng.IntN(8) > 0 { // some are overlooked
				c.settle(j)
			}
		}
	}
	expired, err := c.commands.Tickets(store.JobExpired, command.Page{Limit: 1000})
	must(c, err)
	for _, j := range slices.Backward(expired) {
		if !c.seen[j.Seq] {
			c.seen[j.Seq] = true
			if c.current(j) && c.rng.IntN(3) > 0 {
				if _, err := c.commands.Retry(j.ID, clerkName); err == nil {
					c.said[j.Seq]++
				} else if !errors.Is(err, command.ErrRefused) { // else there is a newer one
					c.Error(err)
				}
			}
		}
	}
}

// calm: the printer has been well for long enough for its paper to be all there
// is.
func (c *clerk) calm(j *store.Job) bool {
	last := j.Attempts[len(j.Attempts)-1]
	s, err := c.commands.Printer(last.Printer)
	must(c, err)
	return (s.State == spool.Ready || s.State == spool.Printing) && len(s.Faults) == 0 &&
		time.Since(s.Since) > 0 && time.Since(last.Finished.Wall) > time.Minute && c.presses[last.Printer].Buffered() == 0
}

// settle looks for a ticket's paper and says what it shows.
func (c *clerk) settle(j *store.Job) {
	c.Helper()
	whole := slices.ContainsFunc(c.presses[printedAt(j)].out(), func(p piece) bool { return readPaper(p).isOf(j) })
	d, again := c.copied(j), false
	if !whole && !d && c.current(j) {
		if again = true; c.rng.IntN(2) == 0 { // at once: it comes marked
			_, err := c.commands.Retry(j.ID, clerkName)
			must(c, err)
			again = false
		}
	}
	_, err := c.commands.Settle(j.ID, whole, clerkName)
	if errors.Is(err, command.ErrRefused) {
		c.Errorf("ticket %d: %v", j.Seq, err)
		return
	}
	must(c, err)
	c.said[j.Seq]++
	if whole {
		c.yes++
	} else {
		c.no++
	}
	if again {
		_, err := c.commands.Retry(j.ID, clerkName)
		must(c, err)
		c.said[j.Seq]++
		c.no-- // it waits again
	}
}

// copied: another paper of the same was made.
func (c *clerk) copied(j *store.Job) bool {
	return slices.ContainsFunc(c.family(j), func(other *store.Job) bool { return other.CopyOf == j.Seq || other.Follows == j.Seq })
}

// family are the tickets of the same order.
func (c *clerk) family(j *store.Job) []*store.Job {
	c.Helper()
	if j.Order == 0 {
		return nil
	}
	d, err := c.commands.Order(j.OrderID)
	must(c, err)
	return d.Tickets
}

// current: the ticket says what its order is, and nothing newer says it.
func (c *clerk) current(j *store.Job) bool {
	c.Helper()
	if j.Order == 0 {
		return false
	}
	d, err := c.commands.Order(j.OrderID)
	must(c, err)
	return d.Order.Status != store.Cancelled && d.Order.Revision == j.Revision &&
		!slices.ContainsFunc(d.Tickets, func(other *store.Job) bool {
			return other.Seq > j.Seq && other.Station == j.Station && other.Kind == j.Kind
		})
}

// move sends elsewhere what waits for a printer that does not print.
func (c *clerk) move() {
	c.Helper()
	for _, s := range c.commands.Printers() {
		if s.Waiting == 0 || s.State == spool.Ready || s.State == spool.Printing {
			continue
		}
		for _, other := range c.commands.Printers() {
			if other.State == spool.Ready && other.Printer != s.Printer {
				m, err := c.commands.Move(s.Printer, other.Printer, clerkName)
				must(c, err)
				c.moved += m.Tickets
				return
			}
		}
	}
}

// reprint asks for the last comanda that is on paper once more.
func (c *clerk) reprint() {
	c.Helper()
	printed, err := c.commands.Tickets(store.JobPrinted, command.Page{Limit: 100})
	must(c, err)
	for _, j := range printed {
		if j.Kind == store.ComandaTicket && c.current(j) {
			_, err := c.commands.Reprint(j.ID, clerkName)
			must(c, err)
			c.reprinted++
			return
		}
	}
}

// printedAt is where a ticket's last attempt was.
func printedAt(j *store.Job) string {
	if n := len(j.Attempts); n > 0 {
		return j.Attempts[n-1].Printer
	}
	return j.Printer
}
