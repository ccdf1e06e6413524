package serialport

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/tarm/serial"
	"golang.org/x/sys/unix"

	"mostrador/drivers"
)

const (
	// chunk is what is handed to tarm at once. A line that says that it is
	// writable has room for more, so tarm does not wait; and what is in doubt
	// after a stall is little.
	chunk = 64
	// dsrChunk and dsrQueue bound what still leaves after DSR has gone off.
	dsrChunk = 32 // bytes handed over at once
	dsrQueue = 32 // bytes that may wait in the system's queue then
	// closeGrace is for how long Close lets the line send what is left.
	closeGrace = drivers.CloseTimeout / 4
)

// A port is one open line.
type port struct {
	settings settings
	tarm     *serial.Port
	marks    marker
	counted  icount   // by the driver, when the line was opened
	counts   bool     // the driver does
	control  *os.File // the second descriptor, not blocking
	raw      syscall.RawConn

	writes   drivers.Deadline // the write deadline of what cannot be polled
	writing  sync.Mutex
	out      drivers.BoundedWriter
	once     sync.Once
	closing  chan struct{} // closed when Close begins
	released chan struct{} // closed when tarm's descriptor is
}

func newPort(s settings, tarm *serial.Port, control *os.File, raw syscall.RawConn) *port {
	p := &port{settings: s, tarm: tarm, control: control, raw: raw,
		closing: make(chan struct{}), released: make(chan struct{})}
	p.ask(func(fd int) error {
		var err error
		p.counted, err = countOf(fd)
		p.counts = err == nil
		return err
	})
	p.out = drivers.BoundedWriter{To: tarm, Deadline: &p.writes, Closing: p.closing}
	return p
}

func (p *port) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	waitErr := p.raw.Read(func(fd uintptr) bool {
		events := poll(fd, unix.POLLIN)
		for came := 1; n == 0 && came > 0 && err == nil && events&unix.POLLIN != 0; events = poll(fd, unix.POLLIN) {
			came, err = p.tarm.Read(b)
			if errors.Is(err, io.EOF) { // how tarm says that nothing came
				err = nil
			}
			n = p.marks.read(b[:came]) // a mark alone is nothing yet
		}
		if n == 0 && err == nil && hungUp(events) {
			err = drivers.ErrGone
		}
		return n > 0 || err != nil
	})
	if waitErr != nil {
		err = waitErr
	}
	return n, p.fault("read", err)
}

func (p *port) Write(b []byte) (written int, err error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	size := chunk
	if p.settings.flow == flowDTRDSR {
		size = dsrChunk
	}
	for {
		if err := p.awaitRoom(); err != nil {
			return written, p.fault("write", err)
		}
		if written == len(b) {
			return written, nil
		}
		n, err := p.out.Write(b[written:min(len(b), written+size)])
		written += n
		if err != nil {
			return written, p.fault("write", err)
		}
	}
}

// awaitRoom waits until the line takes bytes.
func (p *port) awaitRoom() (err error) {
	waitErr := p.raw.Write(func(fd uintptr) bool {
		events := poll(fd, unix.POLLOUT)
		if hungUp(events) {
			err = drivers.ErrGone
		}
		return events != 0
	})
	if err := errors.Join(waitErr, err); err != nil {
		return err
	}
	if p.settings.flow == flowDTRDSR {
		return p.awaitDSR()
	}
	return nil
}

// awaitDSR waits until the device is ready and the queue short. The system
// does not tell of either, so it is asked as often as half the queue takes to
// leave.
func (p *port) awaitDSR() error {
	every := time.Second * dsrQueue / 2 * 10 / time.Duration(p.settings.baud) // ten bits a character
	busy := false
	err := p.writes.AwaitWithin(max(every, time.Millisecond), p.closing, func() (ready bool, err error) {
		err = p.ask(func(fd int) error {
			lines, err := unix.IoctlGetInt(fd, unix.TIOCMGET)
			if err != nil {
				return err
			}
			queued, err := unix.IoctlGetInt(fd, unix.TIOCOUTQ)
			busy = lines&unix.TIOCM_DSR == 0
			ready = !busy && queued <= dsrQueue
			return err
		})
		return ready, err
	})
	if busy && errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%w: DSR is off: the device is busy or switched off, or the cable lacks the wire", err)
	}
	return err
}

