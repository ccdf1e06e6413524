package device

import (
	"sync"
	"time"

	"mostrador/drivers"
	"mostrador/store"
)

// A Weight is what a scale says.
type Weight struct {
	// State is stable, unstable, over, under, not_zeroed, fault or silent. Only a
	// stable weight is one to sell by.
	State string `json:"state"`
	// Weight is a decimal as the scale shows it; it may be negative. Unit is kg,
	// g, lb or oz. Both are empty where the scale does not say them.
	Weight string       `json:"weight,omitempty"`
	Unit   string       `json:"unit,omitempty"`
	At     store.Moment `json:"at"`
}

// unstable is the state of a scale whose weight moves.
const unstable = "unstable"

// silent is the state of a scale that answers nothing that can be read.
const silent = "silent"

// weigh takes a scale's reading.
func (l *line) weigh(r *drivers.Record, now store.Moment) {
	if r.Fields["kind"] != "weight" {
		return
	}
	w := &Weight{State: r.Fields["state"], Weight: r.Fields["weight"], Unit: r.Fields["unit"], At: now}
	_, asked := l.Device.(drivers.Asked)
	l.alter(func(s *Status) {
		if s.Weight = w; asked && l.looks == 0 { // the last answer to somebody who has left
			s.Weight = nil
		}
	})
	if w.State == silent {
		l.quiet.silent(func() { l.set(Absent, "no contesta: mire si está encendida, el cable y su protocolo") })
	} else {
		l.quiet.spoke(func(flaps int) { l.tell(Ready, "", flaps) })
	}
}

// spokenFor is how long a device must speak again before it is told as there.
const spokenFor = 10 * time.Second

// A quiet follows a device that falls silent on an open line, as drivers.Keep
// follows the line: it is told once, and that it speaks again when that has
// lasted, with how often it fell silent between.
type quiet struct {
	mu     sync.Mutex
	is     bool
	flaps  int
	timer  *time.Timer // until it is told as there
	life   int         // of the timer, so that one that was stopped tells nothing
	closed bool
}

// silent: the device says nothing. tell is called if that is news.
func (q *quiet) silent(tell func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.is {
		if q.stop() {
			q.flaps++
		}
		return
	}
	q.is = true
	tell()
}

// spoke: the device says something. tell is called once it has for a while.
func (q *quiet) spoke(tell func(flaps int)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.is || q.timer != nil || q.closed {
		return
	}
	q.life++
	life := q.life
	q.timer = time.AfterFunc(spokenFor, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.life != life || q.timer == nil || q.closed {
			return
		}
		flaps := q.flaps
		q.is, q.flaps, q.timer = false, 0, nil
		tell(flaps)
	})
}

// reset forgets it: the line itself has news.
func (q *quiet) reset() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stop()
	q.is, q.flaps = false, 0
}

// end stops it; nothing is told after it has returned.
func (q *quiet) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stop()
	q.closed = true
}

func (q *quiet) stop() (running bool) {
	if q.timer == nil {
		return false
	}
	q.timer.Stop()
	q.timer = nil
	return true
}

// Readings is the Keeper of a device whose readings are looked at and not kept:
// a scale, a display.
type Readings struct{}

// Resume is as Keeper has it: a reading of before a restart is none.
func (Readings) Resume() ([]byte, error) { return nil, nil }

// Keep is as Keeper has it.
func (Readings) Keep(drivers.Heard) error { return nil }
