//go:build !linux

package store

import "os"

// dataSync waits until what was written to a file is on disk.
func dataSync(f *os.File) error { return f.Sync() }
