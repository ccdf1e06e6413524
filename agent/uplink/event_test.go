package uplink

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"mostrador/store"
)

// Whatever is in an event, its form is JSON, says the same, and is the same
// again after the event was stored and read.
func FuzzEncodeEvent(f *testing.F) {
	f.Add("019580a0-6c3e-7b1a-9a55-3f1f8f0c2b10", "/mostrador/lima-01/caja-1/sales", "mostrador.sale.v1", "9f86", uint64(42), int64(1773512405123456789), []byte(`{"total":1300}`))
	f.Add("", "a\"b\\c\n\u2028ñ", "\xff\x00", "<&>", uint64(1<<63), int64(-1), []byte(`null`))
	f.Fuzz(func(t *testing.T, id, source, typ, epoch string, sequence uint64, nanos int64, data []byte) {
		if !json.Valid(data) {
			data = nil
		}
		e := &store.Event{ID: id, Source: source, Type: typ, Epoch: epoch, Sequence: sequence, Time: time.Unix(0, nanos), Data: data}
		out := encodeEvent(e)
		var back struct {
			SpecVersion, ID, Source, Type, Epoch, Sequence string
			Time                                           time.Time
			ContentType                                    string `json:"datacontenttype"`
			Data                                           json.RawMessage
		}
		if err := json.Unmarshal(out, &back); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if !back.Time.Equal(e.Time) || len(back.Sequence) != 20 || back.SpecVersion != "1.0" {
			t.Errorf("%s", out)
		}
		if back.ID != valid(id) || back.Source != valid(source) || back.Type != valid(typ) || back.Epoch != valid(epoch) {
			t.Errorf("%q %q %q %q became %s", id, source, typ, epoch, out)
		}
		if data != nil && !bytes.Equal(back.Data, bytes.Trim(data, " \t\r\n")) {
			t.Errorf("data %s became %s", data, back.Data)
		}
		stored, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var again store.Event
		if err := json.Unmarshal(stored, &again); err != nil {
			t.Fatal(err)
		}
		first := encodeEvent(&again) // what the store keeps is compact and valid UTF-8
		if err := json.Unmarshal(stored, &again); err != nil || !bytes.Equal(first, encodeEvent(&again)) {
			t.Errorf("read twice and encoded differently: %s", first)
		}
	})
}

// valid is a string as JSON carries it: each byte that is no character is one
// replacement character.
func valid(s string) string { return string([]rune(s)) }

func TestEncodeEvent(t *testing.T) {
	e := &store.Event{
		ID: "i", Source: "s", Type: "t", Epoch: "e", Sequence: 7,
		Time: time.Date(2026, 3, 14, 13, 20, 5, 120, time.FixedZone("", -5*3600)), Data: json.RawMessage(`{"a":1}`),
	}
	want := `{"specversion":"1.0","id":"i","source":"s","type":"t","time":"2026-03-14T18:20:05.00000012Z",` +
		`"datacontenttype":"application/json","epoch":"e","sequence":"00000000000000000007","data":{"a":1}}`
	if got := string(encodeEvent(e)); got != want {
		t.Errorf("%s", got)
	}
}

func BenchmarkEncodeEvent(b *testing.B) {
	e := &store.Event{ID: "019580a0-6c3e-7b1a-9a55-3f1f8f0c2b10", Source: "/mostrador/lima-01/caja-1/sales", Type: "mostrador.sale.v1",
		Epoch: "9f86d081884c7d65", Sequence: 7, Time: time.Now(), Data: bytes.Repeat([]byte("1"), 400)}
	for b.Loop() {
		encodeEvent(e)
	}
}
