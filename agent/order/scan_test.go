package order

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"mostrador/store"
)

var scanRule = ScanRule{Comanda: MarksReady, Slip: MarksDispatched, Receipt: MarksNothing}

// scan scans a code and checks what it did.
func (k kitchen) scan(t *testing.T, code string, want ScanOutcome, says string) Scanned {
	t.Helper()
	s, err := k.Scan("lector", code, scanRule)
	if err != nil {
		t.Fatal(err)
	}
	if s.Outcome != want || !strings.Contains(s.Text, says) {
		t.Errorf("scanned %q: %s, %q; want %s, …%s…", code, s.Outcome, s.Text, want, says)
	}
	return s
}

// paper is the last ticket of a kind, and of a station where one is named.
func (k kitchen) paper(t *testing.T, order uint64, kind store.TicketKind, station string) *store.Job {
	t.Helper()
	jobs := k.jobs(t, order)
	for _, j := range slices.Backward(jobs) {
		if j.Kind == kind && j.Station == station {
			return j
		}
	}
	t.Fatalf("no %s of %q among %d tickets", kind, station, len(jobs))
	return nil
}

// actions are what the channels were asked to be told.
func (k kitchen) actions(t *testing.T) (out []Action) {
	t.Helper()
	for _, e := range k.events(t, store.StreamRequests) {
		var r Request
		if err := json.Unmarshal(e.Data, &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Action)
	}
	return out
}

// Each station's comanda makes its share ready, the last one the order; the slip
// sends it off. Every paper scanned again says so and changes nothing.
func TestScanOrder(t *testing.T) {
	k := newKitchen(t, rules())
	n := k.mustTake(t, asado("a1")).Order
	grill := k.paper(t, n, store.ComandaTicket, "parrilla")
	cold := k.paper(t, n, store.ComandaTicket, "fría")
	bar := k.paper(t, n, store.ComandaTicket, "barra")
	slip, receipt := k.paper(t, n, store.DeliveryTicket, ""), k.paper(t, n, store.ReceiptTicket, "")

	k.scan(t, receipt.ID, ScanShown, "aceptado")
	s := k.scan(t, strings.ToUpper(grill.ID), ScanReady, "parrilla listo; falta fría, barra")
	if !s.Good() || s.Station != "parrilla" || !slices.Equal(s.Missing, []string{"fría", "barra"}) {
		t.Errorf("scanned %+v", s)
	}
	if o := k.order(t, n); o.Status != store.Preparing || !slices.Equal(o.ReadyStations, []string{"parrilla"}) {
		t.Errorf("order is %s, ready are %q", o.Status, o.ReadyStations)
	}
	before := k.order(t, n)
	k.scan(t, grill.ID, ScanAgain, "parrilla ya estaba listo")
	if o := k.order(t, n); o.ChangedAt != before.ChangedAt || len(o.ReadyStations) != 1 {
		t.Error("the same code twice has changed the order")
	}
	k.scan(t, bar.ID, ScanReady, "falta fría")
	k.scan(t, cold.ID, ScanReady, "48213 de Justo Centro listo")
	if o := k.order(t, n); o.Status != store.Ready || o.ReadyAt.IsZero() || o.ChannelState != store.ChannelPending {
		t.Errorf("order is %s, %s", o.Status, o.ChannelState)
	}
	k.scan(t, cold.ID, ScanAgain, "ya estaba listo")
	k.scan(t, slip.ID, ScanDispatched, "despachado")
	k.scan(t, slip.ID, ScanAgain, "ya estaba despachado")
	k.scan(t, bar.ID, ScanAgain, "ya estaba despachado")
	if got, want := k.actions(t), []Action{ActionAccept, ActionReady, ActionDispatch}; !slices.Equal(got, want) {
		t.Errorf("the channel was to be told %q, want %q", got, want)
	}
}

// A slip that leaves before every station has scanned is told.
func TestScanSlipEarly(t *testing.T) {
	k := newKitchen(t, rules())
	n := k.mustTake(t, asado("a1")).Order
	k.scan(t, k.paper(t, n, store.ComandaTicket, "parrilla").ID, ScanReady, "")
	k.scan(t, k.paper(t, n, store.DeliveryTicket, "").ID, ScanDispatched, "despachado")
	if e := k.entries(t); !strings.Contains(e[len(e)-1].Text, "nadie marcó listo: fría, barra") {
		t.Errorf("log: %q", e[len(e)-1].Text)
	}
}

// Codes that are no paper's go to whoever watches, with the code beside the text.
func TestScanOther(t *testing.T) {
	k := newKitchen(t, rules())
	n := k.mustTake(t, asado("a1")).Order
	k.scan(t, "4006381333931", ScanOther, "4006381333931")
	e := k.entries(t)
	if last := e[len(e)-1]; last.Kind != "scan.other" || last.Code != "4006381333931" || last.Subject != "lector" {
		t.Errorf("entry %+v", last)
	}
	if s := k.scan(t, "019580a0-6c3e-7b1a-9a55-3f1f8f0c2b12", ScanUnknown, "no es de un papel"); s.Good() {
		t.Error("an unknown paper's code is good")
	}
	k.scan(t, "{019580a0-6c3e-7b1a-9a55-3f1f8f0c2b12}", ScanOther, "")
	k.scan(t, k.order(t, n).ID, ScanShown, "48213")
	s, err := k.Scan("lector", "\x1b@"+strings.Repeat("9", 5000), scanRule)
	if err != nil || s.Outcome != ScanOther || strings.ContainsRune(s.Text, '\x1b') || len(s.Text) > 3000 {
		t.Errorf("a hostile code: %s, %d bytes, %v", s.Outcome, len(s.Text), err)
	}
}

