package spoolport

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"mostrador/drivers"
)

const (
	// chunk is what is handed to the spooler at once.
	chunk = 4096
	// lookEvery is how often the queue is asked whether it is still there, while
	// nothing is printed.
	lookEvery = 2 * time.Second
	// document is the job's name in the queue's window.
	document = "Mostrador"
)

// A port is one queue. Its pump alone writes to it; a second handle asks, so
// that a write that waits holds up no question.
type port struct {
	name   string
	writer queue
	asker  queue

	reads, writes drivers.Deadline
	writing       sync.Mutex // held by Write and Drain
	orders        chan order
	once          sync.Once
	closing       chan struct{} // closed when Close begins
	stopped       chan struct{} // closed when the pump has ended

	mu      sync.Mutex
	pending int    // orders that the pump has not carried out
	job     uint32 // of the document that is not done, 0 for none
	failed  error  // why nothing can be written any more
}

// An order is what the pump is to do: write bytes, or end the document.
type order struct {
	data []byte
	end  bool
}

// openWith opens a queue by whoever knows how.
func openWith(ctx context.Context, name string, openQueue func(string) (queue, error)) (drivers.Port, error) {
	type result struct {
		port *port
		err  error
	}
	opened := make(chan result)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("open the queue %s: %w", name, ctx.Err())
	}
	go func() { // a server that is away holds this up
		p, err := newPort(name, openQueue)
		select {
		case opened <- result{p, err}:
		case <-ctx.Done():
			if err == nil {
				p.Close()
			}
		}
	}()
	select {
	case r := <-opened:
		if r.err != nil {
			return nil, fmt.Errorf("open the queue %s: %w", name, r.err)
		}
		return r.port, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("open the queue %s: %w", name, ctx.Err())
	}
}

func newPort(name string, openQueue func(string) (queue, error)) (*port, error) {
	writer, err := openQueue(name)
	if err != nil {
		return nil, err
	}
	asker, err := openQueue(name)
	if err != nil {
		return nil, errors.Join(err, writer.close())
	}
	p := &port{
		name: name, writer: writer, asker: asker, orders: make(chan order, 1),
		closing: make(chan struct{}), stopped: make(chan struct{}),
	}
	go p.pump()
	return p, nil
}

// pump carries out the orders, one after the other, until the port closes.
func (p *port) pump() {
	defer close(p.stopped)
	defer p.writer.close()
	for {
		select {
		case o := <-p.orders:
			p.done(p.carryOut(o))
		case <-p.closing:
			p.leave()
			return
		}
	}
}

// carryOut does what an order says. After a failure nothing is done any more.
func (p *port) carryOut(o order) error {
	p.mu.Lock()
	job, failed := p.job, p.failed
	p.mu.Unlock()
	switch {
	case failed != nil:
		return failed
	case o.end:
		if job == 0 {
			return nil
		}
		return p.writer.end()
	}
	if job == 0 {
		job, err := p.writer.start(document)
		if err != nil {
			return err
		}
		p.mu.Lock()
		p.job = job
		p.mu.Unlock()
	}
	for data := o.data; len(data) > 0; {
		n, err := p.writer.Write(data)
		if err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// done notes that an order was carried out, or why it was not.
func (p *port) done(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending--
	if p.failed == nil {
		p.failed = err
	}
}

// leave takes a job that is not done out of the queue.
func (p *port) leave() {
	p.mu.Lock()
	job := p.job
	p.mu.Unlock()
	if job == 0 {
		return
	}
	// What was written and not ended yet is ended, and goes out if it can.
	p.writer.end()
	grace := drivers.Deadline{}
	grace.Set(time.Now().Add(drivers.CloseTimeout / 4))
	if err := grace.Await(nil, func() (bool, error) { return p.jobDone(job) }); err != nil {
		p.asker.remove(job)
	}
	grace.Set(time.Time{})
}

// jobDone says whether the spooler is done with a job, and how.
func (p *port) jobDone(job uint32) (bool, error) {
	status, found, err := p.asker.job(job)
	switch {
	case err != nil:
		return false, fmt.Errorf("%w: %w", drivers.ErrGone, err)
	case found && status&(jobDeleting|jobDeleted) != 0:
		return false, fmt.Errorf("%w: somebody has deleted the job in the queue's window", drivers.ErrGone)
	case !found, status&(jobPrinted|jobComplete) != 0 && status&jobError == 0:
		return true, nil
	}
	return false, nil
}

// Read waits: a queue brings nothing back. It ends when the queue does.
func (p *port) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-p.closing:
			return 0, p.fault("read", os.ErrClosed)
		case <-p.reads.Passed():
			return 0, p.fault("read", os.ErrDeadlineExceeded)
		case <-look.C:
			if _, err := p.asker.status(); err != nil {
				return 0, p.fault("read", err)
			}
		}
	}
}

