package order

import (
	"time"

	"mostrador/store"
)

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

// printIfDue makes the order's tickets when it is accepted and not held. They
// were due at a moment before, or are due now: the zero moment.
func (in *Intake) printIfDue(tx *store.Tx, o *store.Order, comandas []Comanda, due store.Moment) ([]*store.Job, error) {
	if !inKitchen(o.Status) || !o.HeldUntil.IsZero() {
		return nil, nil
	}
	jobs := in.tickets(o, comandas, tx.Now())
	for _, j := range jobs {
		j.DueAt = due
		if err := tx.PutJob(j); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// dueSince is when the tickets of a scheduled order should have been made,
// where that has passed by: the terminal was off meanwhile. Their age counts
// from then. Otherwise it is the zero moment.
func (in *Intake) dueSince(o *store.Order, now store.Moment) store.Moment {
	at := o.DueAt.Add(-in.rules.LeadTime).UTC()
	const onTime = time.Minute
	if !o.Scheduled || o.DueAt.IsZero() || at.Before(o.ReceivedAt.Wall) || now.Wall.Sub(at) < onTime {
		return store.Moment{}
	}
	due := store.Moment{Wall: at, Synced: true} // the channel's own time
	if received := o.ReceivedAt; received.Synced {
		due.Boot, due.Uptime = received.Boot, received.Uptime+at.Sub(received.Wall)
	}
	return due
}

// tickets are the jobs that an order needs: a comanda for each station first,
// as cooking takes longest, then the slip of a delivery, then the receipt and
// the fiscal document where the issuer has sent one.
func (in *Intake) tickets(o *store.Order, comandas []Comanda, now store.Moment) []*store.Job {
	if !in.router.usable {
		return nil
	}
	var jobs []*store.Job
	add := func(j store.Job) {
		for copy := 1; copy <= max(1, in.rules.Tickets[j.Kind].Copies); copy++ {
			one := j
			one.Copy = copy
			jobs = append(jobs, in.queued(&one, o, now))
		}
	}
	for i, c := range comandas {
		add(store.Job{
			Kind: store.ComandaTicket, Station: c.Station.Name, Printer: c.Station.Printers[0],
			Part: i + 1, Parts: len(comandas), Others: others(comandas, i), Items: c.Items,
		})
	}
	if o.Kind == store.Delivery {
		add(store.Job{Kind: store.DeliveryTicket, Printer: in.printerOf(store.DeliveryTicket)})
	}
	add(store.Job{Kind: store.ReceiptTicket, Printer: in.printerOf(store.ReceiptTicket)})
	if invoice := in.invoiceTicket(o); invoice != nil {
		add(*invoice)
	}
	return jobs
}

// queued fills in what every new ticket of an order has.
func (in *Intake) queued(j *store.Job, o *store.Order, now store.Moment) *store.Job {
	j.Order, j.OrderID, j.OrderNumber, j.Revision = o.Seq, o.ID, o.Number, o.Revision
	j.MaxAge = in.rules.Tickets[j.Kind].MaxAge
	j.State, j.QueuedAt = store.JobQueued, now
	if HasFlag(o, FlagPossibleDuplicate) {
		j.Marks = mark(j.Marks, store.MarkPossibleDuplicate)
	}
	if j.MeantFor == "" {
		j.MeantFor = j.Printer
	}
	return j
}

// printerOf is where a ticket of no station comes out: as configured for the
// first of these kinds that says so, else at the default station.
func (in *Intake) printerOf(kinds ...store.TicketKind) string {
	for _, kind := range kinds {
		if printers := in.rules.Tickets[kind].Printers; len(printers) > 0 {
			return printers[0]
		}
	}
	def, _ := in.rules.defaultStation()
	return def.Printers[0]
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
