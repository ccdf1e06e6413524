package order

import (
	"fmt"
	"slices"

	"mostrador/store"
)

// An effect is what became of an order's tickets.
type effect struct {
	made []*store.Job // new ones
	// back were taken back before they printed.
	back []*store.Job
	// stale are on paper, or on their way, say something else than the order
	// does now, and are followed by no paper that says so.
	stale []*store.Job
}

// A following brings the papers of one order to what is true now.
type following struct {
	in *Intake
	tx *store.Tx
	o  *store.Order // as it is now
	at revisions
	// cause is why, for the log; reason is what a paper that follows another
	// says of it.
	cause, reason string
	effect
}

// reticket makes the papers of a revised order say what it says now, and
// prints nothing twice:
//
//   - what still waits is replaced by one of the new revision;
//   - a station whose comanda is out, or may be, gets a change ticket with what
//     differs from what its papers have said so far, at the printer where they
//     came out; where one of those papers may not have come out, it gets the
//     whole comanda again, which says that it replaces the other;
//   - a station that has nothing to make any more gets a void ticket;
//   - a receipt or slip that is out is printed anew, saying that it replaces
//     the other; a slip of what is no delivery any more is voided;
//   - a change that goes back to what is on paper takes back what waits.
//
// Once the order has left nothing new is begun: what waits is brought up to
// date, and what is out and wrong is told as stale.
func (in *Intake) reticket(tx *store.Tx, o *store.Order, comandas []Comanda, jobs []*store.Job) (effect, error) {
	if !in.router.usable {
		return effect{}, nil // a flag of the order says so
	}
	f := following{in: in, tx: tx, o: o, at: revisionsOf(tx, o),
		cause:  fmt.Sprintf("el pedido cambió a la revisión %d", o.Revision),
		reason: fmt.Sprintf("el pedido cambió (revisión %d)", o.Revision)}
	all := trails(jobs)
	wanted := in.tickets(o, comandas, tx.Now())
	for _, want := range append(wanted, in.renewedPrechecks(tx, o, jobs)...) {
		at := slotOf(want, nil)
		i := slices.IndexFunc(all, func(t *trail) bool { return t.slot == at })
		t := &trail{slot: at}
		if i >= 0 {
			t = all[i]
			all = slices.Delete(all, i, i+1)
		}
		if err := f.settle(t, want); err != nil {
			return f.effect, err
		}
	}
	for _, t := range all { // needed no more
		if err := f.settle(t, nil); err != nil {
			return f.effect, err
		}
	}
	return f.effect, nil
}

// withdraw ends the papers of an order that is not to be made: what waits is
// taken back, and each comanda and slip that is out, or may be, is voided at
// every printer where it came out. The customer's receipt gets none: nobody
// acts by it, and whoever has it knows.
func (in *Intake) withdraw(tx *store.Tx, o *store.Order, had store.Status) (effect, error) {
	f := following{in: in, tx: tx, o: o, at: revisionsOf(tx, o), cause: "el pedido se anuló", reason: "el pedido se anuló"}
	if o.Status == store.Rejected {
		f.cause, f.reason = "el pedido se rechazó", "el pedido se rechazó"
	}
	jobs, err := tx.JobsOf(o.Seq)
	if err != nil {
		return f.effect, err
	}
	for _, t := range trails(jobs) {
		if had == store.Completed { // eaten: a paper would stop nobody
			err = f.takeBackAll(t)
		} else {
			err = f.settle(t, nil)
		}
		if err != nil {
			return f.effect, err
		}
	}
	return f.effect, nil
}

// settle brings one trail to what is wanted: nil for nothing.
func (f *following) settle(t *trail, want *store.Job) error {
	r, err := t.read(f.at)
	if err != nil {
		return err
	}
	var wanted saying
	if want != nil {
		wanted = says(want, f.o, saying{})
	}
	if len(r.out) == 0 {
		return f.begin(r, want)
	}
	if wanted.same(r.last) && !r.tangled {
		if want == nil { // void already, or about to be
			return f.takeBack(slices.DeleteFunc(r.waiting, func(j *store.Job) bool { return !isReprint(j) }), store.JobCancelled)
		}
		return nil
	}
	if !inKitchen(f.o.Status) && !ended(f.o.Status) {
		f.stale = append(f.stale, r.out[len(r.out)-1].at())
		return f.takeBack(r.waiting, store.JobReplaced)
	}
	if err := f.retire(r, wanted); err != nil {
		return err
	}
	switch {
	case !r.doubt && wanted.same(r.known): // back to what is on paper
		return nil
	case !wanted.something:
		return f.void(t, r)
	case t.kind != store.ComandaTicket || r.doubt || !r.known.something:
		return f.replace(r, want)
	}
	return f.change(r, want, wanted)
}

