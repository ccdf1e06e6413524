package fileport

import (
	"time"

	"golang.org/x/sys/unix"

	"mostrador/drivers"
)

// A drained port is one that Linux tells what is still waiting of.
type drained struct {
	*polled
	waiting func(fd int) (bool, error)
	// forgets: closing it takes back what is still waiting (usblp).
	forgets bool
}

// withDrain adds Drain where it can be known.
func withDrain(p *polled) drivers.Port {
	var waiting func(int) (bool, error)
	forgets := false
	err := p.raw.Control(func(fd uintptr) { waiting, forgets = waitingBytes(int(fd)), isUsblp(int(fd)) })
	if err != nil || waiting == nil {
		return p
	}
	return &drained{polled: p, waiting: waiting, forgets: forgets}
}

// isUsblp: drivers/usb/class/usblp.c, major 180, minors 0 to 15.
func isUsblp(fd int) bool {
	var stat unix.Stat_t
	return unix.Fstat(fd, &stat) == nil && stat.Mode&unix.S_IFMT == unix.S_IFCHR &&
		unix.Major(uint64(stat.Rdev)) == 180 && unix.Minor(uint64(stat.Rdev)) < 16
}

// waitingBytes returns how to ask whether bytes are waiting, or nil.
func waitingBytes(fd int) func(int) (bool, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return nil
	}
	if stat.Mode&unix.S_IFMT == unix.S_IFIFO {
		return func(fd int) (bool, error) {
			n, err := unix.IoctlGetInt(fd, unix.TIOCINQ) // FIONREAD: on either end of a pipe
			return n > 0, err
		}
	}
	// usblp is writable when the printer has taken the transfer before.
	if isUsblp(fd) {
		return func(fd int) (bool, error) { return revents(uintptr(fd), unix.POLLOUT)&unix.POLLOUT == 0, nil }
	}
	if _, err := unix.IoctlGetInt(fd, unix.TIOCOUTQ); err == nil {
		return func(fd int) (bool, error) {
			n, err := unix.IoctlGetInt(fd, unix.TIOCOUTQ)
			return n > 0, err
		}
	}
	return nil
}

// Drain returns nil when the reader of a FIFO has read everything, a USB
// printer has taken every transfer, or a terminal's queue is empty.
func (p *drained) Drain() error { return p.fault("drain", p.writes.Await(p.closing, p.isDrained)) }

func (p *drained) isDrained() (done bool, err error) {
	controlErr := p.raw.Control(func(fd uintptr) {
		var waiting bool
		waiting, err = p.waiting(int(fd))
		done = !waiting
		if revents(fd, 0) != 0 {
			err = drivers.ErrGone
		}
	})
	if controlErr != nil {
		return false, controlErr
	}
	return done, err
}

// Close gives what usblp has taken half of the time to leave.
func (p *drained) Close() error {
	if p.forgets && !p.isClosing() {
		var limit drivers.Deadline
		limit.Set(time.Now().Add(drivers.CloseTimeout / 2))
		_ = limit.Await(p.closing, p.isDrained) // what is left then is lost
		limit.Set(time.Time{})
	}
	return p.polled.Close()
}
