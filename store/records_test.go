package store

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// collect draws a number from each record.
func collect[T any](t *testing.T, records iter.Seq2[*T, error], number func(*T) uint64) (out []uint64) {
	t.Helper()
	for r, err := range records {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, number(r))
	}
	return out
}

func orderSeq(o *Order) uint64 { return o.Seq }
func jobSeq(j *Job) uint64     { return j.Seq }

func TestOrders(t *testing.T) {
	s := opened(t, Options{})
	orders := []*Order{sampleOrder(1), sampleOrder(2), sampleOrder(3)}
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	orders[0].HeldUntil, orders[2].HeldUntil = noon.Add(time.Hour), noon
	update(t, s, func(tx *Tx) error {
		for _, o := range orders {
			if err := tx.PutOrder(o); err != nil {
				return err
			}
		}
		return nil
	})
	first := orders[0]
	// A second revision, twice, and a release.
	changed := *first
	changed.Revision, changed.Hash, changed.HeldUntil = 2, "h2", time.Time{}
	update(t, s, func(tx *Tx) error { return tx.PutOrder(&changed) })
	changed.Status = Accepted
	update(t, s, func(tx *Tx) error { return tx.PutOrder(&changed) })

	view(t, s, func(tx *Tx) error {
		if got := collect(t, tx.Orders(), orderSeq); !slices.Equal(got, []uint64{3, 2, 1}) {
			t.Errorf("orders: %v", got)
		}
		if got := collect(t, tx.HeldOrders(), orderSeq); !slices.Equal(got, []uint64{3}) {
			t.Errorf("held: %v", got)
		}
		byKey, err := tx.OrderByKey(first.Key)
		if err != nil || !reflect.DeepEqual(byKey, &changed) {
			t.Errorf("by key: %+v, %v", byKey, err)
		}
		if byID, err := tx.OrderByID(first.ID); err != nil || byID.Revision != 2 {
			t.Errorf("by id: %+v, %v", byID, err)
		}
		if past, err := tx.OrderAt(1, 1); err != nil || past.Hash != "h1" || !past.HeldUntil.Equal(noon.Add(time.Hour)) {
			t.Errorf("revision 1: %+v, %v", past, err)
		}
		if _, err := tx.OrderAt(1, 3); !errors.Is(err, ErrNotFound) {
			t.Errorf("revision 3: %v", err)
		}
		return nil
	})

	other := *sampleOrder(1) // the same key
	for name, o := range map[string]*Order{
		"a key that is taken":   &other,
		"an older revision":     {Seq: 1, ID: first.ID, Key: first.Key, Revision: 1},
		"another order's id":    {Seq: 1, ID: orders[1].ID, Key: first.Key, Revision: 3},
		"a number nobody has":   {Seq: 77, ID: first.ID, Key: first.Key},
		"an id that is taken":   {ID: first.ID, Key: OrderKey{ChannelID: "new"}},
		"a year beyond RFC3339": {Key: OrderKey{ChannelID: "late"}, DueAt: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if err := s.Update(func(tx *Tx) error { return tx.PutOrder(o) }); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	view(t, s, func(tx *Tx) error {
		if got := collect(t, tx.Orders(), orderSeq); !slices.Equal(got, []uint64{3, 2, 1}) {
			t.Errorf("orders after refusals: %v", got)
		}
		return nil
	})
}

func TestOrderKeysAreNotConfused(t *testing.T) {
	s := opened(t, Options{})
	long := strings.Repeat("x", 5000)
	keys := []OrderKey{
		{"justo", "a", "bc"}, {"justo", "ab", "c"}, {"justoa", "", "bc"}, {"justo", "a\x00b", "c"},
		{"justo", "a", long}, {"justo", "a", long + "y"}, {"justo", "a", "á"},
	}
	update(t, s, func(tx *Tx) error {
		for _, k := range keys {
			if err := tx.PutOrder(&Order{Key: k}); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, s, func(tx *Tx) error {
		for i, k := range keys {
			if o, err := tx.OrderByKey(k); err != nil || o.Seq != uint64(i+1) {
				t.Errorf("key %d leads to %v, %v", i, o, err)
			}
		}
		return nil
	})
}

func TestHeldOrdersBefore1970AndNow(t *testing.T) {
	s := opened(t, Options{})
	update(t, s, func(tx *Tx) error {
		for i, year := range []int{2027, 1960, 2026} {
			o := sampleOrder(i)
			o.HeldUntil = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
			if err := tx.PutOrder(o); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, s, func(tx *Tx) error {
		if got := collect(t, tx.HeldOrders(), orderSeq); !slices.Equal(got, []uint64{2, 3, 1}) {
			t.Errorf("held: %v", got)
		}
		return nil
	})
}

func TestJobs(t *testing.T) {
	s := opened(t, Options{})
	jobs := []*Job{
		{Order: 5, Printer: "cocina", State: JobQueued},
		{Order: 5, Printer: "caja", State: JobQueued},
		{Order: 6, Printer: "cocina", State: JobQueued},
		{Printer: "cocina2", State: JobQueued},
	}
	update(t, s, func(tx *Tx) error {
		for _, j := range jobs {
			if err := tx.PutJob(j); err != nil {
				return err
			}
		}
		return nil
	})
	type want struct{ queued, sending, cocina, caja []uint64 }
	check := func(what string, w want) {
		t.Helper()
		view(t, s, func(tx *Tx) error {
			for name, lists := range map[string][2][]uint64{
				"queued":  {collect(t, tx.JobsIn(JobQueued), jobSeq), w.queued},
				"sending": {collect(t, tx.JobsIn(JobSending), jobSeq), w.sending},
				"cocina":  {collect(t, tx.Waiting("cocina"), jobSeq), w.cocina},
				"caja":    {collect(t, tx.Waiting("caja"), jobSeq), w.caja},
			} {
				if !slices.Equal(lists[0], lists[1]) {
					t.Errorf("%s: %s are %v, want %v", what, name, lists[0], lists[1])
				}
			}
			if n := tx.CountWaiting("cocina"); n != len(w.cocina) {
				t.Errorf("%s: %d wait for cocina, want %v", what, n, w.cocina)
			}
			return nil
		})
	}
	check("new", want{queued: []uint64{1, 2, 3, 4}, cocina: []uint64{1, 3}, caja: []uint64{2}})
	jobs[0].State = JobSending
	jobs[1].Printer = "cocina"
	update(t, s, func(tx *Tx) error { return errors.Join(tx.PutJob(jobs[0]), tx.PutJob(jobs[1])) })
	check("one sent, one moved", want{queued: []uint64{2, 3, 4}, sending: []uint64{1}, cocina: []uint64{2, 3}})
	view(t, s, func(tx *Tx) error {
		of, err := tx.JobsOf(5)
		if err != nil || len(of) != 2 || of[0].Seq != 1 || of[1].Seq != 2 {
			t.Errorf("of order 5: %v, %v", of, err)
		}
		if none, err := tx.JobsOf(0); err != nil || none != nil {
			t.Errorf("of no order: %v, %v", none, err)
		}
		if j, err := tx.JobByID(jobs[2].ID); err != nil || j.Seq != 3 {
			t.Errorf("by id: %v, %v", j, err)
		}
		if got := collect(t, tx.Jobs(), jobSeq); !slices.Equal(got, []uint64{4, 3, 2, 1}) {
			t.Errorf("jobs: %v", got)
		}
		return nil
	})
}

// TestWalkingWhileChanging: what a spooler or an intake does in one transaction.
func TestWalkingWhileChanging(t *testing.T) {
	s := opened(t, Options{})
	const jobs = 300
	update(t, s, func(tx *Tx) error {
		for range jobs {
			if err := tx.PutJob(&Job{Printer: "cocina", State: JobQueued, Cause: strings.Repeat("x", 100)}); err != nil {
				return err
			}
		}
		return nil
	})
	for name, walk := range map[string]func(tx *Tx) iter.Seq2[*Job, error]{
		"an index, each leaves it": func(tx *Tx) iter.Seq2[*Job, error] { return tx.Waiting("cocina") },
		"newest first":             (*Tx).Jobs,
	} {
		seen := make(map[uint64]bool)
		err := s.Update(func(tx *Tx) error {
			clear(seen)
			for j, err := range walk(tx) {
				if err != nil {
					return err
				}
				if seen[j.Seq] {
					return fmt.Errorf("job %d comes twice", j.Seq)
				}
				seen[j.Seq] = true
				j.State = JobExpired
				j.Cause = strings.Repeat("y", int(j.Seq)%900)
				if err := tx.PutJob(j); err != nil {
					return err
				}
			}
			return errors.New("not kept")
		})
		if err == nil || err.Error() != "not kept" {
			t.Errorf("%s: %v", name, err)
		}
		if len(seen) != jobs {
			t.Errorf("%s: %d of %d seen", name, len(seen), jobs)
		}
	}
}

func TestSales(t *testing.T) {
	s := opened(t, Options{})
	put := func(sale *Sale) (added bool) {
		update(t, s, func(tx *Tx) (err error) {
			sale.RecordedAt = tx.Now()
			added, err = tx.PutSale(sale)
			return err
		})
		return added
	}
	first := sampleSale(1)
	if !put(first) || first.Seq != 1 || first.ID == "" {
		t.Fatalf("got %+v", first)
	}
	again := sampleSale(1)
	again.Total = 1
	if put(again) || again.Seq != 1 || again.ID != first.ID {
		t.Errorf("the same sale again: %+v", again)
	}
	other := sampleSale(1)
	other.Source = "tap/caja"
	if !put(other) || other.Seq != 2 {
		t.Errorf("another source's: %+v", other)
	}
	view(t, s, func(tx *Tx) error {
		var got []*Sale
		for sale, err := range tx.Sales() {
			if err != nil {
				return err
			}
			got = append(got, sale)
		}
		if len(got) != 2 || !reflect.DeepEqual(got[1], first) {
			t.Errorf("sales: %+v", got)
		}
		return nil
	})
}
