//go:build !linux

package drivers

// Holders are who has which devices open: nobody tells on this system.
type Holders struct{}

// FindHolders looks who has devices open.
func FindHolders() (Holders, error) { return Holders{}, nil }

// Of returns who has the node open.
func (Holders) Of(string) []Holder { return nil }

// BusyError is ErrBusy: this system does not tell who holds a device.
func BusyError(string) error { return ErrBusy }
