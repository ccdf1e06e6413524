package store

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk is a file system of its own with little space. It needs root: in CI
// a test that cannot have it fails, elsewhere it says so and does not run
// (TestMaxSize and its like go the same way without it).
func smallDisk(t *testing.T, size string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := unix.Mount("mostrador-test", dir, "tmpfs", 0, "size="+size); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("mount a small tmpfs: %v; CI must run as root", err)
		}
		t.Skipf("mount a small tmpfs: %v; run as root to test a full disk", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}
