//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"mostrador/drivers/drivertest"
)

// A testRegister is a cash register on a serial line. As the protocol with
// acknowledgements has it, it repeats a record until the terminal has said
// that it is safe.
type testRegister struct {
	line *drivertest.PTY
	acks chan struct{}

	receipt int
	mu      sync.Mutex
	sold    []string // all of whose records were acknowledged
	stop    context.CancelFunc
	selling sync.WaitGroup
}

func newTestRegister(t *testing.T, line *drivertest.PTY) *testRegister {
	r := &testRegister{line: line, acks: make(chan struct{}, 1)}
	var hearing sync.WaitGroup
	hearing.Go(r.hear)
	t.Cleanup(func() {
		line.Unplug() // ends also a sale that nobody acknowledges
		r.stopSelling()
		hearing.Wait()
	})
	return r
}

func (r *testRegister) hear() {
	buf := make([]byte, 16)
	for {
		n, err := r.line.Read(buf)
		if bytes.IndexByte(buf[:n], ackByte) >= 0 {
			select {
			case r.acks <- struct{}{}:
			default:
			}
		}
		if err != nil {
			return
		}
	}
}

// sell rings up n sales and returns their receipt numbers. Some garbage comes
// before each, as a line has it when a machine is switched on.
func (r *testRegister) sell(t *testing.T, n int) []string {
	t.Helper()
	for range n {
		if err := r.ring(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return r.rung()
}

// keepSelling rings up sales until stopSelling.
func (r *testRegister) keepSelling(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	r.selling.Go(func() {
		for r.ring(ctx) == nil {
			select {
			case <-time.After(200 * time.Millisecond): // customers are slower than machines
			case <-ctx.Done():
			}
		}
	})
}

// stopSelling lets the sale under way come to its end and returns the receipt
// numbers of all.
func (r *testRegister) stopSelling() []string {
	if r.stop != nil {
		r.stop()
		r.selling.Wait()
	}
	return r.rung()
}

// ring rings up one sale; ctx ends it only between sales.
func (r *testRegister) ring(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.receipt++
	if _, err := io.WriteString(r.line, "\x00\xff garbage ### \r\n"); err != nil {
		return err
	}
	for _, record := range demoSale(r.receipt, time.Now()) {
		if err := r.say(record); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sold = append(r.sold, fmt.Sprintf("%06d", r.receipt))
	return nil
}

// rung are the receipt numbers so far.
func (r *testRegister) rung() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.sold)
}

// say gives a record until it is acknowledged. What the terminal has not read when
// it is repeated is lost, as it is on a line that no port has open; else each of the
// copies would be acknowledged, and the next record taken for acknowledged.
func (r *testRegister) say(record string) error {
	for tries := 0; tries < 150; tries++ {
		if tries > 0 {
			if err := r.line.DropUnread(); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(r.line, record+"\r\n"); err != nil {
			return err
		}
		select {
		case <-r.acks:
			if tries > 0 {
				r.quiet()
			}
			return nil
		case <-time.After(repeatFor): // as a register does
		}
	}
	return fmt.Errorf("nobody acknowledged the record %q", record)
}

// quiet waits until no acknowledgement of a copy comes any more.
func (r *testRegister) quiet() {
	for {
		select {
		case <-r.acks:
		case <-time.After(repeatFor):
			return
		}
	}
}
