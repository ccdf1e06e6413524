package order

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mostrador/store"
)

// printed puts all jobs that wait on paper, where they wait.
func (k kitchen) printed(t *testing.T, seq uint64) {
	t.Helper()
	for _, j := range k.jobs(t, seq) {
		if j.State == store.JobQueued {
			k.setJob(t, j.Seq, store.JobPrinted)
		}
	}
}

// waiting are what waits, in short, with what each follows.
func (k kitchen) waiting(t *testing.T, seq uint64) []string {
	t.Helper()
	var out []string
	for _, j := range k.jobs(t, seq) {
		if j.State == store.JobQueued {
			out = append(out, fmt.Sprintf("%s %s %s r%d follows %d", j.Kind, j.Station, j.Printer, j.Revision, j.Follows))
		}
	}
	return out
}

// later is the order of asado, changed, a while later.
func later(minutes int, change func(*store.Order)) Draft {
	d := asado("a1")
	d.Order.Dated = d.Order.Dated.Add(time.Duration(minutes) * time.Minute)
	change(&d.Order)
	return d
}

func cancelled() Draft {
	return Draft{StatusOnly: true, Order: store.Order{Key: asado("a1").Order.Key, Status: store.Cancelled}}
}

func TestChangesFollowThePaper(t *testing.T) {
	k := newKitchen(t, rules())
	seq := k.mustTake(t, asado("a1")).Order // 1 grill, 2 cold, 3 bar, 4 slip, 5 receipt
	k.printed(t, seq)
	more := func(n int64) func(*store.Order) {
		return func(o *store.Order) { o.Lines[1].Quantity = store.Units(n) }
	}
	k.mustTake(t, later(1, more(2)))
	equal(t, "changed", k.waiting(t, seq), []string{"change fría fria r2 follows 2", "delivery  caja r2 follows 4", "receipt  caja r2 follows 5"})
	change := k.jobs(t, seq)[5]
	equal(t, "change", differ(change.Items), []string{"was 1 César", "now 2 César"})
	if change.Reason != "el pedido cambió (revisión 2)" || change.Part != 2 || change.Copy != 1 {
		t.Errorf("change %+v", change)
	}

	// One more change while it waits: one ticket that says both.
	k.mustTake(t, later(2, func(o *store.Order) { more(3)(o); o.Lines = append(o.Lines, line("Ceviche", "", "", 1)) }))
	equal(t, "changed again", k.waiting(t, seq), []string{"change fría fria r3 follows 2", "delivery  caja r3 follows 4", "receipt  caja r3 follows 5"})
	jobs := k.jobs(t, seq)
	equal(t, "both changes", differ(jobs[8].Items), []string{"was 1 César", "now 3 César", "added 1 Ceviche"})

	// Back to what is on paper: nothing prints.
	k.mustTake(t, later(3, func(*store.Order) {}))
	equal(t, "changed back", k.waiting(t, seq), nil)

	// A second change counts from the first one that is on paper.
	k.mustTake(t, later(4, more(2)))
	k.printed(t, seq)
	k.mustTake(t, later(5, more(5)))
	jobs = k.jobs(t, seq)
	second := jobs[slices.IndexFunc(jobs, func(j *store.Job) bool { return j.Kind == store.ChangeTicket && j.State == store.JobQueued })]
	equal(t, "second change", differ(second.Items), []string{"was 2 César", "now 5 César"})
	if first := jobs[second.Follows-1]; first.Kind != store.ChangeTicket || first.State != store.JobPrinted {
		t.Errorf("the second change follows %+v", first)
	}
}

// differ says what a change ticket lists.
func differ(items []store.Item) []string {
	var out []string
	for _, it := range items {
		out = append(out, fmt.Sprintf("%s %s %s", it.Difference, it.Quantity, it.Name))
	}
	return out
}

