package order

import (
	"time"

	"mostrador/store"
)

// A step is what a payload says about a known order that is new. The zero
// value: nothing.
type step struct {
	older     bool // than what is known, by the channel's own date
	content   bool // something that matters is different
	status    bool // the order is further than was known
	word      bool // an unknown status is another word than before
	confirmed bool // the channel shows that it has taken our answer
	details   bool // courier, invoice number and the like
	dated     bool // the channel's date is newer, be it with nothing else new
}

// compare says what of a draft is news.
func compare(known *store.Order, d *Draft) step {
	o := &d.Order
	if !o.Dated.IsZero() && o.Dated.Before(known.Dated) {
		return step{older: true}
	}
	return step{
		content:   !d.StatusOnly && o.Hash != known.Hash,
		status:    advance(known.Status, o.Status) != known.Status,
		word:      o.Status == "" && o.StatusRaw != "" && o.StatusRaw != known.StatusRaw,
		confirmed: awaits(known.ChannelState) && answered(known.Status, o.Status),
		details:   hasDetails(known, o),
		dated:     o.Dated.After(known.Dated),
	}
}

// awaits reports whether the channel's word on our answer is still missing.
func awaits(s store.ChannelState) bool {
	return s == store.ChannelPending || s == store.ChannelUnanswered
}

// answered reports whether the status that a channel itself sends shows that
// it knows of our answer.
func answered(ours, theirs store.Status) bool {
	switch {
	case ended(ours):
		return ended(theirs)
	case rank(ours) >= rank(store.Ready) && !ended(theirs):
		return rank(theirs) >= rank(ours)
	}
	return rank(theirs) >= rank(store.Accepted) && !ended(theirs)
}

// hasDetails reports whether the channel says something new of what does not
// change the order. What it leaves out it does not take back.
func hasDetails(known, o *store.Order) bool {
	return (o.Courier != "" && o.Courier != known.Courier) ||
		(o.CourierURL != "" && o.CourierURL != known.CourierURL) ||
		(o.ManagedDelivery && !known.ManagedDelivery) ||
		(saysInvoice(o.Invoice) && o.Invoice != known.Invoice)
}

func saysInvoice(i store.Invoice) bool {
	return i.Number != "" || (i.State != "" && i.State != store.InvoiceNone)
}

// merge returns the known order as it stands after the step. What this
// terminal or a person gave it stays.
func merge(known *store.Order, d *Draft, s step) store.Order {
	next, o := *known, &d.Order
	if s.content {
		next = *o
		next.ID, next.Seq, next.Key = known.ID, known.Seq, known.Key
		next.Revision = known.Revision + 1
		next.ReceivedAt, next.HeldUntil, next.ChannelState = known.ReceivedAt, known.HeldUntil, known.ChannelState
		next.Status, next.StatusRaw, next.Invoice, next.Raw = known.Status, known.StatusRaw, known.Invoice, known.Raw
		next.Courier, next.CourierURL, next.ManagedDelivery = known.Courier, known.CourierURL, known.ManagedDelivery
		next.ReadyStations, next.ReadyAt = known.ReadyStations, known.ReadyAt
		keep(&next.Transaction, known.Transaction)
		keep(&next.PointOfSale, known.PointOfSale)
		keep(&next.Table, known.Table)
		next.Dated = known.Dated
		if !known.PlacedAt.IsZero() {
			next.PlacedAt = known.PlacedAt
		}
	}
	next.Flags = append([]store.Flag(nil), next.Flags...)
	for _, f := range known.Flags { // whatever it says, its papers may be twice
		if f.Code == FlagPossibleDuplicate {
			AddFlag(&next, f.Code, f.Text)
		}
	}
	for _, f := range o.Flags {
		AddFlag(&next, f.Code, f.Text)
	}
	if o.Dated.After(next.Dated) {
		next.Dated = o.Dated
	}
	mergeProgress(&next, o, s)
	return next
}