// begin prints for the first time, in the place of what waits.
func (f *following) begin(r reading, want *store.Job) error {
	state := store.JobCancelled
	if want != nil && !ended(f.o.Status) {
		state = store.JobReplaced
	}
	if err := f.takeBack(r.waiting, state); err != nil {
		return err
	}
	if want == nil || len(r.waiting) == 0 && !inKitchen(f.o.Status) && want.Kind != store.InvoiceTicket {
		return nil // too late to begin with it
	}
	return f.add(inherit(want, r.waiting))
}

// retire takes back what waits. A reprint that somebody asked for stays where
// only a change ticket follows: it says the same as the paper that was lost,
// and comes out before the change.
func (f *following) retire(r reading, wanted saying) error {
	state, waiting := store.JobCancelled, r.waiting
	if wanted.something {
		state = store.JobReplaced
	}
	if wanted.something && !r.doubt && r.out[0].first().Kind == store.ComandaTicket {
		waiting = slices.DeleteFunc(slices.Clone(waiting), isReprint)
	}
	return f.takeBack(waiting, state)
}

// void tells to stop, once at each printer where papers of it are.
func (f *following) void(t *trail, r reading) error {
	last := r.out[len(r.out)-1].at()
	switch t.kind {
	case store.ComandaTicket, store.DeliveryTicket:
	case store.InvoiceTicket:
		f.stale = append(f.stale, last)
		return nil
	default:
		return nil
	}
	told := map[string]bool{}
	for _, p := range slices.Backward(r.all) { // a paper that another one replaces elsewhere still hangs there
		for _, j := range slices.Backward(p.jobs) {
			if !onPaper(j) || told[printedOn(j)] {
				continue
			}
			told[printedOn(j)] = true
			void := store.Job{Kind: store.VoidTicket, Station: last.Station, Copy: t.copy, Items: itemsOf(r.known.dishes)}
			if err := f.add(f.behind(&void, j, j)); err != nil {
				return err
			}
		}
	}
	return nil
}

// replace prints the whole paper again, saying that it replaces what is out.
func (f *following) replace(r reading, want *store.Job) error {
	last := r.out[len(r.out)-1].at()
	for _, p := range r.out {
		if slices.ContainsFunc(p.jobs, func(j *store.Job) bool { return j.State == store.JobUnknown }) && !p.proven() {
			want.Marks = mark(want.Marks, store.MarkPossibleDuplicate)
		}
	}
	return f.add(inherit(f.behind(want, last, last), r.waiting))
}

// change prints what differs from what is known.
func (f *following) change(r reading, want *store.Job, wanted saying) error {
	last := r.out[len(r.out)-1].at()
	c := *want
	c.Kind = store.ChangeTicket
	c.Items, c.Unchanged = differences(r.known.dishes, wanted.dishes)
	return f.add(inherit(f.behind(&c, last, last), r.waiting))
}

// behind makes j follow a paper, at the printer where that came out and with
// what the paper says of it.
func (f *following) behind(j, there, followed *store.Job) *store.Job {
	j.Printer, j.MeantFor = printedOn(there), there.MeantFor
	f.in.queued(j, f.o, f.tx.Now())
	j.Follows, j.Reason = followed.Seq, f.reason
	if slices.Contains(there.Marks, store.MarkBackupCopy) {
		j.Marks = mark(j.Marks, store.MarkBackupCopy)
	}
	return j
}

// inherit gives j the place and the marks of what it replaces: a person or a
// fallback may have moved that.
func inherit(j *store.Job, waiting []*store.Job) *store.Job {
	for _, w := range waiting {
		if isReprint(w) {
			continue
		}
		j.Printer, j.MeantFor, j.Via = w.Printer, w.MeantFor, w.Via
		for _, m := range w.Marks {
			if m == store.MarkBackupCopy || m == store.MarkPossibleDuplicate {
				j.Marks = mark(j.Marks, m)
			}
		}
	}
	return j
}

func (f *following) add(j *store.Job) error {
	f.made = append(f.made, j)
	return f.tx.PutJob(j)
}

func (f *following) takeBackAll(t *trail) error {
	r, err := t.read(f.at)
	if err != nil {
		return err
	}
	return f.takeBack(r.waiting, store.JobCancelled)
}

// takeBack ends jobs that wait, with their evidence.
func (f *following) takeBack(waiting []*store.Job, state store.JobState) error {
	for _, j := range waiting {
		j.State, j.Cause = state, f.cause
		f.back = append(f.back, j)
		if err := f.tx.PutJob(j); err != nil {
			return err
		}
		if f.in.evidence == nil {
			continue
		}
		if err := f.in.evidence(f.tx, j); err != nil {
			return err
		}
	}
	return nil
}

// printedOn is where a ticket came out: a person or a fallback may have moved
// it from where it was meant for.
func printedOn(j *store.Job) string {
	if n := len(j.Attempts); n > 0 {
		return j.Attempts[n-1].Printer
	}
	return j.Printer
}

func mark(marks []store.Mark, m store.Mark) []store.Mark {
	if slices.Contains(marks, m) {
		return marks
	}
	return append(slices.Clone(marks), m)
}
