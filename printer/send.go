package printer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"mostrador/printer/escpos"
	"mostrador/printer/profile"
)

// A Ticket is what a printer is sent.
type Ticket struct {
	// Bytes from the first command to the cut.
	Bytes []byte
	// Dots of paper that it fills, 8 to a millimetre; 0 when nobody knows.
	Dots int
}

// A Report is what is known of one ticket that was sent.
type Report struct {
	// Bytes of the ticket, and how many of them the port took.
	Bytes, Sent int
	// Proof that it is on paper, empty with an error.
	Proof Proof
	// Err is why that is not known. With Sent 0 nothing of the ticket left this
	// machine; with more it is unknown what the paper shows.
	Err error
}

// Send sends one ticket and waits for what the printer can prove of it, by the
// strongest proof that it has; a weaker one never stands in for it. A printer
// that says that it cannot print is sent nothing (*Blocked). When ctx ends
// before the first byte the ticket is not sent; one that has begun is seen to
// its end, for as long as Timing.Leave allows. A session whose ticket is
// unknown is over: Dead.
func (s *Session) Send(ctx context.Context, t Ticket) Report {
	r := Report{Bytes: len(t.Bytes)}
	if r.Err = s.take(ctx); r.Err != nil {
		return r
	}
	defer func() { <-s.turn }()
	if r.Err = s.ready(ctx); r.Err != nil {
		return r
	}
	s.see(ctx, t, &r)
	if r.Err != nil && r.Sent > 0 {
		// Half a command may stand in the printer, and what it answers late must
		// prove nothing of the next ticket.
		s.end(r.Err)
	}
	return r
}

// see sends a ticket to a printer that is ready, and sees it to its end.
func (s *Session) see(ctx context.Context, t Ticket, r *Report) {
	ctx, cancel := s.late(ctx)
	defer cancel()
	s.doubt.Store(false)
	start := s.watchers.read()
	if r.Sent, r.Err = s.body(ctx, t.Bytes); r.Err != nil {
		return
	}
	proof := s.Proof()
	if r.Err = s.prove(ctx, proof, t, start); r.Err == nil {
		r.Proof = proof
	}
}

// prove waits for what shows that a ticket is on paper, all of which has been
// handed to the line.
func (s *Session) prove(ctx context.Context, proof Proof, t Ticket, start clock) error {
	if err := s.drain(ctx, len(t.Bytes)); err != nil {
		return err
	}
	switch proof {
	case ProcessID, Fence:
		if err := s.confirm(ctx, proof, s.timing.Paper+s.paperTime(t)); err != nil {
			return err
		}
	case Status:
		if err := s.staysClean(ctx, t, start); err != nil {
			return err
		}
	default:
		if s.wires != nil {
			return s.goesOn(ctx)
		}
		return nil
	}
	if s.doubt.Load() {
		return ErrDoubt
	}
	return nil
}

// take waits for the turn to speak with the printer.
func (s *Session) take(ctx context.Context) error {
	if s.alive.Err() != nil {
		return context.Cause(s.alive)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-s.alive.Done():
		return context.Cause(s.alive)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ready asks the printer whether it can print, and asks what could not be asked
// before because it could not.
func (s *Session) ready(ctx context.Context) error {
	if !s.Abilities().Status && s.wires == nil {
		return nil
	}
	ctx, cancel := s.while(ctx)
	defer cancel()
	look := s.look
	if s.wires != nil {
		look = s.lookAtWires
	}
	err := look(ctx)
	v := s.watchers.now()
	switch {
	case err != nil && !s.saidBusy(err):
		return s.lose(err)
	case v.blocked():
		return &Blocked{Condition: v.condition()}
	case s.unmet:
		if err := s.meetOrdered(ctx); err != nil {
			return s.lose(err)
		}
	}
	return nil
}

// lose ends a session whose printer does not answer any more.
func (s *Session) lose(err error) error {
	if errors.Is(err, ErrSilent) || errors.Is(err, ErrNoise) {
		s.end(err)
	}
	return err
}

// late is ctx for a ticket that has begun: it ends some time after ctx does, or
// when the line does.
func (s *Session) late(ctx context.Context) (context.Context, func()) {
	late, end := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(s.timing.Leave, func() { end(ErrLeft) }) })
	halt := context.AfterFunc(s.alive, func() { end(context.Cause(s.alive)) })
	return late, func() { stop(); halt(); end(nil) }
}

