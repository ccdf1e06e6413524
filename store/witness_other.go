//go:build unix && !linux

package store

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// fileMark tells a file from a copy of it: its number.
func fileMark(f *os.File) (string, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return "", fmt.Errorf("look at %s: %w", f.Name(), err)
	}
	return fmt.Sprint(st.Ino), nil
}
