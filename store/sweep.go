package store

import (
	"bytes"
	"encoding/json"
	"time"
)

const (
	// dropBatch is how many records one transaction of a sweep deletes at most.
	dropBatch = 512
	// keepRecords is how long orders, tickets, sales, payloads and the log stay
	// at least: a quarter, for reports.
	keepRecords = 90 * 24 * time.Hour
	// maxEntries bounds the log whatever its age.
	maxEntries = 200_000
)

// Sweep deletes what is too old, at most limit records (0: as many as there
// are), a few at a time: sent events older than keepSent, and orders, tickets,
// sales, payloads and log entries older than keepSent and 90 days, as long as
// nothing of them waits: an order that is held, a ticket that is queued, a sale
// whose event has not been sent. Of the log the newest 200,000 entries stay at
// most.
func (s *Store) Sweep(now Moment, keepSent time.Duration, limit int) (removed int, err error) {
	records := now.Wall.Add(-max(keepSent, keepRecords))
	for _, drop := range []func(tx *Tx, n int) (int, error){
		func(tx *Tx, n int) (int, error) {
			dropped, _, err := tx.dropSent(now.Wall.Add(-keepSent), n)
			return dropped, err
		},
		func(tx *Tx, n int) (int, error) { return tx.dropOrders(records, n) },
		func(tx *Tx, n int) (int, error) { return tx.dropJobs(records, n) },
		func(tx *Tx, n int) (int, error) { return tx.dropSales(records, n) },
		func(tx *Tx, n int) (int, error) { return tx.dropRaw(records, n) },
		func(tx *Tx, n int) (int, error) { return tx.dropEntries(records, n) },
	} {
		for limit <= 0 || removed < limit {
			n := dropBatch
			if limit > 0 {
				n = min(n, limit-removed)
			}
			var dropped int
			if err := s.Update(func(tx *Tx) (err error) {
				dropped, err = drop(tx, n)
				return err
			}); err != nil {
				return removed, err
			}
			removed += dropped
			if dropped < n {
				break
			}
		}
	}
	return removed, nil
}

// dropSent deletes sent events from before a time (zero: of any time), over all
// streams the oldest first, but none that was set aside.
func (tx *Tx) dropSent(before time.Time, n int) (dropped, size int, err error) {
	heads := make(map[Stream]time.Time)
	for _, stream := range Streams() {
		tx.setHead(heads, stream)
	}
	for dropped < n && len(heads) > 0 {
		var oldest Stream
		for stream, at := range heads {
			if oldest == "" || at.Before(heads[oldest]) {
				oldest = stream
			}
		}
		if !before.IsZero() && !heads[oldest].Before(before) {
			break
		}
		key, value := tx.oldestSent(oldest)
		size += len(key) + len(value)
		if err := tx.delete(outbox(oldest), key); err != nil {
			return dropped, size, err
		}
		dropped++
		tx.setHead(heads, oldest)
	}
	return dropped, size, nil
}

// setHead notes when the first event of a stream that may go was emitted.
func (tx *Tx) setHead(heads map[Stream]time.Time, stream Stream) {
	key, value := tx.oldestSent(stream)
	if key == nil {
		delete(heads, stream)
		return
	}
	var e struct{ Time time.Time }
	_ = json.Unmarshal(value, &e) // what cannot be read goes first
	heads[stream] = e.Time
}

// dropOrders deletes old orders that nothing waits for, with their revisions
// and tickets.
func (tx *Tx) dropOrders(before time.Time, n int) (dropped int, err error) {
	for o, err := range records[Order](tx, bucketOrders, false) {
		if dropped >= n {
			break
		}
		if err != nil {
			continue // unreadable: it stays for whoever can tell
		}
		if !o.ReceivedAt.Wall.Before(before) {
			break
		}
		jobs, err := tx.JobsOf(o.Seq)
		if err != nil {
			return dropped, err
		}
		if !o.ChangedAt.Wall.Before(before) || !o.HeldUntil.IsZero() || !allDone(jobs) {
			continue
		}
		for _, j := range jobs {
			if err := tx.dropJob(j); err != nil {
				return dropped, err
			}
		}
		if err := tx.dropOrder(o); err != nil {
			return dropped, err
		}
		dropped++
	}
	return dropped, nil
}

