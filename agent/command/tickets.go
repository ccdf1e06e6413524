package command

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"mostrador/store"
)

// Tickets lists a page of the tickets, the newest first; a state other than ""
// lists only those in it.
func (c *Commands) Tickets(state store.JobState, p Page) ([]*store.Job, error) {
	if state != "" && !slices.Contains(jobStates(), state) {
		return nil, fmt.Errorf("%w: no ticket is %q; there are: %v", ErrWrong, state, jobStates())
	}
	all := (*store.Tx).Jobs
	if state != "" && state != store.JobPrinted { // few among all that there ever were
		all = func(tx *store.Tx) iter.Seq2[*store.Job, error] { return newestIn(tx, state) }
	}
	return list(c.store, p, all,
		func(j *store.Job) uint64 { return j.Seq },
		func(j *store.Job) bool { return state == "" || j.State == state })
}

// newestIn are the tickets in one state, the newest first.
func newestIn(tx *store.Tx, state store.JobState) iter.Seq2[*store.Job, error] {
	return func(yield func(*store.Job, error) bool) {
		var found []*store.Job
		for j, err := range tx.JobsIn(state) {
			if err != nil {
				yield(nil, err)
				return
			}
			found = append(found, j)
		}
		for _, j := range slices.Backward(found) {
			if !yield(j, nil) {
				return
			}
		}
	}
}

func jobStates() []store.JobState {
	return []store.JobState{store.JobQueued, store.JobSending, store.JobPrinted, store.JobNotPrinted,
		store.JobUnknown, store.JobExpired, store.JobReplaced, store.JobCancelled}
}

// Ticket finds one ticket by its number on this terminal or its id.
func (c *Commands) Ticket(name string) (job *store.Job, err error) {
	err = c.store.View(func(tx *store.Tx) error {
		if seq, ok := seqOf(name); ok {
			job, err = tx.Job(seq)
			return err
		}
		job, err = tx.JobByID(name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: ticket %q", ErrNotFound, name)
	}
	return job, plain(err)
}

// Retry prints a ticket again that is not known to be on paper.
func (c *Commands) Retry(name, who string) (*store.Job, error) {
	return c.onTicket(name, func(seq uint64) (*store.Job, error) { return c.spool.Retry(seq, who) })
}

// Reprint prints a ticket that has ended once more, marked.
func (c *Commands) Reprint(name, who string) (*store.Job, error) {
	return c.onTicket(name, func(seq uint64) (*store.Job, error) { return c.spool.Reprint(seq, who) })
}

// Settle records what a person saw of a ticket whose outcome is unknown.
func (c *Commands) Settle(name string, printed bool, who string) (*store.Job, error) {
	return c.onTicket(name, func(seq uint64) (*store.Job, error) { return c.spool.Settle(seq, printed, who) })
}

// Cancel takes back a ticket that still waits.
func (c *Commands) Cancel(name, who string) (*store.Job, error) {
	return c.onTicket(name, func(seq uint64) (*store.Job, error) { return c.spool.Cancel(seq, who) })
}

func (c *Commands) onTicket(name string, act func(seq uint64) (*store.Job, error)) (*store.Job, error) {
	j, err := c.Ticket(name)
	if err != nil {
		return nil, err
	}
	done, err := act(j.Seq)
	return done, plain(err)
}

// maxMarkup bounds a document that a person hands in, in bytes.
const maxMarkup = 64 << 10

// Print queues a document in the ticket markup on one printer.
func (c *Commands) Print(printer, markup string) (*store.Job, error) {
	if len(markup) > maxMarkup {
		return nil, fmt.Errorf("%w: a document has at most %d bytes, this one %d", ErrWrong, maxMarkup, len(markup))
	}
	if _, ok := c.spool.Printer(printer); !ok {
		return nil, fmt.Errorf("%w: printer %q; there are: %s", ErrNotFound, printer, c.printerNames())
	}
	job, err := c.spool.Print(printer, markup)
	if err != nil && job == nil {
		return nil, fmt.Errorf("%w: %w", ErrWrong, err)
	}
	return job, plain(err)
}

func (c *Commands) printerNames() string {
	names := ""
	for i, s := range c.spool.States() {
		if i > 0 {
			names += ", "
		}
		names += s.Printer
	}
	return names
}

// Sales lists a page of the sales, the newest first.
func (c *Commands) Sales(p Page) ([]*store.Sale, error) {
	return list(c.store, p, (*store.Tx).Sales,
		func(s *store.Sale) uint64 { return s.Seq }, func(*store.Sale) bool { return true })
}
