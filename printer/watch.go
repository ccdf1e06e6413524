package printer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mostrador/printer/escpos"
)

// A view is all that is known of how the printer is.
type view struct {
	reported Condition // what it said last
	known    bool      // it has said something
	silent   bool      // it has stopped answering
	stuck    bool      // it takes no more bytes
}

// condition is the view in the printer's own terms: one that says nothing or
// takes nothing is offline, whatever it last said.
func (v view) condition() Condition {
	c := v.reported
	c.Offline = c.Offline || v.silent || v.stuck
	return c
}

// blocked: the printer itself says so, now.
func (v view) blocked() bool { return v.reported.Blocked() && !v.silent }

// watchers keep the view, and tell each change of the condition in order.
type watchers struct {
	on      func(Condition)
	telling sync.Mutex // held while on is told, so that changes keep their order

	mu    sync.Mutex
	view  view
	told  bool
	muted bool // the session has not begun yet
	last  Condition
	clock clock
}

// tell changes the view, and passes a new condition on.
func (w *watchers) tell(change func(*view)) {
	w.telling.Lock()
	defer w.telling.Unlock()
	w.mu.Lock()
	change(&w.view)
	w.clock.turn(w.view.blocked())
	c := w.view.condition()
	news := !w.muted && (w.view.known || w.view.stuck) && (!w.told || c != w.last)
	if news {
		w.told, w.last = true, c
	}
	w.mu.Unlock()
	if news && w.on != nil {
		w.on(c)
	}
}

func (w *watchers) now() view {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.view
}

// mute and unmute keep what a printer says while it is being met: some of it
// may be of the past.
func (w *watchers) mute()   { w.mu.Lock(); w.muted = true; w.mu.Unlock() }
func (w *watchers) unmute() { w.mu.Lock(); w.muted = false; w.mu.Unlock(); w.tell(func(*view) {}) }

// A clock counts how long the printer was well and how long it was blocked, by
// its own word.
type clock struct {
	since         time.Time
	isBlocked     bool
	well, blocked time.Duration
}

func (c *clock) turn(blocked bool) {
	now := time.Now()
	if !c.since.IsZero() {
		if c.isBlocked {
			c.blocked += now.Sub(c.since)
		} else {
			c.well += now.Sub(c.since)
		}
	}
	c.since, c.isBlocked = now, blocked
}

// read is the clock as it stands.
func (w *watchers) read() clock {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock.turn(w.clock.isBlocked)
	return w.clock
}

// Patience ends when the printer has been well for so long without doing what
// is waited for, or when it has been blocked for too long.
type patience struct {
	watchers   *watchers
	start      clock
	well, mend time.Duration
}

func (s *Session) patience(well time.Duration) patience {
	return patience{watchers: s.watchers, start: s.watchers.read(), well: well, mend: s.timing.Mend}
}

// left is how long to wait before asking again; with 0 or less it is over. A
// printer that is blocked may be well again at any time, so it is looked at
// each second.
func (p patience) left() time.Duration {
	now := p.watchers.read()
	well := p.well - (now.well - p.start.well)
	mend := p.mend - (now.blocked - p.start.blocked)
	switch {
	case well <= 0 || mend <= 0:
		return 0
	case now.isBlocked:
		return min(mend, time.Second)
	}
	return well
}

// errMissed: an inquiry was not answered.
var errMissed = errors.New("the printer did not answer how it is")

// inquire asks the printer how it is and takes its answers into the view. Who
// asks holds s.turn. The write counts as part of the waiting, but one that the
// line does not take from a printer that has said that it is offline is no
// silence: errBusy.
func (s *Session) inquire(ctx context.Context, limit time.Duration) error {
	i := &inquiry{want: len(s.numbers), done: make(chan struct{})}
	if i.want == 0 {
		return nil
	}
	defer s.ears.ask(i)()
	var ask []byte
	for _, n := range s.numbers {
		b, err := escpos.Status(n)
		if err != nil {
			return err
		}
		ask = append(ask, b...)
	}
	began := time.Now()
	if _, err := s.writeWithin(ctx, ask, limit); err != nil {
		return err
	}
	timer := time.NewTimer(max(limit-time.Since(began), 0))
	defer timer.Stop()
	select {
	case <-i.done:
	case <-timer.C:
		return errMissed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	var b [4]byte
	for at, n := range s.numbers {
		b[n-1] = i.got[at]
	}
	s.watchers.tell(func(v *view) {
		if v.silent = false; !s.ears.overtaken(i) {
			v.reported, v.known = ofStatus(b), true
		}
	})
	return nil
}

// look asks how the printer is until it answers, and gives up the second time
// that it does not.
func (s *Session) look(ctx context.Context) error {
	err := s.inquire(ctx, s.timing.Reply)
	if !errors.Is(err, errMissed) {
		return err
	}
	// What comes late now would be taken for the answers to the next inquiry.
	if err := s.quiet(ctx, s.timing.Reply/10); err != nil {
		return err
	}
	if err := s.inquire(ctx, s.timing.Reply); !errors.Is(err, errMissed) {
		return err
	}
	return ErrSilent
}

// watch looks at an idle printer now and then: that is how a condition is
// known where nothing is said unasked, and how one that was switched off is
// noticed everywhere. It ends the session of a printer that is silent.
func (s *Session) watch() {
	defer s.done.Done()
	timer := time.NewTimer(s.timing.Poll)
	defer timer.Stop()
	for {
		select {
		case <-s.alive.Done():
			return
		case <-timer.C:
		}
		select {
		case s.turn <- struct{}{}:
			err := s.look(s.alive)
			<-s.turn
			if err != nil && !s.saidBusy(err) {
				s.end(fmt.Errorf("watch the printer: %w", err))
				return
			}
		default: // a ticket is on its way, and who sends it looks
		}
		timer.Reset(s.timing.Poll)
	}
}

// saidBusy: err is a line that takes nothing, from a printer that has said that
// it would not.
func (s *Session) saidBusy(err error) bool {
	return errors.Is(err, ErrStuck) && s.watchers.now().blocked()
}