// Drain returns nil when the line has sent everything. It asks when the rest
// should have left, so that a slow line does not stand idle for long. A
// pseudo-terminal has no queue of its own, so nothing is ever left there.
func (p *port) Drain() error {
	return p.fault("drain", p.writes.AwaitLeft(p.closing, func() (left time.Duration, err error) {
		err = p.ask(func(fd int) error {
			if hungUp(poll(uintptr(fd), 0)) {
				return drivers.ErrGone
			}
			n, err := unsent(fd)
			left = time.Duration(n) * 10 * time.Second / time.Duration(p.settings.baud) // ten bits a character
			return err
		})
		return left, err
	}))
}

// LineErrors tells what went wrong on the wire: what the driver has counted
// (TIOCGICOUNT), and where it does not count, what it has marked.
func (p *port) LineErrors() drivers.LineErrors {
	wrong := p.marks.errors()
	if !p.counts {
		return wrong
	}
	p.ask(func(fd int) error {
		now, err := countOf(fd)
		if err == nil {
			wrong.Framing, wrong.Parity = now.since(p.counted.frame, now.frame), now.since(p.counted.parity, now.parity)
			wrong.Breaks = now.since(p.counted.breaks, now.breaks)
			wrong.Overruns = now.since(p.counted.overrun, now.overrun) + now.since(p.counted.bufferOverrun, now.bufferOverrun)
		}
		return err
	})
	return wrong
}

// ask runs f on the second descriptor.
func (p *port) ask(f func(fd int) error) (err error) {
	if controlErr := p.raw.Control(func(fd uintptr) { err = f(int(fd)) }); controlErr != nil {
		return controlErr
	}
	return err
}

func (p *port) SetReadDeadline(t time.Time) error {
	return p.fault("set read deadline", p.control.SetReadDeadline(t))
}

func (p *port) SetWriteDeadline(t time.Time) error {
	err := p.control.SetWriteDeadline(t)
	if err == nil {
		p.writes.Set(t)
	}
	return p.fault("set write deadline", err)
}

// Close gives the line a moment to send what is left and throws the rest away:
// otherwise the system would hold the close of a line that is stopped for half
// a minute.
func (p *port) Close() error {
	p.once.Do(func() {
		var grace drivers.Deadline
		grace.Set(time.Now().Add(closeGrace))
		close(p.closing)
		grace.Await(nil, func() (empty bool, err error) {
			err = p.ask(func(fd int) error { empty, err = sent(fd); return err })
			return empty, err
		})
		grace.Set(time.Time{})
		p.writes.Set(time.Time{})
		p.ask(func(fd int) error {
			if empty, _ := sent(fd); !empty || p.out.Stalled() {
				unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCOFLUSH)
				unix.IoctlSetInt(fd, unix.TCXONC, unix.TCOON)
			}
			return unix.IoctlSetInt(fd, unix.TIOCNXCL, 0)
		})
		p.control.Close()
		go func() { // beside the path: what tarm is stuck in ends with the line
			defer close(p.released)
			p.tarm.Close()
		}()
		timer := time.NewTimer(drivers.CloseTimeout / 2)
		defer timer.Stop()
		select {
		case <-p.released:
		case <-timer.C:
		}
	})
	return nil
}

// fault says err in the words of the port contract.
func (p *port) fault(doing string, err error) error {
	return drivers.Fault(doing, p.settings.node, p.closing, err)
}

// poll asks without waiting which of events are there; hang-up and error the
// system tells unasked.
func poll(fd uintptr, events int16) int16 {
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	if n, err := unix.Poll(fds, 0); err != nil || n == 0 {
		return 0
	}
	return fds[0].Revents
}

// hungUp says whether the line is not there any more.
func hungUp(events int16) bool {
	return events&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0
}

// sent says whether everything has left.
func sent(fd int) (bool, error) {
	n, err := unsent(fd)
	return n == 0, err
}

// unsent is how many characters have not left: those in the system's queue, and
// the one in the transmitter, where the driver tells.
func unsent(fd int) (int, error) {
	queued, err := unix.IoctlGetInt(fd, unix.TIOCOUTQ)
	if err != nil || queued > 0 {
		return queued, err
	}
	const empty = 1 // TIOCSER_TEMT
	if state, err := unix.IoctlGetInt(fd, unix.TIOCSERGETLSR); err == nil && state&empty == 0 {
		return 1, nil
	}
	return 0, nil
}
