//go:build unix

package fileport

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"mostrador/drivers"
)

// A polled port is a file that the system can wait for, so Go's own poller
// keeps its deadlines.
type polled struct {
	*node
	raw    syscall.RawConn
	twoWay bool
}

// emptyPause is how long a device is left alone that says that it is readable
// and then has nothing: some printers answer with empty packets.
const emptyPause = 250 * time.Millisecond

func (p *polled) Read(b []byte) (int, error) {
	if !p.twoWay {
		return 0, p.fault("read", p.awaitEnd())
	}
	for {
		n, err := p.file.Read(b)
		if !errors.Is(err, io.EOF) {
			return n, p.fault("read", err)
		}
		if p.hungUp() {
			return 0, p.fault("read", drivers.ErrGone)
		}
		timer := time.NewTimer(emptyPause)
		select {
		case <-timer.C:
		case <-p.closing:
		case <-p.reads.Passed():
		}
		timer.Stop()
	}
}

// awaitEnd is Read where nothing can come but the other side's end.
func (p *polled) awaitEnd() error {
	err := p.raw.Read(func(fd uintptr) bool { return revents(fd, 0) != 0 })
	if err == nil {
		err = drivers.ErrGone
	}
	return err
}

func (p *polled) Write(b []byte) (int, error) {
	n, err := p.file.Write(b)
	return n, p.fault("write", err)
}

func (p *polled) SetReadDeadline(t time.Time) error {
	err := p.file.SetReadDeadline(t)
	if err == nil {
		p.reads.Set(t)
	}
	return p.fault("set read deadline", err)
}

func (p *polled) SetWriteDeadline(t time.Time) error {
	err := p.file.SetWriteDeadline(t)
	if err == nil {
		p.writes.Set(t)
	}
	return p.fault("set write deadline", err)
}

// hungUp says whether the other side has ended.
func (p *polled) hungUp() (hungUp bool) {
	err := p.raw.Control(func(fd uintptr) { hungUp = revents(fd, 0) != 0 })
	return hungUp || errors.Is(err, os.ErrClosed)
}

// revents asks without waiting which of events are there, beside hang-up and
// error, which the system always tells.
func revents(fd uintptr, events int16) int16 {
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	if n, err := unix.Poll(fds, 0); err != nil || n == 0 {
		return 0
	}
	return fds[0].Revents
}
