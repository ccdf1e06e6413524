package store

import (
	"fmt"
	"iter"
)

// PutJob keeps a print job and finds it again by its number, id, order, state
// and, while it is queued, by the printer it waits for. A job with Seq 0 is new
// and gets its ID (unless it has one) and Seq.
func (tx *Tx) PutJob(j *Job) error {
	if tx.call == nil {
		return errReadOnly
	}
	if j.Seq == 0 {
		if err := tx.addJob(j); err != nil {
			return err
		}
	} else if err := tx.unindexJob(j); err != nil {
		return err
	}
	seq := number(j.Seq)
	if err := tx.put(bucketJobStates, append(composite(string(j.State)), seq...), nil); err != nil {
		return err
	}
	if j.State == JobQueued {
		if err := tx.put(bucketWaiting, append(composite(j.Printer), seq...), nil); err != nil {
			return err
		}
	}
	tx.topics |= 1 << TopicJobs
	return tx.putJSON(bucketJobs, seq, j)
}

func (tx *Tx) addJob(j *Job) error {
	tx.names(&j.ID, &j.Seq)
	var err error
	if j.ID == "" {
		if j.ID, err = tx.newID(); err != nil {
			return err
		}
	} else if tx.get(bucketJobIDs, []byte(j.ID)) != nil {
		return fmt.Errorf("a ticket with the id %s is kept already", j.ID)
	}
	if j.Seq, err = tx.next(bucketJobs); err != nil {
		return err
	}
	if j.Order != 0 {
		if err := tx.put(bucketJobOrders, append(number(j.Order), number(j.Seq)...), nil); err != nil {
			return err
		}
	}
	return tx.put(bucketJobIDs, []byte(j.ID), number(j.Seq))
}

// unindexJob takes the kept state of j out of the indexes that j will leave.
func (tx *Tx) unindexJob(j *Job) error {
	kept, err := tx.Job(j.Seq)
	if err != nil {
		return fmt.Errorf("ticket %d: %w", j.Seq, err)
	}
	if kept.ID != j.ID || kept.Order != j.Order {
		return fmt.Errorf("ticket %d is %s, not %s: a ticket keeps its id and order", j.Seq, kept.ID, j.ID)
	}
	if kept.State != j.State {
		if err := tx.delete(bucketJobStates, append(composite(string(kept.State)), number(j.Seq)...)); err != nil {
			return err
		}
	}
	if kept.State == JobQueued && (j.State != JobQueued || j.Printer != kept.Printer) {
		return tx.delete(bucketWaiting, append(composite(kept.Printer), number(j.Seq)...))
	}
	return nil
}

// Job returns the job with this number.
func (tx *Tx) Job(seq uint64) (*Job, error) { return read[Job](tx, bucketJobs, number(seq)) }

// JobByID returns the job with this UUID.
func (tx *Tx) JobByID(id string) (*Job, error) {
	seq := tx.get(bucketJobIDs, []byte(id))
	if seq == nil {
		return nil, ErrNotFound
	}
	return tx.Job(toNumber(seq))
}

// JobsOf returns the jobs of an order (Order.Seq), by Seq.
func (tx *Tx) JobsOf(order uint64) ([]*Job, error) {
	var jobs []*Job
	for j, err := range indexed[Job](tx, bucketJobOrders, number(order), bucketJobs) {
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// Jobs are all jobs, the newest first.
func (tx *Tx) Jobs() iter.Seq2[*Job, error] { return records[Job](tx, bucketJobs, true) }

// JobsIn are the jobs in one state, the oldest first.
func (tx *Tx) JobsIn(state JobState) iter.Seq2[*Job, error] {
	return indexed[Job](tx, bucketJobStates, composite(string(state)), bucketJobs)
}

// Waiting are the jobs that are queued on a printer, the oldest first.
func (tx *Tx) Waiting(printer string) iter.Seq2[*Job, error] {
	return indexed[Job](tx, bucketWaiting, composite(printer), bucketJobs)
}

// CountWaiting counts the jobs that are queued on a printer without reading them.
func (tx *Tx) CountWaiting(printer string) int {
	n := 0
	for range tx.walk(bucketWaiting, composite(printer), nil, false) {
		n++
	}
	return n
}
