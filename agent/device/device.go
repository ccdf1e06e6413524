// Package device opens, watches and reopens the POS devices, one goroutine
// each, and carries what they say to whoever understands it. How a device is
// goes upstream and into the transaction log.
package device

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mostrador/drivers"
	"mostrador/store"
)

// EventType is the type of a device's event on store.StreamDevices; its data is
// a store.DeviceState.
const EventType = "mostrador.device.v1"

// A Keeper understands what a device says; sale.Recorder is one.
type Keeper interface {
	// Resume returns what was heard of a record that was not finished.
	Resume() (partial []byte, err error)
	// Keep makes what was heard durable. After store.ErrFull it is called again
	// with the same.
	Keep(drivers.Heard) error
}

// A Config is one device of the configuration.
type Config struct {
	// Name in the configuration; Kind is its driver: register, …
	Name, Kind string
	// Open reaches it, as drivers.Scheme.Open does.
	Open   func(context.Context) (drivers.Port, error)
	Device drivers.Device
	Keeper Keeper
	// Board says what a display shows; nil for every other device.
	Board *Board
	// Answers names the display that what a scanner's code did is shown on.
	Answers string
}

// An Answerer is a Keeper whose device can tell people at once whether what
// they did was of use (drivers.Signaller).
type Answerer interface {
	Keeper
	// Good is about what was kept last.
	Good() bool
}

// Status is how a device is now.
type Status struct {
	Name  string       `json:"name"`
	Kind  string       `json:"kind"`
	State string       `json:"state"`
	Since store.Moment `json:"since"`
	Cause string       `json:"cause,omitempty"`
	// Records and Garbage count what was heard since the start; Garbage counts
	// pieces that are no record.
	Records int64 `json:"records"`
	Garbage int64 `json:"garbage"`
	// Wire counts what went wrong on the line since it was opened, where that
	// is a serial one that tells.
	Wire *drivers.LineErrors `json:"wire,omitempty"`
	// HeardAt is when something was last heard, zero for never.
	HeardAt store.Moment `json:"heard_at,omitzero"`
	// Weight is what a scale says now, nil where it is not known: the scale is
	// not there, or is not asked because nobody looks.
	Weight *Weight `json:"weight,omitempty"`
	// Scan is the last code of a scanner since the start.
	Scan *Scan `json:"scan,omitempty"`
	// Shown is what stands on a display, row by row.
	Shown []string `json:"shown,omitempty"`
}

// The states of a device (store.DeviceState).
const (
	Opening = "opening"
	Ready   = "ready"
	Absent  = "absent"
	Failing = "failing"
)

// Devices are all of them.
type Devices struct {
	store *store.Store
	log   *slog.Logger
	lines []*line
	bell  bell
}

// New returns the devices; Run starts them.
func New(st *store.Store, devices []Config, log *slog.Logger) *Devices {
	d := &Devices{store: st, log: log}
	now := st.Clock().Now()
	for _, c := range devices {
		d.lines = append(d.lines, &line{
			Config: c, store: st, log: log.With("device", c.Name),
			status: Status{Name: c.Name, Kind: c.Kind, State: Opening, Since: now}, bell: &d.bell,
		})
	}
	for _, l := range d.lines {
		if asked, ok := l.Device.(drivers.Asked); ok {
			asked.Want(false) // until somebody looks
		}
		if l.Answers != "" {
			l.answers = d.board(l.Answers)
		}
	}
	return d
}

// Run keeps all devices open and listens to them until ctx ends.
func (d *Devices) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, l := range d.lines {
		wg.Go(func() { l.run(ctx) })
		if shower, ok := l.Device.(drivers.Shower); ok && l.Board != nil {
			wg.Go(func() { l.Board.run(ctx, l.store, func(rows []drivers.Line) { l.show(shower, rows) }) })
		}
	}
	<-ctx.Done()
	wg.Wait()
	return ctx.Err()
}

// Statuses tells how each device is, in the order of the configuration.
func (d *Devices) Statuses() []Status {
	out := make([]Status, 0, len(d.lines))
	for _, l := range d.lines {
		out = append(out, l.now())
	}
	return out
}