func (tx *Tx) dropOrder(o *Order) error {
	var past [][]byte
	for key := range tx.walk(bucketRevisions, number(o.Seq), nil, false) {
		past = append(past, bytes.Clone(key))
	}
	for _, key := range past {
		if err := tx.delete(bucketRevisions, key); err != nil {
			return err
		}
	}
	if err := tx.delete(bucketOrderIDs, []byte(o.ID)); err != nil {
		return err
	}
	if err := tx.delete(bucketOrderKeys, orderKey(o.Key)); err != nil {
		return err
	}
	return tx.delete(bucketOrders, number(o.Seq))
}

func allDone(jobs []*Job) bool {
	for _, j := range jobs {
		if j.State == JobQueued || j.State == JobSending {
			return false
		}
	}
	return true
}

// dropJobs deletes old tickets of no order.
func (tx *Tx) dropJobs(before time.Time, n int) (dropped int, err error) {
	for j, err := range records[Job](tx, bucketJobs, false) {
		if dropped >= n {
			break
		}
		if err != nil {
			continue
		}
		if !j.QueuedAt.Wall.Before(before) {
			break
		}
		if j.Order != 0 || !allDone([]*Job{j}) {
			continue
		}
		if err := tx.dropJob(j); err != nil {
			return dropped, err
		}
		dropped++
	}
	return dropped, nil
}

func (tx *Tx) dropJob(j *Job) error {
	seq := number(j.Seq)
	if err := tx.delete(bucketJobStates, append(composite(string(j.State)), seq...)); err != nil {
		return err
	}
	if err := tx.delete(bucketJobOrders, append(number(j.Order), seq...)); err != nil {
		return err
	}
	if err := tx.delete(bucketJobIDs, []byte(j.ID)); err != nil {
		return err
	}
	return tx.delete(bucketJobs, seq)
}

// dropSales deletes old sales, but none as old as an event that still waits.
func (tx *Tx) dropSales(before time.Time, n int) (dropped int, err error) {
	for e, err := range tx.Unsent(StreamSales, tx.Sent(StreamSales)) {
		if err == nil && e.Time.Before(before) {
			before = e.Time
		}
		break
	}
	for s, err := range records[Sale](tx, bucketSales, false) {
		if dropped >= n || err == nil && !s.RecordedAt.Wall.Before(before) {
			break
		}
		if err != nil {
			continue
		}
		if err := tx.delete(bucketSaleKeys, composite(s.Source, s.SourceID)); err != nil {
			return dropped, err
		}
		if err := tx.delete(bucketSales, number(s.Seq)); err != nil {
			return dropped, err
		}
		dropped++
	}
	return dropped, nil
}

func (tx *Tx) dropRaw(before time.Time, n int) (dropped int, err error) {
	total := tx.metaNumber(metaRawBytes)
	for key, value := range tx.walk(bucketRaw, nil, nil, false) {
		head, _, _ := bytes.Cut(value, []byte("\n"))
		var p RawPayload
		if err := json.Unmarshal(head, &p); err == nil && !p.At.Wall.Before(before) || dropped >= n {
			break
		}
		total -= min(total, uint64(len(value)))
		if err := tx.delete(bucketRaw, bytes.Clone(key)); err != nil {
			return dropped, err
		}
		dropped++
	}
	if dropped == 0 {
		return 0, nil
	}
	return dropped, tx.setRawTotal(total)
}

func (tx *Tx) dropEntries(before time.Time, n int) (dropped int, err error) {
	count := tx.span(bucketLog)
	for key, value := range tx.walk(bucketLog, nil, nil, false) {
		var e Entry
		err := json.Unmarshal(value, &e)
		if dropped >= n || err == nil && !e.At.Wall.Before(before) && count <= maxEntries {
			break
		}
		if err := tx.delete(bucketLog, bytes.Clone(key)); err != nil {
			return dropped, err
		}
		count--
		dropped++
	}
	return dropped, nil
}
