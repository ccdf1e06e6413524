//go:build linux

package spool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"mostrador/drivers"
	"mostrador/printer"
	"mostrador/printer/profile"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// How long what was cut stays away. A printer that is switched on again takes
// longer than Timing.Reply to start.
const (
	unpluggedFor = 3 * time.Second
	offFor       = 4 * time.Second
)

// An action is what a trigger does to a counter.
type action string

// The actions.
const (
	unplugged   action = "line unplugged"                    // what the printer has, it prints
	switchedOff action = "printer switched off"              // its buffer is lost
	lineBuffer  action = "line unplugged, its buffer lost"   // what the line had taken and not brought is lost
	blackout    action = "power cut of the terminal"         // the store is as the last sync left it
	blackouts   action = "power cut of terminal and printer" // both
)

// A booth is a counter in synthetic time whose line and power a trigger cuts.
// The mechanism is slow enough that most of a ticket stands in the printer's
// buffer when the line breaks.
type booth struct {
	render  *renderer
	model   profile.Profile
	path    string
	clock   *store.Clock
	machine *virtual.Printer
	trigger *trigger
	lagging bool

	ctx     context.Context // of the printer's lines
	serving sync.WaitGroup

	mu    sync.Mutex
	dark  bool          // the terminal has no power
	image [3][]byte     // of the store's files as they were last synced
	out   chan struct{} // closed when the terminal's power goes
}

func newBooth(t *testing.T, g *ground, path string, trigger *trigger) (b *booth, end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	m := g.level.model(t, 150)
	b = &booth{
		render: g.render, model: m, path: path, clock: store.NewClock(), trigger: trigger, ctx: ctx, out: make(chan struct{}),
		machine: virtual.New(m, m.Papers["80mm"], virtual.Options{Speed: 200, Keep: 1000}),
	}
	return b, func() {
		cancel()
		b.serving.Wait()
		b.machine.Close()
	}
}

// open is the printer's port.
func (b *booth) open(context.Context) (drivers.Port, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dark {
		return nil, drivers.ErrAbsent
	}
	near, far := net.Pipe()
	b.serving.Go(func() {
		defer far.Close()
		_ = b.machine.ServeConn(b.ctx, far) // it ends with the line
	})
	if b.lagging {
		return &cutPort{newLag(near), b.trigger}, nil
	}
	return &cutPort{near, b.trigger}, nil
}

// commit is for store.Options: it keeps what a power cut would leave.
func (b *booth) commit(durable bool) {
	if durable {
		b.keep()
	}
	b.trigger.commit(durable)
}

func (b *booth) keep() {
	var image [3][]byte
	for i, path := range b.files() {
		var err error
		// Before the first opening there is but the store.
		if image[i], err = os.ReadFile(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			panic(err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.dark {
		b.image = image
	}
}

func (b *booth) files() [3]string { return [3]string{b.path, b.path + ".journal", b.path + ".witness"} }

// does is what a trigger fires.
func (b *booth) does(a action) func() {
	return func() {
		switch a {
		case unplugged:
			b.machine.Break(virtual.Fault{Kind: virtual.Unplug, For: unpluggedFor})
		case switchedOff:
			b.machine.Break(virtual.Fault{Kind: virtual.PowerOff, For: offFor})
		case blackouts:
			b.machine.Break(virtual.Fault{Kind: virtual.PowerOff, For: offFor})
			b.darken()
		case blackout:
			b.darken()
		}
	}
}

// darken takes the terminal's power; the trigger that calls it is locked.
func (b *booth) darken() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trigger.dead, b.dark = true, true
	close(b.out)
}

// boot runs a spooler over the store.
func (b *booth) boot() (*trial, error) {
	return beginTrial(b.render, b.path, b.clock, b.commit, everyByteSettings(b.model, printer.Timing{}, b.open))
}

// run prints until nothing waits. After a power cut it goes on with what the
// last sync had left of the store, which spoil may alter first.
func (b *booth) run(spoil func(path string) error) (*trial, error) {
	for {
		b.keep()
		r, err := b.boot()
		if err != nil {
			return nil, err
		}
		if err := b.awaitRest(r); err != nil || !b.isDark() {
			return r, err
		}
		if err := r.end(); err != nil {
			return nil, err
		}
		for i, path := range b.files() {
			if err := os.WriteFile(path, b.image[i], 0o600); err != nil {
				return nil, err
			}
		}
		if spoil != nil {
			if err := spoil(b.path); err != nil {
				return nil, err
			}
		}
		b.dark, b.out = false, make(chan struct{})
		b.trigger.revive()
	}
}

func (b *booth) isDark() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dark
}

// awaitRest waits until no ticket waits and the printer has nothing more to
// print, or the power is gone.
func (b *booth) awaitRest(r *trial) error {
	for range int(settleTime / time.Second) {
		select {
		case <-b.out:
			return nil
		case <-time.After(time.Second):
		}
		rest, err := atRest(r.st)
		if err != nil {
			return err
		}
		if rest && b.machine.Buffered() == 0 {
			return nil
		}
	}
	return fmt.Errorf("tickets still wait after %v", settleTime)
}

// A lag is a line that takes everything at once and brings it at 38,400 baud.
// What it has not brought when the line breaks, or is closed, is lost, and the
// writer has not heard of it.
type lag struct {
	net.Conn
	mu    sync.Mutex
	queue []byte
	gone  bool
	news  chan struct{}
	done  chan struct{}
}

func newLag(c net.Conn) *lag {
	l := &lag{Conn: c, news: make(chan struct{}, 1), done: make(chan struct{})}
	go l.carry()
	return l
}

func (l *lag) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone {
		return 0, drivers.ErrGone
	}
	l.queue = append(l.queue, b...)
	token(l.news)
	return len(b), nil
}

func (l *lag) SetWriteDeadline(time.Time) error { return nil } // no write waits

func (l *lag) carry() {
	defer close(l.done)
	for {
		l.mu.Lock()
		n := min(len(l.queue), 16)
		piece := l.queue[:n:n]
		l.queue = l.queue[n:]
		gone := l.gone
		l.mu.Unlock()
		switch {
		case gone:
			return
		case n == 0:
			<-l.news
			continue
		}
		time.Sleep(time.Duration(n) * 10 * time.Second / 38400)
		if _, err := l.Conn.Write(piece); err != nil {
			l.mu.Lock()
			l.gone = true
			l.mu.Unlock()
		}
	}
}

func (l *lag) Close() error {
	l.mu.Lock()
	l.gone = true
	l.mu.Unlock()
	err := l.Conn.Close()
	token(l.news)
	<-l.done
	return err
}