// A line is one device and the line to it.
type line struct {
	Config
	store *store.Store
	log   *slog.Logger

	wire drivers.LineCounter // of the open port, nil where it does not count

	// garbage of which nobody was told yet; only the listening goroutine's.
	untold   int
	toldAt   time.Time
	toldOnce bool

	bell    *bell
	answers *Board // nil: nowhere
	quiet   quiet

	mu     sync.Mutex
	status Status
	looks  int // who look at it
}

// now is its status.
func (l *line) now() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// alter changes its status, and tells who watch.
func (l *line) alter(change func(*Status)) {
	l.mu.Lock()
	change(&l.status)
	l.mu.Unlock()
	l.bell.ring()
}

func (l *line) run(ctx context.Context) {
	err := drivers.Keep(ctx, l.Open, l.listen, l.report)
	l.quiet.end()
	if l.untold > 0 {
		l.logGarbage(nil)
	}
	if ctx.Err() == nil {
		l.log.Error("device is not watched any more", "error", err)
	}
}

// listen hears a port out.
func (l *line) listen(ctx context.Context, port drivers.Port) error {
	partial, err := l.Keeper.Resume()
	if err != nil {
		return err
	}
	l.wire, _ = port.(drivers.LineCounter)
	defer l.lookAtWire() // a last time
	return l.Device.Listen(ctx, port, partial, func(h drivers.Heard) error {
		l.lookAtWire()
		if err := l.keep(ctx, h); err != nil {
			return err
		}
		l.answer(port, h)
		return nil
	})
}

// keep hands on what was heard. While there is no room it waits: the device is
// neither answered nor read, so that nothing that it says is lost in silence.
func (l *line) keep(ctx context.Context, h drivers.Heard) error {
	if h.Behind != nil {
		l.tellBehind(*h.Behind)
		return nil
	}
	l.count(h)
	if h.Garbage != nil {
		l.tellGarbage(h.Garbage)
	}
	err := l.Keeper.Keep(h)
	if !errors.Is(err, store.ErrFull) {
		return err
	}
	if h.Record == nil && h.Receipt == nil {
		return nil // a beginning comes again with its end
	}
	l.log.Error("no room for what the device says: it is not read any further", "error", err)
	l.set(Failing, "no hay espacio para guardar lo que dice: libere disco")
	for errors.Is(err, store.ErrFull) {
		if !l.roomMayBe(ctx) {
			return ctx.Err()
		}
		err = l.Keeper.Keep(h)
	}
	if err == nil {
		l.set(Ready, "")
	}
	return err
}

// fullRetry is how long to wait before a full store is tried again.
const fullRetry = 5 * time.Second

