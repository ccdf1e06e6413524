// Package virtual is a printer that is not there: it takes the bytes of an
// ESC/POS printer over any line, answers as one does, keeps the papers that it
// would have printed, as text and as pictures, and fails on command.
//
// It has two sides. The interface takes bytes into the receive buffer and obeys
// real-time commands (DLE EOT, DLE ENQ, DLE DC4) as they arrive. The mechanism
// prints from the buffer; what asks for an answer in line with the printing
// (GS r, GS ( H, GS I, GS a) is answered when it comes to it.
package virtual

import (
	"bytes"
	"cmp"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"mostrador/printer/escpos"
	"mostrador/printer/profile"
)

// Options of a virtual printer. The zero value is a good one: it answers what
// its profile answers, reads as fast as it is written to, prints at once, and
// is well.
type Options struct {
	// OnPaper is called with each paper that is cut off, in order. Like the other
	// functions here it is called outside of the printer's lock, one call at a
	// time, and may call the printer.
	OnPaper func(Paper)
	// OnAnswer is called with what the printer says. A connection gets it, too.
	OnAnswer func([]byte)
	// OnCondition is called when its condition changes.
	OnCondition func(Condition)
	// OnFault is called when a fault is made, happens, and is mended.
	OnFault func(Fault, FaultState)
	// Faults from the start.
	Faults []Fault
	// Seed of what is random in faults: which bit is wrong, which noise comes.
	Seed uint64
	// Silent: the printer answers nothing, as many clones.
	Silent bool
	// Buffer is how many bytes it takes ahead of the paper; 0 means those of its
	// profile, or 4096 where nobody says. When it is full the line is not read.
	Buffer int
	// Drawer: one hangs on it, which a pulse opens. It stands open for
	// DrawerFor, or with 0 until Mend(DrawerOpen).
	Drawer    bool
	DrawerFor time.Duration
	// Speed is how fast the paper goes, in millimetres a second (a TM-T20II makes
	// 200); with 0 it takes no time, and the buffer is empty unless something stops
	// the printer.
	Speed int
	// PaceBaud makes connections read no faster than a serial line of this speed
	// (8N1, ten bits a byte); 0 reads at once.
	PaceBaud int
	// Keep is how many finished papers Papers holds, the newest; 0 means 100.
	Keep int
}

// A Printer stands for one machine. It keeps its settings, what is in its
// buffer, a command that was cut off in the middle, and the half ticket on its
// paper from one connection to the next, as a real one does. Its methods can be
// called at the same time, and in a testing/synctest bubble.
type Printer struct {
	profile profile.Profile
	options Options
	turn    chan struct{} // holds one token: one connection at a time

	mu sync.Mutex

	// The interface.
	received uint64
	lost     uint64
	watch    escpos.Watch
	watching bool // watch has seen all that the decoder has
	buffer   []byte
	line     *conversation // that is served
	changed  chan struct{} // closed when a line that waits may look again

	// The mechanism.
	decoder *escpos.Decoder
	base    uint64 // bytes that were printed before the decoder was made
	printed uint64 // bytes that the mechanism is done with
	pending []escpos.Event
	inByte  bool      // pending are of a byte that it is not done with
	busy    time.Time // until then the paper moves
	resting bool      // it had nothing to do, or could not
	jammed  bool
	auto    byte // causes of automatic status back
	sheet   sheet
	raw     []byte // what was printed since the last cut, from byte rawFrom on
	rawFrom uint64
	papers  []Paper
	count   int
	pulses  int
	buzzes  int

	// What is wrong, and what was said.
	breakages []*breakage
	told      Condition
	random    *rand.Rand
	answers   int
	delayed   []delayed

	// What others are told, and the alarm that wakes the printer.
	calls   []func()
	calling bool
	alarm   *time.Timer
	closed  bool
	waking  sync.WaitGroup
}

// Errors of a printer that takes nothing.
var (
	// ErrBusy: its buffer is full, and it stands still.
	ErrBusy = errors.New("the printer is busy: its buffer is full")
	// ErrAway: it is off or unplugged, or refuses.
	ErrAway = errors.New("the printer is away: switched off, unplugged, or it refuses connections")
)

const (
	maxRaw        = 1 << 20 // bounds the bytes that are kept of one paper
	defaultBuffer = 4096
	dotsPerMM     = 8 // 203 dpi
)

// New makes a printer of a model with paper in it. Papers that the profile
// names are in its Papers.
func New(p profile.Profile, paper profile.Paper, o Options) *Printer {
	if o.Keep == 0 {
		o.Keep = 100
	}
	if o.Buffer <= 0 {
		o.Buffer = cmp.Or(max(p.Buffer, 0), defaultBuffer)
	}
	v := &Printer{
		profile: p,
		options: o,
		turn:    make(chan struct{}, 1),
		changed: make(chan struct{}),
		decoder: escpos.NewDecoder(p),
		sheet:   newSheet(p, paper),
		told:    Condition{Drawer: true},
		random:  rand.New(rand.NewPCG(o.Seed, 0)),
		resting: true,
	}
	v.do(func(now time.Time) {
		for _, f := range o.Faults {
			v.breakNow(f, now)
		}
	})
	return v
}

