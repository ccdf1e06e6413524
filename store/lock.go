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

// In the lock file stands how the store was left: nothing while it is being
// opened; the boot of the machine while it is open; and when it was closed, the
// size and time of its file. If these still hold, nobody has touched the file
// since. If the boot is still the same, the process has died and not the machine:
// every page that it wrote is there, in the order in which it was written. Either
// way the file needs no reading through. Whoever dies while opening it, by a page
// that makes no sense, finds the lock file empty the next time.

// isTrusted says whether a file need not be read through.
func isTrusted(lock *os.File, path, boot string) bool {
	closed, err := stateOf(path)
	if err != nil {
		return false
	}
	b := make([]byte, 256)
	n, err := lock.ReadAt(b, 0)
	left := string(b[:n])
	return errors.Is(err, io.EOF) && (left == closed || left == leftOpen(boot))
}

func leftOpen(boot string) string { return "open " + boot }

// markOpening notes that a file is being opened.
func markOpening(lock *os.File) error { return lock.Truncate(0) }

// markOpen notes that a file has been opened well.
func markOpen(lock *os.File, boot string) error { return mark(lock, leftOpen(boot)) }

func markClosed(lock *os.File, path string) error {
	state, err := stateOf(path)
	if err != nil {
		return err
	}
	return mark(lock, state)
}

func mark(lock *os.File, text string) error {
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err := lock.WriteAt([]byte(text), 0)
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