// What is no dish but matters to the kitchen is told to every station.
func TestOtherThanDishes(t *testing.T) {
	for name, change := range map[string]func(*store.Order){
		"table": func(o *store.Order) { o.Table = "9" }, "note": func(o *store.Order) { o.Observations = "sin sal" },
		"due": func(o *store.Order) { o.DueAt = time.Date(2026, 3, 1, 19, 0, 0, 0, time.UTC) },
	} {
		t.Run(name, func(t *testing.T) {
			k := newKitchen(t, rules())
			seq := k.mustTake(t, asado("a1")).Order
			k.printed(t, seq)
			k.mustTake(t, later(1, change))
			equal(t, "told", k.waiting(t, seq), []string{
				"change parrilla cocina r2 follows 1", "change fría fria r2 follows 2", "change barra caja r2 follows 3",
				"delivery  caja r2 follows 4", "receipt  caja r2 follows 5",
			})
			if c := k.jobs(t, seq)[7]; len(c.Items) != 0 || c.Unchanged != 2 {
				t.Errorf("change %+v", c)
			}
		})
	}
	// What it costs matters to the customer and the courier alone.
	k := newKitchen(t, rules())
	seq := k.mustTake(t, asado("a1")).Order
	k.printed(t, seq)
	k.mustTake(t, later(1, func(o *store.Order) { o.Totals.Tip, o.Totals.ToPay = 500, 13000 }))
	equal(t, "told", k.waiting(t, seq), []string{"delivery  caja r2 follows 4", "receipt  caja r2 follows 5"})
}

// A station that has nothing to make any more is told to stop; one that gets
// something again gets a whole comanda.
func TestStationNoLongerNeeded(t *testing.T) {
	k := newKitchen(t, rules())
	seq := k.mustTake(t, asado("a1")).Order
	k.printed(t, seq)
	k.mustTake(t, later(1, func(o *store.Order) {
		o.Lines = slices.Delete(o.Lines, 1, 2)
		o.Kind, o.Address = store.Pickup, nil
	}))
	equal(t, "voided", k.waiting(t, seq), []string{
		"change parrilla cocina r2 follows 1", "change barra caja r2 follows 3", "receipt  caja r2 follows 5",
		"void fría fria r2 follows 2", "void  caja r2 follows 4",
	})
	equal(t, "stop", differ(k.jobs(t, seq)[8].Items), []string{" 1 César"})
	k.printed(t, seq)
	k.mustTake(t, later(2, func(*store.Order) {}))
	equal(t, "needed again", k.waiting(t, seq)[1:2], []string{"comanda fría fria r3 follows 9"})
}

