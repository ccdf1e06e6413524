//go:build !linux

package store

import "os"

// allocate has the first size bytes of a file occupy space.
func allocate(f *os.File, size int64) error { return fill(f, size) }
