package uplink

import (
	"bufio"
	"net"
	"sync"
	"time"
)

const (
	// writeTimeout bounds each write of at most writePiece bytes: a peer that
	// takes nothing is noticed after it, also when the library sets no
	// deadline of its own (pings, acknowledgements).
	writeTimeout = 10 * time.Second
	writePiece   = 16 << 10
	// closeGrace is how long Close waits for what is still to be written, so
	// that a DISCONNECT leaves before the connection does.
	closeGrace = 500 * time.Millisecond
	// alertGrace is how long a failed write waits for the reader, which may have
	// the peer's own word for it (a TLS alert) still to read.
	alertGrace = 200 * time.Millisecond
	// keepBuffer is the largest write buffer kept for the next time.
	keepBuffer = 256 << 10
)

// A line is the network connection under the MQTT library. It reads through a
// buffer, because the library reads a packet in three small reads, and it
// writes from a goroutine of its own, so that nothing in the library ever
// blocks in a write, packets that are ready together leave together, and every
// write has a deadline. What waits to be written is bounded by the window.
type line struct {
	net.Conn
	in   *bufio.Reader
	fail func(error) // told the first error that was not our own Close

	mu     sync.Mutex
	ready  sync.Cond // out has bytes, or closed, or err
	out    []byte
	closed bool
	err    error         // of a write
	told   bool          // fail was called
	done   chan struct{} // the writer has ended

	readOnce sync.Once
	readDone chan struct{} // a read has failed
}

// newLine takes over conn.
func newLine(conn net.Conn, fail func(error)) *line {
	l := &line{Conn: conn, in: bufio.NewReader(conn), fail: fail, done: make(chan struct{}), readDone: make(chan struct{})}
	l.ready.L = &l.mu
	go l.write()
	return l
}

// Write queues a copy of p.
func (l *line) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.err != nil:
		return 0, l.err
	case l.closed:
		return 0, net.ErrClosed
	}
	l.out = append(l.out, p...)
	l.ready.Signal()
	return len(p), nil
}

// write empties the queue until Close or an error.
func (l *line) write() {
	defer close(l.done)
	var spare []byte
	for {
		l.mu.Lock()
		for len(l.out) == 0 && !l.closed {
			l.ready.Wait()
		}
		batch := l.out
		l.out = spare[:0]
		l.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		if err := l.send(batch); err != nil {
			l.unwritable(err)
			return
		}
		spare = batch
		if cap(spare) > keepBuffer {
			spare = nil
		}
	}
}

func (l *line) send(batch []byte) error {
	for len(batch) > 0 {
		piece := batch[:min(len(batch), writePiece)]
		if err := l.Conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return err
		}
		if _, err := l.Conn.Write(piece); err != nil {
			return err
		}
		batch = batch[len(piece):]
	}
	return nil
}

// unwritable lets no more writes in and tells why, unless the reader knows better.
func (l *line) unwritable(err error) {
	l.mu.Lock()
	l.err = err
	closed := l.closed
	l.mu.Unlock()
	if closed {
		return
	}
	grace := time.NewTimer(alertGrace)
	defer grace.Stop()
	select {
	case <-l.readDone:
	case <-grace.C:
		l.broken(err)
	}
}

// Read reads through the buffer.
func (l *line) Read(p []byte) (int, error) {
	n, err := l.in.Read(p)
	if err != nil {
		l.broken(err)
		l.readOnce.Do(func() { close(l.readDone) })
	}
	return n, err
}

// broken tells the first error that is not from our own Close.
func (l *line) broken(err error) {
	l.mu.Lock()
	first := !l.told && !l.closed
	l.told = true
	l.mu.Unlock()
	if first {
		l.fail(err)
	}
}

// Close writes what waits, for a moment, and closes.
func (l *line) Close() error {
	l.mu.Lock()
	l.closed = true
	l.ready.Signal()
	l.mu.Unlock()
	grace := time.NewTimer(closeGrace)
	defer grace.Stop()
	select {
	case <-l.done:
	case <-grace.C:
	}
	err := l.Conn.Close() // also ends a write under way
	<-l.done
	return err
}

// SetDeadline bounds reads only: writes have their own bound.
func (l *line) SetDeadline(t time.Time) error { return l.Conn.SetReadDeadline(t) }

// SetWriteDeadline does nothing: each write has its own bound.
func (l *line) SetWriteDeadline(time.Time) error { return nil }
