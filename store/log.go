package store

import "iter"

// typeLog is the event that an entry of the transaction log goes up as.
const typeLog = "mostrador.log.v1"

// Log appends an entry to the transaction log, numbered and dated, and emits it
// on the timeline.
func (tx *Tx) Log(e Entry) error {
	if tx.call == nil {
		return errReadOnly
	}
	var err error
	if e.Seq, err = tx.next(bucketLog); err != nil {
		return err
	}
	e.At = tx.Now()
	if e.Severity == "" {
		e.Severity = Info
	}
	if err := tx.putJSON(bucketLog, number(e.Seq), e); err != nil {
		return err
	}
	tx.topics |= 1 << TopicLog
	_, err = tx.Emit(StreamTimeline, typeLog, e)
	return err
}

// Entries are the transaction log, the newest first.
func (tx *Tx) Entries() iter.Seq2[*Entry, error] { return records[Entry](tx, bucketLog, true) }
