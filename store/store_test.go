package store

import (
	"errors"
	"path/filepath"
	"testing"
)

func open(t *testing.T, o Options) *Store {
	t.Helper()
	if o.Identity == "" {
		o.Identity = "lima-01/caja-1"
	}
	s, err := Open(filepath.Join(t.TempDir(), "mostrador.db"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestOrders(t *testing.T) {
	s := open(t, Options{})
	o := &Order{Key: OrderKey{"justo", "Justo Centro", "A-1"}, Revision: 1}
	if err := s.Update(func(tx *Tx) error { return tx.PutOrder(o) }); err != nil {
		t.Fatal(err)
	}
	if o.Seq != 1 || o.ID == "" {
		t.Fatalf("got number %d, id %q", o.Seq, o.ID)
	}
	o.Revision, o.Status = 2, Accepted
	if err := s.Update(func(tx *Tx) error { return tx.PutOrder(o) }); err != nil {
		t.Fatal(err)
	}
	err := s.View(func(tx *Tx) error {
		got, err := tx.OrderByKey(o.Key)
		if err != nil || got.Status != Accepted {
			t.Errorf("by key: %v, %v", got, err)
		}
		if past, err := tx.OrderAt(1, 1); err != nil || past.Status != "" {
			t.Errorf("past: %v, %v", past, err)
		}
		if _, err := tx.Order(2); !errors.Is(err, ErrNotFound) {
			t.Errorf("an order that is not there: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
