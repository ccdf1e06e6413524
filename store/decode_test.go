package store

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// What is read by hand is what encoding/json reads, whatever the bytes are.
func FuzzDecodeEvent(f *testing.F) {
	for _, e := range []*Event{
		{Position: 1, Stream: StreamSales, ID: "019580a0", Source: "/mostrador/lima-01/caja-1/sales", Type: "mostrador.sale.v1",
			Epoch: "9f86", Sequence: 1, Time: time.Unix(1, 500).UTC(), Data: json.RawMessage(`{"a":[1,"ñ"]}`)},
		{Stream: "ñ", Source: `"\`, Data: json.RawMessage(`null`), Time: time.Unix(0, 0).In(time.FixedZone("", 3600))},
	} {
		record, err := appendEvent(nil, e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(record)
	}
	f.Add([]byte(`{"position":01,"stream":"","id":"","source":"","type":"","epoch":"","sequence":0,"time":"0001-01-01T00:00:00Z","data":1}`))
	f.Add([]byte(`{"position":1,"stream":"","id":"","source":"","type":"","epoch":"","sequence":0,"time":"0001-01-01T00:00:00Z","data": 1,"data":2}`))
	p := place{stream: StreamSales, source: "/mostrador/lima-01/caja-1/sales", epoch: "9f86"}
	f.Fuzz(func(t *testing.T, record []byte) {
		got, ok := parseEvent(record, p)
		if !ok {
			return
		}
		var want Event
		if err := json.Unmarshal(record, &want); err != nil {
			t.Fatalf("%s is no event: %v", record, err)
		}
		if !reflect.DeepEqual(got, &want) {
			t.Errorf("%s is read as\n%+v, want\n%+v", record, got, want)
		}
	})
}

// An event as the store writes it takes the short way, or the drain is slow.
func TestOwnEventsAreReadByHand(t *testing.T) {
	s := opened(t, Options{Identity: "lima-01/caja-1"})
	if err := s.Update(func(tx *Tx) error {
		if _, err := tx.Emit(StreamSales, "mostrador.sale.v1", Sale{ID: "x", Receipt: "Ñandú \"1\""}); err != nil {
			return err
		}
		return tx.Log(Entry{Kind: "test.entry", Text: "línea\n2", Severity: Info})
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.View(func(tx *Tx) error {
		for _, stream := range []Stream{StreamSales, StreamTimeline} {
			for _, value := range tx.walk(outbox(stream), nil, nil, false) {
				if _, ok := parseEvent(value, s.streams[stream]); !ok {
					t.Errorf("%s is left to encoding/json", value)
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkDecodeEvent(b *testing.B) {
	e := &Event{Position: 70_000, Stream: StreamSales, ID: "019580a0-6c3e-7b1a-9a55-3f1f8f0c2b10", Source: "/mostrador/lima-01/caja-1/sales",
		Type: "mostrador.sale.v1", Epoch: "9f86d081884c7d65", Sequence: 69_000, Time: time.Now().UTC(),
		Data: json.RawMessage(`{"id":"019580a0-6c3e-7b1a-9a55-3f1f8f0c2b11","seq":1,"source":"register/caja","source_id":"1","receipt":"1","business_date":"2026-03-14","closed_at":"2026-03-14T18:19:41Z","currency":"PEN","lines":[{"name":"Café","quantity":"1","unit":650,"total":650}],"total":650}`)}
	record, err := appendEvent(nil, e)
	if err != nil {
		b.Fatal(err)
	}
	p := place{stream: e.Stream, source: e.Source, epoch: e.Epoch}
	for b.Loop() {
		if _, err := decodeEvent("x", nil, record, p); err != nil {
			b.Fatal(err)
		}
	}
}
