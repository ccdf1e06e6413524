package register

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/text/encoding"

	"mostrador/drivers"
	"mostrador/drivers/text"
)

const (
	// silence is how long a line that has begun may pause before it is kept as
	// a partial record.
	silence = 300 * time.Millisecond
	// answerTimeout is how long the register may take to accept an answer.
	answerTimeout = 2 * time.Second
)

// A reader is a register's driver: the settings, read.
type reader struct {
	format     Format
	lines      []lineRule        // in place of format
	charset    encoding.Encoding // nil for UTF-8
	kinds      map[string]string
	date, time text.Layout
	decimal    byte
	ack, nak   []byte
}

// Listen is as drivers.Device has it. Lines end with CR, LF or both. A line
// that is no record, control bytes around one, and a line of more than 4 kB
// are garbage, in pieces of at most 4 kB; empty lines, NUL, STX and ETX around
// a line, and a byte order mark are nothing at all.
func (r *reader) Listen(ctx context.Context, port drivers.Port, partial []byte, keep func(drivers.Heard) error) error {
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		port.SetReadDeadline(time.Unix(1, 0))
	})
	defer func() {
		if !stop() {
			<-interrupted
		}
	}()
	l := &listening{reader: r, port: port, keep: keep}
	l.scanner.emit = l.line
	if err := l.scanner.feed(partial); err != nil {
		return err
	}
	l.scanner.markKept()
	err := l.run(ctx)
	if l.keepErr == nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if l.keepErr == nil { // what has come of a record is kept on the way out as well
		err = errors.Join(err, l.keepPartial())
	}
	return err
}

// A listening is one call of Listen.
type listening struct {
	*reader
	port      drivers.Port
	keep      func(drivers.Heard) error
	scanner   scanner
	keepErr   error // keep's; it ends Listen
	answerErr error // the port's, of an answer; what was read already is kept still
}

// run reads until the port fails or ctx ends.
func (l *listening) run(ctx context.Context) error {
	buf := make([]byte, maxLine)
	for {
		var until time.Time
		if l.scanner.unkept() {
			until = time.Now().Add(silence)
		}
		if err := l.port.SetReadDeadline(until); err != nil {
			return err
		}
		if ctx.Err() != nil { // its end may have come before our deadline
			return ctx.Err()
		}
		n, err := l.port.Read(buf)
		if err := errors.Join(l.scanner.feed(buf[:n]), l.answerErr); err != nil {
			return err
		}
		switch {
		case err == nil:
		case ctx.Err() == nil && errors.Is(err, os.ErrDeadlineExceeded):
			if err := l.keepPartial(); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// keepPartial keeps what has come of a line, unless that is known.
func (l *listening) keepPartial() error {
	if !l.scanner.unkept() {
		return nil
	}
	l.scanner.markKept()
	return l.tell(drivers.Heard{Partial: l.scanner.partial()})
}

// tell hands h to keep.
func (l *listening) tell(h drivers.Heard) error {
	l.keepErr = l.keep(h)
	return l.keepErr
}

// line keeps what a line has turned out to be, and answers it.
func (l *listening) line(ln line) error {
	record, ok := drivers.Record{}, false
	if len(ln.text) > 0 {
		if record, ok = l.read(ln.text); !ok {
			ln.garbage, ln.broken = append(ln.garbage, ln.text), true
		}
	}
	if ok {
		if err := l.tell(drivers.Heard{Record: &record}); err != nil {
			return err
		}
		l.answer(l.ack)
	}
	for _, piece := range ln.garbage {
		if err := l.tell(drivers.Heard{Garbage: piece}); err != nil {
			return err
		}
	}
	if ln.broken {
		l.answer(l.nak)
	}
	return nil
}

// answer sends b to the register, unless an answer has failed already.
func (l *listening) answer(b []byte) {
	if len(b) == 0 || l.answerErr != nil {
		return
	}
	err := l.port.SetWriteDeadline(time.Now().Add(answerTimeout))
	if err == nil {
		_, err = l.port.Write(b)
	}
	if err != nil {
		l.answerErr = fmt.Errorf("answer the register: %w", err)
	}
}

// read makes a record of a line, if it is one.
func (r *reader) read(raw []byte) (drivers.Record, bool) {
	if r.lines != nil {
		found, ok := r.readLine(r.decode(raw))
		return drivers.Record{Fields: found, Raw: raw}, ok
	}
	found, ok := r.format.match(r.decode(raw))
	if !ok || !r.normalise(found) {
		return drivers.Record{}, false
	}
	return drivers.Record{Fields: found, Raw: raw}, true
}