// initialise is ESC @, with which a ticket begins.
var initialise = []byte{0x1b, '@'}

// body sends the bytes of a ticket. Their ESC @ switches automatic status off,
// so it is switched on again right behind: a printer that has it tells of its
// paper in the middle of a ticket.
func (s *Session) body(ctx context.Context, b []byte) (sent int, err error) {
	if !s.Abilities().Auto || !bytes.HasPrefix(b, initialise) {
		return s.write(ctx, b)
	}
	head := len(initialise)
	extra := autoOn()
	stream := append(append(append(make([]byte, 0, len(b)+len(extra)), b[:head]...), extra...), b[head:]...)
	sent, err = s.write(ctx, stream)
	if sent > head {
		sent = max(head, sent-len(extra))
	}
	return sent, err
}

// paperTime is how long the paper of a ticket takes on the slowest mechanism.
func (s *Session) paperTime(t Ticket) time.Duration {
	speed := s.options.Speed
	if speed <= 0 {
		speed = slowest
	}
	return time.Duration(t.Dots) * time.Second / 8 / time.Duration(speed)
}

const (
	// slowest is the speed, in mm/s, of the slowest mechanisms sold.
	slowest = 50
	// cutting is for what is not paper: starting, cutting, a buffer that is
	// looked at late.
	cutting = 2 * time.Second
	// glance is how often a printer is looked at whose status is its only proof.
	glance = 500 * time.Millisecond
	// tries is how often a ticket's proof is asked for: once more than noise may
	// spoil it.
	tries = 4
)

// staysClean is the proof by status. The first answer comes from behind the
// ticket on the line, so all of it has been received; then the printer must say
// that it is well for as long as the paper takes.
func (s *Session) staysClean(ctx context.Context, t Ticket, start clock) error {
	if err := s.inquire(ctx, s.timing.Paper); err != nil {
		return unconfirmed(err)
	}
	takes := s.paperTime(t) + cutting
	if t.Dots <= 0 && prints(t.Bytes) {
		takes = s.timing.Paper
	}
	for until := time.Now().Add(takes); ; {
		if v := s.watchers.now(); v.blocked() || s.watchers.read().blocked > start.blocked {
			return &Blocked{Condition: v.condition()}
		}
		left := time.Until(until)
		if left <= 0 {
			return nil
		}
		if err := pause(ctx, min(left, glance)); err != nil {
			return err
		}
		if err := s.stays(ctx); err != nil {
			return unconfirmed(err)
		}
	}
}

// stays looks whether the printer is there without a break. One that was switched
// off and on is silent for longer than Timing.Reply, and has lost what it had not
// printed.
func (s *Session) stays(ctx context.Context) error {
	err := s.inquire(ctx, s.timing.Reply)
	if !errors.Is(err, errMissed) {
		return err
	}
	if err := s.look(ctx); err != nil {
		return err
	}
	return ErrDoubt
}

// prints reports whether a stream needs paper: one that kicks the drawer does not.
func prints(b []byte) (paper bool) {
	d := escpos.NewDecoder(profile.Profile{})
	look := func(e escpos.Event) {
		switch e.Kind {
		case escpos.Pulse, escpos.Initialise, escpos.Setting:
		default:
			paper = true
		}
	}
	d.Feed(b, look)
	d.Flush(look)
	return paper
}

// unconfirmed says of a ticket that all of it was taken, where err is that the
// printer then fell silent.
func unconfirmed(err error) error {
	if errors.Is(err, errMissed) || errors.Is(err, ErrSilent) {
		return fmt.Errorf("%w: %w", ErrUnconfirmed, ErrSilent)
	}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// nextID is a process id that no other ticket of this session has had: four
// characters of 20 to 7E.
func (s *Session) nextID() (id [4]byte) {
	const characters = 0x7f - 0x20
	n := s.ids
	s.ids++
	for i := range id {
		id[len(id)-1-i] = byte(0x20 + n%characters)
		n /= characters
	}
	return id
}

// processID asks for a fresh id behind everything that was sent.
func (s *Session) processID() (ask []byte, id [4]byte, err error) {
	id = s.nextID()
	ask, err = escpos.ProcessID(id)
	return ask, id, err
}
