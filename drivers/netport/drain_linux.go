package netport

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"mostrador/drivers"
)

// How Drain waits: the system does not tell when the last byte has been
// acknowledged, so it is asked again and again, less and less often.
const (
	minDrainPause = time.Millisecond
	maxDrainPause = 50 * time.Millisecond
)

// tcpClose is TCP_CLOSE of linux/include/net/tcp_states.h: the state of a
// connection that was reset or given up.
const tcpClose = 7

// Drain returns nil when the peer has acknowledged every byte. That a printer
// has acknowledged them does not mean that it has printed them.
func (p *port) Drain() error {
	for pause := minDrainPause; ; pause = min(2*pause, maxDrainPause) {
		unacknowledged, err := p.unacknowledged()
		if err != nil {
			return p.fault("drain", err)
		}
		if unacknowledged == 0 {
			return nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-p.closing:
			timer.Stop()
			return p.fault("drain", os.ErrClosed)
		case <-p.writing.Passed():
			timer.Stop()
			return fmt.Errorf("drain %s: %d bytes are not acknowledged: %w", p.target, unacknowledged, os.ErrDeadlineExceeded)
		}
	}
}

// unacknowledged counts the bytes that the peer has not confirmed. It asks for
// the connection's state after that, because a connection that was reset
// counts nothing either.
func (p *port) unacknowledged() (n int, err error) {
	controlErr := p.raw.Control(func(fd uintptr) {
		if n, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err != nil {
			return
		}
		var info *unix.TCPInfo
		if info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err != nil {
			return
		}
		if info.State == tcpClose {
			err = drivers.ErrGone
		}
	})
	if controlErr != nil {
		return 0, controlErr
	}
	return n, err
}
