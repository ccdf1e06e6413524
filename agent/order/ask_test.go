package order

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/store"
)

// running follows orders and requests until the function is called.
func (k kitchen) running(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var part sync.WaitGroup
	part.Go(func() { _ = k.Run(ctx) })
	return func() { cancel(); part.Wait() }
}

// asks are the ids of all requests that were sent, in order.
func (k kitchen) asks(t *testing.T) (ids []string) {
	t.Helper()
	for _, e := range k.events(t, store.StreamRequests) {
		var r Request
		if err := json.Unmarshal(e.Data, &r); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.ID)
	}
	return ids
}

// gone says that everything asked has gone up.
func (k kitchen) gone(t *testing.T) {
	t.Helper()
	if err := k.store.Update(func(tx *store.Tx) error { return tx.MarkSent(store.StreamRequests, tx.Last(store.StreamRequests)) }); err != nil {
		t.Fatal(err)
	}
}

// What nobody answers is asked again, the same, while its time lasts; then
// people are told, and an answer after all still counts.
func TestUnansweredRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKitchen(t, rules())
		defer k.running(t)()
		taken := k.mustTake(t, asado("a1"))
		time.Sleep(2 * time.Minute)
		if n := len(k.asks(t)); n != 1 {
			t.Errorf("%d requests while the first has not even gone", n)
		}
		k.gone(t)
		for i, at := range []time.Duration{3 * time.Minute, 5 * time.Minute, 8 * time.Minute} { // of waking up for it
			time.Sleep(at)
			k.gone(t)
			if ids := k.asks(t); len(ids) < 2+min(i, 1) || ids[len(ids)-1] != ids[0] {
				t.Errorf("after %v more: %v", at, ids)
			}
		}
		synctest.Wait()
		o := k.order(t, taken.Order)
		entries := k.entries(t)
		if last := entries[len(entries)-1]; o.ChannelState != store.ChannelUnanswered || last.Kind != "order.unanswered" || last.Severity != store.Alarm {
			t.Errorf("%s, %+v", o.ChannelState, last)
		}
		n := len(k.asks(t))
		if n < 3 || n > 5 {
			t.Errorf("asked %d times", n)
		}
		time.Sleep(time.Hour)
		if len(k.asks(t)) != n {
			t.Error("asked again after its time")
		}
		if _, err := k.Answer(Answer{Request: k.asks(t)[0], Done: true}); err != nil {
			t.Fatal(err)
		}
		if o := k.order(t, taken.Order); o.ChannelState != store.ChannelConfirmed {
			t.Errorf("an answer after all: %s", o.ChannelState)
		}
	})
}

// An answered request is left alone, and so is one whose order the channel has
// told of by itself; only the newest says what the channel knows.
func TestAnsweredRequestsAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKitchen(t, rules())
		defer k.running(t)()
		first := k.mustTake(t, asado("a1"))
		second := k.mustTake(t, asado("a2"))
		k.gone(t)
		ids := k.asks(t)
		if _, err := k.Answer(Answer{Request: ids[0], Done: true}); err != nil {
			t.Fatal(err)
		}
		k.mustTake(t, Draft{StatusOnly: true, Order: store.Order{Key: asado("a2").Order.Key, Status: store.Preparing}})
		third := k.mustTake(t, asado("a3"))
		if err := k.act(third.Order, func(tx *store.Tx, o *store.Order) error {
			return k.request(tx, o, ActionReady, "")
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Answer(Answer{Request: k.asks(t)[2], Done: true}); err != nil {
			t.Fatal(err)
		}
		if o := k.order(t, third.Order); o.ChannelState != store.ChannelPending {
			t.Errorf("the answer to what was asked first made it %s", o.ChannelState)
		}
		time.Sleep(time.Hour)
		for _, seq := range []uint64{first.Order, second.Order} {
			if o := k.order(t, seq); o.ChannelState != store.ChannelConfirmed {
				t.Errorf("order %d: %s", seq, o.ChannelState)
			}
		}
		if o := k.order(t, third.Order); o.ChannelState != store.ChannelUnanswered {
			t.Errorf("order 3: %s", o.ChannelState)
		}
		var open uint64
		if err := k.store.View(func(tx *store.Tx) error { open = numberIn(tx, ringOpen); return nil }); err != nil || open != 4 {
			t.Errorf("open from %d, %v", open, err)
		}
	})
}
