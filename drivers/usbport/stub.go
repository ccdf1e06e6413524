//go:build !libusb

package usbport

import (
	"context"
	"fmt"
	"net/url"

	"mostrador/drivers"
)

// opener says what to do instead.
func opener() func(context.Context, *url.URL) (drivers.Port, error) {
	return func(ctx context.Context, address *url.URL) (drivers.Port, error) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("open %s: %w", address.Redacted(), err)
		}
		return nil, fmt.Errorf("%w: this build has no libusb: build with -tags libusb, or use the system's own driver: port = \"file:///dev/usb/lp0\"", drivers.ErrAbsent)
	}
}
