package netport

import (
	"golang.org/x/sys/unix"

	"mostrador/drivers"
)

// tcpClose is TCP_CLOSE of linux/include/net/tcp_states.h: the state of a
// connection that was reset or given up.
const tcpClose = 7

// Drain returns nil when the peer has acknowledged every byte. That a printer
// has acknowledged them does not mean that it has printed them.
func (p *port) Drain() error {
	return p.fault("drain", p.writing.Await(p.closing, func() (bool, error) {
		unacknowledged, err := p.unacknowledged()
		return unacknowledged == 0, err
	}))
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
