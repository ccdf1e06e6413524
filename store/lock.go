package store

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// retryLock is how often a lock is asked for.
const retryLock = 50 * time.Millisecond

var errHeld = errors.New("the lock is taken")

// lockBeside takes the lock file of a store, so that two processes never
// create, examine or set aside the same file at once. The lock file stays.
func lockBeside(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = lockFile(f, lockWait)
	switch {
	case errors.Is(err, errHeld):
		return nil, errors.Join(fmt.Errorf("%w: %s; stop it first", ErrLocked, path), f.Close())
	case err != nil:
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// lockFile waits for the lock of a file, but not longer than it is told.
func lockFile(f *os.File, wait time.Duration) error {
	for asked := time.Now(); ; time.Sleep(retryLock) {
		taken, err := tryLock(f)
		if taken || err != nil {
			return err
		}
		if time.Since(asked) > wait {
			return errHeld
		}
	}
}
