package virtual

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Serve takes connections as a printer on TCP port 9100 does: one prints, the
// others wait until it is gone. It ends without an error when ctx does, and
// closes the listener.
func (v *Printer) Serve(ctx context.Context, listener net.Listener) error {
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	defer listener.Close()
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("take connections of the virtual printer: %w", err)
		}
		// What went wrong with one connection is the other side's to tell.
		_ = v.ServeConn(ctx, conn)
		conn.Close()
	}
}

// ServeConn prints what comes over one line (a connection, one end of a
// net.Pipe, the master of a pty) until it ends or ctx does, and answers on it.
// While another line is served it waits. The line is not closed, unless that is
// the only way to stop reading from it when ctx ends; a file, such as a pty's
// master, must be non-blocking for that.
func (v *Printer) ServeConn(ctx context.Context, line io.ReadWriter) error {
	select {
	case v.turn <- struct{}{}:
		defer func() { <-v.turn }()
	case <-ctx.Done():
		return nil
	}
	stop := context.AfterFunc(ctx, func() { interrupt(line) })
	defer stop()

	out := make(chan []byte, transmitBuffer)
	var talker sync.WaitGroup
	talker.Go(func() { talk(line, out) })
	err := v.listen(ctx, line, out)
	close(out)
	talker.Wait()
	if ctx.Err() != nil || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// transmitBuffer is how many answers wait for a peer that does not read. Those
// beyond are lost, as they are in a real printer.
const transmitBuffer = 64

// interrupt ends the reads and writes of a line.
func interrupt(line io.ReadWriter) {
	if d, ok := line.(interface{ SetDeadline(time.Time) error }); ok && d.SetDeadline(time.Unix(1, 0)) == nil {
		return
	}
	if c, ok := line.(io.Closer); ok {
		c.Close()
	}
}

// talk sends answers until there are no more. After a failed write it only
// takes them.
func talk(line io.Writer, out <-chan []byte) {
	dead := false
	for answer := range out {
		if !dead {
			_, err := line.Write(answer)
			dead = err != nil
		}
	}
}

// listen reads the line and prints.
func (v *Printer) listen(ctx context.Context, line io.Reader, out chan<- []byte) error {
	buf := make([]byte, 4096)
	pace := newPace(v.options.PaceBaud)
	if v.options.PaceBaud > 0 {
		buf = buf[:32]
	}
	for {
		n, err := line.Read(buf)
		if n > 0 {
			if err := pace.wait(ctx, n); err != nil {
				return err
			}
			if answer := v.consume(buf[:n]); len(answer) > 0 {
				select {
				case out <- answer:
				default:
				}
			}
		}
		if err != nil {
			return err
		}
	}
}

// pace lets bytes through as a serial line does.
type pace struct {
	perByte time.Duration
	next    time.Time
}

func newPace(baud int) *pace {
	if baud <= 0 {
		return &pace{}
	}
	return &pace{perByte: 10 * time.Second / time.Duration(baud)}
}

// wait returns when n bytes have passed the line, or with the error of ctx.
func (p *pace) wait(ctx context.Context, n int) error {
	if p.perByte == 0 {
		return nil
	}
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(time.Duration(n) * p.perByte)
	timer := time.NewTimer(p.next.Sub(now))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
