package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

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
	for name, data := range map[string]any{
		"a channel": make(chan int), "text that is not JSON": json.RawMessage("{"), "nothing": Encoded{},
	} {
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
