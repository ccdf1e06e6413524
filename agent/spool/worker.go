package spool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"mostrador/drivers"
	"mostrador/printer"
	"mostrador/printer/escpos"
	"mostrador/store"
)

// A worker prints the jobs of one printer, one after the other.
type worker struct {
	spool   *Spool
	printer Printer
	log     *slog.Logger
}

func (s *Spool) newWorker(p Printer) *worker {
	return &worker{spool: s, printer: p, log: s.log.With("printer", p.Name)}
}

// run keeps a conversation with the printer open and prints over it until ctx ends.
func (w *worker) run(ctx context.Context) {
	// Keep returns ctx's end and nothing else.
	_ = drivers.Keep(ctx, w.open, w.use, w.report)
}

// A talk is an open port whose printer has been spoken with.
type talk struct {
	drivers.Port
	session *printer.Session
	since   time.Time
}

// Close closes the port and waits for the session's reader.
func (t *talk) Close() error {
	err := t.Port.Close()
	t.session.Wait()
	return err
}

// open opens the line and the conversation, so that a printer counts as there
// only when it has answered as it should.
func (w *worker) open(ctx context.Context) (drivers.Port, error) {
	port, err := w.printer.Open(ctx)
	if err != nil {
		return nil, err
	}
	t := &talk{Port: port, since: time.Now()}
	known, err := w.recall()
	if err != nil {
		port.Close()
		return nil, err
	}
	t.session, err = printer.Begin(ctx, port, w.options(known))
	if err == nil {
		err = w.learn(known, t.session)
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

func (w *worker) options(known memory) printer.Options {
	o := printer.Options{
		Timing: w.printer.Timing,
		Ask:    w.printer.Profile.Answers,
		Known:  known.Abilities,
		Resync: -1,
	}
	if known.Torn {
		o.Resync = known.Block
	}
	if block, torn := w.spool.store.Intended(tornIntent(w.printer.Name)); torn {
		o.Resync = max(o.Resync, int(block))
	}
	return o
}

// learn remembers what the beginning of a session has shown: whether the
// printer answers, and that it is free of a torn ticket.
func (w *worker) learn(known memory, session *printer.Session) error {
	if err := w.spool.store.ForgetIntent(tornIntent(w.printer.Name)); err != nil {
		return err
	}
	now := memory{Abilities: session.Abilities()}
	now.Abilities.Fence = now.Abilities.Fence || known.Abilities.Fence
	if now == known {
		return nil
	}
	_, err := w.spool.store.UpdateVital(func(tx *store.Tx) error {
		return remember(tx, w.printer.Name, now)
	})
	return err
}

// steady is how long a conversation must have lasted for its end to be no fault:
// some printers close a line that is quiet for some minutes.
const steady = 10 * time.Second

// use prints over one open conversation until it fails or ctx ends.
func (w *worker) use(ctx context.Context, port drivers.Port) error {
	t := port.(*talk)
	jobs, stop := w.spool.store.Watch(store.TopicJobs)
	defer stop()
	for {
		w.ready(t.session)
		job, err := w.next()
		if err != nil {
			return err
		}
		if job != nil {
			if err := w.print(ctx, t.session, job); err != nil {
				return err
			}
			continue
		}
		select {
		case <-jobs:
		case <-t.session.Dead():
			if time.Since(t.since) > steady {
				return nil
			}
			return t.session.Cause()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// next is the oldest job that waits for this printer, nil when none does.
func (w *worker) next() (job *store.Job, err error) {
	err = w.spool.store.View(func(tx *store.Tx) error {
		for j, err := range tx.Waiting(w.printer.Name) {
			job = j
			return err
		}
		return nil
	})
	return job, err
}

// print takes one job to paper and records what is known of it. It fails when
// the line cannot be trusted any more.
func (w *worker) print(ctx context.Context, session *printer.Session, job *store.Job) error {
	ticket, err := w.compose(job)
	if err != nil {
		w.log.Error("ticket cannot be made", "ticket", job.ID, "error", err)
		return w.spool.giveUp(job.Seq, fmt.Sprintf("no se pudo componer: %v", err))
	}
	job, ok, err := w.spool.begin(job.Seq, w.printer.Name, len(ticket), escpos.MaxBlock(ticket))
	if err != nil || !ok {
		return err
	}
	w.spool.setState(w.printer.Name, Printing, "", "")
	report := session.Send(ctx, printer.Ticket{Bytes: ticket})
	if err := w.record(ctx, job, attemptOf(report)); err != nil {
		return err
	}
	return report.Err
}

// compose makes a ticket's bytes. One whose making panics is lost alone: it must
// not take the agent down, now and at every further start.
func (w *worker) compose(job *store.Job) (ticket []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			w.log.Error("making a ticket panicked", "ticket", job.ID, "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("fallo interno: %v", v)
		}
	}()
	return w.spool.render.bytes(w.spool.store, job, w.printer)
}

// attemptOf says what a report is worth: nothing sent is proven not printed,
// and a ticket that had begun without being proven is unknown.
func attemptOf(r printer.Report) store.Attempt {
	a := store.Attempt{Sent: r.Sent, Proof: store.ProofNone}
	switch {
	case r.Err == nil:
		a.Outcome, a.Proof = store.OutcomePrinted, store.Proof(r.Proof)
	case r.Sent == 0:
		a.Outcome, a.Cause = store.OutcomeNotPrinted, r.Err.Error()
	default:
		a.Outcome, a.Cause = store.OutcomeUnknown, r.Err.Error()
	}
	return a
}

// record writes an attempt's end, again and again until the store takes it: a
// finished ticket must not stay in sending while this process can still tell.
func (w *worker) record(ctx context.Context, job *store.Job, a store.Attempt) error {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 10*time.Second) {
		err := w.spool.finish(job.Seq, a)
		if err == nil || errors.Is(err, ErrSettled) {
			return nil
		}
		w.log.Error("outcome of a ticket is not recorded yet", "ticket", job.ID, "outcome", a.Outcome, "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

func (w *worker) ready(session *printer.Session) {
	w.spool.setState(w.printer.Name, Ready, "", store.Proof(session.Proof()))
}

// report hears once of each change between a printer that is there and one
// that is not, and tells it on.
func (w *worker) report(c drivers.Change) {
	condition, cause := Ready, ""
	if !c.Up {
		condition, cause = Absent, c.Err.Error()
		w.spool.setState(w.printer.Name, condition, cause, "")
	}
	if err := w.spool.tellCondition(w.printer.Name, condition, cause, c.Flaps); err != nil {
		w.log.Error("printer's condition is not recorded", "condition", condition, "error", err)
	}
	w.log.Info("printer", "condition", condition, "cause", cause, "flaps", c.Flaps)
}

// memory is what the spooler keeps of a printer between runs.
type memory struct {
	// Abilities are what it has been found to answer.
	Abilities printer.Abilities `json:"abilities"`
	// Torn: a ticket was cut off and the printer has not been freed from it
	// yet; Block is the longest block of data that it may still wait for.
	Torn  bool `json:"torn,omitempty"`
	Block int  `json:"block,omitempty"`
}

func memoryKey(printer string) string { return "printer/" + printer }

func (w *worker) recall() (m memory, err error) {
	err = w.spool.store.View(func(tx *store.Tx) error {
		m, err = recall(tx, w.printer.Name)
		return err
	})
	return m, err
}

func recall(tx *store.Tx, printer string) (m memory, err error) {
	b := tx.Cursor(memoryKey(printer))
	if b == nil {
		return m, nil
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("what is known of printer %s: %w", printer, err)
	}
	return m, nil
}

func remember(tx *store.Tx, printer string, m memory) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return tx.SetCursor(memoryKey(printer), b)
}
