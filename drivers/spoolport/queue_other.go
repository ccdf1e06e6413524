//go:build !windows

package spoolport

import (
	"fmt"

	"mostrador/drivers"
)

// openQueue says what to do instead.
func openQueue(string) (queue, error) {
	return nil, fmt.Errorf("%w: only Windows has such queues: name the printer itself, by usb://, file:///dev/usb/lp0, serial:// or tcp://", drivers.ErrAbsent)
}

// List finds nothing: this system has no such queues.
func List(string) ([]drivers.Found, error) { return nil, nil }
