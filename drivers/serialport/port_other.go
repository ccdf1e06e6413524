//go:build windows || (!linux && cgo)

package serialport

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/tarm/serial"

	"mostrador/drivers"
)

var flows = []flow{flowNone}

const (
	// readTimeout is how long a Read of tarm's waits for bytes. Without one a
	// close would wait for the next byte.
	readTimeout = 500 * time.Millisecond
	// hangUpTime tells tarm's two meanings of io.EOF apart: a line that has
	// hung up says it at once, a silent one after readTimeout.
	hangUpTime = readTimeout / 10
	// chunk is what is handed to tarm at once.
	chunk = 64
)

// A port is one open line: tarm reads and writes in goroutines beside, so that
// deadlines hold.
type port struct {
	node    string
	tarm    *serial.Port
	reads   drivers.Deadline
	writes  drivers.Deadline
	once    sync.Once
	closing chan struct{} // closed when Close begins

	reading sync.Mutex
	pending bool       // a Read of tarm's is under way
	heard   chan heard // what it brings
	rest    []byte     // what nobody has asked for yet

	writing sync.Mutex
	out     drivers.BoundedWriter
}

// A heard is what one Read of tarm's brought.
type heard struct {
	data []byte
	err  error
}

func openLine(s settings) (drivers.Port, error) {
	tarm, err := serial.OpenPort(&serial.Config{
		Name: s.node, Baud: s.baud, ReadTimeout: readTimeout,
		Size: s.bits, Parity: serial.Parity(s.parity), StopBits: serial.StopBits(s.stop),
	})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", s.node, err)
	}
	p := &port{node: s.node, tarm: tarm, closing: make(chan struct{}), heard: make(chan heard, 1)}
	p.out = drivers.BoundedWriter{To: tarm, Deadline: &p.writes, Closing: p.closing}
	return p, nil
}

func (p *port) Read(b []byte) (int, error) {
	p.reading.Lock()
	defer p.reading.Unlock()
	for {
		switch {
		case p.isClosing():
			return 0, p.fault("read", os.ErrClosed)
		case p.reads.IsPast():
			return 0, p.fault("read", os.ErrDeadlineExceeded)
		case len(p.rest) > 0 || len(b) == 0:
			n := copy(b, p.rest)
			p.rest = p.rest[n:]
			return n, nil
		}
		if !p.pending {
			p.pending = true
			go p.listen()
		}
		select {
		case h := <-p.heard:
			p.pending, p.rest = false, h.data
			if h.err != nil {
				return 0, p.fault("read", h.err)
			}
		case <-p.closing:
		case <-p.reads.Passed():
		}
	}
}

// listen waits for bytes once.
func (p *port) listen() {
	began := time.Now()
	buf := make([]byte, 4096)
	n, err := p.tarm.Read(buf)
	if errors.Is(err, io.EOF) && time.Since(began) >= hangUpTime {
		err = nil
	}
	p.heard <- heard{buf[:n], err}
}

func (p *port) Write(b []byte) (written int, err error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	for {
		switch {
		case p.isClosing():
			return written, p.fault("write", os.ErrClosed)
		case p.writes.IsPast():
			return written, p.fault("write", os.ErrDeadlineExceeded)
		case written == len(b):
			return written, nil
		}
		n, err := p.out.Write(b[written:min(len(b), written+chunk)])
		written += n
		if err != nil {
			return written, p.fault("write", err)
		}
	}
}

func (p *port) SetReadDeadline(t time.Time) error {
	if p.isClosing() {
		return p.fault("set read deadline", os.ErrClosed)
	}
	p.reads.Set(t)
	return nil
}

func (p *port) SetWriteDeadline(t time.Time) error {
	if p.isClosing() {
		return p.fault("set write deadline", os.ErrClosed)
	}
	p.writes.Set(t)
	return nil
}

// Close closes the line beside the path, because tarm holds a close while it
// is stuck in a write.
func (p *port) Close() error {
	p.once.Do(func() {
		close(p.closing)
		p.reads.Set(time.Time{})
		p.writes.Set(time.Time{})
		released := make(chan struct{})
		go func() {
			defer close(released)
			p.tarm.Close()
		}()
		timer := time.NewTimer(drivers.CloseTimeout / 2)
		defer timer.Stop()
		select {
		case <-released:
		case <-timer.C:
		}
	})
	return nil
}

func (p *port) isClosing() bool {
	select {
	case <-p.closing:
		return true
	default:
		return false
	}
}

// fault says err in the words of the port contract.
func (p *port) fault(doing string, err error) error {
	return drivers.Fault(doing, p.node, p.closing, err)
}
