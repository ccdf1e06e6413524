package order

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
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

func TestRevisedWhileWaiting(t *testing.T) {
	k := newKitchen(t, rules())
	taken := k.mustTake(t, asado("a1"))
	d := asado("a1")
	d.Order.Dated = d.Order.Dated.Add(time.Minute)
	d.Order.Lines = d.Order.Lines[:2] // the cake goes, the drink stays at the bar
	d.Order.Lines[1].Quantity = store.Units(2)
	got := k.mustTake(t, d)
	if got.Change != ChangeRevised || got.Revision != 2 || got.Order != taken.Order {
		t.Fatalf("taken %+v", got)
	}
	jobs := k.jobs(t, taken.Order)
	var waiting []*store.Job
	for _, j := range jobs {
		if j.State == store.JobQueued {
			waiting = append(waiting, j)
		} else if j.State != store.JobReplaced || j.Revision != 1 {
			t.Errorf("job %+v", j)
		}
	}
	equal(t, "waiting", papers(waiting), []string{
		"comanda parrilla cocina queued", "comanda fría fria queued", "comanda barra caja queued", "delivery  caja queued", "receipt  caja queued",
	})
	for _, j := range waiting {
		if j.Revision != 2 {
			t.Errorf("%s of revision %d", j.Kind, j.Revision)
		}
	}
	if n := len(k.events(t, store.StreamTickets)); n != 5 {
		t.Errorf("%d tickets told as replaced", n)
	}
	if n := len(k.events(t, store.StreamRequests)); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// What is on paper, or may be, is neither printed again nor taken back; what is
// new for a station that had nothing is printed.
func TestRevisedAfterPaper(t *testing.T) {
	for _, state := range []store.JobState{store.JobSending, store.JobPrinted, store.JobUnknown} {
		t.Run(string(state), func(t *testing.T) {
			k := newKitchen(t, rules())
			first := asado("a1")
			first.Order.Lines = first.Order.Lines[:1]
			taken := k.mustTake(t, first)
			k.setJob(t, k.jobs(t, taken.Order)[0].Seq, state) // the grill's
			d := asado("a1")
			d.Order.Lines[0].Quantity = store.Units(1)
			k.mustTake(t, d)
			var at []string
			for _, j := range k.jobs(t, taken.Order) {
				if j.State != store.JobReplaced {
					at = append(at, fmt.Sprintf("%s %s %s %d", j.Kind, j.Station, j.State, j.Revision))
				}
			}
			equal(t, "tickets", at, []string{
				"comanda parrilla " + string(state) + " 1", "comanda fría queued 2", "comanda barra queued 2",
				"delivery  queued 2", "receipt  queued 2",
			})
			e := k.entries(t)
			last := e[len(e)-1]
			if last.Kind != "order.revised" || last.Severity != store.Alarm ||
				!strings.Contains(last.Text, "revisión 1: comanda parrilla (cocina)") || !strings.Contains(last.Text, "−1 Combo parrillero") {
				t.Errorf("entry %+v", last)
			}
		})
	}
}

// A copy of a ticket of unknown outcome that still waits keeps its mark when
// the order changes under it.
func TestRevisedKeepsTheMark(t *testing.T) {
	k := newKitchen(t, rules())
	taken := k.mustTake(t, asado("a1"))
	original := k.jobs(t, taken.Order)[0]
	k.setJob(t, original.Seq, store.JobUnknown)
	copied := *original
	copied.ID, copied.Seq, copied.CopyOf, copied.Copy = "", 0, original.Seq, 2
	copied.State, copied.Marks = store.JobQueued, []store.Mark{store.MarkPossibleDuplicate}
	if _, err := k.st.UpdateVital(func(tx *store.Tx) error {
		j := copied
		return tx.PutJob(&j)
	}); err != nil {
		t.Fatal(err)
	}
	d := asado("a1")
	d.Order.Lines[0].Quantity = store.Units(3)
	k.mustTake(t, d)
	n := 0
	for _, j := range k.jobs(t, taken.Order) {
		if j.Station == "parrilla" && j.State == store.JobQueued {
			n++
			if j.Revision != 2 || !slices.Contains(j.Marks, store.MarkPossibleDuplicate) || j.CopyOf != original.Seq {
				t.Errorf("job %+v", j)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d comandas wait for the grill", n)
	}
}

func TestCancelled(t *testing.T) {
	k := newKitchen(t, rules())
	taken := k.mustTake(t, asado("a1"))
	k.setJob(t, k.jobs(t, taken.Order)[0].Seq, store.JobPrinted)
	d := Draft{StatusOnly: true, Order: store.Order{Key: asado("a1").Order.Key, Status: store.Cancelled}}
	if got := k.mustTake(t, d); got.Change != ChangeCancelled {
		t.Errorf("change %s", got.Change)
	}
	equal(t, "papers", papers(k.jobs(t, taken.Order)), []string{
		"comanda parrilla cocina printed", "comanda fría fria cancelled", "comanda barra caja cancelled",
		"delivery  caja cancelled", "receipt  caja cancelled",
	})
	e := k.entries(t)
	if last := e[len(e)-1]; last.Severity != store.Alarm || !strings.Contains(last.Text, "comanda parrilla (cocina)") {
		t.Errorf("entry %+v", last)
	}
	if o := k.order(t, taken.Order); len(o.Lines) != 3 || o.Revision != 1 {
		t.Errorf("order %+v", o)
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
	last, rl := ask("b-last")
	for i := range openRequests - 1 {
		k.mustTake(t, asado(fmt.Sprint("b", i)))
	}
	if e := answer(Answer{Request: rl, Done: true}); e.Kind != "order.channel" {
		t.Errorf("%+v", e)
	}
	_ = last
}

func TestScheduled(t *testing.T) {
	// Without a real file's waits: the store's own clock is the bubble's.
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
	for name, d := range map[string]Draft{"no id": asado(""), "nested": nested, "many": many, "huge": huge} {
		var invalid *Invalid
		if _, err := k.Take(d); !errors.As(err, &invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if e := k.entries(t); len(e) != 0 {
		t.Errorf("entries %v", e)
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
		time.Sleep(2 * time.Hour)
		if n := len(k.jobs(t, seqs[1])); n != 0 {
			t.Errorf("%d jobs of the second too early", n)
		}
		time.Sleep(26 * time.Minute)
		synctest.Wait()
		if n := len(k.jobs(t, seqs[1])); n != 5 {
			t.Errorf("%d jobs of the second", n)
		}
		stop()
	})
}
