//go:build unix

package store

import (
	"errors"
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock takes the lock that bbolt takes, too.
func tryLock(f *os.File) (taken bool, err error) {
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// renamesOpenFiles: a file that is open can be renamed.
const renamesOpenFiles = true

// journals: a file can be mapped larger than it is, as the journal needs it.
const journals = math.MaxInt > math.MaxInt32

// mapFile shows size bytes of a file.
func mapFile(f *os.File, size int) (data []byte, unmap func() error, err error) {
	data, err = unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	return data, func() error { return unix.Munmap(data) }, err
}

// SyncFolder has a rename in a folder reach the disk.
func SyncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// diskFull are the errors of a disk without space, a used-up quota and a
// process's own bound on files.
func diskFull() []error { return []error{unix.ENOSPC, unix.EDQUOT, unix.EFBIG} }

// roomFor is an error when the disk of a file has fewer bytes left.
func roomFor(path string, size int64) error {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return err
	}
	if left := int64(st.Bavail) * int64(st.Bsize); left < size {
		return fmt.Errorf("the disk has %d bytes left, which is too little", left)
	}
	return nil
}
