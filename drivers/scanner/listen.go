package scanner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"mostrador/drivers"
)

const (
	// answerTimeout is how long the reader may take to accept an answer.
	answerTimeout = 2 * time.Second
	// lastLook is for how long the port is read once more before silence counts:
	// on a machine that was busy, the rest of a code may wait there.
	lastLook = 20 * time.Millisecond
)

// Listen is as drivers.Device has it. It never keeps a partial record: half a
// code has lost its end, and whatever comes after a pause is another code.
// What is no code by the settings is garbage, in pieces of at most 4 kB.
func (c *Scanner) Listen(ctx context.Context, port drivers.Port, partial []byte, keep func(drivers.Heard) error) error {
	defer drivers.Interrupt(ctx, port)()
	l := &listening{Scanner: c, port: port, keep: keep}
	l.framer = framer{ends: c.ends, emit: l.heard}
	if len(partial) > 0 { // of another driver, before the configuration changed
		if err := l.tell(drivers.Heard{Garbage: partial}); err != nil {
			return err
		}
	}
	err := l.run(ctx)
	if l.keepErr != nil {
		return l.keepErr
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	l.leaving = true
	return errors.Join(err, l.framer.giveUp())
}

// Signal sends the bytes that make the reader say yes or no.
func (c *Scanner) Signal(port drivers.Port, good bool) error {
	b := c.bad
	if good {
		b = c.good
	}
	if err := send(port, b); err != nil {
		return fmt.Errorf("signal on the scanner: %w", err)
	}
	return nil
}

// A listening is one call of Listen.
type listening struct {
	*Scanner
	port    drivers.Port
	keep    func(drivers.Heard) error
	framer  framer
	keepErr error // keep's; it ends Listen
	leaving bool  // nobody is answered any more

	last   string    // the code that came last, as the reader sent it
	lastAt time.Time // and when
}

// run reads until the port fails or ctx ends.
func (l *listening) run(ctx context.Context) error {
	buf := make([]byte, maxCode)
	looking := false // once more, before silence counts
	for {
		var until time.Time
		switch {
		case looking:
			until = time.Now().Add(lastLook)
		case l.framer.waiting():
			until = time.Now().Add(l.silence)
		}
		if err := l.port.SetReadDeadline(until); err != nil {
			return err
		}
		if ctx.Err() != nil { // its end may have come before our deadline
			return ctx.Err()
		}
		n, err := l.port.Read(buf)
		if err := l.framer.feed(buf[:n]); err != nil {
			return err
		}
		switch {
		case err == nil:
			looking = false
		case ctx.Err() != nil || !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case !looking:
			looking = true
		default:
			looking = false
			if err := l.framer.silent(); err != nil {
				return err
			}
		}
	}
}

// heard keeps what came between two ends, and answers it.
func (l *listening) heard(text, garbage []byte) error {
	if text != nil {
		record, ok := l.read(text)
		if ok && l.isAgain(text) {
			return l.answer(l.ack)
		}
		if ok {
			if err := l.tell(drivers.Heard{Record: &record}); err != nil {
				return err
			}
			l.last, l.lastAt = string(text), time.Now()
			return l.answer(l.ack)
		}
		garbage = text
	}
	if err := l.tell(drivers.Heard{Garbage: garbage}); err != nil {
		return err
	}
	return l.answer(l.nak)
}

// isAgain says whether a code is the reading before, and that it came again.
func (l *listening) isAgain(text []byte) bool {
	now := time.Now()
	if l.again == 0 || l.last != string(text) || now.Sub(l.lastAt) > l.again {
		return false
	}
	l.lastAt = now
	return true
}

// tell hands h to keep.
func (l *listening) tell(h drivers.Heard) error {
	l.keepErr = l.keep(h)
	return l.keepErr
}

func (l *listening) answer(b []byte) error {
	if l.leaving {
		return nil
	}
	if err := send(l.port, b); err != nil {
		return fmt.Errorf("answer the scanner: %w", err)
	}
	return nil
}

// send sends b, if it is anything.
func send(port drivers.Port, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := port.SetWriteDeadline(time.Now().Add(answerTimeout)); err != nil {
		return err
	}
	_, err := port.Write(b)
	return err
}
