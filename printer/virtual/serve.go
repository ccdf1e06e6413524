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
// others wait until it is gone. While the printer is away or refuses, they are
// reset. It ends without an error when ctx does, and closes the listener.
func (v *Printer) Serve(ctx context.Context, listener net.Listener) error {
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	defer listener.Close()
	lines, end := context.WithCancel(ctx)
	var serving sync.WaitGroup
	defer serving.Wait()
	defer end()
	waiting := make(chan struct{}, maxWaiting)
	gone := make(chan struct{}) // the connection before
	close(gone)
	for {
		waiting <- struct{}{}
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
		before, done := gone, make(chan struct{})
		gone = done
		serving.Go(func() {
			defer func() { <-waiting }()
			defer close(done)
			v.serveNext(lines, conn, before)
		})
	}
}

// maxWaiting is how many connections a printer holds, with those that wait.
const maxWaiting = 16

// serveNext serves a connection when the one before it is gone. What went wrong
// with it is the other side's to tell.
func (v *Printer) serveNext(ctx context.Context, conn net.Conn, before <-chan struct{}) {
	defer conn.Close()
	if v.refuses() {
		reset(conn)
		conn.Close()
		<-before
		return
	}
	<-before
	if err := v.ServeConn(ctx, conn); errors.Is(err, ErrAway) {
		reset(conn)
	}
}

// refuses: it takes no connection now.
func (v *Printer) refuses() (yes bool) {
	v.do(func(time.Time) { yes = v.away() || v.broken(Refuse) != nil })
	return yes
}

// reset makes a connection end as one whose other side has vanished.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// ServeConn prints what comes over one connection (TCP, one end of a net.Pipe,
// the master of a pty) until it ends or ctx does, and answers on it. While
// another line is served it waits. When the printer is switched off or
// unplugged, now or meanwhile, it returns ErrAway; so it does while new
// connections are refused. What is in the buffer when the connection ends is
// printed all the same. The line is not closed, unless that is the only way to
// stop reading from it; a file, such as a pty's master, must be non-blocking for
// that.
func (v *Printer) ServeConn(ctx context.Context, line io.ReadWriter) error {
	return v.serve(ctx, line, &conversation{})
}

// ServeWire is ServeConn for a serial line, which stays when the printer goes:
// what comes while it is away is lost. All that is heard is a NUL when its power
// goes and another when it comes back: the break of a line without a driver.
func (v *Printer) ServeWire(ctx context.Context, line io.ReadWriter) error {
	return v.serve(ctx, line, &conversation{wire: true})
}

// A conversation is a line that is served.
type conversation struct {
	wire  bool
	end   context.CancelCauseFunc
	out   chan []byte
	waits bool // for room
}

// transmitBuffer is how many answers wait for a peer that does not read. Those
// beyond are lost, as they are in a real printer.
const transmitBuffer = 64

// say puts an answer on the line; nil closes the printer's side of it.
func (c *conversation) say(answer []byte) {
	select {
	case c.out <- answer:
	default:
	}
}

func (v *Printer) serve(parent context.Context, line io.ReadWriter, c *conversation) error {
	select {
	case v.turn <- struct{}{}:
		defer func() { <-v.turn }()
	case <-parent.Done():
		return nil
	}
	ctx, end := context.WithCancelCause(parent)
	defer end(nil)
	c.end, c.out = end, make(chan []byte, transmitBuffer)
	if err := v.pickUp(c); err != nil {
		return err
	}
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		interrupt(line)
	})
	var talker sync.WaitGroup
	talker.Go(func() { talk(line, c.out) })
	err := v.listen(ctx, line, c)
	v.hangUp(c)
	talker.Wait()
	if !stop() {
		<-interrupted
	}
	switch {
	case parent.Err() != nil:
		return nil
	case errors.Is(err, ErrAway) || errors.Is(context.Cause(ctx), ErrAway):
		restore(line)
		return ErrAway
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}

// pickUp makes a line the one that is served.
func (v *Printer) pickUp(c *conversation) error {
	if !c.wire && v.refuses() {
		return ErrAway
	}
	v.do(func(time.Time) {
		v.line = c
		if v.broken(HalfClose) != nil {
			v.closeHalf()
		}
	})
	return nil
}

