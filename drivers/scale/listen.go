package scale

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"time"

	"mostrador/drivers"
)

const (
	// answerTimeout is how long an answer may take before the scale is asked
	// again, and how long the scale may take to accept a question.
	answerTimeout = time.Second
	// silentAfter is how long no reading may come before the weight is unknown.
	silentAfter = 3 * time.Second
	// lastLook is for how long the port is read once more before silence is told:
	// on a machine that was busy or asleep, what came meanwhile waits there.
	lastLook = 100 * time.Millisecond
)

// Listen is as drivers.Device has it. It hands on a record when a reading
// differs from the one before, and never a partial one: a weight of before a
// restart is no weight. What is no reading is garbage.
func (c *scale) Listen(ctx context.Context, port drivers.Port, partial []byte, keep func(drivers.Heard) error) error {
	defer drivers.Interrupt(ctx, port)()
	l := &listening{scale: c, port: port, keep: keep}
	if err := l.garbage(partial); err != nil { // of another driver, before the configuration changed
		return err
	}
	c.onWant(func() { _ = port.SetReadDeadline(time.Unix(1, 0)) })
	defer c.onWant(nil)
	err := l.run(ctx)
	if l.keepErr == nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// A listening is one call of Listen.
type listening struct {
	*scale
	port    drivers.Port
	keep    func(drivers.Heard) error
	keepErr error

	buf      []byte
	asked    time.Time // when the last question was sent
	answered bool      // something has come since
	readAt   time.Time // when the last reading came, or silence was told
	// lookUntil is when the last look before silence ends, once there is one.
	lookUntil time.Time
	last      map[string]string // the fields of the last record
	lastAt    time.Time
	resting   bool // nobody wants to know
}

// run asks and reads until the port fails or ctx ends.
func (l *listening) run(ctx context.Context) error {
	l.readAt = time.Now()
	buf := make([]byte, 256)
	for {
		next, err := l.due()
		if err != nil {
			return err
		}
		if err := l.port.SetReadDeadline(next); err != nil {
			return err
		}
		if ctx.Err() != nil { // its end may have come before our deadline
			return ctx.Err()
		}
		if l.rests() != l.resting { // so may somebody's wish
			continue
		}
		n, err := l.port.Read(buf)
		if n > 0 {
			if err := l.take(buf[:n]); err != nil {
				return err
			}
		}
		if err != nil && (ctx.Err() != nil || !errors.Is(err, os.ErrDeadlineExceeded)) {
			return err
		}
	}
}

// due does what is due, and says when something is next.
func (l *listening) due() (time.Time, error) {
	now := time.Now()
	if rests := l.rests(); rests != l.resting {
		l.resting = rests
		l.readAt, l.last, l.asked = now, nil, time.Time{} // it begins anew
	}
	if l.resting {
		return time.Time{}, nil
	}
	if now.Sub(l.readAt) >= silentAfter {
		if l.lookUntil.Before(l.readAt.Add(silentAfter)) {
			l.lookUntil = now.Add(lastLook)
		}
		if now.Before(l.lookUntil) {
			return l.lookUntil, nil
		}
		l.readAt = now
		if l.once {
			l.asked = time.Time{} // it may have been switched off and on
		}
		if err := l.tell(map[string]string{"kind": Weight, "state": Silent}, nil); err != nil {
			return time.Time{}, err
		}
	}
	silent := l.readAt.Add(silentAfter)
	if len(l.ask) == 0 || l.once && !l.asked.IsZero() {
		return silent, nil
	}
	wait := l.every
	if !l.answered {
		wait = max(wait, answerTimeout)
	}
	if next := l.asked.Add(wait); !l.asked.IsZero() && now.Before(next) {
		return earlier(next, silent), nil
	}
	if err := l.question(now); err != nil {
		return time.Time{}, err
	}
	return earlier(now.Add(max(l.every, answerTimeout)), silent), nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// question asks for a reading; half an answer to the one before is given up.
func (l *listening) question(now time.Time) error {
	rest := l.buf
	l.buf = nil
	if err := l.garbage(rest); err != nil {
		return err
	}
	l.asked, l.answered = now, false
	err := l.port.SetWriteDeadline(now.Add(answerTimeout))
	if err == nil {
		_, err = l.port.Write(l.ask)
	}
	if err != nil {
		return fmt.Errorf("ask the scale: %w", err)
	}
	return nil
}

// take takes the next bytes.
func (l *listening) take(data []byte) error {
	l.buf = append(l.buf, data...)
	for {
		message, garbage, rest, done := l.cut(l.buf)
		if err := l.garbage(garbage); err != nil {
			return err
		}
		if done && len(message) > 0 {
			if err := l.message(message); err != nil {
				return err
			}
		}
		l.buf = append([]byte(nil), rest...)
		if !done {
			return nil
		}
	}
}

// message hands on what a message says.
func (l *listening) message(message []byte) error {
	l.answered = true
	r, ok := l.read(message)
	if !ok {
		return l.garbage(message)
	}
	now := time.Now()
	l.readAt = now
	fields := map[string]string{"kind": Weight, "state": r.state}
	if r.weighed {
		if r.weight.within(l.zero) {
			r.weight.digits = 0
		}
		fields["weight"], fields["unit"] = r.weight.String(), r.unit
	}
	if r.state == Unstable && l.last["state"] == Unstable && now.Sub(l.lastAt) < l.every {
		return nil // it moves: the next one comes soon
	}
	return l.tell(fields, message)
}

// tell keeps fields as a record unless they are known.
func (l *listening) tell(fields map[string]string, raw []byte) error {
	if maps.Equal(fields, l.last) {
		return nil
	}
	record := drivers.Record{Fields: maps.Clone(fields), Raw: append([]byte(nil), raw...)}
	if l.keepErr = l.keep(drivers.Heard{Record: &record}); l.keepErr != nil {
		return l.keepErr
	}
	l.last, l.lastAt = fields, time.Now()
	return nil
}

// garbage keeps what is no reading, unless it is nothing but line ends.
func (l *listening) garbage(b []byte) error {
	plain := false
	for _, c := range b {
		plain = plain || c != cr && c != '\n' && c != 0
	}
	if !plain {
		return nil
	}
	l.keepErr = l.keep(drivers.Heard{Garbage: append([]byte(nil), b...)})
	return l.keepErr
}
