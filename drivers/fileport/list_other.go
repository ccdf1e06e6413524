//go:build !linux

package fileport

import "mostrador/drivers"

// List finds nothing: this system shows no printers as files.
func List(string) ([]drivers.Found, error) { return nil, nil }
