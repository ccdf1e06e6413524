package tap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"mostrador/drivers"
)

const (
	// patience is how long a POS that has connected waits for a printer that is
	// not there.
	patience = time.Minute
	// dialPause is the pause between two tries to reach it.
	dialPause = 500 * time.Millisecond
	// dialTimeout bounds one try.
	dialTimeout = 10 * time.Second
	// lingering is how long one side may stay when the other has said its last.
	lingering = 5 * time.Second
)

// connections serves POSes on a network, each with a connection of its own to
// the printer.
func (l *listening) connections(ctx context.Context, acceptor drivers.Acceptor) error {
	return l.each(ctx, acceptor, func(pos drivers.Port) {
		printer, err := l.reach(ctx)
		if err != nil {
			return // the POS finds its connection closed, as it would without the tap
		}
		defer printer.Close()
		l.join(ctx, pos, printer)
	})
}

// reach opens the printer, and tries for a while where it is not there. Nothing
// is read from the POS meanwhile.
func (l *listening) reach(ctx context.Context) (drivers.Port, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		try, stop := context.WithTimeout(ctx, dialTimeout)
		printer, err := l.Printer(try)
		stop()
		if err == nil {
			l.change(drivers.Change{Up: true})
			return printer, nil
		}
		if ctx.Err() == nil {
			l.change(drivers.Change{Err: err})
		}
		select {
		case <-time.After(dialPause):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// change tells how the printer is seen, when that is news.
func (l *listening) change(c drivers.Change) {
	if l.told && l.toldUp == c.Up {
		return
	}
	l.told, l.toldUp = true, c.Up
	l.behind(c)
}

// join carries bytes between the two until both have said their last.
func (l *listening) join(ctx context.Context, pos, printer drivers.Port) {
	if clearDeadlines(pos) != nil || clearDeadlines(printer) != nil {
		return
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer interrupt(ctx, pos)()
	defer interrupt(ctx, printer)()
	back := &side{port: pos}
	l.standin.answer(back)
	defer l.standin.answer(nil)
	forth := &meter{to: printer}
	l.reading.stall(forth.busy.Load)
	defer l.reading.stall(nil)

	var directions sync.WaitGroup
	last := time.AfterFunc(time.Hour, stop) // set when one side has ended
	last.Stop()
	defer last.Stop()
	// ended ends the other direction's side, too: at once where its line is gone,
	// else when it has said its last.
	ended := func(err error, other drivers.Port) {
		half, ok := other.(drivers.HalfCloser)
		if !ok || !errors.Is(err, io.EOF) || half.CloseWrite() != nil {
			stop()
			return
		}
		if drainer, ok := other.(drivers.Drainer); ok {
			drainer.Drain() // a printer without paper takes the rest later
		}
		last.Reset(lingering)
	}
	directions.Go(func() { ended(carry(forth, pos, l.tape.pass), printer) })
	directions.Go(func() { ended(carry(back, printer, l.standin.heard), pos) })
	directions.Wait()
}

// carry copies until from ends or to fails.
func carry(to io.Writer, from io.Reader, saw func([]byte)) error {
	buf := make([]byte, pieceSize)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			saw(buf[:n])
			if _, err := to.Write(buf[:n]); err != nil {
				return fmt.Errorf("write: %v", err) // whatever it is, it is not the end of from
			}
		}
		if err != nil {
			return err
		}
	}
}
