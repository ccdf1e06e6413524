package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// dataSync waits until what was written to a file is on disk.
func dataSync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
