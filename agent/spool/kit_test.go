package spool

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/agent/spool/ticket"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// A counter is a spooler with its store and its printers, in synthetic time.
type counter struct {
	*testing.T
	*Spool
	st       *store.Store
	path     string
	machines map[string]*machine
	settings Settings
	clock    *store.Clock // one machine's, over restarts of the agent
	halt     func()
}

// inTime runs a test at a counter with these printers, in synthetic time.
func inTime(t *testing.T, names []string, set func(*Settings), test func(c *counter)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &counter{T: t, path: filepath.Join(t.TempDir(), "db"), machines: map[string]*machine{}, clock: store.NewClock()}
		c.settings = Settings{
			Ticket:     ticket.Settings{Locale: "es-PE"},
			Unknown:    map[store.TicketKind]Policy{store.ComandaTicket: CopyOnce, store.ReceiptTicket: Ask},
			AlarmAfter: map[store.TicketKind]time.Duration{},
		}
		for _, name := range names {
			m := newMachine(t, name, virtual.Options{Keep: 1000})
			c.machines[name] = m
			c.settings.Printers = append(c.settings.Printers, Printer{Name: name, Open: m.open, Profile: model(t), Paper: "80mm"})
		}
		if set != nil {
			set(&c.settings)
		}
		c.boot()
		defer c.stop()
		test(c)
	})
}

// boot opens the store and starts the spooler.
func (c *counter) boot() {
	c.Helper()
	st, err := store.Open(c.path, store.Options{Identity: "s/t", Log: quiet(), Clock: c.clock})
	if err != nil {
		c.Fatal(err)
	}
	c.st = st
	if c.Spool, err = New(st, c.settings, quiet()); err != nil {
		c.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Spool.Run(ctx) }()
	c.halt = func() {
		cancel()
		if err := <-ended; err != nil {
			c.Errorf("the spooler ended with %v", err)
		}
		c.halt = nil
	}
}

// stop ends the spooler and closes its store.
func (c *counter) stop() {
	c.Helper()
	if c.halt != nil {
		c.halt()
	}
	uplinktest.CheckStore(c, c.st)
	if err := c.st.Close(); err != nil {
		c.Error(err)
	}
}

// pass lets time go by.
func (c *counter) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// queue queues a ticket with markup of its own.
func (c *counter) queue(printer string, kind store.TicketKind, markup string, alter ...func(*store.Job)) uint64 {
	c.Helper()
	var seq uint64
	if _, err := c.st.UpdateVital(func(tx *store.Tx) error {
		j := &store.Job{Kind: kind, Markup: markup + "\n=", Printer: printer, MeantFor: printer, Copy: 1,
			State: store.JobQueued, QueuedAt: tx.Now()}
		for _, f := range alter {
			f(j)
		}
		err := tx.PutJob(j)
		seq = j.Seq
		return err
	}); err != nil {
		c.Fatal(err)
	}
	return seq
}

func maxAge(d time.Duration) func(*store.Job) { return func(j *store.Job) { j.MaxAge = d } }

// order keeps an order and returns its number.
func (c *counter) order(o store.Order) uint64 {
	c.Helper()
	o.Revision, o.Currency, o.Key.ChannelID = 1, "PEN", o.Number
	if _, err := c.st.UpdateVital(func(tx *store.Tx) error { return tx.PutOrder(&o) }); err != nil {
		c.Fatal(err)
	}
	return o.Seq
}

func ofOrder(seq uint64, number string) func(*store.Job) {
	return func(j *store.Job) { j.Order, j.OrderNumber, j.Revision = seq, number, 1 }
}

func (c *counter) job(seq uint64) *store.Job { c.Helper(); return job(c.T, c.st, seq) }

// wantState checks where a ticket stands.
func (c *counter) wantState(seq uint64, want store.JobState) *store.Job {
	c.Helper()
	j := c.job(seq)
	if j.State != want {
		c.Errorf("ticket %d is %s (%s), want %s", seq, j.State, j.Cause, want)
	}
	return j
}

func (c *counter) state(printer string) State {
	c.Helper()
	for _, s := range c.States() {
		if s.Printer == printer {
			return s
		}
	}
	c.Fatalf("there is no printer %s", printer)
	return State{}
}

// entries are those of a kind, the oldest first.
func (c *counter) entries(kind string) (found []*store.Entry) {
	c.Helper()
	if err := c.st.View(func(tx *store.Tx) error {
		found = nil
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			if e.Kind == kind {
				found = append(found, e)
			}
		}
		return nil
	}); err != nil {
		c.Fatal(err)
	}
	slices.Reverse(found)
	return found
}

// wantEntries checks how many entries of a kind there are.
func (c *counter) wantEntries(kind string, want int) []*store.Entry {
	c.Helper()
	found := c.entries(kind)
	if len(found) != want {
		c.Errorf("%d entries %s, want %d: %+v", len(found), kind, want, found)
	}
	return found
}

// papers are what a printer has put out, without blanks.
func (c *counter) papers(printer string) []string { return text(c.machines[printer]) }
