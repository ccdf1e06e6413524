//go:build !windows

package config

import (
	"errors"
	"os"
)

// syncFolder has a rename in a folder reach the disk.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
