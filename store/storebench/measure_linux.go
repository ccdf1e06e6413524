package storebench

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func dataSync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }

// deviceBytes is what this process has had written to disks (proc(5),
// /proc/PID/io).
func deviceBytes() int64 { return figure("/proc/self/io", "write_bytes: %d") }

// anonymousBytes is what of this process is in memory and in no file.
func anonymousBytes() int64 { return figure("/proc/self/status", "RssAnon: %d kB") << 10 }

// figure reads one figure of a file, 0 when it cannot.
func figure(file, format string) (n int64) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if found, err := fmt.Sscanf(line, format, &n); err == nil && found == 1 {
			return n
		}
	}
	return 0
}

// cpuTime is what this process has used of the processors.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// forgetCached has the system read a file from the disk the next time.
func forgetCached(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return err
	}
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
