package store

import "time"

// Health is how much room the store has, and what it could not write.
type Health struct {
	// Full: only the reserve is left, and ordinary transactions get ErrFull.
	Full bool
	// InMemory: orders and tickets are held in memory, not on disk. HeldOrders
	// and HeldJobs count them, HeldBytes is what they take.
	InMemory   bool
	HeldOrders int
	HeldJobs   int
	HeldBytes  int64
	// Size is how much of the file is in use or free within it, FreeInFile the
	// free part of that, MaxSize the bound; bytes.
	Size, FreeInFile, MaxSize int64
	// Since is when the store last became, or ceased to be, Full or InMemory.
	Since Moment
}

// Health tells how much room there is.
func (s *Store) Health() Health {
	s.state.RLock()
	h := s.health
	s.state.RUnlock()
	s.files.RLock()
	defer s.files.RUnlock()
	if b, err := s.db.Begin(false); err == nil {
		h.Size = b.Size()
		_ = b.Rollback()
	}
	h.FreeInFile = s.free()
	return h
}

// Stats counts what is kept.
type Stats struct {
	Orders, Jobs, Sales, Entries, Raw uint64
	// Streams of the outbox, each.
	Streams map[Stream]StreamStats
}

// StreamStats are the figures of one stream of the outbox.
type StreamStats struct {
	// Last is the newest position, Sent the last acknowledged one; the Waiting
	// events lie between them.
	Last, Sent, Waiting uint64
	// OldestWaiting is when the first of them was emitted, zero for none.
	OldestWaiting time.Time
}

// Stats counts what is kept, and what waits to be sent.
func (s *Store) Stats() (Stats, error) {
	st := Stats{Streams: make(map[Stream]StreamStats)}
	err := s.View(func(tx *Tx) error {
		// These lose records in the middle, so they are counted.
		st.Orders = uint64(tx.bucket(bucketOrders).Stats().KeyN)
		st.Jobs = uint64(tx.bucket(bucketJobs).Stats().KeyN)
		st.Sales, st.Entries, st.Raw = tx.span(bucketSales), tx.span(bucketLog), tx.span(bucketRaw)
		for _, stream := range Streams() {
			v := StreamStats{Last: tx.Last(stream), Sent: tx.Sent(stream)}
			for e, err := range tx.Unsent(stream, v.Sent) {
				if err != nil {
					return err
				}
				v.Waiting, v.OldestWaiting = v.Last-e.Position+1, e.Time
				break
			}
			st.Streams[stream] = v
		}
		return nil
	})
	return st, err
}

// span counts the records of a bucket that only loses its oldest.
func (tx *Tx) span(bucket string) uint64 {
	c := tx.bucket(bucket).Cursor()
	first, _ := c.First()
	if first == nil {
		return 0
	}
	last, _ := c.Last()
	return toNumber(last) - toNumber(first) + 1
}

// DataBytes is how much the keys and values of all records are, in bytes. It
// reads through the file.
func (tx *Tx) DataBytes() (size int64) {
	for r := range tx.All() {
		size += int64(len(r.Key) + len(r.Value))
	}
	return size
}
