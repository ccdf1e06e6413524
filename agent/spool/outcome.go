package spool

import (
	"errors"
	"fmt"
	"slices"

	"mostrador/store"
)

// ErrSettled: the ticket's state does not allow what was asked.
var ErrSettled = errors.New("the ticket's state does not allow that")

// begin records the intent to send a job as it was composed: it is on disk
// before the first byte leaves. ok is false when the job is not, or no longer,
// this printer's to print, when it would say something else now, when the printer
// has been paused, or when it had been begun before a crash.
func (s *Spool) begin(composed *store.Job, printerName string, size, block int) (job *store.Job, ok bool, err error) {
	var name string
	var begun bool
	seq := composed.Seq
	durable, err := s.store.UpdateVital(func(tx *store.Tx) error {
		job, ok, begun = nil, false, false
		j, err := tx.Job(seq)
		if err != nil {
			return err
		}
		if j.State != store.JobQueued || j.Printer != printerName || !slices.Equal(timeless(j.Marks), timeless(composed.Marks)) {
			return nil
		}
		if st, err := standingOf(tx, printerName); err == nil && st.Paused != nil {
			return nil // a person has said so since the worker looked
		}
		j.Marks, j.Age = composed.Marks, composed.Age
		if name, err = intentOf(tx, j); err != nil {
			return err
		}
		j.State, j.Cause = store.JobSending, ""
		j.Attempts = append(j.Attempts, store.Attempt{
			Printer: printerName, Started: tx.Now(), Bytes: size, Block: block,
		})
		if _, begun = s.store.Intended(name); begun {
			return s.concludeBegun(tx, j)
		}
		job, ok = j, true
		return tx.PutJob(j)
	})
	switch {
	case err != nil:
		return nil, false, err
	case begun && durable:
		err = s.store.ForgetIntent(name)
	case ok && !durable:
		err = s.store.NoteIntents(store.Intent{Name: name}, store.Intent{Name: tornIntent(printerName), Detail: uint32(block)})
	}
	if err != nil {
		// The ticket is worth more than the mark of its second copy.
		s.log.Error("a crash now could print a ticket twice without a mark", "ticket", seq, "error", err)
	}
	return job, ok, nil
}

// finish records how the attempt under way of a job ended, what follows from
// it, and the evidence, in one transaction.
func (s *Spool) finish(seq uint64, a store.Attempt) error {
	_, err := s.store.UpdateVital(func(tx *store.Tx) error {
		j, err := tx.Job(seq)
		if err != nil {
			return err
		}
		if j.State != store.JobSending || len(j.Attempts) == 0 {
			return fmt.Errorf("ticket %d is %s: %w", seq, j.State, ErrSettled)
		}
		last := &j.Attempts[len(j.Attempts)-1]
		a.Printer, a.Started, a.Finished = last.Printer, last.Started, tx.Now()
		a.Bytes, a.Block = last.Bytes, last.Block
		*last = a
		switch a.Outcome {
		case store.OutcomePrinted:
			if err := s.conclude(tx, j, store.JobPrinted, a.Cause); err != nil {
				return err
			}
			return s.leaveBehind(tx, j)
		case store.OutcomeUnknown:
			if err := tear(tx, j); err != nil {
				return err
			}
			return s.concludeUnknown(tx, j, a.Cause)
		}
		j.Attempts = foldAttempts(j.Attempts)
		return s.waitAgain(tx, j, a.Cause)
	})
	return err
}

// waitAgain queues a ticket, unmarked, that is proven not printed. One whose void
// ticket, or whose successor, was made while it was on its way is taken back
// instead, unless it is the last that may still say anything, or a person wanted it.
func (s *Spool) waitAgain(tx *store.Tx, j *store.Job, cause string) error {
	by := s.endedBy(tx, j)
	switch {
	case by == nil || by.Seq < j.Seq || !j.RetriedAt.IsZero():
	case by.Kind == store.VoidTicket:
		return s.conclude(tx, j, store.JobCancelled, "se anuló mientras se enviaba; no salió")
	case mayBeOnPaper(by):
		return s.conclude(tx, j, store.JobReplaced, "se reemplazó mientras se enviaba; no salió")
	}
	j.State, j.Cause = store.JobQueued, cause
	return tx.PutJob(j)
}

// endedBy is the overtaker of a ticket whose attempt has ended: that must be
// recorded, whatever cannot be read of its order's other tickets.
func (s *Spool) endedBy(tx *store.Tx, j *store.Job) *store.Job {
	by, err := overtaker(tx, j)
	if err != nil {
		s.log.Error("whether a ticket is still wanted cannot be read", "ticket", j.ID, "error", err)
	}
	return by
}

