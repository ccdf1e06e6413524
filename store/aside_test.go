package store

import (
	"testing"
	"time"
)

// What was set aside stays, whatever is swept, until it has gone.
func TestAsideIsNotSwept(t *testing.T) {
	s := opened(t, Options{})
	for range 10 {
		update(t, s, func(tx *Tx) error {
			_, err := tx.Emit(StreamSales, "mostrador.test.v1", 1)
			return err
		})
	}
	for range 2 { // once more changes nothing
		update(t, s, func(tx *Tx) error {
			for _, position := range []uint64{1, 2, 7} {
				if _, err := tx.SetAside(Aside{Stream: StreamSales, Position: position, Sequence: position, Bytes: 9}); err != nil {
					return err
				}
			}
			return tx.MarkSent(StreamSales, 9)
		})
	}
	left := func() (positions []uint64) {
		if err := s.View(func(tx *Tx) error {
			positions = nil
			for e, err := range tx.Unsent(StreamSales, 0) {
				if err != nil {
					return err
				}
				positions = append(positions, e.Position)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return positions
	}
	later := Moment{Wall: time.Now().Add(time.Hour)}
	if n, err := s.Sweep(later, 0, 0); err != nil || n != 6 {
		t.Fatalf("%d swept: %v", n, err)
	}
	if got := left(); len(got) != 4 || got[0] != 1 || got[1] != 2 || got[2] != 7 || got[3] != 10 {
		t.Fatalf("left: %v", got)
	}
	update(t, s, func(tx *Tx) error {
		for _, want := range []bool{true, false} {
			if was, err := tx.DropAside(StreamSales, 2); err != nil || was != want {
				t.Errorf("dropped: %v, %v", was, err)
			}
		}
		return nil
	})
	if n, err := s.Sweep(later, 0, 0); err != nil || n != 1 {
		t.Fatalf("%d swept: %v", n, err)
	}
	var held []uint64
	if err := s.View(func(tx *Tx) error {
		held = nil
		for x, err := range tx.Asides() {
			if err != nil {
				return err
			}
			if x.At.IsZero() {
				t.Error("it does not say since when")
			}
			held = append(held, x.Position)
		}
		return nil
	}); err != nil || len(held) != 2 || held[0] != 1 || held[1] != 7 {
		t.Errorf("set aside: %v, %v", held, err)
	}
}
