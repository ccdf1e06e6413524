//go:build libusb

package usbport

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/gousb"

	"mostrador/drivers"
)

// A port is a printer's interface that has been claimed. What holds what is
// closed in reverse: interface, configuration, device, libusb.
type port struct {
	library  *library
	target   target
	settings setting
	device   *gousb.Device
	config   *gousb.Config
	face     *gousb.Interface
	in       *gousb.InEndpoint // nil of a printer that only listens
	out      *gousb.OutEndpoint

	reads, writes drivers.Deadline
	once          sync.Once
	closing       chan struct{} // closed when Close begins
	gone          atomic.Bool   // a transfer has failed

	// Each is held by who speaks that way; Close takes them all.
	reading, writing, asking sync.Mutex
	rest                     []byte // has come and was not yet read
}

const (
	// writeChunk and readChunk are how much one transfer carries: whole packets
	// at any speed of the bus, and of what is in doubt after an unplug little.
	writeChunk = 4096
	readChunk  = 1024
	// maxEmpty is for how long a printer is left alone that answers with empty
	// packets when it has nothing to say.
	maxEmpty = 100 * time.Millisecond
	// presence is how often a printer that only listens is looked for.
	presence = 2 * time.Second
)

func (p *port) Read(b []byte) (int, error) {
	p.reading.Lock()
	defer p.reading.Unlock()
	if len(b) == 0 {
		return 0, nil
	}
	for empty := time.Millisecond; ; empty = min(2*empty, maxEmpty) {
		if err := p.over(&p.reads); err != nil {
			return 0, p.fault("read", err)
		}
		if len(p.rest) > 0 {
			n := copy(b, p.rest)
			p.rest = p.rest[n:]
			return n, nil
		}
		if err := p.receive(empty); err != nil {
			return 0, p.fault("read", err)
		}
	}
}

// receive waits for bytes to come. An error that came with some is told by the
// next call.
func (p *port) receive(empty time.Duration) error {
	if p.in == nil {
		return p.awaitEnd()
	}
	chunk := make([]byte, readChunk)
	n, err := p.transfer(&p.reads, func(ctx context.Context) (int, error) { return p.in.ReadContext(ctx, chunk) })
	p.rest = chunk[:n]
	if n == 0 && err == nil {
		p.pause(empty, &p.reads)
	}
	if n > 0 {
		return nil
	}
	return err
}

// awaitEnd is reading where nothing can come but the printer's end.
func (p *port) awaitEnd() error {
	if _, err := p.PortStatus(); errors.Is(err, drivers.ErrGone) {
		return err
	}
	p.pause(presence, &p.reads)
	return nil
}

func (p *port) Write(b []byte) (written int, err error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	for {
		if err := p.over(&p.writes); err != nil {
			return written, p.fault("write", err)
		}
		if written == len(b) {
			return written, nil
		}
		chunk := b[written:min(len(b), written+writeChunk)]
		n, err := p.transfer(&p.writes, func(ctx context.Context) (int, error) { return p.out.WriteContext(ctx, chunk) })
		written += n
		if err != nil {
			return written, p.fault("write", err)
		}
	}
}

// Drain returns nil when no transfer is under way: the printer's interface has
// acknowledged each that has ended.
func (p *port) Drain() error {
	p.writing.Lock()
	defer p.writing.Unlock()
	err := p.over(&drivers.Deadline{})
	if err == nil && p.gone.Load() {
		err = drivers.ErrGone
	}
	return p.fault("drain", err)
}

// transfer makes one transfer, which a deadline or Close cuts off. What has
// passed before that is counted.
func (p *port) transfer(deadline *drivers.Deadline, do func(context.Context) (int, error)) (int, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-deadline.Passed():
		case <-p.closing:
		case <-stop:
		}
		cancel()
	})
	n, err := do(ctx)
	close(stop)
	watch.Wait()
	if err == nil {
		return n, nil
	}
	if errors.Is(err, gousb.TransferCancelled) {
		if cause := p.over(deadline); cause != nil {
			return n, cause
		}
	}
	p.gone.Store(true)
	return n, err
}

// over says why nothing more may be done: Close, or a deadline.
func (p *port) over(deadline *drivers.Deadline) error {
	select {
	case <-p.closing:
		return os.ErrClosed
	default:
	}
	if deadline.IsPast() {
		return os.ErrDeadlineExceeded
	}
	return nil
}

func (p *port) pause(d time.Duration, deadline *drivers.Deadline) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.closing:
	case <-deadline.Passed():
	}
}

func (p *port) SetReadDeadline(t time.Time) error  { return p.setDeadline(&p.reads, t) }
func (p *port) SetWriteDeadline(t time.Time) error { return p.setDeadline(&p.writes, t) }

func (p *port) setDeadline(deadline *drivers.Deadline, t time.Time) error {
	if err := p.over(&drivers.Deadline{}); err != nil {
		return p.fault("set deadline", err)
	}
	deadline.Set(t)
	return nil
}

// Close gives the interface back to the system's driver. That one asks the
// printer who it is, and a printer that hangs is not waited for: it is closed
// beside the path then.
func (p *port) Close() (err error) {
	p.once.Do(func() {
		close(p.closing)
		closed := make(chan error, 1)
		go func() { closed <- p.letGo() }()
		timer := time.NewTimer(drivers.CloseTimeout * 3 / 4)
		defer timer.Stop()
		select {
		case err = <-closed:
		case <-timer.C:
		}
		p.reads.Set(time.Time{})
		p.writes.Set(time.Time{})
	})
	return err
}

// letGo closes what has been opened, once nobody uses it any more.
func (p *port) letGo() error {
	p.reading.Lock()
	defer p.reading.Unlock()
	p.writing.Lock()
	defer p.writing.Unlock()
	p.asking.Lock()
	defer p.asking.Unlock()
	var faults []error
	if p.face != nil {
		p.face.Close()
	}
	if p.config != nil {
		faults = append(faults, p.config.Close())
	}
	if p.device != nil {
		faults = append(faults, p.device.Close())
	}
	return errors.Join(append(faults, p.library.release())...)
}

// fault says err in the words of the port contract.
func (p *port) fault(doing string, err error) error {
	return drivers.Fault(doing, p.target.String(), p.closing, err, errors.ErrUnsupported)
}
