package store

import (
	"errors"
	"fmt"
	"os"
)

// A reserve is a file that occupies space on the disk, so that there is some
// left for orders when everything else has used up the rest. It is let go of in
// slices, and made again when there is space.
type reserve struct {
	path string
	// size is how many bytes are wanted, left how many of them the file has.
	size, left int64
}

// slice is how much is let go of at once: enough for many transactions, and
// little enough that others on the same disk do not take it all.
func (r *reserve) slice() int64 { return max(r.size/8, 1) }

// whole: nothing of it is used.
func (r *reserve) whole() bool { return r.left >= r.size }

// make brings the reserve to its full size, or leaves it as it is.
func (r *reserve) make() error {
	f, err := os.OpenFile(r.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	had := min(info.Size(), r.size)
	if err := allocate(f, r.size); err != nil {
		r.left = had
		return errors.Join(fmt.Errorf("set %d bytes aside in %s: %w", r.size, r.path, err), f.Truncate(had))
	}
	r.left = r.size
	return f.Truncate(r.size)
}

// release lets a slice go, but not below keep bytes; false when nothing is left
// to release.
func (r *reserve) release(keep int64) bool {
	to := max(r.left-r.slice(), keep)
	if to >= r.left {
		return false
	}
	f, err := os.OpenFile(r.path, os.O_RDWR, 0o600)
	if err != nil {
		return false
	}
	// Some file systems give blocks back only once that is on disk.
	if err := errors.Join(f.Truncate(to), f.Sync(), f.Close()); err != nil {
		return false
	}
	r.left = to
	return true
}

// fill makes a file size bytes long by writing, where the system has no better
// way to occupy space.
func fill(f *os.File, size int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	// Page by page: the system may keep what is written at once in one piece, and
	// count all of it as written whenever a part of it is.
	zeros := make([]byte, 4<<10)
	for at := info.Size(); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return err
		}
	}
	return f.Sync()
}
