package virtual

import (
	"bytes"
	"time"

	"mostrador/printer/escpos"
)

// backlog is how many bytes wait for the mechanism, that in its hands included.
func (v *Printer) backlog() int {
	if v.inByte {
		return len(v.buffer) + 1
	}
	return len(v.buffer)
}

// standing: nothing is printed, whatever waits.
func (v *Printer) standing() bool {
	if len(v.breakages) == 0 {
		return false
	}
	return v.condition().Offline || v.dead()
}

// plain: there is nothing about the printer that needs a look at each byte.
func (v *Printer) plain() bool {
	return v.options.Speed == 0 && len(v.breakages) == 0 && v.backlog() == 0
}

// printAll prints bytes at once.
func (v *Printer) printAll(b []byte) {
	v.received += uint64(len(b))
	v.raw = append(v.raw, b[:min(len(b), max(maxRaw-len(v.raw), 0))]...)
	v.decoder.Feed(b, func(e escpos.Event) {
		if e.RealTime {
			v.obey(e)
		}
		v.act(e)
	})
	v.printed += uint64(len(b))
	v.watching = false
}

// print lets the mechanism go on from the buffer until it is empty, the paper
// moves, or something stops it.
func (v *Printer) print(now time.Time) {
	for v.backlog() > 0 && !v.standing() {
		if v.resting && v.busy.Before(now) {
			v.busy = now
		}
		v.resting = false
		if v.busy.After(now) {
			return
		}
		if !v.step() {
			break
		}
		if !v.inByte {
			v.begin(now)
		}
	}
	v.resting = true
}

// step does one thing, and reports false when it could not.
func (v *Printer) step() bool {
	switch {
	case len(v.pending) > 0:
		e := v.pending[0]
		if e.Kind == escpos.Cut && v.broken(Cutter) != nil {
			v.jammed = true
			v.tellCondition()
			return false
		}
		from := v.sheet.fed
		v.pending = v.pending[1:]
		v.act(e)
		if v.options.Speed > 0 {
			dots := time.Duration(v.sheet.fed - from)
			v.busy = v.busy.Add(dots * time.Second / dotsPerMM / time.Duration(v.options.Speed))
		}
	case v.inByte:
		v.inByte = false
		v.printed++
	default:
		c := v.buffer[:1]
		if len(v.raw) < maxRaw {
			v.raw = append(v.raw, c[0])
		}
		v.buffer, v.inByte, v.pending = v.buffer[1:], true, nil
		v.wake()
		v.decoder.Feed(c, func(e escpos.Event) {
			if e.RealTime {
				return // the interface has obeyed
			}
			e.Raw = bytes.Clone(e.Raw)
			v.pending = append(v.pending, e)
		})
	}
	return true
}

// act does what the mechanism does at an event.
func (v *Printer) act(e escpos.Event) {
	switch e.Kind {
	case escpos.Pulse:
		if !e.RealTime {
			v.pulse()
		}
	case escpos.Initialise:
		v.auto = 0
	case escpos.FenceRequest, escpos.Identify, escpos.ProcessIDRequest, escpos.AutoStatusRequest:
		v.answer(e)
	case escpos.Setting:
		if buzzes(e.Raw) {
			v.buzzes++
		}
	}
	if v.sheet.print(e) {
		v.tearOff(v.base + e.End)
	}
}

// buzzes reports whether a command sounds the buzzer: ESC ( A, ESC B of clones,
// ESC GS BEL of Star.
func buzzes(cmd []byte) bool {
	return bytes.HasPrefix(cmd, []byte("\x1b(A")) || bytes.HasPrefix(cmd, []byte("\x1bB")) || bytes.HasPrefix(cmd, []byte("\x1b\x1d\x07"))
}

// tearOff takes the paper that ends with byte end of what was printed, if there
// is anything on it.
func (v *Printer) tearOff(end uint64) {
	n := min(int(end-v.rawFrom), len(v.raw))
	raw := v.raw[:n:n]
	v.raw = bytes.Clone(v.raw[n:])
	v.rawFrom = end
	paper := v.sheet.take()
	if paper.Blank() {
		return
	}
	v.count++
	paper.Number, paper.raw = v.count, raw
	v.papers = append(v.papers, paper)
	if over := len(v.papers) - v.options.Keep; over > 0 {
		v.papers = append([]Paper(nil), v.papers[over:]...)
	}
	if hear := v.options.OnPaper; hear != nil {
		v.later(func() { hear(paper) })
	}
}

// discard loses what waits for the mechanism.
func (v *Printer) discard() {
	v.lost += uint64(len(v.buffer))
	if v.inByte {
		v.printed++ // the decoder has it
	}
	v.buffer, v.pending, v.inByte = nil, nil, false
	v.sheet.forgetLine()
	v.wake()
}

// restart is the mechanism after its power came back: settings, a line that was
// not fed and a command that was half read are gone; what hangs out is not.
func (v *Printer) restart() {
	v.base = v.printed
	v.decoder = escpos.NewDecoder(v.profile)
	v.watch, v.watching = escpos.Watch{}, true
}
