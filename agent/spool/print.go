package spool

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"mostrador/printer"
	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/store"
)

// print takes one job to paper and records what is known of it. It fails when
// the line cannot be trusted any more, with a storeFault when only the store
// cannot, and with *printer.Blocked when the printer said that it cannot print
// before anything was sent.
func (w *worker) print(ctx context.Context, session *printer.Session, job *store.Job) error {
	if expired(job, w.spool.store.Clock().Now()) {
		return asStoreFault(w.spool.expire(w.Name, []*store.Job{job}))
	}
	on := sheet{w.Printer, w.model, w.proof, &w.tools}
	var page layout.Page
	leftOut := 0
	if err := w.compose(job, func() (err error) { page, leftOut, err = w.spool.render.page(w.spool.store, job, on); return err }); err != nil {
		return w.giveUp(job, err)
	}
	if err := w.storeLogos(ctx, session, job.Kind, page); err != nil {
		return err
	}
	var ticket printer.Ticket
	if err := w.compose(job, func() (err error) { ticket, err = w.spool.render.ticket(job, page, on, w.kept()); return err }); err != nil {
		return w.giveUp(job, err)
	}
	job, ok, err := w.spool.begin(job, w.Name, len(ticket.Bytes), escpos.MaxBlock(ticket.Bytes))
	if err != nil || !ok {
		return asStoreFault(err)
	}
	if leftOut > 0 && job.Tries() == 1 {
		w.log.Warn("pictures of the order's data cannot be read; the ticket comes out without them", "ticket", job.ID, "pictures", leftOut)
	}
	w.spool.change(w.unit, func() { w.printing = true })
	report := session.Send(ctx, ticket)
	w.spool.change(w.unit, func() { w.printing = false })
	if err := w.record(ctx, job, attemptOf(report)); err != nil {
		return err
	}
	if report.Err == nil {
		return w.printed(ctx, session, job)
	}
	var blocked *printer.Blocked
	if report.Sent > 0 && errors.As(report.Err, &blocked) {
		// What stands in its buffer is torn: the line begins anew.
		return fmt.Errorf("in the middle of a ticket: %v", report.Err)
	}
	return report.Err
}

func asStoreFault(err error) error {
	if err == nil {
		return nil
	}
	return storeFault{err}
}

// printed follows up a ticket that is on paper: its printer works again, may
// have shown what it can do, and opens the drawer for what is paid in cash.
func (w *worker) printed(ctx context.Context, session *printer.Session, job *store.Job) error {
	w.spool.change(w.unit, func() { w.proven = true })
	if w.bound {
		if err := w.freed(session); err != nil {
			return err
		}
	}
	if a := session.Abilities(); both(w.abilities, a) != w.abilities {
		if err := w.learn(session, false); err != nil {
			return storeFault{err}
		}
		w.spool.change(w.unit, func() { w.proof = store.Proof(session.Proof()) })
	}
	if err := w.kickForCash(ctx, session, job); err != nil {
		w.log.Warn("the drawer did not open", "ticket", job.ID, "error", err)
	}
	return nil
}

// compose does a step of making a ticket. One whose making panics is lost alone:
// it must not take the agent down, now and at every further start.
func (w *worker) compose(job *store.Job, step func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			w.log.Error("making a ticket panicked", "ticket", job.ID, "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("fallo interno: %v", v)
		}
	}()
	return step()
}

// giveUp ends a ticket that cannot be made.
func (w *worker) giveUp(job *store.Job, cause error) error {
	w.log.Error("ticket cannot be made", "ticket", job.ID, "error", cause)
	return asStoreFault(w.spool.giveUp(job.Seq, fmt.Sprintf("no se pudo componer: %v", cause)))
}

// attemptOf says what a report is worth: nothing sent is proven not printed,
// and a ticket that had begun without being proven is unknown.
func attemptOf(r printer.Report) store.Attempt {
	a := store.Attempt{Sent: r.Sent, Proof: store.ProofNone}
	switch {
	case r.Err == nil:
		a.Outcome, a.Proof = store.OutcomePrinted, store.Proof(r.Proof)
	case r.Sent == 0:
		a.Outcome, a.Cause = store.OutcomeNotPrinted, errorWords(r.Err)
	default:
		a.Outcome, a.Cause = store.OutcomeUnknown, errorWords(r.Err)
	}
	return a
}
