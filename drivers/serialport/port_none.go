//go:build !linux && !windows && !cgo

package serialport

import (
	"fmt"

	"mostrador/drivers"
)

var flows = []flow{flowNone}

// openLine has nothing to open with: tarm needs cgo on this system.
func openLine(s settings) (drivers.Port, error) {
	return nil, fmt.Errorf("open %s: %w: this build has no serial ports; build it with cgo", s.node, drivers.ErrAbsent)
}
