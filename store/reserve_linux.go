package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate has the first size bytes of a file occupy space, holes included.
func allocate(f *os.File, size int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return fill(f, size)
	}
	return err
}
