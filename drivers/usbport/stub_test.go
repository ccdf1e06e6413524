//go:build !libusb

package usbport

import (
	"errors"
	"strings"
	"testing"

	"mostrador/drivers"
)

// A build without libusb says what to do.
func TestWithoutLibusb(t *testing.T) {
	address, err := drivers.ParseAddress("usb://04b8:0e15")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Scheme().Open(t.Context(), address)
	if !errors.Is(err, drivers.ErrAbsent) || !strings.Contains(err.Error(), "-tags libusb") || !strings.Contains(err.Error(), "file:///dev/usb/lp0") {
		t.Errorf("got %v", err)
	}
}
