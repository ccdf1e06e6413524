//go:build !windows

package config

import (
	"errors"
	"os"
	"syscall"
)

// keepOwner gives a file the owner of another, where whoever runs this may.
func keepOwner(f *os.File, like os.FileInfo) error {
	owner, ok := like.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
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
