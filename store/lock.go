package store

import (
	"errors"
	"fmt"
	"io"
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

// In the lock file stands how the store was left: nothing while it is open, and
// when it was closed, the size and time of its file. If these still hold, nobody
// has touched the file since, and it needs no reading through. Whoever dies while
// opening it finds the lock file empty the next time.

func asClosed(lock *os.File, path string) bool {
	now, err := stateOf(path)
	if err != nil {
		return false
	}
	then := make([]byte, len(now)+1)
	n, err := lock.ReadAt(then, 0)
	return errors.Is(err, io.EOF) && string(then[:n]) == now
}

func markOpen(lock *os.File) error { return lock.Truncate(0) }

func markClosed(lock *os.File, path string) error {
	state, err := stateOf(path)
	if err != nil {
		return err
	}
	_, err = lock.WriteAt([]byte(state), 0)
	if isFull(err) {
		return nil // then it is read through
	}
	return err
}

func stateOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("closed %d %d", info.Size(), info.ModTime().UnixNano()), nil
}
