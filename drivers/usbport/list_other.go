//go:build !linux && !libusb

package usbport

import (
	"errors"
	"fmt"
)

// List returns the USB printers that are plugged in: here nobody tells.
func List() ([]Printer, error) {
	return nil, fmt.Errorf("list the USB printers: %w on this system", errors.ErrUnsupported)
}
