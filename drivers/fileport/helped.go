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
	mu  sync.Mutex
	out drivers.BoundedWriter
}

func newHelped(file *os.File) *helped {
	p := &helped{node: newNode(file)}
	p.out = drivers.BoundedWriter{To: file, Deadline: &p.writes, Closing: p.closing}
	return p
}

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
		case p.writes.IsPast():
			return written, p.fault("write", os.ErrDeadlineExceeded)
		case written == len(b):
			return written, nil
		}
		n, err := p.out.Write(b[written:min(len(b), written+helpedChunk)])
		written += n
		if errors.Is(err, syscall.EAGAIN) {
			err = p.pause()
		}
		if err != nil {
			return written, p.fault("write", err)
		}
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
