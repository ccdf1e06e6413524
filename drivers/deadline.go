package drivers

import (
	"sync"
	"time"
)

// A Deadline is a point in time that can be moved while others wait for it. A
// port whose system calls know no deadline waits on one beside its answer. The
// zero Deadline is unset and ready for use.
type Deadline struct {
	mu      sync.Mutex
	version uint64 // tells an old timer that it has been replaced
	passed  chan struct{}
	closed  bool // whether passed is
	timer   *time.Timer
}

// Set moves the deadline; the zero time unsets it. Who waits already waits for
// the new one from now on, unless the old one had passed.
func (d *Deadline) Set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.version++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if d.passed == nil || d.closed {
		d.passed, d.closed = make(chan struct{}), false
	}
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.expire()
		return
	}
	version := d.version
	d.timer = time.AfterFunc(wait, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.version == version {
			d.expire()
		}
	})
}

// Passed returns a channel that is closed once the deadline has passed. Ask
// anew for each wait.
func (d *Deadline) Passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.passed == nil {
		d.passed = make(chan struct{})
	}
	return d.passed
}

// IsPast says whether the deadline has passed.
func (d *Deadline) IsPast() bool {
	select {
	case <-d.Passed():
		return true
	default:
		return false
	}
}

// expire tells the waiters; d.mu is held.
func (d *Deadline) expire() {
	if !d.closed {
		close(d.passed)
		d.closed = true
	}
}
