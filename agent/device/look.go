package device

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"mostrador/drivers"
	"mostrador/store"
)

// A bell tells watchers that something has changed.
type bell struct {
	mu    sync.Mutex
	heard map[chan struct{}]bool
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.heard {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (b *bell) listen() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.heard == nil {
		b.heard = map[chan struct{}]bool{}
	}
	b.heard[c] = true
	return c, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.heard, c)
	}
}

const (
	// lookFor is how long a device is still asked after the last look at it, so
	// that looking again and again does not begin anew each time.
	lookFor = 10 * time.Second
	// firstAnswer is how long a look waits for a device that was not asked before.
	firstAnswer = 2 * time.Second
)

// Watch returns a channel that holds a token when something of the devices may
// have changed since the last one was taken; while it is watched, devices that
// speak only when they are asked are asked. stop ends it.
func (d *Devices) Watch() (changed <-chan struct{}, stop func()) {
	changed, quit := d.bell.listen()
	for _, l := range d.lines {
		l.look()
	}
	return changed, sync.OnceFunc(func() {
		quit()
		for _, l := range d.lines {
			l.lookAway()
		}
	})
}

// Status is how one device is, a scale with its weight now: where it was not
// asked or moves, its answer is waited for, for two seconds. The error is
// store.ErrNotFound.
func (d *Devices) Status(ctx context.Context, name string) (Status, error) {
	l := d.line(name)
	if l == nil {
		return Status{}, fmt.Errorf("device %q: %w", name, store.ErrNotFound)
	}
	asked := l.look()
	defer l.lookAway()
	if !asked {
		return l.now(), nil
	}
	changed, stop := d.bell.listen()
	defer stop()
	timeout := time.NewTimer(firstAnswer)
	defer timeout.Stop()
	for {
		if s := l.now(); s.Weight != nil && s.Weight.State != unstable || s.State == Absent || s.State == Failing {
			return s, nil
		}
		select {
		case <-changed:
		case <-timeout.C:
			return l.now(), nil
		case <-ctx.Done():
			return l.now(), nil
		}
	}
}

// Same reports whether two statuses say the same; what was heard and when does
// not count, as every byte of a line would be news.
func (s Status) Same(o Status) bool {
	s.HeardAt, o.HeardAt = store.Moment{}, store.Moment{}
	return reflect.DeepEqual(s, o)
}

func (d *Devices) line(name string) *line {
	for _, l := range d.lines {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// look notes that somebody looks at the device, and says whether it is one that
// must be asked.
func (l *line) look() (asked bool) {
	device, asked := l.Device.(drivers.Asked)
	if !asked {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.looks++; l.looks == 1 {
		device.Want(true)
	}
	return true
}

// lookAway notes that somebody looks no more, in a while.
func (l *line) lookAway() {
	device, asked := l.Device.(drivers.Asked)
	if !asked {
		return
	}
	time.AfterFunc(lookFor, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.looks--; l.looks == 0 {
			device.Want(false)
			l.status.Weight = nil // old from now on
		}
	})
}