// foldAttempts counts the last two as one where both sent nothing to the same
// printer: one that is out of paper all night is tried some thousand times, and
// each try writes the job.
func foldAttempts(all []store.Attempt) []store.Attempt {
	n := len(all)
	if n < 2 || all[n-2].Outcome != store.OutcomeNotPrinted || all[n-2].Printer != all[n-1].Printer {
		return all
	}
	all[n-1].Before = all[n-2].Before + 1
	return slices.Delete(all, n-2, n-1)
}

// giveUp ends a job that cannot be printed at all.
func (s *Spool) giveUp(seq uint64, cause string) error {
	_, err := s.store.UpdateVital(func(tx *store.Tx) error {
		j, err := tx.Job(seq)
		if err != nil || j.State != store.JobQueued {
			return err
		}
		return s.conclude(tx, j, store.JobNotPrinted, cause)
	})
	return err
}

// conclude ends a job and emits its evidence.
func (s *Spool) conclude(tx *store.Tx, j *store.Job, state store.JobState, cause string) error {
	j.State, j.Cause = state, cause
	if err := tx.PutJob(j); err != nil {
		return err
	}
	if err := Evidence(tx, j); err != nil {
		return err
	}
	return tx.Log(entryOf(j))
}

// concludeUnknown ends a job that may or may not be on paper, and queues its
// one marked copy where the policy says so. A copy is not copied again: that
// is for a person to decide. Nor is one whose void ticket, or whose successor, is
// on its way already: the copy would come out behind it.
func (s *Spool) concludeUnknown(tx *store.Tx, j *store.Job, cause string) error {
	if s.endedBy(tx, j) != nil {
		return s.conclude(tx, j, store.JobUnknown, cause+"; no se repite, porque ya está anulad"+nounOf(j.Kind).ending+" o reemplazad"+nounOf(j.Kind).ending)
	}
	if s.settings.Unknown[j.Kind] != CopyOnce || j.CopyOf != 0 {
		return s.conclude(tx, j, store.JobUnknown, cause+"; mire el papel y resuélvalo: mostrador tickets settle | retry")
	}
	if err := s.conclude(tx, j, store.JobUnknown, cause+"; sale una copia marcada POSIBLE DUPLICADO"); err != nil {
		return err
	}
	return tx.PutJob(markedCopy(j, tx.Now()))
}

// tear remembers that the printer may stand in the middle of a ticket.
func tear(tx *store.Tx, j *store.Job) error {
	m, err := recall(tx, j.Printer)
	if err != nil {
		m = memory{} // what cannot be read is learnt anew
	}
	m.Torn, m.Block = true, max(m.Block, j.Attempts[len(j.Attempts)-1].Block)
	return remember(tx, j.Printer, m)
}

// markedCopy is the same ticket once more, saying that it may be a duplicate.
func markedCopy(j *store.Job, now store.Moment) *store.Job {
	c := *j
	c.ID, c.Seq = "", 0
	c.CopyOf, c.Copy = j.Seq, j.Copy+1
	c.State, c.Cause = store.JobQueued, ""
	c.Attempts = nil
	c.QueuedAt, c.RetriedAt, c.DueAt = now, store.Moment{}, dueOf(j)
	c.Age, c.By = 0, ""
	c.Marks = withDuplicateMark(timeless(j.Marks))
	return &c
}

func withDuplicateMark(marks []store.Mark) []store.Mark {
	if slices.Contains(marks, store.MarkPossibleDuplicate) {
		return slices.Clone(marks)
	}
	return append(slices.Clone(marks), store.MarkPossibleDuplicate)
}

// settleInterrupted makes every job that was found in sending unknown: what
// the printer shows of it, nobody here can know.
func (s *Spool) settleInterrupted() error {
	var found []uint64
	var unreadable []error
	err := s.store.View(func(tx *store.Tx) error {
		found, unreadable = nil, nil
		for j, err := range tx.JobsIn(store.JobSending) {
			if err != nil {
				unreadable = append(unreadable, err)
				continue
			}
			found = append(found, j.Seq)
		}
		return nil
	})
	if err == nil {
		err = s.tellUnreadable(unreadable)
	}
	if err != nil {
		return err
	}
	for _, seq := range found {
		err := s.finish(seq, store.Attempt{
			Outcome: store.OutcomeUnknown,
			Proof:   store.ProofNone,
			Cause:   "el agente se detuvo a mitad de la impresión",
		})
		if err != nil {
			return err
		}
		s.log.Warn("ticket found in the middle of printing", "ticket", seq)
	}
	return nil
}
