package spool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mostrador/drivers"
	"mostrador/printer"
	"mostrador/printer/profile"
	"mostrador/store"
)

// A worker prints the jobs of one printer, one after the other.
type worker struct {
	*unit
	spool *Spool
	log   *slog.Logger
	model profile.Profile // that it prints with
	tools tools
	// logos are the pictures that the printer's own memory keeps.
	logos []storedLogo
	// generation of the printer that is spoken with (memory.Generation).
	generation int
	// bound: it may stand in the middle of a ticket until it has printed.
	bound bool
}

func (s *Spool) newWorker(u *unit) *worker {
	return &worker{unit: u, spool: s, log: s.log.With("printer", u.Name), model: u.Profile}
}

// run keeps a conversation with the printer open and prints over it until ctx ends.
func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		// What ends the pause between two tries ends no conversation.
		trying, retry := context.WithCancel(ctx)
		w.spool.mu.Lock()
		w.retry = retry
		w.spool.mu.Unlock()
		use := func(_ context.Context, port drivers.Port) error { return w.use(ctx, port) }
		// Keep returns trying's end and nothing else.
		_ = drivers.Keep(trying, w.open, use, func(c drivers.Change) { w.spool.heard(w.unit, c) })
		retry()
	}
}

// A talk is an open port whose printer has been spoken with.
type talk struct {
	drivers.Port
	session *printer.Session
	since   time.Time
}

// Close closes the port and waits for the session's goroutines.
func (t *talk) Close() error {
	err := t.Port.Close()
	t.session.Wait()
	return err
}

// storeFault is an error of our own store, which is no fault of the printer.
type storeFault struct{ error }

func (f storeFault) Unwrap() error { return f.error }

func isStoreFault(err error) bool {
	var f storeFault
	return errors.As(err, &f)
}

// open opens the line and the conversation, so that a printer counts as there
// only when it has answered as it should.
func (w *worker) open(ctx context.Context) (drivers.Port, error) {
	port, err := w.meet(ctx)
	switch {
	case err == nil:
		return port, nil
	case errors.Is(ctx.Err(), context.Canceled): // it is tried again at once
		w.closed(nil)
	default:
		w.closed(err)
	}
	return nil, err
}

