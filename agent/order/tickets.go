package order

import (
	"fmt"
	"reflect"

	"mostrador/store"
)

// An effect is what became of an order's tickets.
type effect struct {
	made []*store.Job // new ones
	// back were taken back before they printed.
	back []*store.Job
	// stale are on paper, or on their way, and say something else than the
	// order does now.
	stale []*store.Job
}

// flagUnmatched routes the order and flags what no station takes.
func (in *Intake) flagUnmatched(o *store.Order) []Comanda {
	if !in.router.usable {
		AddFlag(o, "no_printer", "no hay ninguna impresora configurada: nada se imprime")
		return nil
	}
	comandas := in.router.route(o)
	if names := unmatched(comandas); names != "" {
		AddFlag(o, "unmatched_station", "sin estación propia: "+names)
	}
	return comandas
}

// printIfDue makes the order's tickets when it is accepted and not held.
func (in *Intake) printIfDue(tx *store.Tx, o *store.Order, comandas []Comanda) ([]*store.Job, error) {
	if !inKitchen(o.Status) || !o.HeldUntil.IsZero() {
		return nil, nil
	}
	jobs := in.tickets(o, comandas, tx.Now())
	for _, j := range jobs {
		if err := tx.PutJob(j); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// tickets are the jobs that an order needs: a comanda for each station first,
// as cooking takes longest, then the slip of a delivery, then the receipt.
func (in *Intake) tickets(o *store.Order, comandas []Comanda, now store.Moment) []*store.Job {
	def, ok := in.rules.defaultStation()
	if !ok {
		return nil
	}
	var jobs []*store.Job
	add := func(j store.Job, rule TicketRule) {
		j.Order, j.OrderID, j.OrderNumber, j.Revision = o.Seq, o.ID, o.Number, o.Revision
		j.MeantFor, j.MaxAge = j.Printer, rule.MaxAge
		j.State, j.QueuedAt = store.JobQueued, now
		for copy := 1; copy <= max(1, rule.Copies); copy++ {
			one := j
			one.Copy = copy
			jobs = append(jobs, &one)
		}
	}
	for i, c := range comandas {
		add(store.Job{
			Kind: store.ComandaTicket, Station: c.Station.Name, Printer: c.Station.Printers[0],
			Part: i + 1, Parts: len(comandas), Others: others(comandas, i), Items: c.Items,
		}, in.rules.Tickets[store.ComandaTicket])
	}
	for _, kind := range []store.TicketKind{store.DeliveryTicket, store.ReceiptTicket} {
		if kind == store.DeliveryTicket && o.Kind != store.Delivery {
			continue
		}
		rule := in.rules.Tickets[kind]
		printers := append(rule.Printers[:len(rule.Printers):len(rule.Printers)], def.Printers...)
		add(store.Job{Kind: kind, Printer: printers[0]}, rule)
	}
	return jobs
}

// others names the other stations of an order.
func others(cs []Comanda, i int) []string {
	var names []string
	for n, c := range cs {
		if n != i {
			names = append(names, c.Station.Name)
		}
	}
	return names
}

// A slot is one ticket of an order, whatever revision of it is printed.
type slot struct {
	kind    store.TicketKind
	station string
	copy    int
}

// slots finds the job that now stands for each ticket of an order: the last
// one, a copy of a ticket of unknown outcome standing for its original.
func slots(jobs []*store.Job) map[slot]*store.Job {
	bySeq := map[uint64]*store.Job{}
	now := map[slot]*store.Job{}
	for _, j := range jobs {
		bySeq[j.Seq] = j
		root := j
		for range len(jobs) {
			if root.CopyOf == 0 || bySeq[root.CopyOf] == nil {
				break
			}
			root = bySeq[root.CopyOf]
		}
		switch root.Kind {
		case store.ComandaTicket, store.DeliveryTicket, store.ReceiptTicket:
			now[slot{root.Kind, root.Station, root.Copy}] = j
		}
	}
	return now
}

// reticket brings the tickets of a revised order up to date without printing
// anything twice: one that still waits is replaced by one of the new revision;
// a station that had none and now has something to make gets its comanda; one
// that is not needed any more is taken back. What is on paper stays as it is
// and is told as stale (its change ticket comes with the issue on honest
// printing).
func (in *Intake) reticket(tx *store.Tx, o *store.Order, comandas []Comanda, jobs []*store.Job) (effect, error) {
	var out effect
	have := slots(jobs)
	cause := fmt.Sprintf("el pedido cambió a la revisión %d", o.Revision)
	for _, want := range in.tickets(o, comandas, tx.Now()) {
		at := slot{want.Kind, want.Station, want.Copy}
		old := have[at]
		delete(have, at)
		if !inKitchen(o.Status) && (old == nil || old.State != store.JobQueued && !onPaper(old)) {
			continue // too late to begin with it
		}
		if err := in.renew(tx, old, want, cause, &out); err != nil {
			return out, err
		}
	}
	left := map[*store.Job]bool{}
	for _, j := range have {
		left[j] = true
	}
	for _, j := range jobs {
		if !left[j] {
			continue
		}
		if err := in.takeBack(tx, j, store.JobCancelled, cause, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

// renew puts want in the place of old.
func (in *Intake) renew(tx *store.Tx, old, want *store.Job, cause string, out *effect) error {
	if old != nil {
		switch {
		case onPaper(old):
			if !samePaper(old, want) {
				out.stale = append(out.stale, old)
			}
			return nil
		case old.State == store.JobQueued:
			// Waits where a person or a fallback has put it, with its marks.
			want.Marks, want.CopyOf, want.Printer = old.Marks, old.CopyOf, old.Printer
			if err := in.takeBack(tx, old, store.JobReplaced, cause, out); err != nil {
				return err
			}
		}
	}
	out.made = append(out.made, want)
	return tx.PutJob(want)
}

// takeBack ends a job that still waits; one that is on paper is stale.
func (in *Intake) takeBack(tx *store.Tx, j *store.Job, state store.JobState, cause string, out *effect) error {
	if onPaper(j) {
		out.stale = append(out.stale, j)
		return nil
	}
	if j.State != store.JobQueued {
		return nil
	}
	j.State, j.Cause = state, cause
	out.back = append(out.back, j)
	if err := tx.PutJob(j); err != nil {
		return err
	}
	if in.evidence == nil {
		return nil
	}
	return in.evidence(tx, j)
}

// withdraw takes back what still waits of an order that is not to be made.
func (in *Intake) withdraw(tx *store.Tx, o *store.Order, cause string) (effect, error) {
	var out effect
	jobs, err := tx.JobsOf(o.Seq)
	if err != nil {
		return out, err
	}
	for _, j := range jobs {
		if err := in.takeBack(tx, j, store.JobCancelled, cause, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

// onPaper reports whether a ticket is, may be, or is about to be on paper.
func onPaper(j *store.Job) bool {
	switch j.State {
	case store.JobSending, store.JobPrinted, store.JobUnknown:
		return true
	}
	return false
}

// samePaper reports whether a comanda would say the same things to make.
// Receipts and slips are printed from the order, which has changed.
func samePaper(old, want *store.Job) bool {
	if old.Kind != store.ComandaTicket {
		return false
	}
	return reflect.DeepEqual(flat(old.Items, 0), flat(want.Items, 0))
}

// flat lists items without what does not change the dish: their line's number.
func flat(items []store.Item, depth int) []string {
	var out []string
	for _, it := range items {
		out = append(out, fmt.Sprintf("%d|%s|%s|%q|%q|%q", depth, plain(it.Quantity), it.Group, it.Name, it.Note, it.Parent))
		out = append(out, flat(it.Modifiers, depth+1)...)
	}
	return out
}
