// Package providertest is the conformance suite of providers: one call of Run
// tests everything that the router and order intake rely on.
package providertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"mostrador/agent/integration"
	"mostrador/agent/order"
	"mostrador/store"
)

// A Suite is what Run needs to know of a provider.
type Suite struct {
	Settings integration.Settings
	// Samples are well-formed payloads by name. Each holds one whole order with
	// at least one line.
	Samples map[string][]byte
	// Change returns a payload with something else to cook.
	Change func(payload []byte) []byte
	// Rename returns a payload whose first product is called name.
	Rename func(payload []byte, name string) []byte
	// Status returns a payload with the channel's word for how far it is.
	Status func(payload []byte, word string) []byte
	// Dated returns a payload with another date of the channel's.
	Dated func(payload []byte, at time.Time) []byte
	// WithoutID returns a payload that lacks the order's id.
	WithoutID func(payload []byte) []byte
	// Statuses are the channel's words.
	Statuses map[string]store.Status
}

// Run tests a provider.
func Run(t *testing.T, p integration.Provider, s Suite) {
	if len(s.Samples) == 0 {
		t.Fatal("the suite has no samples")
	}
	r := runner{p, s}
	for _, name := range sortedKeys(s.Samples) {
		body := s.Samples[name]
		t.Run(name, func(t *testing.T) {
			t.Run("same", func(t *testing.T) { r.same(t, body) })
			t.Run("changed", func(t *testing.T) { r.changed(t, body) })
			t.Run("hostile", func(t *testing.T) { r.hostile(t, body) })
			t.Run("truncated", func(t *testing.T) { r.truncated(t, body) })
			t.Run("status", func(t *testing.T) { r.status(t, body) })
			t.Run("dated", func(t *testing.T) { r.dated(t, body) })
			t.Run("without id", func(t *testing.T) { r.withoutID(t, body) })
		})
	}
	t.Run("rubbish", r.rubbish)
}

type runner struct {
	p integration.Provider
	s Suite
}

func (r runner) arrival(body []byte) integration.Arrival {
	return integration.Arrival{ReceivedAt: time.Date(2026, 3, 7, 12, 0, 0, 0, time.UTC), Body: body}
}

func (r runner) parse(t *testing.T, body []byte) order.Draft {
	t.Helper()
	d, err := r.p.Parse(r.arrival(body), r.s.Settings)
	if err != nil {
		t.Fatalf("%v in %.300s", err, body)
	}
	order.Tidy(&d.Order)
	return d
}

