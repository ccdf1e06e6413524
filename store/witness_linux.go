package store

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// fileMark tells a file from a copy of it: its number and, where the file system
// knows it, the time of its birth (statx(2)).
func fileMark(f *os.File) (string, error) {
	var st unix.Statx_t
	err := unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_INO|unix.STATX_BTIME, &st)
	if err != nil {
		return "", fmt.Errorf("statx %s: %w", f.Name(), err)
	}
	return fmt.Sprintf("%d %d.%09d", st.Ino, st.Btime.Sec, st.Btime.Nsec), nil
}
