// Package printer takes a ticket's bytes to a printer and brings back what is
// known of the paper. The rooms below it make the bytes: receipt (the document),
// layout (the page), escpos (the bytes), profile (what a model can do), virtual
// (a printer that is not there).
package printer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"mostrador/printer/escpos"
	"mostrador/printer/profile"
)

// A Line is an open port to a printer. Its calls end at their deadlines.
type Line interface {
	io.ReadWriter
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// drainer is a Line that knows when everything has left this machine.
type drainer interface{ Drain() error }

// Proof is what is known of a ticket that was sent without an error. Process
// id and status are to stand beside these two.
type Proof string

// The proofs that a session can bring, strongest first.
const (
	Fence     Proof = "fence"     // GS r behind the cut was answered
	Transport Proof = "transport" // the bytes left this machine
)

// ErrSilent: a printer that has answered before does not answer now. It is out
// of paper, open, offline or switched off behind a converter that is not.
var ErrSilent = errors.New("the printer does not answer: look at its paper, cover and power")

// Timing of a session.
type Timing struct {
	// Probe is how long a printer may take to answer when nothing is printing.
	Probe time.Duration
	// Stall is how long a write may make no progress before it is given up.
	Stall time.Duration
	// Paper is how long the answer behind the cut may take once all bytes have
	// left: the slowest line and mechanism, with everything still in its buffer.
	Paper time.Duration
	// Leave is how long a ticket that has begun is still seen to once the session
	// is told to end; what is not known by then stays unknown.
	Leave time.Duration
}

// DefaultTiming suits a serial printer at 9,600 baud with a full 4 kB buffer.
func DefaultTiming() Timing {
	return Timing{Probe: 1500 * time.Millisecond, Stall: 15 * time.Second, Paper: 30 * time.Second, Leave: 12 * time.Second}
}

// Options of a session.
type Options struct {
	Timing Timing
	// Known is what this printer has been found to answer before. One that has
	// answered, and is silent now, makes Begin fail with ErrSilent; of one that
	// never has, only Transport can be had.
	Known Abilities
	// Ask is what it may be asked, by its profile.
	Ask profile.Answers
	// OnCondition hears, from the session's own goroutine, of each change of the
	// printer's condition, and of the first one. It must not wait. Nil hears
	// nothing.
	OnCondition func(Condition)
	// Resync is the longest block of data that a cut-off ticket may have left
	// half sent, in bytes; negative when nothing was cut off. The printer is
	// freed from the rest of that block, and the torn ticket is cut from what
	// comes next.
	Resync int
}

// A Session is one conversation with one printer over one open line. It reads
// everything that the printer says; nobody else may.
type Session struct {
	line   Line
	timing Timing
	fence  bool

	fences chan struct{} // answers to fences, in the order they came
	status chan struct{} // answers to DLE EOT
	dead   chan struct{} // closed when the line is
	cause  error         // why; read it after dead
	done   sync.WaitGroup
}

// Begin starts a session: it frees the printer from a ticket that was cut off,
// and finds out whether it answers. The caller closes the line first and then
// calls Wait.
func Begin(ctx context.Context, line Line, o Options) (*Session, error) {
	s := &Session{
		line:   line,
		timing: o.Timing,
		fences: make(chan struct{}, 16),
		status: make(chan struct{}, 16),
		dead:   make(chan struct{}),
	}
	s.done.Add(1)
	go s.read()
	if o.Resync >= 0 {
		if _, err := s.write(ctx, escpos.Resync(o.Resync)); err != nil {
			return s, fmt.Errorf("free the printer from a torn ticket: %w", err)
		}
	}
	if !o.Ask.Fence {
		return s, nil
	}
	answered, err := s.probe(ctx)
	if err != nil {
		return s, err
	}
	if !answered && o.Known.Fence {
		return s, ErrSilent
	}
	s.fence = answered
	return s, nil
}

// Abilities are what the printer was found to answer when the session began.
func (s *Session) Abilities() Abilities { return Abilities{Fence: s.fence} }

// Proof is the strongest that this session can bring.
func (s *Session) Proof() Proof {
	if s.fence {
		return Fence
	}
	return Transport
}

// Dead is closed when the line is gone; Cause then says why.
func (s *Session) Dead() <-chan struct{} { return s.dead }

// Cause is why the session is dead; call it only after Dead.
func (s *Session) Cause() error { return s.cause }

// Wait returns when the session's reader has ended, which closing the line
// brings about.
func (s *Session) Wait() { s.done.Wait() }

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

// Send sends one ticket and waits for what the printer can prove of it. When
// ctx ends before the first byte the ticket is not sent; one that has begun is
// seen to its end, for as long as Timing.Leave allows.
func (s *Session) Send(ctx context.Context, t Ticket) Report {
	ticket := t.Bytes
	r := Report{Bytes: len(ticket)}
	if r.Err = s.usable(ctx); r.Err != nil {
		return r
	}
	s.discardAnswers()
	ctx, cancel := lateContext(ctx, s.timing.Leave)
	defer cancel()
	if r.Sent, r.Err = s.write(ctx, ticket); r.Err != nil {
		return r
	}
	if !s.fence {
		if r.Err = s.drain(ctx); r.Err == nil {
			r.Proof = Transport
		}
		return r
	}
	if _, r.Err = s.write(ctx, escpos.Fence()); r.Err != nil {
		return r
	}
	if r.Err = s.await(ctx, s.fences, s.timing.Paper); r.Err == nil {
		r.Proof = Fence
	}
	return r
}

// errLeft ends what a session was told to leave.
var errLeft = errors.New("the agent was stopped before the printer had finished")

// lateContext ends so long after ctx does.
func lateContext(ctx context.Context, leave time.Duration) (context.Context, func()) {
	late, end := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(leave, func() { end(errLeft) }) })
	return late, func() { stop(); end(nil) }
}