// mergeProgress brings in how far the order has come.
func mergeProgress(next, o *store.Order, s step) {
	next.Status = advance(next.Status, o.Status)
	switch {
	case o.Status == "" && o.StatusRaw != "":
		next.StatusRaw = o.StatusRaw
	case s.status:
		next.StatusRaw = ""
	}
	switch {
	case s.confirmed:
		next.ChannelState = store.ChannelConfirmed
	case s.status && ended(next.Status) && awaits(next.ChannelState):
		next.ChannelState = "" // nothing is left to answer
	}
	fill(&next.Courier, o.Courier)
	fill(&next.CourierURL, o.CourierURL)
	next.ManagedDelivery = next.ManagedDelivery || o.ManagedDelivery
	if saysInvoice(o.Invoice) {
		next.Invoice = o.Invoice
	}
	if ended(next.Status) {
		next.HeldUntil = time.Time{}
	}
}

// keep sets an empty field to what is known.
func keep(field *string, known string) {
	if *field == "" {
		*field = known
	}
}

// fill sets a field to what was said, if anything was.
func fill(field *string, said string) {
	if said != "" {
		*field = said
	}
}

// change takes what is new of a known order.
func (in *Intake) change(tx *store.Tx, known *store.Order, d *Draft) (Taken, error) {
	s := compare(known, d)
	if s == (step{}) {
		return takenOf(known, ChangeNone), nil
	}
	if s.older {
		return takenOf(known, ChangeOlder), tx.Log(in.rules.olderEntry(known, d))
	}
	next := merge(known, d, s)
	if s.content {
		in.unready(known, &next, d.Order.Status)
	}
	if s == (step{dated: true}) {
		return takenOf(known, ChangeNone), tx.PutOrder(&next)
	}
	next.ChangedAt = tx.Now()
	if s.content || s.word {
		raw, err := tx.PutRaw(d.Raw)
		if err != nil {
			return Taken{}, err
		}
		next.Raw = raw
	}
	kind := kindOf(known, &next, s)
	effect, err := in.follow(tx, known, &next, s)
	if err != nil {
		return Taken{}, err
	}
	if err := tx.PutOrder(&next); err != nil {
		return Taken{}, err
	}
	if err := emit(tx, &next, kind); err != nil {
		return Taken{}, err
	}
	return takenOf(&next, kind), tx.Log(changedEntry(known, &next, kind, effect))
}

func kindOf(known, next *store.Order, s step) Change {
	switch {
	case next.Status == store.Cancelled && known.Status != store.Cancelled:
		return ChangeCancelled
	case next.Status == store.Rejected && known.Status != store.Rejected:
		return ChangeRejected
	case s.content:
		return ChangeRevised
	case s.status || s.word:
		return ChangeStatus
	case s.confirmed:
		return ChangeChannel
	}
	return ChangeUpdated
}

// follow does to the order's tickets what a change means for them. It may
// change next (its hold, its flags) but stores only jobs.
func (in *Intake) follow(tx *store.Tx, known, next *store.Order, s step) (effect, error) {
	switch {
	case ended(next.Status):
		if ended(known.Status) {
			return effect{}, nil
		}
		return in.withdraw(tx, next, known.Status)
	case !s.content && !s.status && !s.details:
		return effect{}, nil
	}
	jobs, err := tx.JobsOf(next.Seq)
	if err != nil {
		return effect{}, err
	}
	if !s.content && s.details && (len(jobs) > 0 || !s.status) {
		return in.reinvoice(tx, next, jobs)
	}
	comandas := in.router.route(next)
	if s.content {
		comandas = in.flagUnmatched(next)
	}
	if len(jobs) > 0 {
		if !s.content {
			return effect{}, nil
		}
		return in.reticket(tx, next, comandas, jobs)
	}
	if s.content {
		in.hold(next, tx.Now())
	}
	made, err := in.printIfDue(tx, next, comandas, store.Moment{})
	return effect{made: made}, err
}
