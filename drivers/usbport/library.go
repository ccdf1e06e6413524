//go:build libusb

package usbport

import (
	"fmt"
	"sync"

	"github.com/google/gousb"
)

// A library is libusb as the ports share it: it runs while one of them is open.
// Its events are one goroutine, which wakes ten times a second (gousb).
type library struct {
	mu      sync.Mutex
	context *gousb.Context
	users   int
}

// acquire starts libusb for its first user; each calls release once.
func (l *library) acquire() (*gousb.Context, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.context == nil {
		var err error
		if l.context, err = start(); err != nil {
			return nil, err
		}
	}
	l.users++
	return l.context, nil
}

// release ends libusb with its last user, who has closed what it opened.
func (l *library) release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users--; l.users > 0 {
		return nil
	}
	err := l.context.Close()
	if err == nil {
		l.context = nil
	}
	return err
}

// start starts libusb. gousb panics where that fails.
func start() (context *gousb.Context, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("libusb does not start: %v", cause)
		}
	}()
	return gousb.NewContext(), nil
}
