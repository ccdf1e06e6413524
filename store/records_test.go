package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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

func TestOutbox(t *testing.T) {
	s := opened(t, Options{})
	emit := func(data any) (e *Event, err error) {
		err = s.Update(func(tx *Tx) (err error) {
			e, err = tx.Emit(StreamSales, "mostrador.sale.v1", data)
			return err
		})
		return e, err
	}
	for i := range 10 {
		if _, err := emit(map[string]int{"n": i}); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range map[string]any{"a channel": make(chan int), "text that is not JSON": []byte(nil)} {
		if name != "a channel" {
			data = json.RawMessage("{")
		}
		if _, err := emit(data); err == nil {
			t.Errorf("%s was emitted", name)
		}
	}
	if err := s.Update(func(tx *Tx) error { _, err := tx.Emit("other", "x", 1); return err }); err == nil {
		t.Error("an unknown stream was taken")
	}
	if err := s.Update(func(tx *Tx) error { return tx.MarkSent(StreamSales, 11) }); err == nil {
		t.Error("what was never emitted was marked as sent")
	}
	for _, position := range []uint64{4, 2, 4} { // never back
		update(t, s, func(tx *Tx) error { return tx.MarkSent(StreamSales, position) })
	}
	view(t, s, func(tx *Tx) error {
		if tx.Sent(StreamSales) != 4 || tx.Last(StreamSales) != 10 || tx.Last(StreamOrders) != 0 {
			t.Errorf("sent %d of %d", tx.Sent(StreamSales), tx.Last(StreamSales))
		}
		got := collect(t, tx.Unsent(StreamSales, tx.Sent(StreamSales)), func(e *Event) uint64 { return e.Position })
		if !slices.Equal(got, []uint64{5, 6, 7, 8, 9, 10}) {
			t.Errorf("unsent: %v", got)
		}
		return nil
	})
	st, err := s.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if got := st.Streams[StreamSales]; got.Waiting != 6 || got.OldestWaiting.IsZero() {
		t.Errorf("stats: %+v", got)
	}
}

func TestRaw(t *testing.T) {
	s := opened(t, Options{})
	put := func(body []byte) (id uint64) {
		update(t, s, func(tx *Tx) (err error) {
			id, err = tx.PutRaw(body)
			return err
		})
		return id
	}
	small, large := []byte("{\n\x00\xff"), bytes.Repeat([]byte("0123456789"), 1<<20)
	ids := []uint64{put(small), put(large), put(nil)}
	view(t, s, func(tx *Tx) error {
		for i, body := range [][]byte{small, large, nil} {
			got, err := tx.Raw(ids[i])
			if err != nil {
				return err
			}
			sum := sha256.Sum256(body)
			if !bytes.Equal(got.Body, body[:min(len(body), maxRaw)]) || got.Length != len(body) || got.SHA256 != hex.EncodeToString(sum[:]) || got.At.IsZero() {
				t.Errorf("payload %d: %d bytes of %d, %s", i, len(got.Body), got.Length, got.SHA256)
			}
		}
		if _, err := tx.Raw(99); !errors.Is(err, ErrNotFound) {
			t.Errorf("an unknown payload: %v", err)
		}
		return nil
	})
	const each = maxRaw
	update(t, s, func(tx *Tx) error {
		for range maxRawTotal/each + 5 {
			if _, err := tx.PutRaw(large[:each+1]); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, s, func(tx *Tx) error {
		var total int
		for _, value := range tx.walk(bucketRaw, nil, nil, false) {
			total += len(value)
		}
		if total > maxRawTotal || total < maxRawTotal-2*each || uint64(total) != tx.metaNumber(metaRawBytes) {
			t.Errorf("%d bytes are kept, %d noted, the bound is %d", total, tx.metaNumber(metaRawBytes), maxRawTotal)
		}
		if _, err := tx.Raw(ids[0]); !errors.Is(err, ErrNotFound) {
			t.Errorf("the oldest payload: %v", err)
		}
		return nil
	})
}

func TestCursors(t *testing.T) {
	s := opened(t, Options{})
	long := strings.Repeat("n", 5000)
	update(t, s, func(tx *Tx) error {
		return errors.Join(tx.SetCursor("a", []byte("1")), tx.SetCursor(long, []byte("2")), tx.SetCursor("", []byte("3")))
	})
	update(t, s, func(tx *Tx) error { return tx.SetCursor("a", nil) })
	view(t, s, func(tx *Tx) error {
		if tx.Cursor("a") != nil || string(tx.Cursor(long)) != "2" || string(tx.Cursor("")) != "3" {
			t.Errorf("cursors are %q, %q, %q", tx.Cursor("a"), tx.Cursor(long), tx.Cursor(""))
		}
		return nil
	})
	if err := s.Update(func(tx *Tx) error { return tx.SetCursor("big", make([]byte, maxCursor+1)) }); err == nil {
		t.Error("a cursor beyond the bound was taken")
	}
}

func TestLog(t *testing.T) {
	s := opened(t, Options{})
	update(t, s, func(tx *Tx) error {
		return errors.Join(tx.Log(Entry{Kind: "a", Text: "uno"}), tx.Log(Entry{Kind: "b", Text: "dos", Severity: Alarm}))
	})
	view(t, s, func(tx *Tx) error {
		var kinds []string
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			kinds = append(kinds, fmt.Sprintf("%d %s %s %v", e.Seq, e.Kind, e.Severity, e.At.IsZero()))
		}
		if want := []string{"2 b alarm false", "1 a info false"}; !slices.Equal(kinds, want) {
			t.Errorf("entries: %q", kinds)
		}
		if tx.Last(StreamTimeline) != 2 {
			t.Errorf("%d events on the timeline", tx.Last(StreamTimeline))
		}
		return nil
	})
}

func TestSweep(t *testing.T) {
	s := opened(t, Options{})
	start := s.Clock().Now()
	queued := &Job{Order: 2, Printer: "caja", State: JobQueued}
	update(t, s, func(tx *Tx) error {
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
	})
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
