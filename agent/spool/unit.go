package spool

import (
	"context"
	"time"

	"mostrador/drivers"
	"mostrador/printer"
	"mostrador/store"
)

// A unit is one printer while the spooler runs: what its line and the printer
// itself say now, and what the keeper has made of it.
type unit struct {
	Printer
	// wake has a token when something has changed that its worker may wait for.
	wake chan struct{}
	// kicks are the drawers to open, taken by its worker between tickets.
	kicks chan kick
	// renew has a token when its worker shall begin a new conversation.
	renew chan struct{}

	// What follows is guarded by Spool.mu.

	line      Condition // Opening, Ready (open), Absent or Failing
	lineCause string    // in words, where it is not open
	printing  bool
	faults    printer.Condition
	pin       drawerPin
	proof     store.Proof
	abilities printer.Abilities
	wire      *drivers.LineErrors // of its line, nil where that does not count
	model     string              // the profile that it is printed with

	shown Condition // as State says it
	since time.Time // when shown began
	// unable is since when it cannot print, able since when it can: one of them
	// is zero. proven: a ticket has come out since.
	unable, able time.Time
	proven       bool

	// reported is what drivers.Keep has last said of the line, which does not
	// speak of every flap.
	reported report
	told     telling
	standing standing
	// retry ends the worker's pause before it tries again; nil before Run.
	retry context.CancelFunc
	// ahead are tickets that print before older ones (Job.Seq).
	ahead []uint64
}

func newUnit(p Printer) *unit {
	return &unit{
		Printer: p, line: Opening, shown: Opening, model: p.Profile.Name,
		wake: make(chan struct{}, 1), kicks: make(chan kick), renew: make(chan struct{}, 1),
	}
}

// unit returns the printer of a name, nil when there is none.
func (s *Spool) unit(name string) *unit {
	for _, u := range s.units {
		if u.Name == name {
			return u
		}
	}
	return nil
}

// canPrint: its line is open, nothing blocks it, and nobody has paused it. It
// is called with Spool.mu held.
func (u *unit) canPrint() bool { return u.works() && u.standing.Paused == nil }

// works: its line is open and nothing blocks it. It is called with Spool.mu held.
func (u *unit) works() bool { return u.line == Ready && !u.faults.Blocked() }

// condition is what is shown of it. It is called with Spool.mu held.
func (u *unit) condition() Condition {
	switch {
	case u.standing.Paused != nil:
		return Paused
	case u.line != Ready:
		return u.line
	case u.faults.Blocked():
		return Blocked
	case u.printing:
		return Printing
	}
	return Ready
}

// cause says in words why it is as it is. It is called with Spool.mu held.
func (u *unit) cause() string {
	why := u.fault()
	if p := u.standing.Paused; p != nil {
		return joinWords(p.words(), why)
	}
	return why
}

// fault says in words why it cannot print, or will soon not, whoever has
// paused it. It is called with Spool.mu held.
func (u *unit) fault() string {
	switch u.line {
	case Ready:
		return faultWords(u.faults)
	case Opening:
		return notOpened
	}
	return u.lineCause
}

// notOpened is the cause while there is no better one.
const notOpened = "todavía no se ha podido abrir"

// codes are its faults as far as they are known now. It is called with Spool.mu
// held.
func (u *unit) codes() []string {
	if u.line != Ready {
		return nil
	}
	return codes(u.faults)
}

// change alters what a unit says of itself and lets the keeper know, and its
// worker where that decides whether it prints.
func (s *Spool) change(u *unit, alter func()) {
	s.mu.Lock()
	before := u.canPrint()
	alter()
	now := time.Now()
	if c := u.condition(); c != u.shown || u.since.IsZero() {
		u.shown, u.since = c, now
	}
	switch {
	case u.works() && u.able.IsZero():
		u.able, u.unable, u.proven = now, time.Time{}, false
	case !u.works() && u.unable.IsZero():
		u.able, u.unable = time.Time{}, now
	}
	turned := before != u.canPrint()
	s.mu.Unlock()
	if turned {
		token(u.wake)
	}
	token(s.changed)
}

// token leaves a token in a channel that holds one.
func token(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// start begins the time that a unit is given to open.
func (s *Spool) start(u *unit) {
	s.change(u, func() { u.line, u.lineCause, u.printing, u.told = Opening, "", false, telling{} })
}
