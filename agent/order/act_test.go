package order

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/store"
)

func TestManual(t *testing.T) {
	k := newKitchen(t, rules())
	d := asado("a1")
	d.Accept = Manual
	taken := k.mustTake(t, d)
	if o := k.order(t, taken.Order); o.Status != store.Received || o.ChannelState != "" || len(k.jobs(t, taken.Order)) != 0 {
		t.Fatalf("order %+v", o)
	}
	if err := k.Accept(taken.Order, "Rosa"); err != nil {
		t.Fatal(err)
	}
	if o := k.order(t, taken.Order); o.Status != store.Accepted || o.ChannelState != store.ChannelPending || len(k.jobs(t, taken.Order)) != 5 {
		t.Errorf("order %+v", o)
	}
	if err := k.Accept(taken.Order, "Rosa"); !errors.Is(err, ErrRefused) {
		t.Errorf("again: %v", err)
	}
	if err := k.Reject(taken.Order, "", "Rosa"); !errors.Is(err, ErrRefused) {
		t.Errorf("reject: %v", err)
	}
	if err := k.Accept(99, "Rosa"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no order: %v", err)
	}

	d = asado("a2")
	d.Accept = Manual
	other := k.mustTake(t, d)
	if err := k.Reject(other.Order, "sin\x1b gas", "Rosa"); err != nil {
		t.Fatal(err)
	}
	if o := k.order(t, other.Order); o.Status != store.Rejected || len(k.jobs(t, other.Order)) != 0 {
		t.Errorf("order %+v", o)
	}
	requests := k.events(t, store.StreamRequests)
	var r Request
	if err := json.Unmarshal(requests[len(requests)-1].Data, &r); err != nil || r.Action != ActionReject || r.Reason != "sin gas" {
		t.Errorf("request %+v: %v", r, err)
	}
	// The channel accepts a waiting order elsewhere: then it is to be made.
	d = asado("a3")
	d.Accept = Manual
	third := k.mustTake(t, d)
	k.mustTake(t, Draft{StatusOnly: true, Order: store.Order{Key: d.Order.Key, Status: store.Preparing}})
	if n := len(k.jobs(t, third.Order)); n != 5 {
		t.Errorf("%d jobs", n)
	}
}

func TestAnswers(t *testing.T) {
	k := newKitchen(t, rules())
	ask := func(id string) (Taken, string) {
		taken := k.mustTake(t, asado(id))
		var r Request
		events := k.events(t, store.StreamRequests)
		if err := json.Unmarshal(events[len(events)-1].Data, &r); err != nil {
			t.Fatal(err)
		}
		return taken, r.ID
	}
	answer := func(a Answer) store.Entry {
		if _, err := k.Answer(a); err != nil {
			t.Fatal(err)
		}
		e := k.entries(t)
		return e[len(e)-1]
	}
	one, r1 := ask("a1")
	two, r2 := ask("a2")
	if e := answer(Answer{Request: r1, Done: true}); e.Kind != "order.channel" || k.order(t, one.Order).ChannelState != store.ChannelConfirmed {
		t.Errorf("%+v", e)
	}
	if e := answer(Answer{Request: r1}); e.Kind != "request.late" || k.order(t, one.Order).ChannelState != store.ChannelConfirmed {
		t.Errorf("%+v", e)
	}
	if e := answer(Answer{Request: r2, Reason: "cerrado"}); e.Severity != store.Alarm || !strings.Contains(e.Text, "cerrado") || k.order(t, two.Order).ChannelState != store.ChannelRefused {
		t.Errorf("%+v", e)
	}
	if e := answer(Answer{Request: "nadie", Done: true}); e.Kind != "request.unknown" {
		t.Errorf("%+v", e)
	}
	// The ring forgets only the oldest.
	_, rl := ask("b-last")
	for i := range openRequests - 1 {
		k.mustTake(t, asado(fmt.Sprint("b", i)))
	}
	if e := answer(Answer{Request: rl, Done: true}); e.Kind != "order.channel" {
		t.Errorf("%+v", e)
	}
}

// The log tells staff when a held order prints, in the time of the place.
func TestHeldUntilInWords(t *testing.T) {
	r := rules()
	r.Location = time.FixedZone("Lima", -5*60*60)
	k := newKitchen(t, r)
	d := asado("a1")
	d.Order.Scheduled, d.Order.DueAt = true, time.Now().Add(26*time.Hour)
	k.mustTake(t, d)
	want := "se imprime el " + d.Order.DueAt.Add(-30*time.Minute).In(r.Location).Format("02/01/2006 15:04")
	if e := k.entries(t)[0]; !strings.HasSuffix(e.Text, want) {
		t.Errorf("%q does not say %q", e.Text, want)
	}
}

