package store

import (
	"encoding/json"
	"testing"
	"time"
)

// The records that are encoded by hand are what encoding/json makes of them.

func FuzzEncodeSale(f *testing.F) {
	f.Add("Ñandú <b>&\"\\\x00\xff\u2028", int64(-5600), "0.350", uint8(3), int64(1_777_000_000), true)
	f.Add("", int64(0), "0", uint8(0), int64(0), false)
	f.Fuzz(func(t *testing.T, text string, amount int64, quantity string, count uint8, seconds int64, synced bool) {
		q, err := ParseQuantity(quantity)
		if err != nil {
			q = Units(amount)
		}
		at := time.Unix(seconds, amount%1e9)
		s := &Sale{ID: text, Seq: uint64(amount), Source: text, SourceID: text, Receipt: text, PointOfSale: text,
			BusinessDate: text, ClosedAt: at, Currency: text, Total: amount, Tip: -amount, OrderRef: text,
			RecordedAt: Moment{Wall: at.UTC(), Boot: text, Uptime: time.Duration(amount), Synced: synced}}
		var nested []Modifier
		for range count % 4 {
			s.Lines = append(s.Lines, SaleLine{ExternalID: text, Name: text, Quantity: q, Unit: amount, Total: amount, Modifiers: nested})
			m := Modifier{ExternalID: text, ID: text, Group: text, Name: text, Quantity: q, Price: amount, Modifiers: nested}
			nested = []Modifier{m, m}
			s.Payments = append(s.Payments, SalePayment{text, amount})
			s.Flags = append(s.Flags, Flag{text, text})
		}
		want, wantErr := json.Marshal(s)
		got, err := appendSale(nil, s)
		if (err != nil) != (wantErr != nil) || err == nil && string(got) != string(want) {
			t.Errorf("a sale is\n%s (%v), want\n%s (%v)", got, err, want, wantErr)
		}
		data, _ := json.Marshal(text)
		e := &Event{Position: uint64(amount), Stream: Stream(text), ID: text, Source: text, Type: text, Epoch: text,
			Sequence: uint64(seconds), Time: at, Data: data}
		want, wantErr = json.Marshal(e)
		got, err = appendEvent(nil, e)
		if (err != nil) != (wantErr != nil) || err == nil && string(got) != string(want) {
			t.Errorf("an event is\n%s (%v), want\n%s (%v)", got, err, want, wantErr)
		}
	})
}
