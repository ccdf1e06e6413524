package store

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// ofAllKinds keeps records that a sweep may take, and some that it may not: order
// 2 has a ticket that waits, order 3 is held, and no sale was sent.
func ofAllKinds(tx *Tx, start Moment) error {
	queued := &Job{Order: 2, Printer: "caja", State: JobQueued}
	for n := range 4 {
		if err := takeOrder(tx, sampleOrder(n)); err != nil {
			return err
		}
	}
	for j, err := range tx.JobsIn(JobQueued) {
		if err != nil {
			return err
		}
		j.State = JobPrinted
		if err := tx.PutJob(j); err != nil {
			return err
		}
	}
	queued.QueuedAt = tx.Now()
	held, err := tx.Order(3)
	if err != nil {
		return err
	}
	held.Revision, held.HeldUntil = 2, start.Wall.Add(time.Hour)
	if err := errors.Join(tx.PutJob(queued), tx.PutOrder(held), tx.PutJob(&Job{State: JobPrinted, QueuedAt: tx.Now()})); err != nil {
		return err
	}
	for n := range int64(3) {
		sale := sampleSale(n)
		sale.RecordedAt = tx.Now()
		if _, err := tx.PutSale(sale); err != nil {
			return err
		}
		if _, err := tx.Emit(StreamSales, "mostrador.sale.v1", sale); err != nil {
			return err
		}
	}
	if _, err := tx.PutRaw([]byte("raw")); err != nil {
		return err
	}
	return errors.Join(tx.Log(Entry{Kind: "a"}), tx.MarkSent(StreamOrders, 3))
}

func TestSweep(t *testing.T) {
	s := opened(t, Options{})
	start := s.Clock().Now()
	update(t, s, func(tx *Tx) error { return ofAllKinds(tx, start) })

	sweep := func(after time.Duration, want int) {
		t.Helper()
		now := start
		now.Wall = now.Wall.Add(after)
		if removed, err := s.Sweep(now, 30*24*time.Hour, 0); err != nil || removed != want {
			t.Errorf("after %v: %d removed, want %d (%v)", after, removed, want, err)
		}
	}
	sweep(29*24*time.Hour, 0)
	sweep(31*24*time.Hour, 3) // sent events
	sweep(89*24*time.Hour, 0)
	// Orders 1 and 4, the ticket of none, the payload, the entry. The sales wait.
	sweep(91*24*time.Hour, 5)
	view(t, s, func(tx *Tx) error {
		if got := collect(t, tx.Orders(), orderSeq); !slices.Equal(got, []uint64{3, 2}) {
			t.Errorf("orders: %v", got)
		}
		if _, err := tx.OrderByKey(sampleOrder(0).Key); !errors.Is(err, ErrNotFound) {
			t.Errorf("the key of a swept order: %v", err)
		}
		return firstUnsent(tx, StreamSales)
	})
	update(t, s, func(tx *Tx) error { return tx.MarkSent(StreamSales, 3) })
	sweep(91*24*time.Hour, 6) // three sales and their events
	st, err := s.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if st.Orders != 2 || st.Jobs != 3 || st.Sales != 0 || st.Raw != 0 || st.Entries != 0 {
		t.Errorf("left: %+v", st)
	}
	// Numbers are not given again.
	again := sampleSale(1)
	update(t, s, func(tx *Tx) error { _, err := tx.PutSale(again); return err })
	if again.Seq != 4 {
		t.Errorf("the next sale is %d", again.Seq)
	}
}
