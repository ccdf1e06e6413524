package printer

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// drainer is a Line that knows when everything has left this machine.
type drainer interface{ Drain() error }

// chunk is how much is written under one guard: at 9,600 baud a quarter of a
// second.
const chunk = 256

// write sends b as long as the line makes progress and ctx lasts.
func (s *Session) write(ctx context.Context, b []byte) (sent int, err error) {
	for sent < len(b) {
		g := &guard{s: s, patience: s.patience(s.timing.Stall), stuck: s.timing.Stuck}
		err := g.run(ctx, func() error {
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

// writeWithin sends a few bytes or gives up.
func (s *Session) writeWithin(ctx context.Context, b []byte, limit time.Duration) (sent int, err error) {
	g := &guard{s: s, patience: patience{watchers: s.watchers, start: s.watchers.read(), well: limit, mend: limit}}
	err = g.run(ctx, func() error {
		sent, err = s.line.Write(b)
		return err
	})
	return sent, err
}

// drain waits until the n bytes that were written last have left this machine,
// which takes their time on a slow line.
func (s *Session) drain(ctx context.Context, n int) error {
	d, ok := s.line.(drainer)
	if !ok {
		return nil
	}
	line := time.Duration(n) * time.Second / slowLine
	g := &guard{s: s, patience: s.patience(s.timing.Stall + line), stuck: s.timing.Stuck + line}
	return g.run(ctx, d.Drain)
}

// slowLine is 9,600 baud in bytes a second.
const slowLine = 960

// A guard makes one call on the line, and ends it by its deadline with ctx, or
// when it has made no progress for too long although the printer is well.
type guard struct {
	s        *Session
	patience patience
	// stuck is after how long a call without progress is told as a condition; 0
	// for never.
	stuck time.Duration

	mu     sync.Mutex
	over   bool // the call has returned
	timer  *time.Timer
	began  time.Time
	isLate bool
	told   bool
}

func (g *guard) run(ctx context.Context, call func() error) error {
	if err := g.s.line.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	g.mu.Lock()
	g.began = time.Now()
	g.timer = time.AfterFunc(g.next(), g.look)
	g.mu.Unlock()
	// Where ctx has ended already, this runs behind the deadline above.
	stop := context.AfterFunc(ctx, g.cut)
	err := call()
	stop()
	g.end()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case g.isLate:
		return fmt.Errorf("%w: %w", ErrStuck, err)
	}
	return err
}

// next is when to look again.
func (g *guard) next() time.Duration {
	left := g.patience.left()
	if g.stuck > 0 && !g.told {
		left = min(left, g.stuck-time.Since(g.began))
	}
	return max(left, time.Millisecond)
}

func (g *guard) look() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return
	}
	if g.patience.left() <= 0 {
		g.isLate = true
		_ = g.s.line.SetWriteDeadline(time.Now())
		return
	}
	if g.stuck > 0 && !g.told && time.Since(g.began) >= g.stuck {
		g.told = true
		g.s.noteStuck(true)
	}
	g.timer.Reset(g.next())
}

func (g *guard) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.over {
		_ = g.s.line.SetWriteDeadline(time.Now())
	}
}

func (g *guard) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
	g.timer.Stop()
	if g.told {
		g.s.noteStuck(false)
	}
}

// noteStuck tells that the line has begun or ceased to take no bytes. One that
// went on without the printer having said why leaves a doubt: it may have been
// switched off and on again in the middle of a ticket.
func (s *Session) noteStuck(stuck bool) {
	if stuck && !s.watchers.now().blocked() {
		s.doubt.Store(true)
	}
	s.watchers.tell(func(v *view) { v.stuck = stuck })
}
