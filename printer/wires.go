package printer

import (
	"context"
	"time"
)

// wired is a Line that tells of the printer beside its bytes, by the wires of
// IEEE 1284 that a USB printer's interface still has (GET_PORT_STATUS). It is
// listened to where the printer does not say more by itself (DLE EOT), and it
// proves nothing of a ticket: many clones always say that they are well.
type wired interface{ PortStatus() (byte, error) }

// The wires.
const (
	wireNoError    = 0x08
	wireSelected   = 0x10
	wirePaperEmpty = 0x20
	allWires       = wireNoError | wireSelected | wirePaperEmpty
)

// wires are what has been learnt of a printer by them.
type wires struct {
	line wired
	// seen are those that have been up once. One that has not may not be there
	// at all, so that it being down means nothing.
	seen byte
}

// ofWires is the condition that they tell; not ok of bits that no wires tell:
// none of them up is what a printer answers that has not got any.
func (w *wires) ofWires(bits byte) (c Condition, ok bool) {
	if bits == 0 || bits&^allWires != 0 {
		return c, false
	}
	w.seen |= bits
	lost := w.seen &^ bits
	c.PaperEnd = bits&wirePaperEmpty != 0
	c.Error = lost&wireNoError != 0 && !c.PaperEnd
	c.Offline = lost&wireSelected != 0
	return c, true
}

// meetWires begins to listen to the wires of a printer that does not answer DLE
// EOT, where the line has any that tell something.
func (s *Session) meetWires() {
	line, has := s.line.(wired)
	if !has || s.abilities.Status {
		return
	}
	w := &wires{line: line}
	if !s.feel(w) {
		return
	}
	s.wires = w
	s.done.Add(1)
	go s.watchWires()
}

// feel asks the wires how the printer is.
func (s *Session) feel(w *wires) bool {
	bits, err := w.line.PortStatus()
	if err != nil {
		return false // a line that is gone says so to its reader
	}
	c, ok := w.ofWires(bits)
	if ok {
		s.watchers.tell(func(v *view) { v.reported, v.known = c, true })
	}
	return ok
}

// watchWires looks at the wires as long as the line is alive, in the middle of a
// ticket, too.
func (s *Session) watchWires() {
	defer s.done.Done()
	timer := time.NewTimer(s.timing.Poll)
	defer timer.Stop()
	for {
		select {
		case <-s.alive.Done():
			return
		case <-timer.C:
			s.feel(s.wires)
		case done := <-s.looks:
			s.feel(s.wires)
			close(done)
		}
		timer.Reset(s.timing.Poll)
	}
}

// lookAtWires returns when the wires have been looked at.
func (s *Session) lookAtWires(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case s.looks <- done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// goesOn is what the wires say of a ticket that has left: one of a printer that
// ran out of paper meanwhile stands in its buffer until it has some.
func (s *Session) goesOn(ctx context.Context) error {
	mend := s.patience(s.timing.Stall)
	for {
		if err := s.lookAtWires(ctx); err != nil {
			return err
		}
		v := s.watchers.now()
		if !v.blocked() {
			return nil
		}
		if mend.left() <= 0 {
			return &Blocked{Condition: v.condition()}
		}
		if err := pause(ctx, glance); err != nil {
			return err
		}
	}
}
