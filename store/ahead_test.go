package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// unlanded is a store with sales that stand in the journal only.
func unlanded(t *testing.T, n int64) *Store {
	t.Helper()
	s := opened(t, Options{Reserve: 8 << 20})
	for i := range n {
		if err := s.recordSale(i + 1); err != nil {
			t.Fatal(err)
		}
	}
	if s.ahead.b == nil {
		t.Fatal("they have landed")
	}
	return s
}

// TestWhoReadsSeesWhatWasAcknowledged, and what has landed is landed once.
func TestWhoReadsSeesWhatWasAcknowledged(t *testing.T) {
	s := unlanded(t, 10)
	if n := checkSequences(t, s, StreamSales); n != 10 {
		t.Errorf("%d sales are seen", n)
	}
	if s.ahead.b != nil || s.ahead.some.Load() {
		t.Error("it is still ahead")
	}
}

func TestWhoFailsTakesNothingAlong(t *testing.T) {
	s := unlanded(t, 10)
	mine := errors.New("mine")
	for range 3 {
		wantError(t, s.Update(func(tx *Tx) error {
			if _, err := tx.RecordSale("mostrador.sale.v1", sampleSale(99)); err != nil {
				return err
			}
			return mine
		}), mine)
		if err := s.recordSale(int64(s.journal.next)); err != nil {
			t.Fatal(err)
		}
	}
	if n := checkSequences(t, s, StreamSales); n != 13 {
		t.Errorf("%d sales are there", n)
	}
}

// TestAJournalThatFails: who meets it is told, what was acknowledged is there, and
// the store goes on without it.
func TestAJournalThatFails(t *testing.T) {
	s := unlanded(t, 10)
	broken, err := os.Open(s.journal.path) // cannot be written to
	if err != nil {
		t.Fatal(err)
	}
	defer broken.Close()
	whole := s.journal.f
	s.journal.step = func(string) { t.Error("it was written") }
	s.journal.f = broken
	if err := s.recordSale(11); err == nil || !strings.Contains(err.Error(), s.path) {
		t.Errorf("got %v", err)
	}
	// Its head cannot be wiped either: what was kept stands there.
	wantError(t, s.recordSale(12), ErrDamaged)
	s.journal.f = whole
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := checkSequences(t, at(t, filepath.Dir(s.path), Options{}), StreamSales); n != 10 {
		t.Errorf("%d sales are there", n)
	}
}

// TestWhatCannotLand stands in the journal until it can, and nothing is shown or
// written without it.
func TestWhatCannotLand(t *testing.T) {
	s := unlanded(t, 300)
	size := s.options.MaxSize
	s.options.MaxSize = s.Health().Size // others took all, to the last of the reserve
	for range 2 {
		wantError(t, s.View(func(*Tx) error { t.Error("shown"); return nil }), ErrFull)
		wantError(t, s.recordSale(301), ErrFull)
		_, _, err := s.order(1)
		wantError(t, err, ErrFull)
	}
	if s.Health().InMemory {
		t.Error("something is held in memory, with nothing below it")
	}
	dir := killed(t, s)
	if n := checkSequences(t, at(t, dir, Options{}), StreamSales); n != 300 {
		t.Errorf("after a kill %d sales are there", n)
	}
	s.options.MaxSize = size
	if n := checkSequences(t, s, StreamSales); n != 300 {
		t.Errorf("with space %d sales are there", n)
	}
	if _, durable, err := s.order(1); err != nil || !durable {
		t.Errorf("an order: %v, %v", durable, err)
	}
	if err := s.Recover(); err != nil {
		t.Error(err)
	}
	if err := s.recordSale(301); err != nil {
		t.Error(err)
	}
}

// TestAheadIsBounded: what waits to land does not grow with what is written.
func TestAheadIsBounded(t *testing.T) {
	s := opened(t, Options{Reserve: 8 << 20})
	heaviest := int64(0)
	for n := range int64(2000) {
		if err := s.recordSale(n); err != nil {
			t.Fatal(err)
		}
		heaviest = max(heaviest, s.weight(s.ahead.b))
	}
	if heaviest < maxAhead/2 || heaviest > maxAhead+maxAhead/4 {
		t.Errorf("%d bytes wait to land, at most %d are to", heaviest, maxAhead)
	}
}
