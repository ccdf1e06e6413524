//go:build !windows

package serialport

import (
	"fmt"
	"net/url"

	"mostrador/drivers"
)

const example = "serial:///dev/ttyS0?baud=9600"

// nodeName returns the device node of a URL.
func nodeName(address *url.URL) (string, error) {
	switch {
	case address.Host != "":
		return "", fmt.Errorf("%s has two slashes where three belong: write serial:///dev/ttyS0", address.Redacted())
	case len(address.Path) < 2 || address.Path[0] != '/':
		return "", fmt.Errorf("%s names no device: write serial:///dev/ttyS0 or serial:///dev/serial/by-id/NAME", address.Redacted())
	}
	return address.Path, nil
}

func deniedError(err error) error {
	return fmt.Errorf("%w: %w: add this user to the group of the device, mostly dialout", drivers.ErrDenied, err)
}
