package serialport

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
	"unsafe"

	"github.com/tarm/serial"
	"golang.org/x/sys/unix"

	"mostrador/drivers"
)

var flows = []flow{flowNone, flowRTSCTS, flowDTRDSR, flowXONXOFF}

// readTimeout keeps a Read of tarm's from waiting for ever should another
// program take the bytes that were there; the shortest that tarm has.
const readTimeout = 100 * time.Millisecond

// openLine opens the node twice: first for waiting, locking and flow control,
// so that a line that another program holds is not touched; then by tarm.
func openLine(s settings) (drivers.Port, error) {
	fd, err := unix.Open(s.node, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, openFault(s.node, err)
	}
	control := os.NewFile(uintptr(fd), s.node)
	port, err := openTwice(s, control, fd)
	if err != nil {
		return nil, errors.Join(err, control.Close())
	}
	return port, nil
}

func openTwice(s settings, control *os.File, fd int) (*port, error) {
	if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil {
		return nil, &fs.PathError{Op: "open", Path: s.node, Err: err}
	}
	// TIOCEXCL does not stop root; the lock stops every program that locks.
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return nil, fmt.Errorf("open %s: %w", s.node, drivers.BusyError(s.node))
	} else if err != nil {
		return nil, &fs.PathError{Op: "lock", Path: s.node, Err: err}
	}
	tarm, err := serial.OpenPort(&serial.Config{
		Name: s.node, Baud: s.baud, ReadTimeout: readTimeout,
		Size: s.bits, Parity: serial.Parity(s.parity), StopBits: serial.StopBits(s.stop),
	})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", s.node, err)
	}
	if err := setLine(fd, s); err != nil {
		return nil, errors.Join(err, tarm.Close())
	}
	raw, err := control.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, tarm.Close())
	}
	if err := unix.IoctlSetInt(fd, unix.TIOCEXCL, 0); err != nil {
		return nil, errors.Join(&fs.PathError{Op: "take for us alone", Path: s.node, Err: err}, tarm.Close())
	}
	return newPort(s, tarm, control, raw), nil
}

// openFault names who holds a line that is exclusive to somebody else.
func openFault(node string, err error) error {
	if errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("open %s: %w", node, drivers.BusyError(node))
	}
	return &fs.PathError{Op: "open", Path: node, Err: err}
}

// setLine sets on top of what tarm has set; a setting belongs to the line, not
// to the descriptor. What is received wrongly is marked (see marker); tarm would
// have it left out.
func setLine(fd int, s settings) error {
	termios, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return &fs.PathError{Op: "read the settings of", Path: s.node, Err: err}
	}
	termios.Iflag &^= unix.IGNPAR | unix.IGNBRK | unix.BRKINT
	termios.Iflag |= unix.INPCK | unix.PARMRK
	switch s.flow {
	case flowRTSCTS:
		termios.Cflag |= unix.CRTSCTS
	case flowXONXOFF:
		termios.Iflag |= unix.IXON | unix.IXOFF
		termios.Cc[unix.VSTART], termios.Cc[unix.VSTOP] = 0x11, 0x13
	case flowDTRDSR:
		if _, err := unix.IoctlGetInt(fd, unix.TIOCMGET); err != nil {
			return fmt.Errorf("%w: flow=dtrdsr: %s has no DSR wire (%w): use none, rtscts or xonxoff", drivers.ErrAbsent, s.node, err)
		}
	}
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, termios); err != nil {
		return &fs.PathError{Op: "set", Path: s.node, Err: err}
	}
	return nil
}

// icount is serial_icounter_struct of linux/serial.h: what the driver of a line
// has counted since it was loaded.
type icount struct {
	cts, dsr, rng, dcd, rx, tx int32
	frame, overrun, parity     int32
	breaks, bufferOverrun      int32
	_                          [9]int32
}

// countOf asks the driver; an error means that it does not count.
func countOf(fd int) (c icount, err error) {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCGICOUNT, uintptr(unsafe.Pointer(&c))); errno != 0 {
		return c, errno
	}
	return c, nil
}

// since is how much a counter has grown; it starts over at its end.
func (icount) since(was, is int32) int64 { return int64(uint32(is) - uint32(was)) }
