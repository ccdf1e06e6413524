// Package tap stands between a POS and its printer: it passes every byte both
// ways unchanged, answers for a printer that never answers where that is
// wished, and reads the receipts that go by.
//
// What passes and what is read are apart. A receipt that cannot be read, a full
// disk, or a slow one never hold up the paper; a printer that takes nothing
// holds up the POS, as it would without the tap.
package tap

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mostrador/drivers"
	"mostrador/printer/escpos"
)

// Settings describe a tap.
type Settings struct {
	// Printer opens the port to the printer. Required.
	Printer func(context.Context) (drivers.Port, error)
	// PerConnection: the printer is opened for each connection of the POS and
	// closed behind it, as two programs on a network have it. Otherwise it stays
	// open, and what waits for it is kept when it goes and comes back.
	PerConnection bool
	// Decoder returns a decoder as the printer is when it was just switched on.
	// Required.
	Decoder func() *escpos.Decoder
	// Profile reads the receipts; nil reads none, and keeps them all unread.
	Profile *Profile
	// Answer has the tap answer a POS that asks a printer for its state that has
	// never said anything.
	Answer bool
	// Ahead is how many bytes the tap takes from a POS that nothing can stop,
	// ahead of what the printer takes; at least one piece of 4 KiB. A POS that
	// can be stopped is.
	Ahead int
}

// New returns the driver of a tap.
func New(s Settings) (drivers.Device, error) {
	if s.Printer == nil || s.Decoder == nil {
		return nil, errors.New("a tap needs a printer and a decoder")
	}
	return &tap{s}, nil
}

type tap struct{ Settings }

// Listen is as drivers.Device has it. port is the line to the POS, or a
// drivers.Acceptor that POSes connect to, one after the other. A receipt that
// was cut off by the end of an earlier Listen is never read as a sale.
func (t *tap) Listen(ctx context.Context, port drivers.Port, partial []byte, keep func(drivers.Heard) error) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	l := &listening{
		tap: t, keep: keep, fail: stop,
		tape: newTape(), heard: make(chan drivers.Heard, heardAhead),
		standin: newStandIn(t.Answer),
	}
	l.reading = newReading(l, partial)
	var parts sync.WaitGroup
	parts.Go(l.keepAll)
	parts.Go(l.reading.run)
	parts.Go(func() { l.standin.run(inner) })
	err := l.pass(inner, port)
	stop()
	l.tape.close()
	parts.Wait()
	switch {
	case l.keepErr != nil:
		return l.keepErr
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return err
}

// heardAhead is how many things may wait to be kept.
const heardAhead = 32

// A listening is one call of Listen.
type listening struct {
	*tap
	tape    *tape
	reading *reading
	standin *standIn
	fail    context.CancelFunc

	keep    func(drivers.Heard) error
	heard   chan drivers.Heard
	keepErr error // of keepAll, which ends before Listen looks

	told, toldUp bool // how the printer was seen, of change
}

// keepAll hands on what was heard, in order, until there is no more.
func (l *listening) keepAll() {
	for h := range l.heard {
		if l.keepErr != nil {
			continue
		}
		if l.keepErr = l.keep(h); l.keepErr != nil {
			l.fail()
		}
	}
}

// behind tells how the printer is seen, in its turn; it never waits.
func (l *listening) behind(c drivers.Change) {
	l.standin.see(c.Up)
	l.tape.put(piece{change: &c})
}

// pass carries bytes until the POS's port fails or ctx ends.
func (l *listening) pass(ctx context.Context, port drivers.Port) error {
	acceptor, accepts := port.(drivers.Acceptor)
	switch {
	case accepts && l.PerConnection:
		return l.connections(ctx, acceptor)
	case l.PerConnection:
		return errors.New("the POS is on a line, which has no connections: the printer must stay open")
	}
	trunk := newTrunk(l)
	inner, stop := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() { drivers.Keep(inner, l.Printer, trunk.use, l.behind) })
	defer keeping.Wait()
	defer stop()
	if !accepts {
		return trunk.serve(ctx, port)
	}
	return l.each(ctx, acceptor, func(pos drivers.Port) { trunk.serve(ctx, pos); trunk.drained(ctx) })
}

// each serves connections, one after the other, until accepting fails.
func (l *listening) each(ctx context.Context, acceptor drivers.Acceptor, serve func(drivers.Port)) error {
	for {
		pos, err := acceptor.Accept(ctx)
		if err != nil {
			return err
		}
		serve(pos)
		l.tape.mark(ended)
		pos.Close()
	}
}

// interrupt makes the calls of port under way end when ctx ends.
func interrupt(ctx context.Context, port drivers.Port) (release func()) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		port.SetReadDeadline(past())
		port.SetWriteDeadline(past())
	})
	return func() {
		if !stop() {
			<-done
		}
	}
}

// past is a deadline that has passed.
func past() time.Time { return time.Unix(1, 0) }

// clearDeadlines readies a port whose deadlines are in any state.
func clearDeadlines(port drivers.Port) error {
	if err := errors.Join(port.SetReadDeadline(time.Time{}), port.SetWriteDeadline(time.Time{})); err != nil {
		return fmt.Errorf("ready the port: %w", err)
	}
	return nil
}
