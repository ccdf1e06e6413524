package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"mostrador/store"
)

// writeNewFile makes a file that is not there yet, its owner's alone, durably and
// as a whole or not at all.
func writeNewFile(name string, write func(io.Writer) error) error {
	if _, err := os.Lstat(name); err == nil {
		return fmt.Errorf("%s is there already: name a new file", name)
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	w := bufio.NewWriter(f)
	err = write(w)
	err = errors.Join(err, w.Flush(), f.Sync(), f.Close())
	if err == nil {
		err = renameNew(f.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(f.Name()))
	}
	return store.SyncFolder(filepath.Dir(name))
}

// renameNew is a rename that never takes the place of what has come meanwhile.
// No link does it: sticks that files are carried away on have none.
func renameNew(from, to string) error {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Close(), os.Rename(from, to)); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}
