//go:build linux

package spool

import (
	"context"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"mostrador/agent/spool/ticket"
	"mostrador/drivers"
	"mostrador/printer"
	"mostrador/printer/profile"
	"mostrador/store"
)

// A level is a printer by what it can prove.
type level struct {
	name    string
	proof   store.Proof
	answers profile.Answers
}

func levels() []level {
	return []level{
		{"process_id", store.ProofProcessID, profile.Answers{Status: true, Fence: true, ProcessID: true, Auto: true, Identity: true}},
		{"fence", store.ProofFence, profile.Answers{Status: true, Fence: true, Identity: true}},
		{"fence, nameless", store.ProofFence, profile.Answers{Status: true, Fence: true}},
		{"status", store.ProofStatus, profile.Answers{Status: true}},
		{"transport", store.ProofTransport, profile.Answers{}},
	}
}

// model is a TM-T20II that answers what the level does, with a mechanism that is
// at least as fast as speed, in mm/s.
func (l level) model(t *testing.T, speed int) profile.Profile {
	m := model(t)
	m.Answers, m.Speed = l.answers, speed
	return m
}

// abilities are what it will be found to answer.
func (l level) abilities() printer.Abilities {
	a := l.answers
	found := printer.Abilities{Status: a.Status, Fence: a.Fence, ProcessID: a.ProcessID, Auto: a.Auto}
	if a.Identity {
		found.Maker, found.Model, found.Firmware, found.Serial = "Epson", "TM-T20II", "1.00", "VIRTUAL"
	}
	return found
}

// everyByteRenderer makes the tickets of all cases.
func everyByteRenderer() (*renderer, error) {
	return newRenderer(ticket.Settings{Locale: "es-PE", Header: []string{"Chifa Fu"}})
}

// everyByteSettings are those of an installation as it comes.
func everyByteSettings(m profile.Profile, timing printer.Timing, open func(context.Context) (drivers.Port, error)) Settings {
	return Settings{
		Printers: []Printer{{Name: "cocina", Open: open, Profile: m, Paper: "80mm", Timing: timing}},
		Unknown:  map[store.TicketKind]Policy{store.ComandaTicket: CopyOnce, store.ReceiptTicket: Ask},
	}
}

// everyByteStore opens a store that stays small; Reserve and MaxSize bound how
// much of it is written anew for each cut.
//
// A process that is forked meanwhile would hold the file's lock until it is
// another program, and nobody waits for that in synthetic time.
func everyByteStore(path string, clock *store.Clock, onCommit func(bool)) (*store.Store, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return store.Open(path, store.Options{
		Identity: "lima-01/caja-1", MaxSize: 16 << 20, Reserve: 64 << 10, Clock: clock, OnCommit: onCommit, Log: quiet(),
	})
}

// seed makes a store with one order and its tickets: two comandas and the
// customer's. With known, the printer has been met before.
func seed(path string, known *printer.Abilities) error {
	st, err := everyByteStore(path, nil, nil)
	if err != nil {
		return err
	}
	_, err = st.UpdateVital(func(tx *store.Tx) error {
		now := tx.Now()
		o := store.Order{
			Key: store.OrderKey{Provider: "justo", Nickname: "Fu", ChannelID: "9001"}, Revision: 1, Number: "9001",
			Kind: store.Pickup, Currency: "PEN", Status: store.Accepted, PlacedAt: now.Wall, ReceivedAt: now, ChangedAt: now,
			Lines: []store.Line{
				{Name: "Lomo", Quantity: store.Units(2), Unit: 1500, Total: 3000},
				{Name: "Chicha", Quantity: store.Units(1), Unit: 500, Total: 500},
			},
			Totals: store.Totals{Items: 3500, Total: 3500, ToPay: 3500}, Payment: store.Payment{Paid: true},
		}
		if err := tx.PutOrder(&o); err != nil {
			return err
		}
		comanda := store.Job{Kind: store.ComandaTicket, Parts: 2}
		hot, cold, receipt := comanda, comanda, store.Job{Kind: store.ReceiptTicket}
		hot.Part, hot.Station, hot.Items = 1, "parrilla", []store.Item{{Quantity: store.Units(2), Name: "Lomo", Note: "sin ají"}}
		cold.Part, cold.Station, cold.Items = 2, "barra", []store.Item{{Line: 1, Quantity: store.Units(1), Name: "Chicha"}}
		for _, j := range []*store.Job{&hot, &cold, &receipt} {
			j.Order, j.OrderID, j.OrderNumber, j.Revision = o.Seq, o.ID, o.Number, 1
			j.Printer, j.MeantFor, j.Copy, j.State, j.QueuedAt = "cocina", "cocina", 1, store.JobQueued, now
			if err := tx.PutJob(j); err != nil {
				return err
			}
		}
		if known == nil {
			return nil
		}
		return remember(tx, "cocina", memory{Abilities: *known})
	})
	if closed := st.Close(); err == nil {
		err = closed
	}
	return err
}

