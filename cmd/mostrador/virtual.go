package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"

	"mostrador/drivers"
	"mostrador/printer/virtual"
)

// virtualPorts reaches printers that are not there: virtual://NAME. Each keeps
// what is on its paper from one connection to the next, as a real one does.
type virtualPorts struct {
	printers map[string]*virtual.Printer

	mu      sync.Mutex
	closed  bool
	serving sync.WaitGroup
	ends    []net.Conn
}

func newVirtualPorts(printers map[string]*virtual.Printer) *virtualPorts {
	return &virtualPorts{printers: printers}
}

// scheme is how the agent reaches the printers.
func (v *virtualPorts) scheme() drivers.Scheme {
	return drivers.Scheme{Name: "virtual", Example: "virtual://cocina", Check: v.check, Open: v.open}
}

func (v *virtualPorts) check(u *url.URL) error {
	if v.printers[u.Host] == nil {
		return fmt.Errorf("there is no virtual printer %q", u.Host)
	}
	return nil
}

// open connects to a printer. A net.Pipe has the deadlines that a port needs.
func (v *virtualPorts) open(_ context.Context, u *url.URL) (drivers.Port, error) {
	if err := v.check(u); err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrAbsent, err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil, drivers.ErrAbsent
	}
	near, far := net.Pipe()
	v.ends = append(v.ends, far)
	v.serving.Go(func() {
		defer far.Close()
		// The daemon's side hears of it when its line ends.
		_ = v.printers[u.Host].ServeConn(context.Background(), far)
	})
	return near, nil
}

// close ends all connections and waits for the printers.
func (v *virtualPorts) close() {
	v.mu.Lock()
	v.closed = true
	for _, end := range v.ends {
		end.Close()
	}
	v.mu.Unlock()
	v.serving.Wait()
}