func (w *worker) meet(ctx context.Context) (drivers.Port, error) {
	select {
	case <-w.renew: // which this is
	default:
	}
	known, err := w.recall()
	if err != nil {
		return nil, storeFault{err}
	}
	if known.Generation != w.generation {
		w.generation = known.Generation
		w.spool.change(w.unit, func() { w.proof = "" })
	}
	if err := w.recallLogos(); err != nil {
		return nil, storeFault{err}
	}
	w.settleProfile(known.Abilities)
	port, err := w.Open(ctx)
	if err != nil {
		return nil, err
	}
	t := &talk{Port: port, since: time.Now()}
	t.session, err = printer.Begin(ctx, port, w.options(known))
	if w.garbles(port) && (err != nil || !t.session.Abilities().Status) {
		err = errors.Join(printer.ErrNoise, err)
	}
	if err == nil {
		err = w.met(t.session)
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// garbles notes what went wrong on the line, and says whether it is set to another
// speed than the printer, which would print nonsense.
func (w *worker) garbles(port drivers.Port) bool {
	wire, ok := port.(drivers.LineCounter)
	if !ok {
		return false
	}
	counts := wire.LineErrors()
	w.spool.mu.Lock()
	w.wire = &counts
	w.spool.mu.Unlock()
	return counts.Garbled()
}

func (w *worker) options(known memory) printer.Options {
	o := printer.Options{
		Timing: w.Timing, Ask: w.Profile.Answers, Known: known.Abilities, Proves: known.Proves, Speed: w.model.Speed, Resync: -1,
		OnCondition: func(c printer.Condition) { w.spool.said(w.unit, c) },
	}
	if known.Torn {
		o.Resync = known.Block
	}
	if block, torn := w.spool.store.Intended(tornIntent(w.Name)); torn {
		o.Resync = max(o.Resync, int(block))
	}
	return o
}

// met remembers a printer that has been spoken with: it is free of a torn
// ticket.
func (w *worker) met(session *printer.Session) error {
	// A printer that stands still only has in its buffer what frees it, and may
	// yet lose that with its power.
	c, known := session.Condition()
	if w.bound = known && c.Blocked(); w.bound {
		if err := w.learn(session, false); err != nil {
			return storeFault{err}
		}
	} else if err := w.freed(session); err != nil {
		return err
	}
	w.spool.change(w.unit, func() {
		w.line, w.lineCause, w.printing = Ready, "", false
		w.proof = store.Proof(session.Proof())
		if known {
			w.faults = c
		} else if !session.Abilities().Status {
			w.faults = printer.Condition{} // it will say nothing
		}
	})
	return nil
}

// freed remembers that the printer does not stand in the middle of a ticket.
func (w *worker) freed(session *printer.Session) error {
	if err := w.spool.store.ForgetIntent(tornIntent(w.Name)); err != nil {
		return storeFault{err}
	}
	if err := w.learn(session, true); err != nil {
		return storeFault{err}
	}
	w.bound = false
	return nil
}

// closed notes that the printer is not there, and why; nil: its line is opened
// again at once.
func (w *worker) closed(err error) {
	w.spool.change(w.unit, func() {
		w.printing = false
		switch {
		case err == nil:
			w.line, w.lineCause = Opening, ""
		case isStoreFault(err):
			w.line, w.lineCause = Failing, errorWords(err)
		default:
			w.line, w.lineCause = Absent, errorWords(err)
		}
	})
}

// steady is how long a conversation must have lasted for its end to be no fault:
// some printers close a line that is quiet for some minutes.
const steady = 10 * time.Second

// use prints over one open conversation until it fails or ctx ends.
func (w *worker) use(ctx context.Context, port drivers.Port) error {
	t := port.(*talk)
	err := w.serve(ctx, t)
	if errors.Is(err, errEnded) {
		err = t.session.Cause()
		if time.Since(t.since) > steady && !errors.Is(err, printer.ErrSilent) && !errors.Is(err, printer.ErrNoise) {
			err = nil
		}
	}
	if errors.Is(err, errRenewed) {
		err = nil
	}
	if ctx.Err() == nil {
		w.closed(err)
	}
	return err
}

// errRenewed: a person wants another conversation.
var errRenewed = errors.New("the conversation begins anew")

// errEnded: the session ended while nothing was printing.
var errEnded = errors.New("the conversation has ended")

// How a worker waits for its store, and for a printer that says nothing more
// than that it is blocked.
const (
	storePause   = time.Second
	blockedPause = 2 * time.Second
)

// serve prints what waits, opens the drawer when asked to, and waits for either.
// A printer that is blocked or paused waits for that to change.
func (w *worker) serve(ctx context.Context, t *talk) error {
	jobs, stop := w.spool.store.Watch(store.TopicJobs)
	defer stop()
	caughtUp := false
	for {
		_ = w.garbles(t.Port) // it has been spoken with: only the counts matter
		w.kickIfAsked(ctx, t.session)
		select {
		case <-w.renew:
			return errRenewed
		default:
		}
		var again <-chan time.Time
		waiting := jobs
		if able := w.able(); !able {
			caughtUp, waiting = false, nil
		} else {
			printed, err := w.turn(ctx, t.session, &caughtUp)
			var blocked *printer.Blocked
			switch {
			case printed && err == nil:
				continue
			case isStoreFault(err):
				w.log.Error("printing waits for the store", "error", err)
				again, waiting = time.After(storePause), nil
			case errors.As(err, &blocked):
				again, waiting = time.After(blockedPause), nil
			case err != nil:
				return err
			}
		}
		select {
		case <-waiting:
		case <-again:
		case <-w.wake:
		case k := <-w.kicks:
			k.done <- w.kick(ctx, t.session, k)
		case <-w.renew:
			return errRenewed
		case <-t.session.Dead():
			return errEnded
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *worker) able() bool {
	w.spool.mu.Lock()
	defer w.spool.mu.Unlock()
	return w.canPrint()
}

// turn prints the next ticket, after having caught up with what a time without
// printing has left. It returns *printer.Blocked when nothing could be sent.
func (w *worker) turn(ctx context.Context, session *printer.Session, caughtUp *bool) (printed bool, err error) {
	if !*caughtUp {
		if err := w.spool.catchUp(w.unit); err != nil {
			return false, storeFault{err}
		}
		*caughtUp = true
	}
	job, err := w.next()
	if err != nil {
		return false, storeFault{err}
	}
	if job == nil {
		return false, nil
	}
	return true, w.print(ctx, session, job)
}

// next is the oldest job that waits for this printer, with what it has to say of
// its age, or one that goes ahead; nil when none waits.
func (w *worker) next() (job *store.Job, err error) {
	var unreadable []error
	err = w.spool.store.View(func(tx *store.Tx) error {
		job, unreadable = w.first(tx), nil
		if job != nil {
			return nil
		}
		for j, err := range tx.Waiting(w.Name) {
			if err != nil {
				unreadable = append(unreadable, err)
				continue
			}
			job = dated(j, tx.Now())
			return nil
		}
		return nil
	})
	if err == nil {
		err = w.spool.tellUnreadable(unreadable)
	}
	return job, err
}

// first is the job that goes ahead of older ones, nil when none does.
func (w *worker) first(tx *store.Tx) *store.Job {
	w.spool.mu.Lock()
	defer w.spool.mu.Unlock()
	for len(w.ahead) > 0 {
		j, err := tx.Job(w.ahead[0])
		if err == nil && j.State == store.JobQueued && j.Printer == w.Name {
			return j
		}
		w.ahead = w.ahead[1:]
	}
	return nil
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
			return storeFault{fmt.Errorf("record the outcome of ticket %d: %w", job.Seq, err)}
		}
	}
}
