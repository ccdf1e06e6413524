package fileport

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"mostrador/drivers"
)

// helpedChunk is how many bytes are handed over at once, so that what is in
// doubt after a stall is little.
const helpedChunk = 4096

// busyPause is how long a device that takes nothing now is left alone.
const busyPause = 20 * time.Millisecond

// A helped port is a file that the system cannot wait for: writes run in a
// goroutine beside, which ends when the system lets go of it.
type helped struct {
	*node
	mu      sync.Mutex
	stalled bool // a write has not come back: nobody knows what it wrote
}

// errStalled is why a port that a write is stuck in is of no more use.
var errStalled = errors.New("a write has not come back since its deadline: open the device again")

func (p *helped) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	return 0, p.fault("read", p.readNothing())
}

func (p *helped) Write(b []byte) (written int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.isClosing():
			return written, p.fault("write", os.ErrClosed)
		case p.stalled:
			return written, p.fault("write", errStalled)
		case p.writes.IsPast():
			return written, p.fault("write", os.ErrDeadlineExceeded)
		case written == len(b):
			return written, nil
		}
		n, err := p.writeChunk(b[written:min(len(b), written+helpedChunk)])
		written += n
		if errors.Is(err, syscall.EAGAIN) {
			err = p.pause()
		}
		if err != nil {
			return written, p.fault("write", err)
		}
	}
}

// writeChunk hands a copy of b to the system, and waits for the end of that.
func (p *helped) writeChunk(b []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	chunk := append([]byte(nil), b...)
	go func() {
		n, err := p.file.Write(chunk)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return r.n, r.err
	case <-p.closing:
		return 0, os.ErrClosed
	case <-p.writes.Passed():
		p.stalled = true
		return 0, os.ErrDeadlineExceeded
	}
}

// pause waits before a device that is busy is asked again.
func (p *helped) pause() error {
	timer := time.NewTimer(busyPause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.closing:
		return os.ErrClosed
	case <-p.writes.Passed():
		return os.ErrDeadlineExceeded
	}
}

func (p *helped) SetReadDeadline(t time.Time) error {
	if p.isClosing() {
		return p.fault("set read deadline", os.ErrClosed)
	}
	p.reads.Set(t)
	return nil
}

func (p *helped) SetWriteDeadline(t time.Time) error {
	if p.isClosing() {
		return p.fault("set write deadline", os.ErrClosed)
	}
	p.writes.Set(t)
	return nil
}

var _ drivers.Port = (*helped)(nil)
