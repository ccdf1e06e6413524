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
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"mostrador/printer/escpos"
	"mostrador/printer/profile"
)

// A Line is an open port to a printer. Its calls end at their deadlines, as
// those of net.Conn do.
type Line interface {
	io.ReadWriter
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// Proof is what is known of a ticket that was sent without an error.
type Proof string

// The proofs that a session can bring, strongest first.
const (
	ProcessID Proof = "process_id" // the printer sent the ticket's own id back, behind the cut
	Fence     Proof = "fence"      // questions behind the cut were answered in their order
	Status    Proof = "status"     // the printer was well before, and for as long as the paper takes
	Transport Proof = "transport"  // the bytes left this machine
)

// What a session says when something is wrong, beside *Blocked and the line's
// own errors. Callers tell them apart with errors.Is.
var (
	// ErrSilent: a printer that has answered before does not answer now. It is
	// switched off, or open or out of paper with a line that it holds.
	ErrSilent = errors.New("the printer does not answer: look at its paper, cover and power")
	// ErrUnconfirmed: all of the ticket was taken and its proof never came.
	ErrUnconfirmed = errors.New("the printer took the ticket but did not confirm it")
	// ErrDoubt: the proof came, but the printer had stopped taking bytes in the
	// middle without saying why, or has not answered for a while where its answers
	// are the proof. One that was switched off and on again does that, and then
	// confirms the rest as if it was the whole.
	ErrDoubt = errors.New("the printer stopped for a while in the middle of the ticket without saying why: look whether the paper is whole")
	// ErrNoise: what comes from the printer makes no sense.
	ErrNoise = errors.New("what the printer answers makes no sense: look at its cable, and at the speed of the line")
	// ErrStuck: the line takes no more bytes. It comes with the port's own error.
	ErrStuck = errors.New("the printer takes no more bytes: look at its paper, cover, power and cable")
	// ErrLeft: the session was told to end before the printer had finished.
	ErrLeft = errors.New("the agent was stopped before the printer had finished")
)

// Blocked is the error of a printer that says that it prints nothing until
// somebody sees to it. With Report.Sent 0 the ticket can wait for that; with
// more, nobody knows what is on paper. Find it with errors.As.
type Blocked struct{ Condition Condition }

func (b *Blocked) Error() string { return "the printer cannot print: " + b.Condition.String() }

// Timing of a session. A zero field is taken from DefaultTiming.
type Timing struct {
	// Probe is how long a printer may take to answer when nothing is printing.
	Probe time.Duration
	// Reply is how long it may take to answer DLE EOT, which it does at once
	// unless the line is busy. Two of them unanswered are silence.
	Reply time.Duration
	// Poll is how long an idle printer is left alone between two looks. What
	// happens to it is known after Poll at the latest, and that it was switched
	// off after Poll and twice Reply.
	Poll time.Duration
	// Stuck is how long a write may make no progress before that is told as a
	// condition, and casts doubt on the ticket unless the printer has said why.
	Stuck time.Duration
	// Stall is how long it may make none before it is given up.
	Stall time.Duration
	// Paper is how long the answer behind the cut may take once all bytes have
	// left: the slowest line and mechanism, with everything still in its buffer.
	// The time that the ticket's own paper takes comes on top.
	Paper time.Duration
	// Mend is for how long a printer that was blocked in the middle of a ticket,
	// and says so, is waited for: with new paper it goes on from its buffer.
	// Stall and Paper stand still meanwhile.
	Mend time.Duration
	// Leave is how long a ticket that has begun is still seen to once the session
	// is told to end; what is not known by then stays unknown.
	Leave time.Duration
}

// DefaultTiming suits a serial printer at 9,600 baud with a full 4 kB buffer.
// Poll and Reply add up to less than the five seconds within which staff are told.
func DefaultTiming() Timing {
	return Timing{
		Probe: 1500 * time.Millisecond, Reply: time.Second, Poll: 2800 * time.Millisecond, Stuck: 3 * time.Second,
		Stall: 15 * time.Second, Paper: 30 * time.Second, Mend: 10 * time.Minute, Leave: 12 * time.Second,
	}
}

func (t Timing) orDefault() Timing {
	d := DefaultTiming()
	for _, f := range []struct {
		to   *time.Duration
		from time.Duration
	}{
		{&t.Probe, d.Probe}, {&t.Reply, d.Reply}, {&t.Poll, d.Poll}, {&t.Stuck, d.Stuck},
		{&t.Stall, d.Stall}, {&t.Paper, d.Paper}, {&t.Mend, d.Mend}, {&t.Leave, d.Leave},
	} {
		if *f.to <= 0 {
			*f.to = f.from
		}
	}
	return t
}

// Options of a session.
type Options struct {
	Timing Timing
	// Known is what this printer has been found to answer before. One that has
	// answered, and is silent now, makes Begin fail with ErrSilent; of one that
	// never has, only Transport can be had.
	Known Abilities
	// Proves: this printer has given a better proof than Transport before. One
	// that comes to no better now is silent, too: its answers are so late that one
	// to an earlier session stands for the first.
	Proves bool
	// Ask is what it may be asked, by its profile.
	Ask profile.Answers
	// Speed is the slowest that its paper goes, in millimetres a second, for the
	// proof by status; 0 means 50, slower than any model here.
	Speed int
	// OnCondition hears, from a goroutine of the session and one after the other,
	// of each change of the printer's condition, and of the first one. It must
	// not wait, nor call the session. Nil hears nothing.
	OnCondition func(Condition)
	// Resync is the longest block of data that a cut-off ticket may have left
	// half sent, in bytes; negative when nothing was cut off. The printer is
	// freed from the rest of that block, and the torn ticket is cut from what
	// comes next.
	Resync int
}

// A Session is one conversation with one printer over one open line. It reads
// everything that the printer says; nobody else may. One ticket is sent at a
// time; the other methods can be called from anywhere.
type Session struct {
	line     Line
	options  Options
	timing   Timing
	ears     ears
	watchers *watchers
	turn     chan struct{} // holds one token: who speaks with the printer

	// What the printer was found to answer; guarded by mu once Begin has
	// returned, and changed only by who holds turn.
	mu        sync.Mutex
	abilities Abilities
	numbers   []int // of DLE EOT n
	second    int   // n of the GS r that follows GS r 1 in a fence
	level     bool  // GS r 2 tells the drawer's level as DLE EOT 1 does
	unmet     bool  // it was blocked when the session began: what stands in its buffer waits

	wires *wires             // nil where they tell nothing, or the printer says more
	looks chan chan struct{} // who wants the wires looked at

	ids   uint32      // the process id of the next ticket
	doubt atomic.Bool // the ticket under way was held up for no known reason

	alive context.Context
	end   context.CancelCauseFunc // the first cause counts
	done  sync.WaitGroup
}

// Begin starts a session: it frees the printer from a ticket that was cut off,
// and finds out what it answers, without printing anything. The caller closes
// the line first and then calls Wait, also after an error.
func Begin(ctx context.Context, line Line, o Options) (*Session, error) {
	s := newSession(line, o)
	s.done.Add(1)
	go s.read()
	ctx, cancel := s.while(ctx)
	defer cancel()
	if _, err := s.write(ctx, s.release()); err != nil {
		return s, fmt.Errorf("free the printer from what was cut off: %w", err)
	}
	if err := s.meet(ctx); err != nil {
		return s, err
	}
	if s.abilities.Status {
		s.done.Add(1)
		go s.watch()
	}
	s.meetWires()
	return s, nil
}

// release frees the printer from what may have been cut off: a ticket that is
// known to be, or a question of an earlier session, of which nobody keeps a
// record. One that waits for the rest of a GS ( H would take the tickets to come
// for it, and say that it is well.
func (s *Session) release() []byte {
	// question is more NULs than any question waits for.
	const question = 16
	switch {
	case s.options.Resync >= 0:
		return escpos.Resync(max(s.options.Resync, question))
	case s.options.Ask != (profile.Answers{}):
		return make([]byte, question)
	}
	return nil
}

func newSession(line Line, o Options) *Session {
	s := &Session{
		line: line, options: o, timing: o.Timing.orDefault(),
		watchers: &watchers{on: o.OnCondition},
		turn:     make(chan struct{}, 1), looks: make(chan chan struct{}),
		// Ids begin anywhere, so that an answer to an earlier session's is no
		// answer to one of these.
		ids: rand.Uint32(),
	}
	s.ears.news = make(chan struct{}, 1)
	s.alive, s.end = context.WithCancelCause(context.Background())
	return s
}

// while is ctx for as long as the line is alive.
func (s *Session) while(ctx context.Context) (context.Context, func()) {
	both, end := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.alive, func() { end(context.Cause(s.alive)) })
	return both, func() { stop(); end(nil) }
}

// Abilities are what the printer was found to answer. Of one that was blocked
// when the session began, they are what is known from before until it is well.
func (s *Session) Abilities() Abilities {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.abilities
}

// Proof is the strongest that this session can bring.
func (s *Session) Proof() Proof {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch a := s.abilities; {
	case a.ProcessID:
		return ProcessID
	case a.Fence:
		return Fence
	case a.Status && len(s.numbers) > 1: // 1 alone says nothing of the paper
		return Status
	}
	return Transport
}

// Condition is what the printer said last of how it is; known is false of one
// that has said nothing.
func (s *Session) Condition() (c Condition, known bool) {
	v := s.watchers.now()
	return v.condition(), v.known
}

// Dead is closed when the line is gone or the printer silent; Cause then says
// why.
func (s *Session) Dead() <-chan struct{} { return s.alive.Done() }

// Cause is why the session is dead, nil before it is.
func (s *Session) Cause() error { return context.Cause(s.alive) }

// Wait returns when the session's goroutines have ended, which closing the line
// brings about.
func (s *Session) Wait() { s.done.Wait() }
