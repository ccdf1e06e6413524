package order

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mostrador/store"
)

func TestTakeNew(t *testing.T) {
	k := newKitchen(t, rules())
	taken := k.mustTake(t, asado("a1"))
	if taken.Change != ChangeReceived || !taken.Durable || taken.Order == 0 || taken.ID == "" {
		t.Fatalf("taken %+v", taken)
	}
	o := k.order(t, taken.Order)
	if o.Status != store.Accepted || o.ChannelState != store.ChannelPending || o.Revision != 1 || o.Transaction != "1" {
		t.Errorf("order %+v", o)
	}
	if !HasFlag(o, "unmatched_station") {
		t.Errorf("flags %v", o.Flags)
	}
	jobs := k.jobs(t, taken.Order)
	equal(t, "papers", papers(jobs), []string{
		"comanda parrilla cocina queued", "comanda fría fria queued", "comanda barra caja queued",
		"delivery  caja queued", "receipt  caja queued",
	})
	if j := jobs[1]; j.Part != 2 || j.Parts != 3 || !slices.Equal(j.Others, []string{"parrilla", "barra"}) ||
		j.MaxAge != 45*time.Minute || j.Copy != 1 || j.MeantFor != "fria" || j.OrderNumber != "48213" || j.Revision != 1 {
		t.Errorf("comanda %+v", j)
	}
	var sent Event
	events := k.events(t, store.StreamOrders)
	if len(events) != 1 || events[0].Type != EventType {
		t.Fatalf("order events %v", events)
	}
	if err := json.Unmarshal(events[0].Data, &sent); err != nil || sent.Change != ChangeReceived || sent.Order.ID != o.ID || sent.Order.Transaction != "1" {
		t.Errorf("event %s: %v", events[0].Data, err)
	}
	var asks Request
	requests := k.events(t, store.StreamRequests)
	if len(requests) != 1 {
		t.Fatalf("requests %v", requests)
	}
	if err := json.Unmarshal(requests[0].Data, &asks); err != nil || asks.Action != ActionAccept || asks.Order.ChannelID != "a1" ||
		asks.Integration.Nickname != "Justo Centro" || !asks.ExpiresAt.After(o.ReceivedAt.Wall) {
		t.Errorf("request %s: %v", requests[0].Data, err)
	}
	err := k.st.View(func(tx *store.Tx) error {
		raw, err := tx.Raw(o.Raw)
		if err == nil && string(raw.Body) != `{"_id":"a1"}` {
			err = fmt.Errorf("raw %q", raw.Body)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// The same payload again, also after a status, writes nothing at all.
func TestTakeRepeated(t *testing.T) {
	k := newKitchen(t, rules())
	first := k.mustTake(t, asado("a1"))
	before := len(k.events(t, store.StreamTimeline))
	for range 3 {
		again := k.mustTake(t, asado("a1"))
		if again.Change != ChangeNone || again.Order != first.Order || !again.Durable {
			t.Errorf("again %+v", again)
		}
	}
	if n := len(k.jobs(t, first.Order)); n != 5 {
		t.Errorf("%d jobs", n)
	}
	if n := len(k.events(t, store.StreamOrders)); n != 1 {
		t.Errorf("%d order events", n)
	}
	if n := len(k.events(t, store.StreamTimeline)); n != before {
		t.Errorf("%d timeline events more", n-before)
	}
}

func TestStatus(t *testing.T) {
	base := asado("").Order.Dated
	for _, c := range []struct {
		name  string
		sends []store.Status
		want  store.Status
		state store.ChannelState
		jobs  int
	}{
		{"up", []store.Status{store.Received, store.Preparing, store.Ready}, store.Ready, store.ChannelConfirmed, 5},
		{"never down", []store.Status{store.Received, store.Ready, store.Preparing}, store.Ready, store.ChannelConfirmed, 5},
		{"repeats", []store.Status{store.Received, store.Ready, store.Ready}, store.Ready, store.ChannelConfirmed, 5},
		{"the channel's own acceptance confirms", []store.Status{store.Received, store.Accepted}, store.Accepted, store.ChannelConfirmed, 5},
		{"accepted elsewhere needs no answer", []store.Status{store.Preparing}, store.Preparing, "", 5},
		{"cancelled ends", []store.Status{store.Received, store.Cancelled, store.Preparing}, store.Cancelled, "", 5},
		{"cancelled at first sight", []store.Status{store.Cancelled}, store.Cancelled, "", 0},
		{"on its way at first sight", []store.Status{store.Dispatched}, store.Dispatched, "", 0},
		{"unknown", []store.Status{store.Received, ""}, store.Accepted, store.ChannelPending, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKitchen(t, rules())
			var taken Taken
			for i, s := range c.sends {
				d := asado("a1")
				d.Order.Status = s
				if s == "" {
					d.Order.StatusRaw = "teletransportado"
				}
				d.Order.Dated = base.Add(time.Duration(i) * time.Minute)
				taken = k.mustTake(t, d)
			}
			o := k.order(t, taken.Order)
			if o.Status != c.want || o.ChannelState != c.state || o.Revision != 1 {
				t.Errorf("%s, channel %q, revision %d", o.Status, o.ChannelState, o.Revision)
			}
			if n := len(k.jobs(t, taken.Order)); n != c.jobs {
				t.Errorf("%d jobs", n)
			}
			if (o.StatusRaw != "") != (c.name == "unknown") {
				t.Errorf("raw status %q", o.StatusRaw)
			}
		})
	}
}

func TestOlderIsOnlyLogged(t *testing.T) {
	k := newKitchen(t, rules())
	taken := k.mustTake(t, asado("a1"))
	old := asado("a1")
	old.Order.Dated = old.Order.Dated.Add(-time.Second)
	old.Order.Lines[0].Quantity = store.Units(9)
	old.Order.Status = store.Cancelled
	if got := k.mustTake(t, old); got.Change != ChangeOlder {
		t.Errorf("change %s", got.Change)
	}
	if o := k.order(t, taken.Order); o.Status != store.Accepted || o.Revision != 1 {
		t.Errorf("order %s revision %d", o.Status, o.Revision)
	}
	if es := k.entries(t); es[len(es)-1].Kind != "order.older" {
		t.Errorf("entries %v", es)
	}
}

// A date that is newer with nothing else new still makes what lies between old.
func TestRepeatMovesTheDate(t *testing.T) {
	k := newKitchen(t, rules())
	taken := k.mustTake(t, asado("a1"))
	later := asado("a1")
	later.Order.Dated = later.Order.Dated.Add(time.Hour)
	if got := k.mustTake(t, later); got.Change != ChangeNone {
		t.Errorf("change %s", got.Change)
	}
	between := asado("a1")
	between.Order.Dated = between.Order.Dated.Add(time.Minute)
	between.Order.Lines = between.Order.Lines[:1]
	if got := k.mustTake(t, between); got.Change != ChangeOlder {
		t.Errorf("change %s", got.Change)
	}
	if n := len(k.events(t, store.StreamOrders)); n != 1 || k.order(t, taken.Order).Revision != 1 {
		t.Errorf("%d events", n)
	}
}

func TestStatusOfAnUnknownOrder(t *testing.T) {
	k := newKitchen(t, rules())
	got := k.mustTake(t, Draft{StatusOnly: true, Raw: []byte("{}"), Order: store.Order{Key: asado("zz").Order.Key, Status: store.Ready}})
	if got.Change != ChangeUnknown || got.Order != 0 {
		t.Errorf("taken %+v", got)
	}
	if e := k.entries(t); len(e) != 1 || e[0].Kind != "order.unknown" || e[0].Raw == 0 {
		t.Errorf("entries %+v", e)
	}
}

// Whatever the order in which payloads of several orders arrive and repeat,
// every order has each of its tickets exactly once.
func TestInterleaved(t *testing.T) {
	for seed := range uint64(5) {
		k := newKitchen(t, rules())
		rng := rand.New(rand.NewPCG(seed, 1))
		var sends []Draft
		for i := range 8 {
			for range 3 {
				sends = append(sends, asado(fmt.Sprint(i)))
			}
			d := asado(fmt.Sprint(i))
			d.Order.Status, d.Order.Dated = store.Preparing, d.Order.Dated.Add(time.Minute)
			sends = append(sends, d)
		}
		rng.Shuffle(len(sends), func(i, j int) { sends[i], sends[j] = sends[j], sends[i] })
		done := make(chan error)
		for w := range 4 {
			go func() {
				var err error
				for i := w; i < len(sends); i += 4 {
					if _, e := k.Take(sends[i]); e != nil {
						err = e
					}
				}
				done <- err
			}()
		}
		for range 4 {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		for seq := uint64(1); seq <= 8; seq++ {
			if n := len(k.jobs(t, seq)); n != 5 {
				t.Errorf("seed %d, order %d: %d jobs", seed, seq, n)
			}
			if o := k.order(t, seq); o.Status != store.Preparing || o.Revision != 1 {
				t.Errorf("seed %d: order %d is %s, revision %d", seed, seq, o.Status, o.Revision)
			}
		}
	}
}

func TestInvalid(t *testing.T) {
	k := newKitchen(t, rules())
	nested := asado("x")
	m := mod("m", "")
	for range 12 {
		m = mod("m", "", m)
	}
	nested.Order.Lines[0].Modifiers = []store.Modifier{m}
	many := asado("x")
	many.Order.Lines = make([]store.Line, MaxLines+1)
	long, err := store.ParseQuantity("1e20")
	if err != nil {
		t.Fatal(err)
	}
	huge := asado("x")
	huge.Order.Lines[0].Quantity = long.Mul(long)
	for name, d := range map[string]Draft{"no id": asado(""), "id of nothing": asado("\x1b\u202e "), "nested": nested, "many": many, "huge": huge} {
		var invalid *Invalid
		if _, err := k.Take(d); !errors.As(err, &invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if e := k.entries(t); len(e) != 0 {
		t.Errorf("entries %v", e)
	}
}