func (r runner) hash(t *testing.T, body []byte) string {
	t.Helper()
	d := r.parse(t, body)
	h, err := order.Hash(&d.Order)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// same: the same order is the same, however its JSON is written and whatever
// else stands in it.
func (r runner) same(t *testing.T, body []byte) {
	d := r.parse(t, body)
	if d.Order.Key.ChannelID == "" || len(d.Order.Lines) == 0 || d.Order.Currency != r.s.Settings.Currency {
		t.Errorf("the sample reads as %+v", d.Order)
	}
	want := r.hash(t, body)
	for name, other := range map[string][]byte{
		"again": bytes.Clone(body), "other white space": indent(t, body), "other order of keys and noise": noisy(t, body),
	} {
		if got := r.hash(t, other); got != want {
			t.Errorf("%s: another hash", name)
		}
		if d2 := r.parse(t, other); d2.Order.Key != d.Order.Key {
			t.Errorf("%s: another key %v", name, d2.Order.Key)
		}
	}
}

func (r runner) changed(t *testing.T, body []byte) {
	changed := r.s.Change(body)
	if bytes.Equal(changed, body) {
		t.Fatal("Change changed nothing")
	}
	if r.hash(t, body) == r.hash(t, changed) {
		t.Error("a changed item has the same hash")
	}
	if a, b := r.parse(t, body), r.parse(t, changed); a.Order.Key != b.Order.Key {
		t.Errorf("a changed order is another one: %v, %v", a.Order.Key, b.Order.Key)
	}
}

// hostile: whatever a name is, what comes out of Tidy can only be read.
func (r runner) hostile(t *testing.T, body []byte) {
	for _, name := range []string{
		"\x1b@\x1bp\x00\x19\xfaPizza", "a\u202egnp.exe\u2066b", "\x00\x07\r\n\tx\u2028y\u0085z", strings.Repeat("ñ", 5000),
		strings.Repeat("a\u0301", 5000), "<script>{{.}}\\n|^^^|", "\ufeff\u200b\u061c" + "x", "😀👨‍👩‍👧 emoji", "{width:*}~ markup ~",
	} {
		d := r.parse(t, r.s.Rename(body, name))
		text, err := json.Marshal(d.Order)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range string(text) {
			if unicode.IsControl(c) || (unicode.Is(unicode.Cf, c) && c != '\u200d' && c != '\u200c') {
				t.Fatalf("%q leaves %U", name, c)
			}
		}
		if bytes.Contains(text, []byte(`\u001b`)) || bytes.Contains(text, []byte(`\u0000`)) {
			t.Fatalf("%q leaves an escape", name)
		}
		if n := len([]rune(d.Order.Lines[0].Name)); n > order.MaxText {
			t.Errorf("a name of %d characters", n)
		}
		if len([]rune(name)) >= 5000 && !order.HasFlag(&d.Order, "shortened") {
			t.Errorf("shortened in silence: %v", d.Order.Flags)
		}
	}
}

// truncated: no piece of a payload is an order, and none is a crash.
func (r runner) truncated(t *testing.T, body []byte) {
	trimmed := bytes.TrimSpace(body)
	for n := range len(trimmed) {
		if _, err := r.p.Parse(r.arrival(trimmed[:n]), r.s.Settings); err == nil {
			t.Fatalf("%d of %d bytes are taken for an order", n, len(trimmed))
		}
		r.p.Stores(r.arrival(trimmed[:n]))
	}
}

func (r runner) status(t *testing.T, body []byte) {
	for word, want := range r.s.Statuses {
		d := r.parse(t, r.s.Status(body, word))
		if d.Order.Status != want || d.Order.StatusRaw != "" {
			t.Errorf("%s reads as %q, raw %q", word, d.Order.Status, d.Order.StatusRaw)
		}
	}
	const odd = "levitating"
	d := r.parse(t, r.s.Status(body, odd))
	if d.Order.Status != "" || d.Order.StatusRaw != odd || !order.HasFlag(&d.Order, "status_unknown") {
		t.Errorf("an unknown status reads as %q, raw %q, %v", d.Order.Status, d.Order.StatusRaw, d.Order.Flags)
	}
	if got := r.hash(t, r.s.Status(body, odd)); got != r.hash(t, body) {
		t.Error("a status changes the hash")
	}
}

func (r runner) dated(t *testing.T, body []byte) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	d := r.parse(t, r.s.Dated(body, at))
	if !d.Order.Dated.Equal(at) {
		t.Errorf("dated %s", d.Order.Dated)
	}
	if r.hash(t, body) != r.hash(t, r.s.Dated(body, at)) {
		t.Error("a date changes the hash")
	}
}

func (r runner) withoutID(t *testing.T, body []byte) {
	_, err := r.p.Parse(r.arrival(r.s.WithoutID(body)), r.s.Settings)
	var bad *integration.Unreadable
	if !errors.As(err, &bad) || bad.Code != integration.NoID {
		t.Errorf("without an id: %v", err)
	}
}

// rubbish: what is not an order is told as such.
func (r runner) rubbish(t *testing.T) {
	for _, body := range []string{"", " ", "null", "true", "1", `"x"`, "[]", "{}", "{", "\xff\xfe", `{"a":1}{"b":2}`, strings.Repeat("[", 100), `{"data":{"order":[]}}`} {
		_, err := r.p.Parse(r.arrival([]byte(body)), r.s.Settings)
		var bad *integration.Unreadable
		if !errors.As(err, &bad) {
			t.Errorf("%q: %v", body, err)
			continue
		}
		if bad.Code == "" || bad.Text == "" {
			t.Errorf("%q: %+v says nothing", body, bad)
		}
	}
}

func indent(t *testing.T, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, body, "\r\n", "\t"); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// noisy writes the same JSON with its keys in the order of their names, and an
// unknown field in every object.
func noisy(t *testing.T, body []byte) []byte {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	n := 0
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, below := range v {
				walk(below)
			}
			n++
			v["zz_unknown"] = fmt.Sprint("noise ", n)
		case []any:
			for _, below := range v {
				walk(below)
			}
		}
	}
	walk(v)
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
