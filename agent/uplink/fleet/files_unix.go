//go:build linux || darwin

package fleet

import (
	"fmt"
	"syscall"
)

// filesEach is how many files a terminal has open: its store's file and lock, and
// its connection.
const filesEach = 3

// filesBeside is for everything else.
const filesBeside = 200

// allowFiles has this process open as many files as so many terminals need; only
// root may go past the limit that was set for it.
func allowFiles(terminals int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("ask how many files may be open: %w", err)
	}
	need := filesBeside + filesEach*uint64(terminals)
	if limit.Cur >= need {
		return nil
	}
	more := syscall.Rlimit{Cur: need, Max: max(limit.Max, need)}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &more); err != nil {
		return fmt.Errorf("%d terminals need %d open files, %d may be: ulimit -n %d (%w)", terminals, need, limit.Cur, need, err)
	}
	return nil
}
