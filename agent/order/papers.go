package order

import (
	"fmt"

	"mostrador/store"
)

// invoiceTicket is the job of an order's fiscal document, nil while the issuer
// has not sent one. It holds the document as it is now, which is printed once
// per number.
func (in *Intake) invoiceTicket(o *store.Order) *store.Job {
	if o.Invoice.State != store.InvoiceIssued || o.Invoice.Number == "" || !in.router.usable {
		return nil
	}
	invoice := o.Invoice
	return &store.Job{Kind: store.InvoiceTicket, Copy: 1, Invoice: &invoice, Printer: in.printerOf(store.InvoiceTicket, store.ReceiptTicket)}
}

// reinvoice follows the issuer: a document that has been issued is printed, once; one that
// is none any more is taken back where it waits.
func (in *Intake) reinvoice(tx *store.Tx, o *store.Order, jobs []*store.Job) (effect, error) {
	f := following{in: in, tx: tx, o: o, at: revisionsOf(tx, o), cause: "el comprobante cambió"}
	want := in.invoiceTicket(o)
	known := false
	for _, t := range trails(jobs) {
		switch {
		case t.kind != store.InvoiceTicket:
		case want != nil && t.number == want.Invoice.Number:
			known = true
		default:
			if err := f.settle(t, nil); err != nil {
				return f.effect, err
			}
		}
	}
	if want == nil || known || !o.HeldUntil.IsZero() || rank(o.Status) < rank(store.Accepted) {
		return f.effect, nil // none, or one that comes with the order's other tickets
	}
	for copy := 1; copy <= max(1, in.rules.Tickets[want.Kind].Copies); copy++ {
		one := *want
		one.Copy = copy
		if err := f.add(in.queued(&one, o, tx.Now())); err != nil {
			return f.effect, err
		}
	}
	return f.effect, nil
}

// Precheck prints the bill before payment for a person: who asked stands on it.
// A further one counts as a copy. The error is store.ErrNotFound or ErrRefused
// where it could not be done.
func (in *Intake) Precheck(seq uint64, who string) (job *store.Job, err error) {
	_, err = in.store.UpdateVital(func(tx *store.Tx) error {
		job = nil
		o, err := tx.Order(seq)
		if err != nil {
			return fmt.Errorf("order %d: %w", seq, err)
		}
		switch {
		case ended(o.Status):
			return fmt.Errorf("order %d is %s: there is nothing to pay: %w", seq, o.Status, ErrRefused)
		case !in.router.usable:
			return fmt.Errorf("no printer is configured: add a [[printer]]: %w", ErrRefused)
		}
		jobs, err := tx.JobsOf(seq)
		if err != nil {
			return err
		}
		copy := 1
		for _, j := range jobs {
			if j.Kind == store.PrecheckTicket && j.CopyOf == 0 && j.State != store.JobReplaced {
				copy++
			}
		}
		job = in.queued(&store.Job{
			Kind: store.PrecheckTicket, Copy: copy, By: person(who),
			Printer: in.printerOf(store.PrecheckTicket, store.ReceiptTicket),
		}, o, tx.Now())
		if err := tx.PutJob(job); err != nil {
			return err
		}
		return tx.Log(store.Entry{Kind: "order.precheck", Subject: o.ID, Severity: store.Info,
			Text: fmt.Sprintf("%s: precuenta pedida por %s", title(o), job.By)})
	})
	return job, err
}

// renewedPrechecks are the prechecks that still wait, as the order is now.
func (in *Intake) renewedPrechecks(tx *store.Tx, o *store.Order, jobs []*store.Job) []*store.Job {
	var out []*store.Job
	for _, j := range jobs {
		if j.Kind == store.PrecheckTicket && isWaiting(j) && j.CopyOf == 0 {
			out = append(out, in.queued(&store.Job{
				Kind: j.Kind, Copy: j.Copy, By: j.By, Printer: j.Printer, MeantFor: j.MeantFor,
			}, o, tx.Now()))
		}
	}
	return out
}
