package tap

import (
	"bytes"
	"sync"
	"time"

	"mostrador/drivers"
)

const (
	// silence is how long a paper that has begun may pause before it is kept as a
	// beginning.
	silence = 300 * time.Millisecond
	// quiet is how long nothing must come before a paper counts as torn off: that
	// is how a printer without a cutter ends one. A printer that holds up the POS
	// is not quiet.
	quiet = 8 * time.Second
)

// A reading cuts what passed into papers and reads each.
type reading struct {
	l     *listening
	split *splitter

	kept     int       // bytes of the paper that are kept as its beginning
	lastCame time.Time // when something last came, or was held up

	mu      sync.Mutex
	stalled func() bool
}

func newReading(l *listening, partial []byte) *reading {
	r := &reading{l: l, stalled: func() bool { return false }}
	r.split = newSplitter(l.Decoder, r.paper, l.standin.asked)
	if len(partial) > 0 {
		r.split.resume(partial)
		r.kept = len(partial)
	}
	return r
}

// stall says how to find out whether the printer holds up the POS now; nil: it
// does not.
func (r *reading) stall(stalled func() bool) {
	if stalled == nil {
		stalled = func() bool { return false }
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stalled = stalled
}

func (r *reading) isStalled() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stalled()
}

// run reads until the tape ends; then it keeps the beginning of a paper that has
// not ended.
func (r *reading) run() {
	defer close(r.l.heard)
	r.lastCame = time.Now()
	for {
		var wait <-chan time.Time
		timer := r.timer()
		if timer != nil {
			wait = timer.C
		}
		select {
		case <-r.l.tape.ready:
		case <-wait:
			r.idle()
			continue
		}
		if timer != nil {
			timer.Stop()
		}
		pieces, more := r.l.tape.take()
		for _, p := range pieces {
			r.piece(p)
		}
		if !more {
			r.keepBeginning()
			return
		}
	}
}

// timer is when to look again although nothing comes; nil for never.
func (r *reading) timer() *time.Timer {
	switch {
	case !r.split.begun():
		return nil
	case r.split.size() != r.kept:
		return time.NewTimer(silence)
	}
	return time.NewTimer(max(time.Until(r.lastCame.Add(quiet)), silence))
}

func (r *reading) piece(p piece) {
	r.lastCame = time.Now()
	switch {
	case p.change != nil:
		r.l.heard <- drivers.Heard{Behind: p.change}
	case p.mark == ended:
		r.split.end()
		r.split.hangUp()
	case p.mark == torn:
		r.split.tear()
	default:
		r.split.feed(p.bytes)
	}
}

// idle is called when nothing has come for a while.
func (r *reading) idle() {
	if r.isStalled() {
		r.lastCame = time.Now()
	}
	r.keepBeginning()
	if time.Since(r.lastCame) >= quiet {
		r.split.end()
	}
}

// keepBeginning keeps what has come of a paper, unless that is known.
func (r *reading) keepBeginning() {
	if !r.split.begun() || r.split.size() == r.kept {
		return
	}
	partial := r.split.stream()
	r.kept = r.split.size()
	r.l.heard <- drivers.Heard{Partial: bytes.Clone(partial)}
}

// paper reads one that has ended.
func (r *reading) paper(p paper) {
	receipt := r.l.Profile.Read(p)
	r.kept = 0
	r.l.heard <- drivers.Heard{Receipt: &receipt}
}
