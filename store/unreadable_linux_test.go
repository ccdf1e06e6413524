package store

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A place of the file that the disk does not give when it is read through its
// mapping makes the file useless, and does not end the process. A hole on a tmpfs
// without space is such a place.
func TestPagesThatCannotBeRead(t *testing.T) {
	whole := oldStore(t)
	m, _ := newestMeta(whole)
	for name, pages := range map[string][2]uint64{
		"the head":        {0, 2},
		"the top":         {m.root, m.root + 1},
		"all but the top": {2, m.root},
	} {
		t.Run(name, func(t *testing.T) {
			dir := smallDisk(t, "4m")
			path := filepath.Join(dir, "mostrador.db")
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			from, to := int64(pages[0])*int64(m.pageSize), int64(pages[1])*int64(m.pageSize)
			if err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, from, to-from); err != nil {
				t.Fatal(err)
			}
			fillDisk(t, dir)
			fault, err := inspect(f, false)
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, fault, errUnusable)
		})
	}
}