// What was cancelled, waits, or has a newer paper is not marked.
func TestScanRefused(t *testing.T) {
	k := newKitchen(t, rules())
	d := asado("a1")
	n := k.mustTake(t, d).Order
	old := k.paper(t, n, store.DeliveryTicket, "")
	k.printed(t, n)
	d.Order.Address = &store.Address{Street: "Av. Arequipa 9"}
	d.Order.Dated = d.Order.Dated.Add(1e9)
	k.mustTake(t, d)
	k.scan(t, old.ID, ScanStale, "ya no vale")
	k.scan(t, k.paper(t, n, store.DeliveryTicket, "").ID, ScanDispatched, "")

	d = asado("a2")
	m := k.mustTake(t, d).Order
	k.mustTake(t, Draft{StatusOnly: true, Order: store.Order{Key: d.Order.Key, Status: store.Cancelled}})
	if s := k.scan(t, k.jobs(t, m)[0].ID, ScanRefused, "no lo entregue"); s.Good() {
		t.Error("a cancelled order's code is good")
	}
	if err := k.Ready(m, "Rosa"); !errors.Is(err, ErrRefused) {
		t.Errorf("ready: %v", err)
	}
	d = asado("a3")
	d.Accept = Manual
	p := k.mustTake(t, d).Order
	if err := k.Dispatch(p, "Rosa"); !errors.Is(err, ErrRefused) {
		t.Errorf("dispatch: %v", err)
	}
}

// A change that gives a station other dishes takes back that it is ready, and
// that the order is; the others stay.
func TestChangeUnready(t *testing.T) {
	k := newKitchen(t, rules())
	d := asado("a1")
	n := k.mustTake(t, d).Order
	k.printed(t, n)
	if err := k.Ready(n, "Rosa"); err != nil {
		t.Fatal(err)
	}
	d.Order.Lines = append(slices.Clone(d.Order.Lines), store.Line{Name: "Ceviche mixto", Quantity: store.Units(1), Unit: 3000, Total: 3000})
	d.Order.Dated = d.Order.Dated.Add(1e9)
	k.mustTake(t, d)
	o := k.order(t, n)
	if o.Status != store.Preparing || slices.Contains(o.ReadyStations, "fría") || len(o.ReadyStations) != 2 {
		t.Fatalf("order is %s, ready are %q", o.Status, o.ReadyStations)
	}
	k.scan(t, k.paper(t, n, store.ChangeTicket, "fría").ID, ScanReady, "listo")
	if o := k.order(t, n); o.Status != store.Ready {
		t.Errorf("order is %s", o.Status)
	}
}

// Without stations one comanda is all.
func TestScanLonePrinter(t *testing.T) {
	k := newKitchen(t, Rules{Printers: []string{"caja"}})
	n := k.mustTake(t, asado("a1")).Order
	k.scan(t, k.paper(t, n, store.ComandaTicket, "").ID, ScanReady, "48213 de Justo Centro listo")
	if o := k.order(t, n); o.Status != store.Ready {
		t.Errorf("order is %s", o.Status)
	}
}

// The channel's answer to an older question leaves a newer one open.
func TestAnswerToOlderRequest(t *testing.T) {
	k := newKitchen(t, rules())
	n := k.mustTake(t, asado("a1")).Order
	if err := k.Ready(n, "Rosa"); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range k.events(t, store.StreamRequests) {
		var r Request
		if err := json.Unmarshal(e.Data, &r); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.ID)
	}
	for i, want := range []store.ChannelState{store.ChannelPending, store.ChannelConfirmed} {
		if _, err := k.Answer(Answer{Request: ids[i], Done: true}); err != nil {
			t.Fatal(err)
		}
		if o := k.order(t, n); o.ChannelState != want {
			t.Errorf("after answer %d: %s, want %s", i+1, o.ChannelState, want)
		}
	}
}

// Whatever is scanned, nothing but a paper's own code marks anything.
func FuzzScan(f *testing.F) {
	for _, s := range []string{"", "4006381333931", "019580a0-6c3e-7b1a-9a55-3f1f8f0c2b12", "\x1d(\x00\xff", strings.Repeat("a", 5000)} {
		f.Add(s)
	}
	k := newKitchen(f, rules())
	f.Fuzz(func(t *testing.T, code string) {
		s, err := k.Scan("lector", code, scanRule)
		if err != nil || s.Outcome != ScanOther && s.Outcome != ScanUnknown {
			t.Errorf("%q: %+v, %v", code, s, err)
		}
	})
}