// Write takes b as if a line had brought it. When the buffer is full it takes
// what fits and returns ErrBusy; a printer that is off takes nothing and returns
// ErrAway.
func (v *Printer) Write(b []byte) (n int, err error) {
	v.do(func(now time.Time) {
		n = v.receive(b, now)
		if n < len(b) {
			err = ErrBusy
			if v.away() {
				err = ErrAway
			}
		}
	})
	return n, err
}

// Close ends what the printer does by itself as time passes: it prints no more
// from its buffer, and no fault mends itself. Only one with Speed or timed
// faults has something to close.
func (v *Printer) Close() error {
	v.mu.Lock()
	v.closed = true
	v.setAlarm(time.Now())
	v.mu.Unlock()
	v.waking.Wait()
	return nil
}

// do brings the printer up to date, works on it, and tells what came of it.
func (v *Printer) do(work func(now time.Time)) {
	v.mu.Lock()
	now := time.Now()
	v.advance(now)
	work(now)
	v.setAlarm(now)
	v.mu.Unlock()
	v.call()
}

// advance does what has become due.
func (v *Printer) advance(now time.Time) {
	v.mendDue(now)
	v.print(now)
	v.sayDue(now)
}

// setAlarm wakes the printer when something is due next.
func (v *Printer) setAlarm(now time.Time) {
	if v.alarm != nil && v.alarm.Stop() {
		v.waking.Done()
	}
	v.alarm = nil
	next, ok := v.nextDue()
	if !ok || v.closed {
		return
	}
	v.waking.Add(1)
	v.alarm = time.AfterFunc(next.Sub(now), func() {
		defer v.waking.Done()
		v.do(func(time.Time) {})
	})
}

// nextDue is when time alone will change something.
func (v *Printer) nextDue() (next time.Time, ok bool) {
	sooner := func(t time.Time) {
		if !ok || t.Before(next) {
			next, ok = t, true
		}
	}
	for _, b := range v.breakages {
		if b.begun && !b.until.IsZero() {
			sooner(b.until)
		}
	}
	if v.backlog() > 0 && !v.standing() {
		sooner(v.busy)
	}
	if len(v.delayed) > 0 {
		sooner(v.delayed[0].at)
	}
	return next, ok
}

// later has a call made once the lock is free.
func (v *Printer) later(call func()) { v.calls = append(v.calls, call) }

// call makes the calls that wait, in order, one at a time: when another
// goroutine is at it, that one makes them.
func (v *Printer) call() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.calling {
		return
	}
	v.calling = true
	for len(v.calls) > 0 {
		calls := v.calls
		v.calls = nil
		v.mu.Unlock()
		for _, call := range calls {
			call()
		}
		v.mu.Lock()
	}
	v.calling = false
}

// Papers are the finished papers that are kept, the oldest first. Strips with
// nothing on them are not among them.
func (v *Printer) Papers() (papers []Paper) {
	v.do(func(time.Time) { papers = append(papers, v.papers...) })
	return papers
}

// Current is the paper that hangs out of the printer, as it would look if it
// was torn off now. What is written but not yet fed is not on it.
func (v *Printer) Current() (paper Paper) {
	v.do(func(time.Time) {
		paper = v.sheet.look()
		paper.Number, paper.Torn = v.count+1, true
		paper.raw = bytes.Clone(v.raw)
	})
	return paper
}

// Received is how many bytes have come to the printer since it was made. Each
// is printed, in the buffer, or lost.
func (v *Printer) Received() (n uint64) {
	v.do(func(time.Time) { n = v.received })
	return n
}

// Printed is how many of them the mechanism is done with.
func (v *Printer) Printed() (n uint64) {
	v.do(func(time.Time) { n = v.printed })
	return n
}

// Buffered is how many bytes it has taken that its mechanism is not done with:
// they print as soon as it goes on, whatever became of the line.
func (v *Printer) Buffered() (n int) {
	v.do(func(time.Time) { n = v.backlog() })
	return n
}

// Lost is how many bytes it has taken and thrown away: by an overrun, by power
// that went, by a command that clears its buffer.
func (v *Printer) Lost() (n uint64) {
	v.do(func(time.Time) { n = v.lost })
	return n
}

// Pulses is how often the drawer was kicked.
func (v *Printer) Pulses() (n int) {
	v.do(func(time.Time) { n = v.pulses })
	return n
}

// Buzzes is how often the buzzer was told to sound.
func (v *Printer) Buzzes() (n int) {
	v.do(func(time.Time) { n = v.buzzes })
	return n
}

// Condition is what a truthful answer says of the printer now.
func (v *Printer) Condition() (c Condition) {
	v.do(func(time.Time) { c = v.condition() })
	return c
}
