package drivertest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"mostrador/drivers"
)

// An Op is one step of what passes between a driver and its device. One field
// is set.
type Op struct {
	// Write is what the driver writes.
	Write []byte
	// Read is what the device says.
	Read []byte
	// Pause is for how long the device says nothing.
	Pause time.Duration
}

func (o Op) String() string {
	switch {
	case len(o.Write) > 0:
		return fmt.Sprintf("write %q", o.Write)
	case len(o.Read) > 0:
		return fmt.Sprintf("read %q", o.Read)
	default:
		return fmt.Sprintf("pause %v", o.Pause)
	}
}

// A Playback is a Port with a device behind it that says and expects exactly
// Ops, in their order. A driver that writes something else, or before the
// device has said what comes first, gets an error, and so does Close; Close
// also fails when operations remain. It works in a synctest bubble, where
// pauses take no time.
type Playback struct {
	Ops []Op
	// Chunk is how many bytes one Read returns at most; 0 means no bound.
	Chunk int
	// End is what Read returns when everything has been played. With nil the
	// device stays silent.
	End error

	mu      sync.Mutex
	next    int           // the operation under way
	done    int           // how much of its bytes have passed
	resumes time.Time     // when its pause ends
	fault   error         // the first thing that the driver did wrong
	changed chan struct{} // closed when the state changes
	closed  bool
	reads   drivers.Deadline
	writes  drivers.Deadline
}

// Read returns what the device says next.
func (p *Playback) Read(b []byte) (int, error) {
	for {
		n, w, err := p.hear(b)
		if n > 0 || err != nil {
			return n, err
		}
		var pause <-chan time.Time
		if w.pause > 0 {
			timer := time.NewTimer(w.pause)
			defer timer.Stop()
			pause = timer.C
		}
		select {
		case <-pause:
		case <-w.changed:
		case <-p.reads.Passed():
		}
	}
}

// A wait is what a Read waits for while the device says nothing.
type wait struct {
	pause   time.Duration   // the rest of the device's pause; 0 for no bound
	changed <-chan struct{} // closes when the state changes
}

// hear returns bytes, or what to wait for.
func (p *Playback) hear(b []byte) (n int, w wait, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	w.changed = p.changed
	switch {
	case p.closed:
		return 0, w, fmt.Errorf("read: %w", os.ErrClosed)
	case p.reads.IsPast():
		return 0, w, fmt.Errorf("read: %w", os.ErrDeadlineExceeded)
	}
	for p.next < len(p.Ops) {
		op := p.Ops[p.next]
		switch {
		case len(op.Read) > p.done:
			n = copy(b, op.Read[p.done:])
			if p.Chunk > 0 {
				n = min(n, p.Chunk)
			}
			p.pass(n, len(op.Read))
			return n, w, nil
		case len(op.Write) > p.done:
			return 0, w, nil
		case op.Pause > 0 && p.resumes.IsZero():
			p.resumes = time.Now().Add(op.Pause)
		}
		if w.pause = time.Until(p.resumes); w.pause > 0 {
			return 0, w, nil
		}
		p.pass(0, 0)
		w.changed = p.changed
	}
	return 0, w, p.End
}

// Write checks b against what the device expects next.
func (p *Playback) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return 0, fmt.Errorf("write: %w", os.ErrClosed)
	case p.writes.IsPast():
		return 0, fmt.Errorf("write: %w", os.ErrDeadlineExceeded)
	}
	for written := 0; ; {
		rest := b[written:]
		if len(rest) == 0 {
			return written, nil
		}
		if p.next == len(p.Ops) {
			return written, p.fail("the driver wrote %q after the last operation", rest)
		}
		op := p.Ops[p.next]
		if op.Pause > 0 && !time.Now().Before(p.resumes) { // over, or nobody listened
			p.pass(0, 0)
			continue
		}
		due := op.Write[min(p.done, len(op.Write)):]
		n := min(len(rest), len(due))
		if n == 0 || !bytes.Equal(rest[:n], due[:n]) {
			return written, p.fail("the driver wrote %q in operation %d of %d: %v", rest, p.next+1, len(p.Ops), op)
		}
		written += n
		p.pass(n, len(op.Write))
	}
}

// pass notes that n bytes of an operation of size bytes have passed; p.mu is
// held.
func (p *Playback) pass(n, size int) {
	p.done += n
	if p.done >= size {
		p.next, p.done, p.resumes = p.next+1, 0, time.Time{}
	}
	p.wake()
}

// fail notes what the driver did wrong; p.mu is held.
func (p *Playback) fail(format string, args ...any) error {
	err := fmt.Errorf("playback: "+format, args...)
	if p.fault == nil {
		p.fault = err
	}
	return err
}

// wake tells who waits; p.mu is held.
func (p *Playback) wake() {
	if p.changed != nil {
		close(p.changed)
	}
	p.changed = make(chan struct{})
}

// SetReadDeadline is as Port has it.
func (p *Playback) SetReadDeadline(t time.Time) error {
	p.reads.Set(t)
	return p.open()
}

// SetWriteDeadline is as Port has it.
func (p *Playback) SetWriteDeadline(t time.Time) error {
	p.writes.Set(t)
	return p.open()
}

func (p *Playback) open() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("set deadline: %w", os.ErrClosed)
	}
	return nil
}

// Close fails when the driver did something wrong or operations remain.
func (p *Playback) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	p.reads.Set(time.Time{})
	p.writes.Set(time.Time{})
	p.wake()
	if p.fault == nil && p.next < len(p.Ops) {
		return fmt.Errorf("playback: %d of %d operations remain, the next is: %v", len(p.Ops)-p.next, len(p.Ops), p.Ops[p.next])
	}
	return p.fault
}

// A Recorder is a Port that notes what passes through another one, to be
// played back later.
type Recorder struct {
	drivers.Port
	mu  sync.Mutex
	ops []Op
}

// Record returns a Recorder of port.
func Record(port drivers.Port) *Recorder { return &Recorder{Port: port} }

// Ops returns what has passed so far: bytes that went the same way one after
// another are one operation. Pauses are not noted.
func (r *Recorder) Ops() []Op {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ops)
}

// Read reads from the port and notes what came.
func (r *Recorder) Read(b []byte) (int, error) {
	n, err := r.Port.Read(b)
	if n > 0 {
		r.mu.Lock()
		defer r.mu.Unlock()
		last := r.last(func(o Op) bool { return len(o.Read) > 0 })
		last.Read = slices.Concat(last.Read, b[:n])
	}
	return n, err
}

// Write notes what the port takes.
func (r *Recorder) Write(b []byte) (int, error) {
	r.mu.Lock() // before the device can answer
	defer r.mu.Unlock()
	n, err := r.Port.Write(b)
	if n > 0 {
		last := r.last(func(o Op) bool { return len(o.Write) > 0 })
		last.Write = slices.Concat(last.Write, b[:n])
	}
	return n, err
}

// Drain waits as the port does; a port that cannot know says so.
func (r *Recorder) Drain() error {
	if drainer, ok := r.Port.(drivers.Drainer); ok {
		return drainer.Drain()
	}
	return fmt.Errorf("drain: %w", errors.ErrUnsupported)
}

// last returns the operation under way, or a new one if that goes the other
// way; r.mu is held.
func (r *Recorder) last(same func(Op) bool) *Op {
	if len(r.ops) == 0 || !same(r.ops[len(r.ops)-1]) {
		r.ops = append(r.ops, Op{})
	}
	return &r.ops[len(r.ops)-1]
}