func TestScheduled(t *testing.T) {
	k := newKitchen(t, rules())
	soon := time.Now().Add(2 * time.Hour)
	d := asado("a1")
	d.Order.Scheduled, d.Order.DueAt = true, soon
	taken := k.mustTake(t, d)
	o := k.order(t, taken.Order)
	if o.Status != store.Accepted || !o.HeldUntil.Equal(soon.Add(-30*time.Minute)) || len(k.jobs(t, taken.Order)) != 0 {
		t.Fatalf("order %+v", o)
	}
	// A change while it is held moves the hold and prints nothing.
	d = asado("a1")
	d.Order.Scheduled, d.Order.DueAt = true, soon.Add(time.Hour)
	if got := k.mustTake(t, d); got.Change != ChangeRevised {
		t.Errorf("change %s", got.Change)
	}
	o = k.order(t, taken.Order)
	if !o.HeldUntil.Equal(soon.Add(30*time.Minute)) || len(k.jobs(t, taken.Order)) != 0 {
		t.Errorf("held until %s", o.HeldUntil)
	}
	if err := k.Release(taken.Order, "Rosa"); err != nil {
		t.Fatal(err)
	}
	if o := k.order(t, taken.Order); !o.HeldUntil.IsZero() || len(k.jobs(t, taken.Order)) != 5 {
		t.Errorf("order %+v", o)
	}
	if err := k.Release(taken.Order, "Rosa"); !errors.Is(err, ErrRefused) {
		t.Errorf("again: %v", err)
	}
	// Due within the lead time: at once.
	d = asado("a2")
	d.Order.Scheduled, d.Order.DueAt = true, time.Now().Add(10*time.Minute)
	if n := len(k.jobs(t, k.mustTake(t, d).Order)); n != 5 {
		t.Errorf("%d jobs", n)
	}
	// Cancelled while held: never.
	d = asado("a3")
	d.Order.Scheduled, d.Order.DueAt = true, soon
	held := k.mustTake(t, d)
	k.mustTake(t, Draft{StatusOnly: true, Order: store.Order{Key: d.Order.Key, Status: store.Cancelled}})
	if o := k.order(t, held.Order); !o.HeldUntil.IsZero() || len(k.jobs(t, held.Order)) != 0 {
		t.Errorf("order %+v", o)
	}
}

func TestReached(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	received := store.Moment{Wall: at.Add(-time.Hour), Boot: "b", Uptime: time.Minute, Synced: true}
	for _, c := range []struct {
		name string
		now  store.Moment
		want bool
	}{
		{"synchronised, before", store.Moment{Wall: at.Add(-1), Boot: "b", Uptime: 3 * time.Hour, Synced: true}, false},
		{"synchronised, at", store.Moment{Wall: at, Boot: "c", Synced: true}, true},
		{"set back in the same boot", store.Moment{Wall: at.Add(-30 * time.Hour), Boot: "b", Uptime: 61 * time.Minute}, true},
		{"set forward in the same boot", store.Moment{Wall: at.Add(30 * time.Hour), Boot: "b", Uptime: 2 * time.Minute}, false},
		{"unsynchronised after a boot: the wall clock is all there is", store.Moment{Wall: at, Boot: "c"}, true},
	} {
		if got := reached(at, received, c.now); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// Run releases what came due while it was not running, and what becomes due.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKitchen(t, rules())
		var seqs []uint64
		for i, in := range []time.Duration{31 * time.Minute, 3 * time.Hour} {
			d := asado(fmt.Sprint(i))
			d.Order.Scheduled, d.Order.DueAt = true, time.Now().Add(in)
			seqs = append(seqs, k.mustTake(t, d).Order)
		}
		time.Sleep(5 * time.Minute) // the agent is away while the first comes due
		stop := run(t, k.Intake.Run)
		synctest.Wait()
		if n := len(k.jobs(t, seqs[0])); n != 5 {
			t.Errorf("%d jobs of the first", n)
		}
		late := k.jobs(t, seqs[0])[0]
		if age := late.QueuedAt.Wall.Sub(late.DueAt.Wall).Round(time.Second); age != 4*time.Minute {
			t.Errorf("the age of a ticket that came due meanwhile is %s", age)
		}
		time.Sleep(2 * time.Hour)
		if n := len(k.jobs(t, seqs[1])); n != 0 {
			t.Errorf("%d jobs of the second too early", n)
		}
		time.Sleep(26 * time.Minute)
		synctest.Wait()
		if n := len(k.jobs(t, seqs[1])); n != 5 {
			t.Errorf("%d jobs of the second", n)
		}
		if due := k.jobs(t, seqs[1])[0].DueAt; !due.IsZero() {
			t.Errorf("a ticket that came due now counts from %v", due)
		}
		stop()
	})
}
