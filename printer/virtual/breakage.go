package virtual

import (
	"slices"
	"time"
)

// A FaultState tells where a fault is in its life.
type FaultState string

// The states of a fault.
const (
	Armed  FaultState = "armed"  // it will happen after some bytes
	Begun  FaultState = "begun"  // it is there
	Mended FaultState = "mended" // it is gone
)

// A breakage is a fault that was made, which has happened or will.
type breakage struct {
	Fault
	paper bool      // it counts what is printed, not what is received
	at    uint64    // the count of bytes at which it happens
	atDot uint64    // the dots of paper at which it does, 0: bytes count
	begun bool      // it has happened
	until time.Time // when it mends itself, zero: never
}

// Break makes a printer fail, at once or after so many bytes more. A second
// fault of a kind replaces the first.
func (v *Printer) Break(f Fault) {
	v.do(func(now time.Time) { v.breakNow(f, now) })
}

// Mend makes the printer well again, from faults of these kinds or, without any,
// from all: paper is put in, the cover closed, the line plugged in. It goes on
// where it stopped.
func (v *Printer) Mend(kinds ...FaultKind) {
	v.do(func(now time.Time) {
		v.mendThose(now, func(b *breakage) bool { return len(kinds) == 0 || slices.Contains(kinds, b.Kind) })
	})
}

// Faults are those that have happened or will, in the order in which they were
// made.
func (v *Printer) Faults() (all []Fault) {
	v.do(func(time.Time) {
		for _, b := range v.breakages {
			all = append(all, b.Fault)
		}
	})
	return all
}

func (v *Printer) breakNow(f Fault, now time.Time) {
	form, ok := formOf(f.Kind)
	if !ok {
		return
	}
	if f.What == "" && form.takes == wordValue {
		f.What = form.words[0]
	}
	if form.takes == numberValue {
		f.N = max(f.N, form.least, 1)
	}
	b := &breakage{Fault: f, paper: form.paper}
	b.at = v.received + uint64(max(f.After, 0))
	if b.paper {
		b.at = v.printed + uint64(max(f.After, 0))
	}
	if f.AfterMM > 0 {
		b.atDot = v.sheet.fed + uint64(f.AfterMM)*dotsPerMM
	}
	v.breakages = slices.DeleteFunc(v.breakages, func(old *breakage) bool { return old.Kind == f.Kind })
	v.breakages = append(v.breakages, b)
	v.begin(now)
	if !b.begun {
		v.tellFault(b.Fault, Armed)
	}
	v.tellCondition() // it may have replaced one that had begun
}

// broken is the fault of a kind that has happened, nil when there is none.
func (v *Printer) broken(kind FaultKind) *breakage {
	for _, b := range v.breakages {
		if b.Kind == kind && b.begun {
			return b
		}
	}
	return nil
}

// begin lets those faults happen whose time has come.
func (v *Printer) begin(now time.Time) {
	for _, b := range v.breakages {
		if b.begun || !v.due(b) {
			continue
		}
		b.begun = true
		if b.For > 0 {
			b.until = now.Add(b.For)
		}
		v.tellFault(b.Fault, Begun)
		switch b.Kind {
		case PowerOff:
			v.losePower()
		case Unplug:
			v.dropLine()
		case HalfClose:
			v.closeHalf()
		}
		v.tellCondition()
		v.wake()
	}
}

func (v *Printer) due(b *breakage) bool {
	switch {
	case b.atDot > 0:
		return v.sheet.fed >= b.atDot
	case b.paper:
		return v.printed >= b.at
	}
	return v.received >= b.at
}

// untilFault is how many bytes can be received before the next fault that
// counts them.
func (v *Printer) untilFault() int {
	n := uint64(maxAfter)
	for _, b := range v.breakages {
		if !b.begun && !b.paper && b.at > v.received {
			n = min(n, b.at-v.received)
		}
	}
	return int(n)
}

func (v *Printer) mendThose(now time.Time, which func(*breakage) bool) {
	v.breakages = slices.DeleteFunc(v.breakages, func(b *breakage) bool {
		if !which(b) {
			return false
		}
		switch {
		case b.Kind == Cutter:
			v.jammed = false
		case b.Kind == PowerOff && b.begun:
			v.breakWire()
		}
		v.tellFault(b.Fault, Mended)
		return true
	})
	v.tellCondition()
	v.wake()
	v.print(now)
}

// mendDue ends the faults that mend themselves.
func (v *Printer) mendDue(now time.Time) {
	over := func(b *breakage) bool { return b.begun && !b.until.IsZero() && !b.until.After(now) }
	if slices.ContainsFunc(v.breakages, over) {
		v.mendThose(now, over)
	}
}

func (v *Printer) tellFault(f Fault, state FaultState) {
	if hear := v.options.OnFault; hear != nil {
		v.later(func() { hear(f, state) })
	}
}

// away: it is off or unplugged.
func (v *Printer) away() bool { return v.broken(PowerOff) != nil || v.broken(Unplug) != nil }

// losePower empties the buffer, forgets what was set, and ends the line.
func (v *Printer) losePower() {
	v.discard()
	v.restart()
	v.auto, v.jammed, v.delayed = 0, false, nil
	v.breakWire()
	v.dropLine()
}

// breakWire sends what a wire brings when the driver at its end loses or gets
// its power: a break, which is received as a NUL.
func (v *Printer) breakWire() {
	if v.line != nil && v.line.wire {
		v.line.say([]byte{0})
	}
}

// dropLine ends the connection. A wire stays: nobody hears of it there.
func (v *Printer) dropLine() {
	if v.line != nil && !v.line.wire {
		v.line.end(ErrAway)
	}
}

// closeHalf tells the other side that nothing more will be said.
func (v *Printer) closeHalf() {
	if v.line != nil {
		v.line.say(nil)
	}
}