func (v *Printer) hangUp(c *conversation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.line = nil
	close(c.out)
}

// interrupt ends the reads and writes of a line.
func interrupt(line io.ReadWriter) {
	if d, ok := line.(interface{ SetDeadline(time.Time) error }); ok && d.SetDeadline(time.Unix(1, 0)) == nil {
		return
	}
	if c, ok := line.(io.Closer); ok {
		c.Close()
	}
}

// restore makes a line that was interrupted fit for the next conversation.
func restore(line io.ReadWriter) {
	if d, ok := line.(interface{ SetDeadline(time.Time) error }); ok {
		_ = d.SetDeadline(time.Time{})
	}
}

// talk sends answers until there are no more. After a failed write it only
// takes them.
func talk(line io.Writer, out <-chan []byte) {
	dead := false
	for answer := range out {
		if dead {
			continue
		}
		if answer == nil {
			if c, ok := line.(interface{ CloseWrite() error }); ok {
				_ = c.CloseWrite()
			}
			continue
		}
		_, err := line.Write(answer)
		dead = err != nil
	}
}

// listen reads the line as far as the printer takes what it brings.
func (v *Printer) listen(ctx context.Context, line io.Reader, c *conversation) error {
	buf := make([]byte, 4096)
	var pace pace
	for {
		n, err := v.await(ctx, c)
		if err != nil {
			return err
		}
		began := time.Now()
		n, err = line.Read(buf[:min(n, len(buf))])
		if n > 0 {
			if err := pace.wait(ctx, n, v.speed(), began); err != nil {
				return err
			}
			if err := v.takeAll(ctx, c, buf[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// pacedChunk is how much is read at once of a line that has a speed.
const pacedChunk = 32

// await returns how many bytes may be read, at least one.
func (v *Printer) await(ctx context.Context, c *conversation) (n int, err error) {
	for {
		var changed <-chan struct{}
		v.do(func(time.Time) {
			switch {
			case v.away() && c.wire:
				n = maxAfter // to lose it
			case v.away():
				err = ErrAway
			default:
				n = v.room()
			}
			if v.baud() > 0 {
				n = min(n, pacedChunk)
			}
			c.waits, changed = n == 0, v.changed
		})
		if n > 0 || err != nil {
			return n, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// takeAll takes what was read. When a fault came between, the rest waits.
func (v *Printer) takeAll(ctx context.Context, c *conversation, b []byte) error {
	for {
		v.do(func(now time.Time) {
			b = b[v.receive(b, now):]
			if len(b) > 0 && v.away() && c.wire {
				v.received += uint64(len(b))
				v.lost += uint64(len(b))
				b = nil
			}
		})
		if len(b) == 0 {
			return nil
		}
		if _, err := v.await(ctx, c); err != nil {
			return err
		}
	}
}

// speed of the line in baud now, 0 for any.
func (v *Printer) speed() (baud int) {
	v.do(func(time.Time) { baud = v.baud() })
	return baud
}

func (v *Printer) baud() int {
	if b := v.broken(Baud); b != nil {
		return b.N
	}
	return v.options.PaceBaud
}

// pace lets bytes through as a serial line does.
type pace struct {
	next time.Time // when the last byte has passed
	woke time.Time // when that was noticed, which is a little later
}

// atOnce is how long a step takes at most that did not wait.
const atOnce = 200 * time.Microsecond

// wait returns when n bytes have passed a line of a speed (8N1), or with the
// cause of the end of ctx. The bytes came from a Read that began at began. Where
// they were there already the line had not been idle, and what was lost by waking
// late is made good; otherwise a busy line would be slower than its speed.
func (p *pace) wait(ctx context.Context, n, baud int, began time.Time) error {
	if baud <= 0 {
		return nil
	}
	now := time.Now()
	if waited := now.Sub(began) > atOnce || began.Sub(p.woke) > atOnce; waited && p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(time.Duration(n) * 10 * time.Second / time.Duration(baud))
	timer := time.NewTimer(time.Until(p.next))
	defer timer.Stop()
	select {
	case <-timer.C:
		p.woke = time.Now()
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
