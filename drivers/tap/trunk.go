package tap

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"mostrador/drivers"
)

// pieceSize is how much is read and written at once.
const pieceSize = 4096

// A queue holds bytes on their way to the printer. It has one who puts and one
// who takes.
type queue struct {
	limit   int
	in, out chan struct{} // hold one token when there is room, or bytes
	mu      sync.Mutex
	bytes   []byte
}

func newQueue(limit int) *queue {
	return &queue{limit: max(limit, pieceSize), in: make(chan struct{}, 1), out: make(chan struct{}, 1)}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// put adds b when there is room, and waits for that until ctx ends.
func (q *queue) put(ctx context.Context, b []byte) error {
	for {
		q.mu.Lock()
		if len(q.bytes) == 0 || len(q.bytes)+len(b) <= q.limit {
			q.bytes = append(q.bytes, b...)
			q.mu.Unlock()
			signal(q.out)
			return nil
		}
		q.mu.Unlock()
		select {
		case <-q.in:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// peek copies the bytes that come next, and waits for some until ctx ends.
func (q *queue) peek(ctx context.Context, into []byte) (n int, err error) {
	for {
		q.mu.Lock()
		n = copy(into, q.bytes)
		q.mu.Unlock()
		if n > 0 {
			return n, nil
		}
		select {
		case <-q.out:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// drop takes away what the printer has taken.
func (q *queue) drop(n int) {
	q.mu.Lock()
	q.bytes = q.bytes[:copy(q.bytes, q.bytes[n:])]
	q.mu.Unlock()
	signal(q.in)
}

func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.bytes) == 0
}

// A trunk is the line to a printer that stays open. What the POS said while the
// printer is away waits for it.
type trunk struct {
	l     *listening
	queue *queue
	pos   side
}

func newTrunk(l *listening) *trunk {
	t := &trunk{l: l, queue: newQueue(l.Ahead)}
	l.reading.stall(func() bool { return !t.queue.empty() })
	return t
}

// A side is the POS, as far as there is one: who answers it takes turns.
type side struct {
	mu   sync.Mutex
	port drivers.Port
}

func (s *side) set(port drivers.Port) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.port = port
}

// Write answers the POS; without one the answer is lost.
func (s *side) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.port == nil {
		return len(b), nil
	}
	return s.port.Write(b)
}

// serve takes what a POS says until its port fails or ctx ends.
func (t *trunk) serve(ctx context.Context, pos drivers.Port) error {
	if err := clearDeadlines(pos); err != nil {
		return err
	}
	release := interrupt(ctx, pos)
	defer release()
	t.pos.set(pos)
	t.l.standin.answer(&t.pos)
	defer func() {
		t.l.standin.answer(nil)
		pos.SetWriteDeadline(past()) // an answer that the POS does not take
		t.pos.set(nil)
	}()
	buf := make([]byte, pieceSize)
	for {
		n, err := pos.Read(buf)
		if n > 0 {
			t.l.tape.pass(buf[:n])
			if err := t.queue.put(ctx, buf[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// drained waits until the printer has taken everything, or ctx ends.
func (t *trunk) drained(ctx context.Context) {
	for !t.queue.empty() {
		select {
		case <-t.queue.in:
		case <-ctx.Done():
			return
		}
	}
}

// use carries bytes between the queue, the printer and the POS until the printer
// fails or ctx ends; it is for drivers.Keep.
func (t *trunk) use(ctx context.Context, printer drivers.Port) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	release := interrupt(ctx, printer)
	defer release()
	var writing sync.WaitGroup
	var writeErr error
	writing.Go(func() {
		defer stop()
		writeErr = t.feed(ctx, printer)
	})
	readErr := t.hear(printer)
	stop()
	writing.Wait()
	for _, err := range []error{writeErr, readErr} { // the one that was not stopped says why
		if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return context.Canceled
}

// feed writes what waits to the printer. What it has not taken when it fails is
// kept.
func (t *trunk) feed(ctx context.Context, printer drivers.Port) error {
	buf := make([]byte, pieceSize)
	for {
		n, err := t.queue.peek(ctx, buf)
		if err != nil {
			return err
		}
		n, err = printer.Write(buf[:n])
		t.queue.drop(n)
		if err != nil {
			return err
		}
	}
}

// hear passes on what the printer says. A POS that takes no answers loses them.
func (t *trunk) hear(printer drivers.Port) error {
	buf := make([]byte, pieceSize)
	for {
		n, err := printer.Read(buf)
		if n > 0 {
			t.l.standin.heard(buf[:n])
			t.pos.Write(buf[:n])
		}
		if err != nil {
			return err
		}
	}
}

// A meter notes whether a write is under way.
type meter struct {
	to   io.Writer
	busy atomic.Bool
}

func (m *meter) Write(b []byte) (int, error) {
	m.busy.Store(true)
	defer m.busy.Store(false)
	return m.to.Write(b)
}
