package store

import (
	"errors"
	"fmt"
	"testing"
)

// Positions are found by epoch and sequence, also of epochs of before and where
// the first events have been swept.
func TestPositions(t *testing.T) {
	dir := t.TempDir()
	var epochs []string
	emit := func(s *Store, n int) {
		update(t, s, func(tx *Tx) error {
			for i := range n {
				if _, err := tx.Emit(StreamSales, "mostrador.test.v1", i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for i, n := range []int{3, 1, 7} {
		s := at(t, dir, Options{Identity: fmt.Sprintf("lima-01/caja-%d", i)}) // another identity starts an epoch
		epochs = append(epochs, s.Opening().Epoch)
		emit(s, n)
		if i < 2 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		update(t, s, func(tx *Tx) error { return tx.delete(outbox(StreamSales), number(1)) })
		view(t, s, func(tx *Tx) error {
			for _, x := range []struct {
				epoch              string
				sequence, position uint64
			}{
				{epochs[0], 1, 1}, {epochs[0], 3, 3}, {epochs[0], 4, 0}, {epochs[0], 0, 0}, {epochs[1], 1, 4}, {epochs[1], 2, 0}, {epochs[2], 1, 5},
				{epochs[2], 7, 11}, {epochs[2], 8, 0}, {epochs[2], 0, 0}, {"nowhere", 1, 0}, {epochs[2], 1<<64 - 1, 0}, {epochs[0], 1<<64 - 1, 0},
			} {
				position, err := tx.Position(StreamSales, x.epoch, x.sequence)
				if position != x.position || (x.position == 0) != errors.Is(err, ErrNotFound) {
					t.Errorf("epoch %d, sequence %d: position %d, %v; want %d", indexOf(epochs, x.epoch), x.sequence, position, err, x.position)
				}
			}
			if _, err := tx.Position("nothing", epochs[2], 1); !errors.Is(err, ErrNotFound) {
				t.Errorf("no stream: %v", err)
			}
			return nil
		})
	}
}

func indexOf(list []string, s string) int {
	for i, x := range list {
		if x == s {
			return i
		}
	}
	return -1
}
