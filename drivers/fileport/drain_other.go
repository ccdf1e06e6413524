//go:build unix && !linux

package fileport

import "mostrador/drivers"

// withDrain adds Drain where it can be known: nowhere here.
func withDrain(p *polled) drivers.Port { return p }
