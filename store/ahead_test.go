package store

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
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

// TestAJournalThatFails: what was acknowledged stands there, and nothing more is.
func TestAJournalThatFails(t *testing.T) {
	s := unlanded(t, 10)
	broken, err := os.Open(s.journal.path) // cannot be written to, nor wiped
	if err != nil {
		t.Fatal(err)
	}
	defer broken.Close()
	whole := s.journal.f
	s.journal.f = broken
	for n := range int64(2) {
		wantError(t, s.recordSale(11+n), ErrDamaged)
	}
	s.journal.f = whole
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := checkSequences(t, at(t, filepath.Dir(s.path), Options{}), StreamSales); n != 10 {
		t.Errorf("%d sales are there", n)
	}
}

// A mender makes a journal whole again when the store has said that it is broken.
type mender struct {
	slog.Handler
	s     *Store
	whole *os.File
	mends atomic.Int32
}

func (m *mender) Enabled(context.Context, slog.Level) bool { return true }

func (m *mender) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "the journal cannot be used") {
		m.s.journal.f = m.whole
		m.mends.Add(1)
	}
	return nil
}

// TestAJournalThatFailsForAMoment, while many write and one half of them runs
// atop of what the other has lost: all that was acknowledged is there once, and
// nobody has noticed.
func TestAJournalThatFailsForAMoment(t *testing.T) {
	m := &mender{Handler: slog.DiscardHandler}
	s := opened(t, Options{Reserve: 8 << 20, Log: slog.New(m)})
	broken, err := os.Open(s.journal.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := broken.Close(); err != nil {
		t.Fatal(err)
	}
	m.s, m.whole = s, s.journal.f
	written := 0
	s.writer.Lock()
	s.queue.running = time.Hour // in halves
	s.journal.step = func(step string) {
		if step != "journal written" {
			return
		}
		if written++; written%10 == 7 {
			s.journal.f = broken // so that the disk cannot be waited for
		}
	}
	s.writer.Unlock()
	const callers, each = 8, 60
	var wg sync.WaitGroup
	for caller := range int64(callers) {
		wg.Go(func() {
			for n := range int64(each) {
				if caller == 0 {
					s.writer.Lock()
					s.journal.stopped = time.Time{} // no pause
					s.writer.Unlock()
				}
				if err := s.recordSale(caller*each + n); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if m.mends.Load() == 0 {
		t.Error("it never failed")
	}
	t.Logf("%d records of %d failed", m.mends.Load(), written)
	if n := checkSequences(t, s, StreamSales); n != callers*each {
		t.Errorf("%d sales are there, want %d", n, callers*each)
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