func (p *port) Write(b []byte) (written int, err error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	for {
		if err := p.hindrance(); err != nil {
			return written, p.fault("write", err)
		}
		if written == len(b) {
			return written, nil
		}
		part := b[written:min(len(b), written+chunk)]
		if err := p.give(order{data: append([]byte(nil), part...)}); err != nil {
			return written, p.fault("write", err)
		}
		written += len(part)
	}
}

// hindrance is why nothing can be written.
func (p *port) hindrance() error {
	select {
	case <-p.closing:
		return os.ErrClosed
	default:
	}
	if p.writes.IsPast() {
		return os.ErrDeadlineExceeded
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// give hands an order to the pump. What it has taken it carries out, also past
// the deadline.
func (p *port) give(o order) error {
	p.mu.Lock()
	p.pending++
	p.mu.Unlock()
	err := p.offer(o)
	if err != nil {
		p.mu.Lock()
		p.pending--
		p.mu.Unlock()
	}
	return err
}

func (p *port) offer(o order) error {
	look := time.NewTicker(lookEvery / 10)
	defer look.Stop()
	for {
		select {
		case p.orders <- o:
			return nil
		case <-p.closing:
			return os.ErrClosed
		case <-p.writes.Passed():
			return os.ErrDeadlineExceeded
		case <-look.C: // a queue that went lets go of no write
			if _, err := p.asker.status(); err != nil {
				return err
			}
		}
	}
}

// Drain ends the document and waits until the spooler is done with its job.
func (p *port) Drain() error {
	p.writing.Lock()
	defer p.writing.Unlock()
	if err := p.hindrance(); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return p.fault("drain", err)
	}
	if err := p.give(order{end: true}); err != nil {
		return p.fault("drain", err)
	}
	err := p.writes.Await(p.closing, func() (bool, error) {
		p.mu.Lock()
		pending, job, failed := p.pending, p.job, p.failed
		p.mu.Unlock()
		if failed != nil || job == 0 && pending == 0 {
			return failed == nil, failed
		}
		if pending > 0 {
			_, err := p.asker.status()
			return false, err
		}
		return p.jobDone(job)
	})
	if err == nil {
		p.mu.Lock()
		p.job = 0
		p.mu.Unlock()
	}
	return p.fault("drain", err)
}

// PortStatus tells how the queue says that its printer is. Most say nothing
// until something was sent to them.
func (p *port) PortStatus() (byte, error) {
	status, err := p.asker.status()
	if err != nil {
		return 0, p.fault("ask", err)
	}
	return status.wires(), nil
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

// Close lets the pump end, beside the path where the spooler holds it up.
func (p *port) Close() error {
	p.once.Do(func() {
		close(p.closing)
		p.reads.Set(time.Time{})
		p.writes.Set(time.Time{})
		timer := time.NewTimer(drivers.CloseTimeout / 2)
		defer timer.Stop()
		select {
		case <-p.stopped:
			p.asker.close()
			return
		case <-timer.C:
		}
		p.mu.Lock()
		job := p.job
		p.mu.Unlock()
		if job != 0 {
			p.asker.remove(job) // which lets go of the write, too
		}
		p.asker.close()
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
	return drivers.Fault(doing, "the queue "+p.name, p.closing, err)
}

var (
	_ drivers.Drainer  = (*port)(nil)
	_ drivers.Statuser = (*port)(nil)
)
