package drivers

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// How Await pauses: at first for minAsk, then for twice as long each time.
const (
	minAsk = time.Millisecond
	maxAsk = 50 * time.Millisecond
)

// stallGrace is how long after its deadline a write may still come back before
// it is left behind: a deadline that passes in the middle of one is no stall.
const stallGrace = 50 * time.Millisecond

// Await asks ready, less and less often but at least twenty times a second,
// until it says true or fails: for what the system tells only who asks. It
// returns ready's error, os.ErrDeadlineExceeded once d has passed, or
// os.ErrClosed once closing is closed.
func (d *Deadline) Await(closing <-chan struct{}, ready func() (bool, error)) error {
	return d.AwaitWithin(maxAsk, closing, ready)
}

// AwaitWithin is Await that asks at least once in every.
func (d *Deadline) AwaitWithin(every time.Duration, closing <-chan struct{}, ready func() (bool, error)) error {
	for ask := min(minAsk, every); ; ask = min(2*ask, every) {
		if ok, err := ready(); ok || err != nil {
			return err
		}
		if err := d.pause(ask, closing); err != nil {
			return err
		}
	}
}

// AwaitLeft is Await for what knows how long the rest will take: left says so,
// and 0 when there is none. It asks again when that has passed, but at least
// twenty times a second; and less and less often while nothing moves.
func (d *Deadline) AwaitLeft(closing <-chan struct{}, left func() (time.Duration, error)) error {
	ask := minAsk
	for last := time.Duration(-1); ; {
		rest, err := left()
		if rest <= 0 || err != nil {
			return err
		}
		if moves := last < 0 || rest < last; moves {
			ask = min(max(rest, minAsk), maxAsk)
		} else {
			ask = min(2*ask, maxAsk)
		}
		last = rest
		if err := d.pause(ask, closing); err != nil {
			return err
		}
	}
}

// pause waits for a while. It returns os.ErrDeadlineExceeded or os.ErrClosed when
// the deadline has passed or closing is closed before.
func (d *Deadline) pause(while time.Duration, closing <-chan struct{}) error {
	timer := time.NewTimer(while)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-closing:
		return os.ErrClosed
	case <-d.Passed():
		return os.ErrDeadlineExceeded
	}
}

// A BoundedWriter makes a Writer that knows no deadline keep one: each write
// runs in a goroutine beside, which ends when the system lets go of it. It is
// for one goroutine at a time.
type BoundedWriter struct {
	// To takes the bytes, as many at once as may be in doubt after a stall.
	To io.Writer
	// Deadline bounds each write.
	Deadline *Deadline
	// Closing is closed when the port closes.
	Closing <-chan struct{}

	stalled atomic.Bool
}

// Write hands a copy of b over and waits for the end of that. Past the
// deadline, or when the port closes, it leaves the write behind; as nobody
// knows what that one wrote, every later Write is refused with ErrGone.
func (w *BoundedWriter) Write(b []byte) (int, error) {
	if w.stalled.Load() {
		return 0, fmt.Errorf("%w: an earlier write has not come back", ErrGone)
	}
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	chunk := append([]byte(nil), b...)
	go func() {
		n, err := w.To.Write(chunk)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return r.n, r.err
	case <-w.Closing:
		w.stalled.Store(true)
		return 0, os.ErrClosed
	case <-w.Deadline.Passed():
	}
	grace := time.NewTimer(stallGrace)
	defer grace.Stop()
	select {
	case r := <-done:
		return r.n, r.err
	case <-w.Closing:
	case <-grace.C:
	}
	w.stalled.Store(true)
	return 0, os.ErrDeadlineExceeded
}

// Stalled says whether a write was left behind.
func (w *BoundedWriter) Stalled() bool { return w.stalled.Load() }
