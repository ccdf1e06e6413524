package store

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
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
	withBrokenJournal(t, s, func() error { return s.recordSale(11) })
}

// TestAJournalThatFailsAtACheckpoint: who does not fit in it is told, and nobody
// runs for ever.
func TestAJournalThatFailsAtACheckpoint(t *testing.T) {
	s := unlanded(t, 10)
	large := noise(rand.New(rand.NewPCG(1, 1)), 3<<20)
	withBrokenJournal(t, s, func() error {
		return s.Update(func(tx *Tx) error { return tx.Keep("a set", "large", large) })
	})
}

// withBrokenJournal changes a store of ten sales while its journal can neither be
// written to nor wiped.
func withBrokenJournal(t *testing.T, s *Store, change func() error) {
	t.Helper()
	whole := s.journal.f
	s.journal.f = closedFile(t, s.journal.path)
	for range 2 {
		wantError(t, change(), ErrDamaged)
	}
	s.journal.f = whole
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := checkSequences(t, at(t, filepath.Dir(s.path), Options{}), StreamSales); n != 10 {
		t.Errorf("%d sales are there", n)
	}
}

func closedFile(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestATornRecordAfterACheckpoint: a power cut in the first record of a base leaves
// neither the head of the base before, nor fewer records than there were.
func TestATornRecordAfterACheckpoint(t *testing.T) {
	s := unlanded(t, 20) // which land at once
	checkpointed(t, s)
	random := rand.New(rand.NewPCG(1, 1))
	p := newPlatter(t, s.path, random)
	payload := noise(random, 20<<10)
	update(t, s, func(tx *Tx) error {
		_, err := tx.PutRaw(payload)
		return err
	})
	now := p.read(".journal")
	for _, from := range []int{1, journalHead / 512, journalHead/512 + 1, journalHead/512 + 20} {
		dir := p.cut()
		torn := append(bytes.Clone(p.journal[:from*512]), now[from*512:]...)
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(s.journal.path)), torn, 0o600); err != nil {
			t.Fatal(err)
		}
		up := at(t, dir, Options{})
		if o := up.Opening(); o.Quarantined != "" || o.NewEpoch != "" {
			t.Errorf("torn at sector %d: it opens as %+v", from, o)
		}
		if n := checkSequences(t, up, StreamSales); n != 20 {
			t.Errorf("torn at sector %d: %d sales are there, want 20", from, n)
		}
	}
}

// TestWhoChangesNothingWaitsForWhatItHasSeen: a sale that comes again while the
// first is on its way to the disk is not told to be kept before it is.
func TestWhoChangesNothingWaitsForWhatItHasSeen(t *testing.T) {
	m := &mender{Handler: slog.DiscardHandler}
	s := opened(t, Options{Reserve: 8 << 20, Log: slog.New(m)})
	if err := s.recordSale(1); err != nil {
		t.Fatal(err)
	}
	broken := closedFile(t, s.journal.path)
	var again atomic.Int32
	seen, inside := make(chan struct{}), make(chan struct{})
	s.writer.Lock()
	m.s, m.whole = s, s.journal.f
	s.queue.running = time.Hour // in halves
	written := 0
	s.journal.step = func(step string) {
		if written++; step == "journal written" && written == 3 { // after "first", written and synced
			<-seen
			s.journal.f = broken // the first does not reach the disk after all
		}
	}
	s.writer.Unlock()
	waiting := func() int {
		s.queue.mu.Lock()
		defer s.queue.mu.Unlock()
		return len(s.queue.waiting)
	}
	sales := []*Sale{sampleSale(2), sampleSale(2)}
	record := func(sale *Sale, then func()) {
		if err := s.Update(func(tx *Tx) error {
			_, err := tx.RecordSale("mostrador.sale.v1", sale)
			then()
			return err
		}); err != nil {
			t.Error(err)
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { // so that the others wait
		if err := s.Update(func(tx *Tx) error {
			close(inside)
			for waiting() < 2 {
				runtime.Gosched()
			}
			return tx.SetCursor("first", []byte("1"))
		}); err != nil {
			t.Error(err)
		}
	})
	<-inside
	wg.Go(func() { record(sales[0], func() {}) })
	for waiting() < 1 {
		runtime.Gosched()
	}
	wg.Go(func() {
		record(sales[1], func() {
			if again.Add(1) == 1 {
				close(seen)
			}
		})
	})
	wg.Wait()
	if again.Load() < 2 {
		t.Error("it was told before the first was kept")
	}
	if sales[0].ID != sales[1].ID || sales[0].Seq != 2 || sales[1].Seq != 2 {
		t.Errorf("the sale is %s, %d and %s, %d", sales[0].ID, sales[0].Seq, sales[1].ID, sales[1].Seq)
	}
	if n := checkSequences(t, s, StreamSales); n != 2 {
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
	broken := closedFile(t, s.journal.path)
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
