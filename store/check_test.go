package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	s := at(t, dir, Options{})
	for n := range 20 {
		update(t, s, func(tx *Tx) error { return takeOrder(tx, sampleOrder(n)) })
	}
	_, err := Check(s.path)
	wantError(t, err, ErrLocked)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Check(s.path); err != nil || n < 20*7 {
		t.Errorf("a good store has %d records: %v", n, err)
	}
	if after, err := os.ReadFile(s.path); err != nil || string(after) != string(before) {
		t.Errorf("looking changed the file (%v)", err)
	}

	db, err := bolt.Open(s.path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(b *bolt.Tx) error { return b.Bucket([]byte(bucketOrders)).Put(number(7), []byte("{")) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(s.path); err == nil || !strings.Contains(err.Error(), "orders: record 0000000000000007 cannot be read") {
		t.Errorf("a record that cannot be read: %v", err)
	}
	if err := os.Truncate(s.path, int64(3*os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	_, err = Check(s.path)
	wantError(t, err, errUnusable)
	_, err = Check(filepath.Join(dir, "none"))
	wantError(t, err, os.ErrNotExist)
}