// roomMayBe waits until the store's health changed, or a while; false when ctx
// ended.
func (l *line) roomMayBe(ctx context.Context) bool {
	health, stop := l.store.Watch(store.TopicHealth)
	defer stop()
	timer := time.NewTimer(fullRetry)
	defer timer.Stop()
	select {
	case <-health:
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	return true
}

func (l *line) count(h drivers.Heard) {
	now := l.store.Clock().Now()
	l.alter(func(s *Status) {
		s.HeardAt = now
		switch {
		case h.Record != nil, h.Receipt != nil:
			s.Records++
		case h.Garbage != nil:
			s.Garbage++
		}
	})
	if h.Record != nil {
		l.weigh(h.Record, now)
	}
}

// lookAtWire notes what went wrong on the line.
func (l *line) lookAtWire() {
	if l.wire == nil {
		return
	}
	wrong := l.wire.LineErrors()
	l.mu.Lock()
	l.status.Wire = &wrong
	l.mu.Unlock()
}

// garbles says whether the line is set to another speed than the device, by what
// is wrong on the wire, or by what came while nothing has been understood.
func (l *line) garbles(piece []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w := l.status.Wire; w != nil && w.Garbled() {
		return true
	}
	return l.status.Records == 0 && drivers.LooksGarbled(piece)
}

// garbagePause is how often garbage is told at most, beyond the first.
const garbagePause = 10 * time.Minute

// tellGarbage logs the first piece with its bytes, and later ones by number.
func (l *line) tellGarbage(piece []byte) {
	l.untold++
	now := time.Now()
	if l.toldOnce && now.Sub(l.toldAt) < garbagePause {
		return
	}
	l.logGarbage(piece)
	l.toldOnce, l.toldAt = true, now
}

func (l *line) logGarbage(piece []byte) {
	text := fmt.Sprintf("%s: llegó algo que no es un registro (%d bytes); se ignora. Revise format, encoding y la velocidad de la línea", l.Name, len(piece))
	if l.toldOnce {
		text = fmt.Sprintf("%s: llegaron %d trozos más que no son registros; se ignoran. Revise format, encoding y la velocidad de la línea", l.Name, l.untold)
	}
	if l.garbles(piece) {
		text += ". Se ve como una línea a otra velocidad: ponga en port el baud (y parity, bits) que tiene el aparato"
	}
	err := l.store.Update(func(tx *store.Tx) error {
		e := store.Entry{Kind: "device.garbage", Subject: l.Name, Text: text, Severity: store.Warning}
		if len(piece) > 0 {
			raw, err := tx.PutRaw(piece)
			if err != nil {
				return err
			}
			e.Raw = raw
		}
		return tx.Log(e)
	})
	if err != nil {
		l.log.Warn("garbage not logged", "error", err)
	}
	l.untold = 0
}

// report tells how drivers.Keep sees the port.
func (l *line) report(c drivers.Change) {
	state, cause := stateOf(c)
	l.quiet.reset()
	if !c.Up {
		l.alter(func(s *Status) { s.Weight = nil })
	}
	l.tell(state, cause, c.Flaps)
}

// stateOf is a state with its cause in words.
func stateOf(c drivers.Change) (state, cause string) {
	switch {
	case c.Up:
		return Ready, ""
	case errors.Is(c.Err, drivers.ErrBusy):
		return Failing, "otro programa lo está usando"
	case errors.Is(c.Err, drivers.ErrDenied):
		return Failing, "sin permiso para abrirlo"
	case errors.Is(c.Err, drivers.ErrAbsent), errors.Is(c.Err, drivers.ErrGone), errors.Is(c.Err, context.DeadlineExceeded):
		return Absent, "no está o está apagado"
	}
	return Failing, "falla la línea: " + c.Err.Error()
}

// tellBehind tells how the printer behind a tap is, as the tap's own state: the
// POS's line is up, or nobody would know.
func (l *line) tellBehind(c drivers.Change) {
	state, cause := stateOf(c)
	if cause != "" {
		state, cause = Failing, "la impresora que está detrás: "+cause
	}
	l.set(state, cause)
}

// set changes the state unless it is that already.
func (l *line) set(state, cause string) {
	if s := l.now(); s.State != state || s.Cause != cause {
		l.tell(state, cause, 0)
	}
}

// tell records a state: here, upstream, and in the log.
func (l *line) tell(state, cause string, flaps int) {
	now := l.store.Clock().Now()
	l.alter(func(s *Status) { s.State, s.Cause, s.Since = state, cause, now })
	if state == Ready {
		l.log.Info("device ready", "flaps", flaps)
	} else {
		l.log.Warn("device not ready", "state", state, "cause", cause, "flaps", flaps)
	}
	err := l.store.Update(func(tx *store.Tx) error {
		_, err := tx.Emit(store.StreamDevices, EventType, store.DeviceState{
			Device: l.Name, Kind: l.Kind, State: state, Since: now, Cause: cause, Flaps: flaps,
		})
		if err != nil {
			return err
		}
		return tx.Log(entryOf(l.Name, state, cause, flaps))
	})
	if err != nil {
		l.log.Warn("device state not stored", "error", err)
	}
}

func entryOf(name, state, cause string, flaps int) store.Entry {
	e := store.Entry{Kind: "device." + state, Subject: name, Severity: store.Info, Text: name + ": listo"}
	if state != Ready {
		e.Severity, e.Text = store.Warning, name+": "+cause
	}
	if flaps > 0 {
		e.Text += fmt.Sprintf(" (se cortó %d veces)", flaps)
	}
	return e
}
