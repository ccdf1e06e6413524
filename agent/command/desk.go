package command

import (
	"context"
	"log/slog"
	"time"

	"mostrador/agent/order"
	"mostrador/store"
)

// A Machine is the process around the agent, for what only that can do. A
// function that is nil is not there, and the command that needs it is refused.
type Machine struct {
	// Restart has the agent stop in order and start again; it returns at once.
	Restart func(why string)
	// SetLogLevel says how much the agent's own log holds from now on.
	SetLogLevel func(slog.Level)
	// CloudTime is the time by the backend's clock, as far as it can be told.
	CloudTime func(now store.Moment) (time.Time, bool)
	// Up reports whether the agent runs as it should, and is connected, or why not.
	Up func() (ok bool, why string)
}

// Acks acknowledge what came once it is safe (order.Acks).
type Acks interface {
	Settle(t order.Taken, ack func() error)
}

// A Desk takes what the cloud asks of this terminal: commands, a configuration,
// a catalogue. Each is on disk before it is acknowledged, done once, one after
// the other, and answered on up/results. What the process ended in the middle
// of is answered as interrupted and not begun again.
type Desk struct {
	commands *Commands
	store    *store.Store
	acks     Acks
	machine  Machine
	config   Configuration
	log      *slog.Logger
	wake     chan struct{}
	now      func() store.Moment
	cloud    cloudClock
	// trialBegan is when this process began to try a configuration.
	trialBegan time.Time
}

// NewDesk returns a Desk; Run brings it to work.
func NewDesk(c *Commands, acks Acks, m Machine, cfg Configuration, log *slog.Logger) *Desk {
	return &Desk{
		commands: c, store: c.store, acks: acks, machine: m, config: cfg, log: log,
		wake: make(chan struct{}, 1), now: c.store.Clock().Now,
	}
}

// Command takes a message of down/commands, Config one of down/config and
// Catalogue one of down/catalogue. ack is called exactly once, when what came is
// safe. An error means that it could not be stored, and must come again.
func (d *Desk) Command(_ context.Context, payload []byte, ack func() error) error {
	return d.take(payload, ack, d.takeCommand)
}

// Config: see Command.
func (d *Desk) Config(_ context.Context, payload []byte, ack func() error) error {
	return d.take(payload, ack, d.takeConfig)
}

// Catalogue: see Command.
func (d *Desk) Catalogue(_ context.Context, payload []byte, ack func() error) error {
	return d.take(payload, ack, d.takeCatalogue)
}

func (d *Desk) take(payload []byte, ack func() error, keep func(*store.Tx, []byte) error) error {
	durable, err := d.store.UpdateVital(func(tx *store.Tx) error { return keep(tx, payload) })
	if err != nil {
		return err
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
	d.acks.Settle(order.Taken{Durable: durable}, ack)
	return nil
}

// again is how long the desk waits when the store did not take something.
const again = 5 * time.Second

// Run does what was taken until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	if err := d.settleBegun(); err != nil {
		return err
	}
	trial, stop := d.watchTrial()
	defer stop()
	for {
		wait := d.work(ctx)
		var later <-chan time.Time
		if wait > 0 {
			later = time.After(wait)
		}
		select {
		case <-d.wake:
		case <-later:
		case <-trial:
			d.lookAtTrial()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// work does everything that waits; wait is after how long it should be called
// again without being woken, 0 for never.
func (d *Desk) work(ctx context.Context) (wait time.Duration) {
	for ctx.Err() == nil {
		more, err := d.next(ctx)
		if err == nil {
			err = d.applyConfig()
		}
		if err != nil {
			d.log.Error("what the cloud asked for waits", "error", err)
			return again
		}
		if !more {
			return 0
		}
	}
	return 0
}

// late says whether a time has passed, and whether that is certain: by the
// terminal's clock where that is synchronised, by the backend's where that has
// been compared, else by what the cloud wrote.
func (d *Desk) late(expires time.Time, now store.Moment) (late, certain bool) {
	if now.Synced {
		return now.Wall.After(expires), true
	}
	if d.machine.CloudTime != nil {
		if t, ok := d.machine.CloudTime(now); ok {
			return t.After(expires), true
		}
	}
	late = d.cloud.least(now).After(expires)
	return late, late
}

// A cloudClock is what the terminal knows of the time without a synchronised
// clock of its own: it cannot be earlier than when the cloud wrote the newest
// thing that came, and has gone on since by the monotonic clock.
type cloudClock struct {
	wrote time.Time
	at    store.Moment
}

// heard notes when something that has just come was written.
func (c *cloudClock) heard(wrote time.Time, now store.Moment) {
	if wrote.After(c.least(now)) {
		c.wrote, c.at = wrote, now
	}
}

// least is the earliest that it can be, zero when nothing is known.
func (c *cloudClock) least(now store.Moment) time.Time {
	if c.wrote.IsZero() || c.at.Boot != now.Boot {
		return c.wrote
	}
	return c.wrote.Add(now.Uptime - c.at.Uptime)
}
