package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
)

// What a crash may leave behind.
func leftovers(path string) []string {
	return []string{path + ".new", path + ".copy", path + ".compact"}
}

func removeLeftovers(path string) error {
	for _, name := range leftovers(path) {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// create makes a new file under another name and renames it when it is on disk,
// so that the file under path is always whole: a power cut while bbolt writes
// its first pages leaves a file that does not open (etcd issue 16596).
func create(path string, schema uint64) error {
	temporary := path + ".new"
	db, err := openFile(temporary, 0)
	if err != nil {
		return err
	}
	err = db.Update(func(b *bolt.Tx) error {
		for _, name := range buckets() {
			if _, err := b.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return b.Bucket([]byte(bucketMeta)).Put([]byte(metaSchema), number(schema))
	})
	if err == nil {
		err = syncFile(temporary)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("create %s: %w", temporary, err)
	}
	return rename(temporary, path)
}

// rename renames and has the folder keep it.
func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(to))
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// quarantine renames a file that does not open, to a name that is free.
func quarantine(path string, now time.Time) (string, error) {
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s.quarantined-%s-%d", path, now.UTC().Format("20060102T150405Z"), n)
		if _, err := os.Lstat(name); err == nil {
			continue
		} else if !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
		return name, rename(path, name)
	}
}
