//go:build !windows

package pairing

import (
	"errors"
	"os"
	"syscall"
)

// giveTo makes a file the folder's owner's, where whoever runs this may.
func giveTo(f *os.File, folder string, _ bool) error {
	info, err := os.Stat(folder)
	if err != nil || os.Geteuid() != 0 {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return f.Chown(int(owner.Uid), int(owner.Gid))
}

// syncFolder has a rename in a folder reach the disk.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
