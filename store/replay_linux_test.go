package store

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// movedTo copies a store that was killed to another folder.
func movedTo(t *testing.T, from, dir string) {
	t.Helper()
	for _, suffix := range []string{"", ".journal", ".witness"} {
		b, err := os.ReadFile(filepath.Join(from, "mostrador.db"+suffix))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "mostrador.db"+suffix), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	ownWitness(t, filepath.Join(dir, "mostrador.db"))
}

// fillDisk leaves nothing of a disk to others, until free gives it back.
func fillDisk(t *testing.T, dir string) (free func()) {
	t.Helper()
	name := filepath.Join(dir, "others")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4<<10); err == nil; {
		_, err = f.Write(block)
	}
	if !isFull(err) {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// What was kept is made again on a full disk, too, in the space that is set aside.
// Where there is none the store does not open, and nothing of it is lost.
func TestMadeAgainOnAFullDisk(t *testing.T) {
	o := Options{MaxSize: cutMaxSize, Reserve: 2 << 20}
	alive := opened(t, o)
	const all = 200
	update(t, alive, func(tx *Tx) error { // at once, so that the base has few free pages
		for n := range int64(all) {
			if _, err := tx.RecordSale("mostrador.sale.v1", sampleSale(n)); err != nil {
				return err
			}
		}
		return nil
	})
	base := baseIn(t, alive)
	from := killed(t, alive)
	// A power cut has left no page that came after the base.
	if err := os.Truncate(filepath.Join(from, "mostrador.db"), int64(base.pages)*int64(base.pageSize)); err != nil {
		t.Fatal(err)
	}
	whole := func(t *testing.T, s *Store) {
		t.Helper()
		if n := checkSequences(t, s, StreamSales); n != all || s.Opening().NewEpoch != "" || s.Opening().Quarantined != "" {
			t.Errorf("%d sales of %d, opened as %+v", n, all, s.Opening())
		}
	}
	t.Run("with the reserve", func(t *testing.T) {
		dir := newCutDisk(t, filepath.Join(t.TempDir(), "image")).dir
		movedTo(t, from, dir)
		r := reserve{path: filepath.Join(dir, "mostrador.db.reserve"), size: o.Reserve}
		if err := r.make(); err != nil {
			t.Fatal(err)
		}
		fillDisk(t, dir)
		s := at(t, dir, o)
		whole(t, s)
		if _, _, err := s.order(1); err != nil {
			t.Errorf("no order is taken: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("without", func(t *testing.T) {
		dir := newCutDisk(t, filepath.Join(t.TempDir(), "image")).dir
		movedTo(t, from, dir)
		free := fillDisk(t, dir)
		path := filepath.Join(dir, "mostrador.db")
		before, err := os.ReadFile(path + ".journal")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			o.Identity = alive.identity
			if s, err := Open(path, o); !isFull(err) {
				t.Errorf("opened on a full disk: %v", err)
				_ = s.Close()
			}
		}
		if after, err := os.ReadFile(path + ".journal"); err != nil || !bytes.Equal(before, after) {
			t.Errorf("the journal is another one: %v", err)
		}
		free()
		s := at(t, dir, o)
		whole(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
