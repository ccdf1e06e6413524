package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// fillUp records sales until there is no more space, and returns how many.
func fillUp(t *testing.T, s *Store) (recorded int64) {
	t.Helper()
	for n := int64(1); ; n++ {
		err := s.recordSale(n)
		if errors.Is(err, ErrFull) {
			return n - 1
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// order takes order number n.
func (s *Store) order(n int) (o *Order, durable bool, err error) {
	o = sampleOrder(n)
	durable, err = s.UpdateVital(func(tx *Tx) error { return takeOrder(tx, o) })
	return o, durable, err
}

func checkOrders(t *testing.T, s *Store, want map[int]string) {
	t.Helper()
	view(t, s, func(tx *Tx) error {
		found := 0
		for o, err := range tx.Orders() {
			if err != nil {
				return err
			}
			found++
			var n int
			if _, err := fmt.Sscan(o.Number, &n); err != nil {
				return err
			}
			if want[n] != o.ID {
				t.Errorf("order %d has the id %s, it was told to be %s", n, o.ID, want[n])
			}
			if jobs, err := tx.JobsOf(o.Seq); err != nil || len(jobs) != 1 {
				t.Errorf("order %d has %d tickets (%v)", n, len(jobs), err)
			}
		}
		if found != len(want) {
			t.Errorf("%d orders are there, want %d", found, len(want))
		}
		return nil
	})
	if n := checkSequences(t, s, StreamOrders); n != uint64(len(want)) {
		t.Errorf("%d events of orders, want %d", n, len(want))
	}
}

func TestMaxSize(t *testing.T) {
	const maxSize, reserve = 1 << 20, 256 << 10
	s := opened(t, Options{MaxSize: maxSize, Reserve: reserve})
	sales := fillUp(t, s)
	if sales < 100 {
		t.Fatalf("full after %d sales", sales)
	}
	if h := s.Health(); !h.Full || h.InMemory || h.Size > maxSize-reserve {
		t.Errorf("health is %+v", h)
	}

	// Orders go into the reserve, and then into memory.
	ids := make(map[int]string)
	held := 0
	for n := 1; held < 5; n++ {
		o, durable, err := s.order(n)
		if err != nil {
			t.Fatal(err)
		}
		ids[n] = o.ID
		if !durable {
			held++
		}
	}
	if len(ids) < 10 {
		t.Errorf("the reserve took %d orders", len(ids)-held)
	}
	wantError(t, s.recordSale(sales+1), ErrFull)
	h := s.Health()
	if !h.InMemory || h.HeldOrders != held || h.HeldJobs != held || h.Since.IsZero() {
		t.Errorf("health is %+v, %d orders are held", h, held)
	}
	checkOrders(t, s, ids)
	if err := s.ViewDurable(func(tx *Tx) error {
		if last := tx.Last(StreamOrders); last != uint64(len(ids)-held) {
			t.Errorf("%d events of orders are on disk, want %d", last, len(ids)-held)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.Recover(), ErrFull)
	checkOrders(t, s, ids)

	sentMakesRoom(t, s, sales, ids)
}

// sentMakesRoom goes on from a store that is full and holds orders in memory.
func sentMakesRoom(t *testing.T, s *Store, sales int64, ids map[int]string) {
	t.Helper()
	if err := s.Update(func(tx *Tx) error { return tx.MarkSent(StreamSales, tx.Last(StreamSales)/2) }); err != nil {
		t.Fatalf("marking as sent when full: %v", err)
	}
	if err := s.Recover(); err != nil {
		t.Fatal(err)
	}
	if h := s.Health(); h.InMemory || h.Full || h.HeldOrders != 0 {
		t.Errorf("health is %+v", h)
	}
	if err := s.recordSale(sales + 1); err != nil {
		t.Errorf("a sale when there is space again: %v", err)
	}
	checkOrders(t, s, ids)
	view(t, s, func(tx *Tx) error {
		if err := firstUnsent(tx, StreamSales); err != nil {
			return err
		}
		kinds := make(map[string]int)
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			kinds[e.Kind]++
		}
		for _, kind := range []string{"store.full", "store.memory", "store.space"} {
			if kinds[kind] == 0 {
				t.Errorf("the log says nothing of %s: %v", kind, kinds)
			}
		}
		return nil
	})
}

// firstUnsent finds unsent events that are missing.
func firstUnsent(tx *Tx, stream Stream) error {
	want := tx.Sent(stream)
	for e, err := range tx.Unsent(stream, want) {
		if err != nil {
			return err
		}
		want++
		if e.Position != want {
			return fmt.Errorf("%s: position %d is missing, %d follows", stream, want, e.Position)
		}
	}
	if want != tx.Last(stream) {
		return fmt.Errorf("%s: ends at %d, not %d", stream, want, tx.Last(stream))
	}
	return nil
}

// TestUnsentIsNeverDropped: with nothing sent, full stays full.
func TestUnsentIsNeverDropped(t *testing.T) {
	s := opened(t, Options{MaxSize: 512 << 10})
	sales := fillUp(t, s)
	for range 3 {
		wantError(t, s.recordSale(sales+1), ErrFull)
	}
	if n := checkSequences(t, s, StreamSales); n != uint64(sales) {
		t.Errorf("%d events, want %d", n, sales)
	}
}

// TestSentGoesFirst: with the uplink following, the bound is never met.
func TestSentGoesFirst(t *testing.T) {
	s := opened(t, Options{MaxSize: 512 << 10})
	for n := int64(1); n <= 300; n++ {
		if err := s.recordSale(n); err != nil {
			t.Fatalf("sale %d: %v (%+v)", n, err, s.Health())
		}
		update(t, s, func(tx *Tx) error { return tx.MarkSent(StreamSales, tx.Last(StreamSales)) })
		// The sales themselves would fill it up.
		if n%100 == 0 {
			update(t, s, func(tx *Tx) error { _, err := tx.dropSales(s.clock.Now().Wall.Add(1), 1000); return err })
		}
	}
	if h := s.Health(); h.Size > 512<<10 {
		t.Errorf("health is %+v", h)
	}
}

// TestFailuresInMemory: a transaction that fails leaves nothing behind in
// memory either.
func TestFailuresInMemory(t *testing.T) {
	s := opened(t, Options{MaxSize: 512 << 10})
	sales := fillUp(t, s)
	ids := make(map[int]string)
	for n := 1; ; n++ {
		o, durable, err := s.order(n)
		if err != nil {
			t.Fatal(err)
		}
		ids[n] = o.ID
		if !durable {
			break
		}
	}
	failing := sampleOrder(999)
	for range 3 {
		_, err := s.UpdateVital(func(tx *Tx) error {
			if err := takeOrder(tx, failing); err != nil {
				return err
			}
			panic("in the middle")
		})
		if err == nil || failing.Seq != 0 {
			t.Fatalf("got %v, order %d", err, failing.Seq)
		}
	}
	wantError(t, s.recordSale(sales+1), ErrFull)
	n := len(ids) + 1
	o, durable, err := s.order(n)
	if err != nil || durable {
		t.Fatalf("durable %v, %v", durable, err)
	}
	ids[n] = o.ID
	checkOrders(t, s, ids)

	// A change of what is held, and a deletion.
	o.Status, o.Revision = Accepted, 2
	if _, err := s.UpdateVital(func(tx *Tx) error { return tx.PutOrder(o) }); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.Recover(), ErrFull)
	view(t, s, func(tx *Tx) error {
		if got, err := tx.OrderByID(o.ID); err != nil || got.Status != Accepted {
			t.Errorf("got %v, %v", got, err)
		}
		if _, err := tx.OrderAt(o.Seq, 1); err != nil {
			t.Error(err)
		}
		return nil
	})
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "lost") {
		t.Errorf("closing with orders in memory: %v", err)
	}
}

// TestFullDisk is the whole way on a disk that is really full.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t, "3m")
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s := at(t, dir, Options{Reserve: 256 << 10})
	sales := fillUp(t, s)
	t.Logf("%d sales fit", sales)
	ids := make(map[int]string)
	held := 0
	for n := 1; held < 20; n++ {
		o, durable, err := s.order(n)
		if err != nil {
			t.Fatal(err)
		}
		ids[n] = o.ID
		if !durable {
			held++
		}
	}
	t.Logf("%d orders went into the reserve", len(ids)-held)
	if len(ids)-held < 10 {
		t.Error("the reserve took next to nothing")
	}
	wantError(t, s.recordSale(sales+1), ErrFull)
	if s.Recover() == nil {
		t.Fatal("recovered on a full disk")
	}
	checkOrders(t, s, ids)

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := s.Recover(); err != nil {
		t.Fatal(err)
	}
	if h := s.Health(); h.InMemory || h.Full {
		t.Errorf("health is %+v", h)
	}
	if info, err := os.Stat(s.path + ".reserve"); err != nil || info.Size() != 256<<10 {
		t.Errorf("the reserve was not made again: %v, %v", info, err)
	}
	if err := s.recordSale(sales + 1); err != nil {
		t.Error(err)
	}
	checkOrders(t, s, ids)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = at(t, dir, Options{Reserve: 256 << 10})
	checkOrders(t, s, ids)
	if n := checkSequences(t, s, StreamSales); n != uint64(sales+1) {
		t.Errorf("%d events of sales, want %d", n, sales+1)
	}
}

// TestOpeningOnAFullDisk: the terminal starts and takes orders.
func TestOpeningOnAFullDisk(t *testing.T) {
	dir := smallDisk(t, "2m")
	s := at(t, dir, Options{Reserve: 256 << 10})
	fillUp(t, s)
	for n := 1; ; n++ {
		if _, durable, err := s.order(n); err != nil {
			t.Fatal(err)
		} else if !durable {
			break
		}
	}
	if err := s.Close(); err == nil {
		t.Error("closing lost an order and said nothing")
	}
	s = at(t, dir, Options{Reserve: 256 << 10})
	if s.Opening().Quarantined != "" {
		t.Errorf("the store was set aside: %v", s.Opening().Cause)
	}
	if _, _, err := s.order(1000); err != nil {
		t.Errorf("an order: %v", err)
	}
}

// untilStopped runs functions over and over, each on its own, until stop.
func untilStopped(t *testing.T) (forever func(func(round int) error), stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	forever = func(f func(round int) error) {
		wg.Go(func() {
			for round := 0; ; round++ {
				select {
				case <-done:
					return
				default:
				}
				if err := f(round); err != nil && !errors.Is(err, ErrFull) {
					t.Error(err)
				}
			}
		})
	}
	return forever, func() {
		close(done)
		wg.Wait()
	}
}

func everyOrderIsIndexed(tx *Tx) error {
	for o, err := range tx.Orders() {
		if err != nil {
			return err
		}
		if _, err := tx.OrderByID(o.ID); err != nil {
			return err
		}
	}
	return nil
}

// TestFullDiskWithEverybodyAtWork: callers of all kinds while space comes and
// goes.
func TestFullDiskWithEverybodyAtWork(t *testing.T) {
	dir := smallDisk(t, "3m")
	filler := filepath.Join(dir, "filler")
	s := at(t, dir, Options{Reserve: 32 << 10})
	var wg sync.WaitGroup
	var mu sync.Mutex
	ids := make(map[int]string)
	var sales, inMemory atomic.Int64
	for caller := range 4 {
		wg.Go(func() {
			for i := range 30 {
				n := caller*30 + i
				o, durable, err := s.order(n)
				if err != nil {
					t.Error(err)
					return
				}
				if !durable {
					inMemory.Add(1)
				}
				mu.Lock()
				ids[n] = o.ID
				mu.Unlock()
			}
		})
	}
	forever, stop := untilStopped(t)
	forever(func(round int) error {
		err := s.recordSale(int64(round))
		if err == nil {
			sales.Add(1)
		}
		return err
	})
	forever(func(int) error { return s.View(everyOrderIsIndexed) })
	forever(func(int) error { _ = s.Health(); return s.Recover() })
	forever(func(round int) error {
		if round%50 == 49 {
			return os.Remove(filler)
		}
		// As much as goes in.
		_ = os.WriteFile(filler, make([]byte, 3<<20), 0o600)
		return nil
	})
	wg.Wait()
	stop()
	_ = os.Remove(filler)
	if err := s.Recover(); err != nil {
		t.Fatal(err)
	}
	checkOrders(t, s, ids)
	view(t, s, func(tx *Tx) error {
		if got := tx.Last(StreamSales); got != uint64(sales.Load()) {
			t.Errorf("%d events of sales, %d were acknowledged", got, sales.Load())
		}
		return firstUnsent(tx, StreamSales)
	})
	t.Logf("%d sales, %d orders, %d of them went through memory", sales.Load(), len(ids), inMemory.Load())
}
