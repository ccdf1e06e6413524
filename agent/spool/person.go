package spool

import (
	"fmt"

	"mostrador/printer/receipt"
	"mostrador/store"
)

// Print queues a document that a person handed in, in the markup of
// docs/printing.md, on one printer.
func (s *Spool) Print(printer, markup string) (job *store.Job, err error) {
	if _, ok := s.Printer(printer); !ok {
		return nil, fmt.Errorf("printer %q: %w", printer, store.ErrNotFound)
	}
	if _, err := receipt.Parse(markup); err != nil {
		return nil, err
	}
	_, err = s.store.UpdateVital(func(tx *store.Tx) error {
		job = &store.Job{
			Kind: store.TestTicket, Markup: markup, Copy: 1,
			Printer: printer, MeantFor: printer, State: store.JobQueued, QueuedAt: tx.Now(),
		}
		return tx.PutJob(job)
	})
	return job, err
}

// Retry prints a ticket once more for a person: marked POSIBLE DUPLICADO where
// its outcome is unknown or a copy of it may be on paper, unmarked where it is
// settled that it did not print. A ticket on paper is not printed again here.
func (s *Spool) Retry(seq uint64) (again *store.Job, err error) {
	_, err = s.store.UpdateVital(func(tx *store.Tx) error {
		again = nil
		j, err := tx.Job(seq)
		if err != nil {
			return err
		}
		switch j.State {
		case store.JobUnknown:
			again = markedCopy(j, tx.Now())
		case store.JobNotPrinted, store.JobCancelled, store.JobExpired:
			again = j
			again.State, again.Cause, again.QueuedAt = store.JobQueued, "", tx.Now()
			if copied, err := hasCopy(tx, j); err != nil {
				return err
			} else if copied {
				again.Marks = withDuplicateMark(j.Marks)
			}
		default:
			return fmt.Errorf("ticket %d is %s: %w", seq, j.State, ErrSettled)
		}
		return tx.PutJob(again)
	})
	return again, err
}

// hasCopy reports whether a copy of j is on paper, may be, or will be.
func hasCopy(tx *store.Tx, j *store.Job) (bool, error) {
	for c, err := range tx.Jobs() {
		if err != nil {
			return false, err
		}
		if c.Seq <= j.Seq { // copies come later
			break
		}
		if c.CopyOf != j.Seq {
			continue
		}
		switch c.State {
		case store.JobQueued, store.JobSending, store.JobPrinted, store.JobUnknown:
			return true, nil
		}
	}
	return false, nil
}

// Settle records what a person saw of a ticket whose outcome is unknown.
func (s *Spool) Settle(seq uint64, printed bool, who string) (*store.Job, error) {
	if printed {
		return s.decide(seq, store.JobUnknown, store.JobPrinted, who)
	}
	return s.decide(seq, store.JobUnknown, store.JobNotPrinted, who)
}

// Cancel takes back a ticket that still waits.
func (s *Spool) Cancel(seq uint64, who string) (*store.Job, error) {
	return s.decide(seq, store.JobQueued, store.JobCancelled, who)
}

// decide ends a ticket as a person says, if it still is as they saw it.
func (s *Spool) decide(seq uint64, from, to store.JobState, who string) (job *store.Job, err error) {
	_, err = s.store.UpdateVital(func(tx *store.Tx) error {
		if job, err = tx.Job(seq); err != nil {
			return err
		}
		if job.State != from {
			return fmt.Errorf("ticket %d is %s: %w", seq, job.State, ErrSettled)
		}
		return s.conclude(tx, job, to, "dicho por "+who)
	})
	return job, err
}
