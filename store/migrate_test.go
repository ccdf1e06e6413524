package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// present is the schema of this version.
func present() int { return len(migrations()) + 1 }

// laterSteps are those so far and what a later version might bring.
func laterSteps() []migration {
	return append(migrations(), []migration{
		{"cursors get a prefix", func(b *bolt.Tx) error {
			cursors := b.Bucket([]byte(bucketCursors))
			var keys, values [][]byte
			if err := cursors.ForEach(func(k, v []byte) error {
				keys, values = append(keys, bytes.Clone(k)), append(values, bytes.Clone(v))
				return nil
			}); err != nil {
				return err
			}
			for i, k := range keys {
				if err := cursors.Put(k, append([]byte("v2 "), values[i]...)); err != nil {
					return err
				}
			}
			return nil
		}},
		{"a bucket for later", func(b *bolt.Tx) error {
			_, err := b.CreateBucket([]byte("later"))
			return err
		}},
	}...)
}

func reopen(t *testing.T, path string, steps []migration) (*Store, error) {
	t.Helper()
	s, err := openSteps(path, Options{Identity: "lima-01/caja-1", Reserve: 64 << 10}, steps)
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

// planted is a closed store of the present schema with a cursor in it.
func planted(t *testing.T) (path string) {
	t.Helper()
	s := opened(t, Options{})
	update(t, s, func(tx *Tx) error { return tx.SetCursor("registradora", []byte("17")) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return s.path
}

func TestMigration(t *testing.T) {
	path := planted(t)
	s, err := reopen(t, path, laterSteps())
	if err != nil {
		t.Fatal(err)
	}
	view(t, s, func(tx *Tx) error {
		if got := string(tx.Cursor("registradora")); got != "v2 17" {
			t.Errorf("the cursor is %q", got)
		}
		if schema, _ := schemaOf(tx.b); schema != uint64(present()+2) {
			t.Errorf("the schema is %d", schema)
		}
		return nil
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// The way back: the copy is a store of the schema before.
	if err := os.Rename(fmt.Sprintf("%s.schema-%d", path, present()), path); err != nil {
		t.Fatal(err)
	}
	back := at(t, filepath.Dir(path), Options{})
	view(t, back, func(tx *Tx) error {
		if got := string(tx.Cursor("registradora")); got != "17" {
			t.Errorf("the cursor of the copy is %q", got)
		}
		return nil
	})
}

func TestAFailingMigrationChangesNothing(t *testing.T) {
	path := planted(t)
	steps := laterSteps()
	steps[len(steps)-1].run = func(b *bolt.Tx) error {
		if _, err := b.CreateBucket([]byte("half")); err != nil {
			return err
		}
		return errors.New("no luck")
	}
	_, err := reopen(t, path, steps)
	if err == nil || !strings.Contains(err.Error(), "no luck") || !strings.Contains(err.Error(), fmt.Sprintf(".schema-%d", present())) {
		t.Fatalf("got %v, want the cause and where the copy is", err)
	}
	// The step that went well stays; the next attempt goes on from there.
	s, err := reopen(t, path, laterSteps())
	if err != nil {
		t.Fatal(err)
	}
	view(t, s, func(tx *Tx) error {
		if got := string(tx.Cursor("registradora")); got != "v2 17" {
			t.Errorf("the cursor is %q", got)
		}
		if tx.b.Bucket([]byte("half")) != nil || tx.b.Bucket([]byte("later")) == nil {
			t.Error("the failed step left something, or the next one nothing")
		}
		return nil
	})
}

func TestANewerStoreIsLeftAlone(t *testing.T) {
	path := planted(t)
	s, err := reopen(t, path, laterSteps())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(path, Options{Identity: "lima-01/caja-1"})
	wantError(t, err, ErrNewer)
	if !strings.Contains(err.Error(), fmt.Sprintf("schema %d", present()+2)) {
		t.Errorf("%q does not tell the version", err)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
}

// A file of the first schema gets what it lacks.
func TestFirstSchemaGrows(t *testing.T) {
	path := planted(t)
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(b *bolt.Tx) error {
		return errors.Join(b.DeleteBucket([]byte(bucketUnread)), b.Bucket([]byte(bucketMeta)).Put([]byte(metaSchema), number(1)))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s := at(t, filepath.Dir(path), Options{})
	update(t, s, func(tx *Tx) error { return tx.PutUnread(&UnreadReceipt{Source: "tap/caja", Cause: "no hay perfil"}) })
	view(t, s, func(tx *Tx) error {
		u, err := tx.UnreadReceipt(1)
		if err == nil && u.Cause != "no hay perfil" {
			t.Errorf("kept %+v", u)
		}
		return err
	})
}