// Voids go where the papers are, once, and say what to stop.
func TestVoidsFollowThePaper(t *testing.T) {
	k := newKitchen(t, rules())
	seq := k.mustTake(t, asado("a1")).Order
	jobs := k.jobs(t, seq)
	// The grill's came out at its fallback; of the cold kitchen's nobody knows,
	// and its copy came out at the till; the bar's still waits.
	moved := *jobs[0]
	moved.State, moved.Printer, moved.Marks = store.JobPrinted, "caja", []store.Mark{store.MarkBackupCopy}
	moved.Attempts = []store.Attempt{{Printer: "cocina", Outcome: store.OutcomeNotPrinted}, {Printer: "caja", Outcome: store.OutcomePrinted}}
	unknown := *jobs[1]
	unknown.State, unknown.Attempts = store.JobUnknown, []store.Attempt{{Printer: "fria", Outcome: store.OutcomeUnknown}}
	again := unknown
	again.ID, again.Seq, again.CopyOf, again.Copy, again.State, again.Printer = "", 0, unknown.Seq, 2, store.JobPrinted, "caja"
	again.Attempts = []store.Attempt{{Printer: "caja", Outcome: store.OutcomePrinted}}
	slip := *jobs[3]
	slip.State = store.JobPrinted
	if _, err := k.st.UpdateVital(func(tx *store.Tx) error {
		for _, j := range []store.Job{moved, unknown, again, slip} {
			if err := tx.PutJob(&j); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	k.mustTake(t, cancelled())
	k.mustTake(t, cancelled())
	equal(t, "voids", k.waiting(t, seq), []string{
		"void parrilla caja r1 follows 1", "void fría caja r1 follows 6", "void fría fria r1 follows 2", "void  caja r1 follows 4",
	})
	void := k.jobs(t, seq)[6]
	if void.MeantFor != "cocina" || !slices.Contains(void.Marks, store.MarkBackupCopy) || void.Reason != "el pedido se anuló" ||
		len(void.Items) != 1 || void.Items[0].Name != "Combo parrillero" {
		t.Errorf("void %+v", void)
	}
}

// A comanda that another one has replaced elsewhere still hangs where it came
// out: its people are told to stop, too.
func TestVoidWhereAPaperWasReplaced(t *testing.T) {
	k := newKitchen(t, rules())
	seq := k.mustTake(t, asado("a1")).Order
	k.printed(t, seq)
	came := func(at int, printer string, outcome store.Outcome, state store.JobState) {
		t.Helper()
		j := k.jobs(t, seq)[at]
		j.State, j.Printer, j.Attempts = state, printer, []store.Attempt{{Printer: printer, Outcome: outcome}}
		if _, err := k.st.UpdateVital(func(tx *store.Tx) error { return tx.PutJob(j) }); err != nil {
			t.Fatal(err)
		}
	}
	// Of the change nobody knows, so the whole comanda follows; by then another
	// printer has taken over.
	k.mustTake(t, later(1, func(o *store.Order) { o.Lines[1].Quantity = store.Units(2) }))
	came(5, "caja", store.OutcomeUnknown, store.JobUnknown)
	k.mustTake(t, later(2, func(o *store.Order) { o.Lines[1].Quantity = store.Units(3) }))
	whole := slices.IndexFunc(k.jobs(t, seq), func(j *store.Job) bool { return j.Kind == store.ComandaTicket && j.Follows == 6 })
	if whole < 0 {
		t.Fatalf("no whole comanda follows: %v", k.waiting(t, seq))
	}
	came(whole, "caja", store.OutcomePrinted, store.JobPrinted)
	k.mustTake(t, cancelled())
	var cold []string
	for _, w := range k.waiting(t, seq) {
		if strings.HasPrefix(w, "void fría") {
			cold = append(cold, w)
		}
	}
	equal(t, "voids", cold, []string{fmt.Sprintf("void fría caja r3 follows %d", whole+1), "void fría fria r3 follows 2"})
}

// What replaces a paper of which nobody knows may stand beside it, and says so;
// what replaces one that is on its way does not.
func TestReplacementOfAnUnknownIsMarked(t *testing.T) {
	for state, marked := range map[store.JobState]bool{store.JobUnknown: true, store.JobSending: false} {
		k := newKitchen(t, rules())
		seq := k.mustTake(t, asado("a1")).Order
		k.setJob(t, 2, state)
		k.mustTake(t, later(1, func(o *store.Order) { o.Lines[1].Quantity = store.Units(2) }))
		jobs := k.jobs(t, seq)
		n := slices.IndexFunc(jobs, func(j *store.Job) bool { return j.Follows == 2 })
		if n < 0 || slices.Contains(jobs[n].Marks, store.MarkPossibleDuplicate) != marked {
			t.Errorf("behind one that is %s: %v", state, k.waiting(t, seq))
		}
	}
}

// What is eaten is not stopped.
func TestCancelledWhenCompleted(t *testing.T) {
	k := newKitchen(t, rules())
	seq := k.mustTake(t, asado("a1")).Order
	k.printed(t, seq)
	k.mustTake(t, Draft{StatusOnly: true, Order: store.Order{Key: asado("a1").Order.Key, Status: store.Completed}})
	k.mustTake(t, cancelled())
	equal(t, "voids", k.waiting(t, seq), nil)
}

// Once the order has left, what is wrong on paper is told to staff.
func TestRevisedAfterItLeft(t *testing.T) {
	k := newKitchen(t, rules())
	seq := k.mustTake(t, asado("a1")).Order
	k.printed(t, seq)
	k.mustTake(t, later(1, func(o *store.Order) { o.Status = store.Dispatched; o.Address.Street = "Av. Brasil 9" }))
	equal(t, "waiting", k.waiting(t, seq), nil)
	e := k.entries(t)
	if last := e[len(e)-1]; last.Severity != store.Alarm {
		t.Errorf("entry %+v", last)
	}
}

// A change of an order with a reprint in the queue comes behind the reprint.
func TestChangeBehindAReprint(t *testing.T) {
	k := newKitchen(t, rules())
	seq := k.mustTake(t, asado("a1")).Order
	k.printed(t, seq)
	again := *k.jobs(t, seq)[1]
	again.ID, again.Seq, again.CopyOf, again.Copy, again.State, again.Printer = "", 0, again.Seq, 2, store.JobQueued, "caja"
	again.Marks = []store.Mark{store.MarkReprint}
	if _, err := k.st.UpdateVital(func(tx *store.Tx) error { c := again; return tx.PutJob(&c) }); err != nil {
		t.Fatal(err)
	}
	k.mustTake(t, later(1, func(o *store.Order) { o.Lines[1].Note = "sin anchoas" }))
	equal(t, "waiting", k.waiting(t, seq), []string{
		"comanda fría caja r1 follows 0", "change fría fria r2 follows 2", "delivery  caja r2 follows 4", "receipt  caja r2 follows 5",
	})
	k.mustTake(t, cancelled())
	equal(t, "waiting", k.waiting(t, seq), []string{
		"void parrilla cocina r2 follows 1", "void fría fria r2 follows 2", "void barra caja r2 follows 3", "void  caja r2 follows 4",
	})
}

func TestInvoiceOncePerNumber(t *testing.T) {
	k := newKitchen(t, rules())
	seq := k.mustTake(t, asado("a1")).Order
	issued := func(number string) Draft {
		d := Draft{StatusOnly: true, Order: store.Order{Key: asado("a1").Order.Key}}
		d.Order.Invoice = store.Invoice{Kind: "Boleta", Number: number, State: store.InvoiceIssued, Code: "20512345678|03|" + number}
		return d
	}
	count := func() (states []string) {
		for _, j := range k.jobs(t, seq) {
			if j.Kind == store.InvoiceTicket {
				states = append(states, j.Invoice.Number+" "+string(j.State))
			}
		}
		return states
	}
	k.mustTake(t, issued("B001-7"))
	k.mustTake(t, issued("B001-7"))
	equal(t, "invoices", count(), []string{"B001-7 queued"})
	k.printed(t, seq)
	k.mustTake(t, later(1, func(o *store.Order) { o.Observations = "sin sal" }))
	equal(t, "invoices", count(), []string{"B001-7 printed"})
	k.mustTake(t, issued("B001-8"))
	k.mustTake(t, issued("B001-9"))
	equal(t, "invoices", count(), []string{"B001-7 printed", "B001-8 cancelled", "B001-9 queued"})

	// One that comes with the order is one of its tickets.
	d := asado("a2")
	d.Order.Invoice = issued("F1").Order.Invoice
	if n := len(k.jobs(t, k.mustTake(t, d).Order)); n != 6 {
		t.Errorf("%d jobs", n)
	}
}

func TestPrecheck(t *testing.T) {
	k := newKitchen(t, rules())
	seq := k.mustTake(t, asado("a1")).Order
	for n := range 2 {
		j, err := k.Precheck(seq, "Rosa")
		if err != nil || j.By != "Rosa" || j.Copy != n+1 || j.Printer != "caja" {
			t.Errorf("%+v, %v", j, err)
		}
	}
	// What waits says what the order is now.
	k.mustTake(t, later(1, func(o *store.Order) { o.Totals.Tip = 500 }))
	var got []string
	for _, w := range k.waiting(t, seq) {
		if w[:8] == "precheck" {
			got = append(got, w)
		}
	}
	equal(t, "prechecks", got, []string{"precheck  caja r2 follows 0", "precheck  caja r2 follows 0"})
	k.mustTake(t, cancelled())
	if _, err := k.Precheck(seq, "Rosa"); err == nil {
		t.Error("a cancelled order has something to pay")
	}
}
