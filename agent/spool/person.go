package spool

import (
	"fmt"
	"slices"
	"time"

	"mostrador/agent/spool/ticket"
	"mostrador/printer/receipt"
	"mostrador/store"
)

// Print queues a document that a person handed in, in the markup of
// docs/printing.md, on one printer.
func (s *Spool) Print(printer, markup string) (job *store.Job, err error) {
	switch doc, err := receipt.Parse(markup); {
	case err != nil:
		return nil, err
	case len(doc.Lines) == 0:
		return nil, ticket.ErrNothing
	}
	return s.ask(&store.Job{Kind: store.TestTicket, Markup: markup, Printer: printer})
}

// testAge is how long a person waits for a test.
const testAge = 10 * time.Minute

// Test queues the shipped test ticket on one printer.
func (s *Spool) Test(printer, who string) (*store.Job, error) {
	return s.ask(&store.Job{Kind: store.TestTicket, Printer: printer, By: who, MaxAge: testAge})
}

// PrintReport queues figures on one printer.
func (s *Spool) PrintReport(printer, who string, r *store.Report) (*store.Job, error) {
	return s.ask(&store.Job{Kind: store.ReportTicket, Printer: printer, By: who, Report: r})
}

// ask queues a ticket of no order that a person asked for.
func (s *Spool) ask(j *store.Job) (*store.Job, error) {
	if s.unit(j.Printer) == nil {
		return nil, fmt.Errorf("printer %q: %w", j.Printer, store.ErrNotFound)
	}
	j.MeantFor, j.Copy, j.State = j.Printer, 1, store.JobQueued
	_, err := s.store.UpdateVital(func(tx *store.Tx) error {
		j.QueuedAt = tx.Now()
		return tx.PutJob(j)
	})
	return j, err
}

// Retry prints a ticket once more for a person: marked POSIBLE DUPLICADO where
// its outcome is unknown or a copy of it may be on paper, unmarked where it is
// settled that it did not print. A ticket on paper is not printed again here:
// that is Reprint.
func (s *Spool) Retry(seq uint64, who string) (again *store.Job, err error) {
	_, err = s.store.UpdateVital(func(tx *store.Tx) error {
		again = nil
		j, err := tx.Job(seq)
		if err != nil {
			return err
		}
		if err := checkStands(tx, j); err != nil {
			return err
		}
		switch j.State {
		case store.JobUnknown:
			again = markedCopy(j, tx.Now())
		case store.JobNotPrinted, store.JobCancelled, store.JobExpired:
			again = j
			again.State, again.Cause, again.Via = store.JobQueued, "", nil
			if copies, err := copiesOf(tx, j); err != nil {
				return err
			} else if slices.ContainsFunc(copies, mayBeOnPaper) {
				again.Marks = withDuplicateMark(j.Marks)
			}
		default:
			return fmt.Errorf("ticket %d is %s: %w", seq, j.State, ErrSettled)
		}
		again.By, again.RetriedAt = who, tx.Now()
		return tx.PutJob(again)
	})
	return again, err
}

// Reprint prints a ticket again that has ended: another paper of the same,
// headed REIMPRESIÓN, which says the how manieth it is and who wanted it.
func (s *Spool) Reprint(seq uint64, who string) (again *store.Job, err error) {
	_, err = s.store.UpdateVital(func(tx *store.Tx) error {
		j, err := tx.Job(seq)
		if err != nil {
			return err
		}
		if j.State == store.JobQueued || j.State == store.JobSending {
			return fmt.Errorf("ticket %d is %s: %w", seq, j.State, ErrSettled)
		}
		if err := checkStands(tx, j); err != nil {
			return err
		}
		original := j
		if isReprint(j) && j.CopyOf != 0 {
			if original, err = tx.Job(j.CopyOf); err != nil {
				return fmt.Errorf("the original of ticket %d: %w", seq, err)
			}
		}
		copies, err := copiesOf(tx, original)
		if err != nil {
			return err
		}
		again = s.reprintOf(original, copies, who, tx.Now())
		return tx.PutJob(again)
	})
	return again, err
}

func isReprint(j *store.Job) bool { return slices.Contains(j.Marks, store.MarkReprint) }

// reprintOf is another paper of a ticket, on the printer that it was meant for.
func (s *Spool) reprintOf(j *store.Job, copies []*store.Job, who string, now store.Moment) *store.Job {
	c := *j
	c.ID, c.Seq, c.CopyOf, c.Copy = "", 0, j.Seq, 2
	for _, other := range copies {
		if isReprint(other) {
			c.Copy++
		}
	}
	c.State, c.Cause, c.Attempts, c.Via = store.JobQueued, "", nil, nil
	c.QueuedAt, c.RetriedAt, c.DueAt, c.Age = now, store.Moment{}, store.Moment{}, 0
	c.By, c.Marks = who, []store.Mark{store.MarkReprint}
	if s.unit(j.MeantFor) != nil {
		c.Printer = j.MeantFor
	} else {
		c.Marks = append(c.Marks, store.MarkBackupCopy)
	}
	return &c
}

// copiesOf are the jobs that print a ticket again.
func copiesOf(tx *store.Tx, j *store.Job) (copies []*store.Job, err error) {
	of := func(c *store.Job) {
		if c.CopyOf == j.Seq {
			copies = append(copies, c)
		}
	}
	if j.Order != 0 {
		jobs, err := tx.JobsOf(j.Order)
		for _, c := range jobs {
			of(c)
		}
		return copies, err
	}
	for c, err := range tx.Jobs() {
		if err != nil {
			return nil, err
		}
		if c.Seq <= j.Seq { // copies come later
			break
		}
		of(c)
	}
	return copies, nil
}

// mayBeOnPaper: it is on paper, may be, or will be.
func mayBeOnPaper(j *store.Job) bool {
	switch j.State {
	case store.JobQueued, store.JobSending, store.JobPrinted, store.JobUnknown:
		return true
	}
	return false
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
		job.By = who
		return s.conclude(tx, job, to, "dicho por "+who)
	})
	return job, err
}
