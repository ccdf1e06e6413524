package virtual

import (
	"time"

	"mostrador/printer/escpos"
)

// receive takes what a line brings, as far as there is room and the line is
// read, and returns how much that is.
func (v *Printer) receive(b []byte, now time.Time) (n int) {
	if v.plain() {
		v.printAll(b)
		return len(b)
	}
	if !v.watching {
		v.watch, v.watching = v.decoder.Watch(), true
	}
	for n < len(b) && v.room() > 0 {
		v.receiveByte(b[n], now)
		n++
	}
	return n
}

// room is how many bytes can come now.
func (v *Printer) room() int {
	if len(v.breakages) == 0 {
		return max(v.options.Buffer-len(v.buffer), 0)
	}
	if v.away() || v.broken(HangLine) != nil {
		return 0
	}
	n := v.size() - len(v.buffer)
	if v.broken(Overrun) != nil {
		n = maxAfter
	}
	return max(min(n, v.untilFault()), 0)
}

// size of the receive buffer.
func (v *Printer) size() int {
	if b := v.broken(Buffer); b != nil {
		return b.N
	}
	return v.options.Buffer
}

func (v *Printer) receiveByte(c byte, now time.Time) {
	v.received++
	if e := v.watch.Next(c); e != nil && v.broken(Hang) == nil && v.decoder.Obeys(*e) {
		v.obey(*e)
	}
	if len(v.buffer) < v.size() {
		v.buffer = append(v.buffer, c)
	} else {
		v.lost++
	}
	v.print(now)
	v.begin(now)
}

// obey does what the interface does at a real-time command.
func (v *Printer) obey(e escpos.Event) {
	switch e.Kind {
	case escpos.StatusRequest:
		v.answer(e)
	case escpos.Pulse:
		v.pulse()
	case escpos.Recover:
		v.recover()
	case escpos.Clear:
		v.clear()
	}
}

// recover is DLE ENQ 1: it goes on where an error stopped it. What a person must
// mend is not mended by it.
func (v *Printer) recover() {
	if v.errorKind() == Recoverable {
		v.mendThose(time.Now(), func(b *breakage) bool { return b.Kind == Broken })
	}
}

// clear is DLE ENQ 2 and DLE DC4 8: what waits is lost.
func (v *Printer) clear() {
	v.discard()
	v.decoder.Abandon()
	v.recover()
}

// wake lets a line look again that waits for room.
func (v *Printer) wake() {
	if v.line != nil && v.line.waits {
		v.line.waits = false
		close(v.changed)
		v.changed = make(chan struct{})
	}
}

// pulse kicks the drawer, which opens if there is one that is closed.
func (v *Printer) pulse() {
	v.pulses++
	if v.options.Drawer && v.broken(DrawerOpen) == nil {
		v.breakNow(Fault{Kind: DrawerOpen, For: v.options.DrawerFor}, time.Now())
	}
}
