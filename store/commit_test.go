package store

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestFailingCallersHurtOnlyThemselves(t *testing.T) {
	s := opened(t, Options{})
	refused := errors.New("refused")
	const callers, rounds = 24, 20
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for round := range rounds {
				sale := sampleSale(int64(caller*rounds + round))
				kind := (caller + round) % 4
				err := s.Update(func(tx *Tx) error {
					if kind == 0 {
						return refused // without having changed anything
					}
					if _, err := tx.PutSale(sale); err != nil {
						return err
					}
					if _, err := tx.Emit(StreamSales, "mostrador.sale.v1", sale); err != nil {
						return err
					}
					switch kind {
					case 1:
						return refused
					case 2:
						panic("a caller's fault")
					}
					return nil
				})
				switch {
				case kind < 2 && !errors.Is(err, refused):
					t.Errorf("refusing gave %v", err)
				case kind == 2 && (err == nil || !strings.Contains(err.Error(), "a caller's fault") || errors.Is(err, ErrDamaged)):
					t.Errorf("panicking gave %v", err)
				case kind == 3 && err != nil:
					t.Errorf("a good caller got %v", err)
				case kind == 3 && (sale.Seq == 0 || sale.ID == ""):
					t.Errorf("a good caller has sale %d, %q", sale.Seq, sale.ID)
				case kind != 3 && (sale.Seq != 0 || sale.ID != ""):
					t.Errorf("a failed caller keeps number %d and id %q", sale.Seq, sale.ID)
				}
			}
		})
	}
	wg.Wait()
	if n := checkSequences(t, s, StreamSales); n != callers*rounds/4 {
		t.Errorf("%d events, want %d", n, callers*rounds/4)
	}
	seen := make(map[uint64]bool)
	view(t, s, func(tx *Tx) error {
		for sale, err := range tx.Sales() {
			if err != nil {
				return err
			}
			if seen[sale.Seq] {
				return fmt.Errorf("sale %d twice", sale.Seq)
			}
			seen[sale.Seq] = true
		}
		return nil
	})
	if len(seen) != callers*rounds/4 {
		t.Errorf("%d sales, want %d", len(seen), callers*rounds/4)
	}
}

// TestWhoComesDuringACommitSharesTheNext holds one transaction open until the
// others wait, and counts how many transactions they need: one where the disk is
// what takes long, and half of what is there each time where running does.
func TestWhoComesDuringACommitSharesTheNext(t *testing.T) {
	const others = 40
	for name, c := range map[string]struct {
		running, writing time.Duration
		want             int
	}{
		"a slow disk":      {writing: time.Hour, want: 1},
		"a slow processor": {running: time.Hour, want: bits.Len(others)},
	} {
		t.Run(name, func(t *testing.T) {
			kept := 0
			s := opened(t, Options{OnCommit: func(durable bool) {
				if durable {
					kept++
				}
			}})
			s.queue.running, s.queue.writing = c.running, c.writing
			before := kept
			manyDuringOne(t, s, others)
			if n := kept - before; n < 2 || n > 1+c.want {
				t.Errorf("%d transactions for one and %d that came meanwhile, want %d for these at most", n, others, c.want)
			}
		})
	}
}

// manyDuringOne holds one transaction open until many wait, and returns when all
// are through.
func manyDuringOne(t *testing.T, s *Store, many int) {
	inside, goOn := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		var once sync.Once
		if err := s.Update(func(tx *Tx) error {
			once.Do(func() { close(inside); <-goOn })
			return tx.SetCursor("first", []byte("1"))
		}); err != nil {
			t.Error(err)
		}
	})
	<-inside
	for i := range many {
		wg.Go(func() {
			if err := s.Update(func(tx *Tx) error { return tx.SetCursor(fmt.Sprint(i), []byte("1")) }); err != nil {
				t.Error(err)
			}
		})
	}
	for waiting := 0; waiting < many; {
		s.queue.mu.Lock()
		waiting = len(s.queue.waiting)
		s.queue.mu.Unlock()
	}
	close(goOn)
	wg.Wait()
}

func TestReadingTransactionsCommitNothing(t *testing.T) {
	kept := 0
	s := opened(t, Options{OnCommit: func(bool) { kept++ }})
	kept = 0
	update(t, s, func(tx *Tx) error {
		_, err := tx.Order(7)
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v", err)
		}
		return nil
	})
	if kept != 0 {
		t.Error("a transaction that only reads was committed")
	}
}

func TestViewRefusesChanges(t *testing.T) {
	s := opened(t, Options{})
	o := sampleOrder(1)
	for name, change := range map[string]func(tx *Tx) error{
		"order":  func(tx *Tx) error { return tx.PutOrder(o) },
		"job":    func(tx *Tx) error { return tx.PutJob(&Job{}) },
		"sale":   func(tx *Tx) error { _, err := tx.PutSale(sampleSale(1)); return err },
		"event":  func(tx *Tx) error { _, err := tx.Emit(StreamSales, "x", 1); return err },
		"mark":   func(tx *Tx) error { return tx.setMark(StreamSales, markSent, 1) },
		"raw":    func(tx *Tx) error { _, err := tx.PutRaw(nil); return err },
		"cursor": func(tx *Tx) error { return tx.SetCursor("a", nil) },
		"log":    func(tx *Tx) error { return tx.Log(Entry{}) },
	} {
		if err := s.View(change); !errors.Is(err, errReadOnly) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if o.Seq != 0 {
		t.Error("the order was numbered")
	}
}

func TestAPanicInAViewIsAnError(t *testing.T) {
	s := opened(t, Options{})
	err := s.View(func(*Tx) error { panic("oh") })
	if err == nil || !strings.Contains(err.Error(), s.path) {
		t.Errorf("got %v", err)
	}
	update(t, s, func(tx *Tx) error { return tx.SetCursor("after", []byte("1")) })
}

func TestWatch(t *testing.T) {
	s := opened(t, Options{})
	orders, stop := s.Watch(TopicOrders)
	sales, stopSales := s.Watch(TopicSales)
	defer stopSales()
	for i := range 3 {
		update(t, s, func(tx *Tx) error { return tx.PutOrder(sampleOrder(i)) })
	}
	if len(orders) != 1 || len(sales) != 0 {
		t.Errorf("%d tokens for orders and %d for sales, want 1 and 0", len(orders), len(sales))
	}
	<-orders
	_ = s.Update(func(tx *Tx) error {
		_ = tx.PutOrder(sampleOrder(9))
		return errors.New("no")
	})
	if len(orders) != 0 {
		t.Error("a failed transaction gave a token")
	}
	stop()
	update(t, s, func(tx *Tx) error { return tx.PutOrder(sampleOrder(10)) })
	if len(orders) != 0 {
		t.Error("a token after the watch ended")
	}
}
