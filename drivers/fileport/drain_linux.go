package fileport

import (
	"golang.org/x/sys/unix"

	"mostrador/drivers"
)

// A drained port is one that Linux tells what is still waiting of.
type drained struct {
	*polled
	waiting func(fd int) (bool, error)
}

// withDrain adds Drain where it can be known.
func withDrain(p *polled) drivers.Port {
	var waiting func(int) (bool, error)
	err := p.raw.Control(func(fd uintptr) { waiting = waitingBytes(int(fd)) })
	if err != nil || waiting == nil {
		return p
	}
	return &drained{polled: p, waiting: waiting}
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
	// usblp: drivers/usb/class/usblp.c, major 180, minors 0 to 15. It is
	// writable when the printer has taken the transfer before.
	if unix.Major(uint64(stat.Rdev)) == 180 && unix.Minor(uint64(stat.Rdev)) < 16 {
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
func (p *drained) Drain() error {
	return p.fault("drain", p.writes.Await(p.closing, func() (done bool, err error) {
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
	}))
}
