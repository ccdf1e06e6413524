package virtual

import (
	"slices"
	"time"

	"mostrador/printer/escpos"
)

// answer says what the printer answers to an event, as its profile does.
func (v *Printer) answer(e escpos.Event) {
	can := v.profile.Answers
	switch {
	case e.Kind == escpos.StatusRequest && can.Status:
		v.say([]byte{v.status(e.N)})
	case e.Kind == escpos.FenceRequest && can.Fence:
		v.say(v.fence(e.N))
	case e.Kind == escpos.Identify && (can.Identity || can.Status && e.N < 65):
		v.say(v.identity(e.N))
	case e.Kind == escpos.AutoStatusRequest && can.Auto:
		if v.auto = byte(e.N); v.auto != 0 {
			v.say(v.autoStatus())
		}
	case e.Kind == escpos.ProcessIDRequest && can.ProcessID:
		v.say(append(append([]byte{processID, 0x22}, e.Raw...), 0))
	}
}

// identity answers GS I n: numbers for 1 to 3, blocks from 65 on.
func (v *Printer) identity(n int) []byte {
	switch n {
	case 1, '1':
		return []byte{0x20}
	case 2, '2', 3, '3':
		return []byte{0x02}
	case 65:
		return block("1.00")
	case 66:
		return block(v.profile.Vendor)
	case 67:
		return block(v.profile.Name)
	case 68:
		return block("VIRTUAL")
	}
	return nil
}

func block(s string) []byte { return append(append([]byte{0x5f}, s...), 0) }

// The first byte of a process ID's block, and the bytes of flow control.
const (
	processID = 0x37
	xon       = 0x11
	xoff      = 0x13
)

// delayed is an answer that comes late.
type delayed struct {
	at    time.Time
	bytes []byte
}

// say answers, as far as the printer's faults let it.
func (v *Printer) say(answer []byte) {
	if len(answer) == 0 || v.options.Silent || v.broken(Silent) != nil || v.dead() {
		return
	}
	v.answers++
	if b := v.broken(Missing); b != nil && v.answers%b.N == 0 {
		return
	}
	answer = v.garble(answer)
	if b := v.broken(Late); b != nil || len(v.delayed) > 0 {
		at := time.Now()
		if b != nil {
			at = at.Add(b.Delay)
		}
		if n := len(v.delayed); n > 0 && v.delayed[n-1].at.After(at) {
			at = v.delayed[n-1].at // in order
		}
		v.delayed = append(v.delayed, delayed{at, answer})
		return
	}
	v.utter(answer)
}

// sayDue sends the late answers whose time has come.
func (v *Printer) sayDue(now time.Time) {
	for len(v.delayed) > 0 && !v.delayed[0].at.After(now) {
		v.utter(v.delayed[0].bytes)
		v.delayed = v.delayed[1:]
	}
}

// dead: it says nothing, and nothing late either.
func (v *Printer) dead() bool { return v.broken(Hang) != nil || v.broken(PowerOff) != nil }

// utter puts an answer on the line; without one it is lost.
func (v *Printer) utter(answer []byte) {
	if v.dead() {
		return
	}
	if v.line != nil && v.broken(HalfClose) == nil && v.broken(Unplug) == nil {
		v.line.say(answer)
	}
	if hear := v.options.OnAnswer; hear != nil {
		v.later(func() { hear(answer) })
	}
}

// garble does to an answer what wrong, asb-mid, xoff-mid and garbage do.
func (v *Printer) garble(answer []byte) []byte {
	if len(v.breakages) == 0 {
		return answer
	}
	isBlock := len(answer) > 1 && answer[len(answer)-1] == 0 && (answer[0] == 0x5f || answer[0] == processID)
	if b := v.broken(Wrong); b != nil && b.What == FlippedBit {
		answer = slices.Clone(answer)
		answer[v.random.IntN(len(answer))] ^= 1 << v.random.IntN(8)
	} else if b != nil && isBlock && answer[0] == processID {
		answer = anotherID(answer)
	}
	middle := len(answer) / 2
	if isBlock && v.broken(ASBMid) != nil {
		answer = slices.Concat(answer[:middle], v.autoStatus(), answer[middle:])
	}
	if v.broken(XOFFMid) != nil {
		answer = slices.Concat(answer[:middle], []byte{xoff}, answer[middle:], []byte{xon})
		if last := len(answer) - 2; middle > 0 { // XON before the answer's last byte
			answer[last], answer[last+1] = answer[last+1], answer[last]
		}
	}
	if v.broken(Garbage) != nil {
		answer = slices.Concat(v.noise(), answer, v.noise())
	}
	return answer
}

// anotherID is a process ID's block with an ID that nobody asked for: the last
// character is the next one.
func anotherID(answer []byte) []byte {
	answer = slices.Clone(answer)
	last := &answer[len(answer)-2]
	if *last++; *last > '~' {
		*last = ' '
	}
	return answer
}

// noise is one to three bytes that are no answer: those of a line of the wrong
// speed or without ground, whose stop bits fail, are mostly of 80 to FF.
func (v *Printer) noise() []byte {
	noise := make([]byte, 1+v.random.IntN(3))
	for i := range noise {
		noise[i] = 0x80 | byte(v.random.IntN(128))
	}
	return noise
}