// atRest reports whether no ticket waits or is under way.
func atRest(st *store.Store) (rest bool, err error) {
	err = st.View(func(tx *store.Tx) error {
		rest = true
		for _, state := range []store.JobState{store.JobQueued, store.JobSending} {
			for _, err := range tx.JobsIn(state) {
				if rest = false; err != nil {
					return err
				}
			}
		}
		return nil
	})
	return rest, err
}

// memoryDir is a folder in memory where there is one: nothing here cuts the
// power of this machine, and a kill leaves what is written to a file.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "mostrador-every-byte-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// A place is what a cut is counted by.
type place string

// The places. Bytes are those of the whole conversation, questions included.
const (
	beforeOut    place = "before a byte to the printer" // n are out, the next is about to go
	behindOut    place = "behind a byte to the printer" // n are out, nothing else has happened
	beforeIn     place = "before a byte of an answer"   // n were read, the next is about to be
	beforeCommit place = "before a commit"
	behindCommit place = "behind a commit"
)

// A step is what a trigger does when a place has been reached n times more.
type step struct {
	at   place
	n    int
	fire func()
}

// A trigger does its steps, one after the other. It counts how often each place
// was reached since the last one.
type trigger struct {
	mu    sync.Mutex
	steps []step
	count map[place]int
	ends  []int // the counts of bytes out at which a write ended
	fired int
	// dead: the terminal has no power, so that nothing passes or counts.
	dead bool
}

func newTrigger(steps ...step) *trigger { return &trigger{steps: steps, count: map[place]int{}} }

// fire is called with mu held.
func (g *trigger) fire() {
	s := g.steps[0]
	g.steps, g.count = g.steps[1:], map[place]int{}
	g.fired++
	s.fire()
}

// room is how many of want bytes can pass before a place; with 0 it has fired,
// or is dead.
func (g *trigger) room(at place, want int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.dead:
		return 0
	case len(g.steps) == 0 || g.steps[0].at != at:
		return want
	}
	if left := g.steps[0].n - g.count[at]; left > 0 {
		return min(want, left)
	}
	g.fire()
	return 0
}

// passed counts bytes, or commits, and fires behind the one that it is for.
func (g *trigger) passed(at place, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dead {
		return
	}
	g.count[at] += n
	if len(g.steps) > 0 && g.steps[0].at == at && at != beforeOut && at != beforeIn && g.count[at] >= g.steps[0].n {
		g.fire()
	}
}

func (g *trigger) wrote() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ends = append(g.ends, g.count[beforeOut])
}

// revive gives the terminal its power back.
func (g *trigger) revive() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dead, g.count = false, map[place]int{}
}

// counts are what an undisturbed run has counted.
func (g *trigger) counts() count {
	g.mu.Lock()
	defer g.mu.Unlock()
	return count{g.count[beforeOut], g.count[beforeIn], g.count[behindCommit], g.ends}
}

// A count is how long a run is: bytes to the printer, bytes of answers, commits,
// and the counts of bytes at which a write ended.
type count struct {
	Out, In, Commits int
	Ends             []int
}

// commit is for store.Options.
func (g *trigger) commit(durable bool) {
	if durable {
		g.passed(behindCommit, 1)
	} else {
		g.passed(beforeCommit, 1)
	}
}

// A cutPort is a line that a trigger watches.
type cutPort struct {
	drivers.Port
	trigger *trigger
}

func (p *cutPort) Write(b []byte) (sent int, err error) {
	for sent < len(b) {
		n := p.trigger.room(beforeOut, len(b)-sent)
		n = min(n, p.trigger.room(behindOut, n))
		n, err = p.Port.Write(b[sent : sent+n])
		sent += n
		p.trigger.passed(beforeOut, n)
		p.trigger.passed(behindOut, n)
		if err != nil {
			return sent, err
		}
		if n == 0 {
			return sent, drivers.ErrGone // the trigger has fired
		}
	}
	p.trigger.wrote()
	return sent, nil
}

func (p *cutPort) Read(b []byte) (n int, err error) {
	n = p.trigger.room(beforeIn, len(b))
	if n == 0 && len(b) > 0 {
		return 0, drivers.ErrGone // the trigger has fired
	}
	n, err = p.Port.Read(b[:n])
	p.trigger.passed(beforeIn, n)
	return n, err
}

// A trial is one run of the spooler over a store.
type trial struct {
	st   *store.Store
	stop func() error
}

// beginTrial opens the store at path and runs a spooler over it.
func beginTrial(render *renderer, path string, clock *store.Clock, onCommit func(bool), s Settings) (*trial, error) {
	st, err := everyByteStore(path, clock, onCommit)
	if err != nil {
		return nil, err
	}
	sp := newWith(render, st, s, quiet())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sp.Run(ctx) }()
	return &trial{st: st, stop: func() error {
		cancel()
		return <-ended
	}}, nil
}

// end stops the spooler and closes its store.
func (r *trial) end() error {
	err := r.stop()
	if closed := r.st.Close(); err == nil {
		err = closed
	}
	return err
}

// copyFile puts what stands in a file into another.
func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}

// settleTime bounds how long all tickets of one case may take, in the time that
// the case runs in.
const settleTime = 10 * time.Minute
