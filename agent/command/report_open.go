package command

import (
	"slices"

	"mostrador/store"
)

// A Task is a ticket that somebody must look at: nobody knows whether those who
// need it have it.
type Task struct {
	Ticket      uint64           `json:"ticket"` // Job.Seq
	OrderNumber string           `json:"order_number"`
	Kind        store.TicketKind `json:"kind"`
	Station     string           `json:"station,omitempty"`
	Printer     string           `json:"printer"`
	// State is unknown, expired or not_printed; Said: by a person's word.
	State store.JobState `json:"state"`
	Said  bool           `json:"said,omitempty"`
	// At is when its last attempt began, or else when it was asked for.
	At store.Moment `json:"at"`
}

// tasks are those among the tickets of one order, which are given by Seq: one
// for each ticket that went wrong and that no other has taken the place of.
func tasks(o *store.Order, family []*store.Job) (open []Task) {
	told := map[uint64]bool{}
	for _, j := range slices.Backward(family) {
		root := rootOf(j, family)
		if told[root] || !astray(j) || !needed(j, o) || slices.ContainsFunc(family, func(k *store.Job) bool {
			return rootOf(k, family) == root && arrived(k) || overtakes(k, j)
		}) {
			continue
		}
		told[root] = true
		t := Task{Ticket: j.Seq, OrderNumber: j.OrderNumber, Kind: j.Kind, Station: j.Station, Printer: j.Printer, State: j.State, At: j.QueuedAt}
		if n := len(j.Attempts); n > 0 {
			t.At, t.Printer = j.Attempts[n-1].Started, j.Attempts[n-1].Printer
			t.Said = j.State == store.JobNotPrinted && j.Attempts[n-1].Outcome == store.OutcomeUnknown
		}
		open = append(open, t)
	}
	slices.Reverse(open)
	return open
}

// rootOf is the ticket that a copy is of.
func rootOf(j *store.Job, family []*store.Job) uint64 {
	for range family {
		i := slices.IndexFunc(family, func(k *store.Job) bool { return j.CopyOf != 0 && k.Seq == j.CopyOf })
		if i < 0 {
			break
		}
		j = family[i]
	}
	return j.Seq
}

// astray: a ticket has ended, and not on paper as far as is known.
func astray(j *store.Job) bool {
	return j.State == store.JobUnknown || j.State == store.JobExpired || j.State == store.JobNotPrinted
}

// arrived: it is on paper, or about to be.
func arrived(j *store.Job) bool {
	return j.State == store.JobPrinted || j.State == store.JobQueued || j.State == store.JobSending
}

// needed: somebody would act by the ticket as its order stands.
func needed(j *store.Job, o *store.Order) bool {
	switch o.Status {
	case store.Cancelled, store.Rejected:
		// Whoever may have an earlier paper must hear of it.
		return j.Kind == store.VoidTicket || j.State == store.JobUnknown && j.Kind != store.ReceiptTicket && j.Kind != store.PrecheckTicket
	case store.Dispatched, store.Completed:
		// It has left; what never came out may be missing in it.
		if j.State == store.JobUnknown {
			return j.Kind == store.InvoiceTicket
		}
		return j.Kind == store.ComandaTicket || j.Kind == store.ChangeTicket || j.Kind == store.InvoiceTicket
	}
	return true
}

// overtakes: with k on paper nobody needs j any more.
func overtakes(k, j *store.Job) bool {
	if k.Seq <= j.Seq || !arrived(k) || k.Station != j.Station {
		return false
	}
	switch k.Kind {
	case store.VoidTicket:
		return j.Kind == store.VoidTicket && k.Printer == j.Printer || k.Follows == j.Seq || k.Follows == j.CopyOf && j.CopyOf != 0
	case store.ComandaTicket:
		return j.Kind == store.ComandaTicket || j.Kind == store.ChangeTicket || j.Kind == store.VoidTicket && j.Station != ""
	case store.ChangeTicket:
		return false
	}
	return k.Kind == j.Kind
}

// openTasks are the tasks among the orders that have tickets of a period.
func openTasks(tx *store.Tx, within func(store.Moment) bool) ([]Task, error) {
	open := []Task{}
	seen := map[uint64]bool{}
	var orders []uint64
	for _, state := range []store.JobState{store.JobUnknown, store.JobExpired, store.JobNotPrinted} {
		for j, err := range tx.JobsIn(state) {
			if err == nil && j.Order != 0 && within(j.QueuedAt) && !seen[j.Order] {
				seen[j.Order] = true
				orders = append(orders, j.Order)
			}
		}
	}
	slices.Sort(orders)
	for _, seq := range orders {
		o, err := tx.Order(seq)
		if err != nil {
			return nil, err
		}
		family, err := tx.JobsOf(seq)
		if err != nil {
			return nil, err
		}
		open = append(open, tasks(o, family)...)
	}
	return open, nil
}