func (s *Session) usable(ctx context.Context) error {
	select {
	case <-s.dead:
		return s.cause
	default:
		return ctx.Err()
	}
}

// probe finds out whether the printer answers a fence while nothing prints. It
// asks for a status first: a printer that does not know DLE EOT ignores it, but
// may print the r of a GS r that it does not know.
//
// Answers that an earlier session left behind come before its own, so
// everything that arrives until the line is silent again belongs to the past.
func (s *Session) probe(ctx context.Context) (answered bool, err error) {
	ask, err := escpos.Status(1)
	if err != nil {
		return false, err
	}
	for _, step := range []struct {
		ask    []byte
		answer <-chan struct{}
	}{{ask, s.status}, {escpos.Fence(), s.fences}} {
		if _, err := s.write(ctx, step.ask); err != nil {
			return false, fmt.Errorf("ask the printer: %w", err)
		}
		err := s.await(ctx, step.answer, s.timing.Probe)
		if errors.Is(err, errNoAnswer) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	for {
		err := s.await(ctx, s.fences, s.timing.Probe/5)
		if errors.Is(err, errNoAnswer) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}

var errNoAnswer = errors.New("the printer took the ticket but did not confirm it")

func (s *Session) await(ctx context.Context, answer <-chan struct{}, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-answer:
		return nil
	case <-s.dead:
		return s.cause
	case <-timer.C:
		return errNoAnswer
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// discardAnswers forgets fences that nobody asked for.
func (s *Session) discardAnswers() {
	for {
		select {
		case <-s.fences:
		default:
			return
		}
	}
}

// chunk is how much is written under one deadline: at 9,600 baud a quarter of
// a second.
const chunk = 256

// write sends b as long as the line makes progress and ctx lasts.
func (s *Session) write(ctx context.Context, b []byte) (sent int, err error) {
	for sent < len(b) {
		err := s.within(ctx, func() error {
			n, err := s.line.Write(b[sent:min(sent+chunk, len(b))])
			sent += n
			return err
		})
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

func (s *Session) drain(ctx context.Context) error {
	d, ok := s.line.(drainer)
	if !ok {
		return nil
	}
	return s.within(ctx, d.Drain)
}

// within makes one call on the line, which ends with ctx or when it has made no
// progress for too long.
func (s *Session) within(ctx context.Context, call func() error) error {
	if err := s.line.SetWriteDeadline(time.Now().Add(s.timing.Stall)); err != nil {
		return err
	}
	// Where ctx has ended already, this runs behind the deadline above.
	stop := context.AfterFunc(ctx, func() { _ = s.line.SetWriteDeadline(time.Now()) })
	defer stop()
	err := call()
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// read is the one reader of the line. It ends when the line does.
func (s *Session) read() {
	defer s.done.Done()
	var answers escpos.Answers
	buf := make([]byte, 64)
	for {
		n, err := s.line.Read(buf)
		answers.Feed(buf[:n], s.hear)
		if err != nil {
			s.cause = err
			close(s.dead)
			return
		}
	}
}

// hear sorts an answer in. More than fit were asked for by nobody.
func (s *Session) hear(a escpos.Answer) {
	var to chan struct{}
	switch a.Kind {
	case escpos.AnswerFence:
		to = s.fences
	case escpos.AnswerStatus:
		to = s.status
	default:
		return
	}
	select {
	case to <- struct{}{}:
	default:
	}
}
