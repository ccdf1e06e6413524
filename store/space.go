package store

import (
	"errors"
	"fmt"
	"strings"
	"time"

	berrors "go.etcd.io/bbolt/errors"
)

// When space runs out, this is the order of things: events that were sent go
// first, the oldest first; then the devices' telemetry, whose gap is told
// (gap.go); unsent sales and orders never. When only the reserve is left, ordinary transactions
// get ErrFull and vital ones use it: the last part of MaxSize, and on a full
// disk the space of the reserve file, slice by slice. When that is used up, too,
// vital ones are held in memory (held.go).

// space is what the writer knows of it.
type space struct {
	// size is how much of the file is in use or free within it, bytes.
	size int64
	// refused is when an ordinary transaction last found no space, zero when the
	// last one did.
	refused time.Time
	// freed: something was deleted or marked as sent since then.
	freed bool
}

// retrySpace is how long an ordinary transaction is refused without a try, when
// nothing has changed: a commit that fails makes bbolt read the whole file.
const retrySpace = time.Second

// growth is by how much the file grows at once.
func growth(maxSize int64) int { return int(min(max(maxSize/256, 64<<10), 4<<20)) }

// bound sets the size up to which the next transaction may grow the file. It is
// called with a write transaction open.
func (s *Store) bound(onlyReserve bool) {
	limit := s.options.MaxSize
	if !onlyReserve {
		limit -= s.options.Reserve
	}
	s.db.MaxSize = int(limit)
}

// full is ErrFull with what to do about it.
func (s *Store) full() error {
	return fmt.Errorf("%w: %s takes only orders and tickets until there is space: free some on the disk, let the uplink send what waits, or raise buffer.max_size (now %d MiB)",
		ErrFull, s.path, s.options.MaxSize>>20)
}

// isFull: err says that there was no space. bbolt hands some errors of the
// system on as text only.
func isFull(err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(err, berrors.ErrMaxSizeReached) || errors.Is(err, ErrFull) {
		return true
	}
	for _, e := range diskFull() {
		if errors.Is(err, e) || strings.Contains(err.Error(), e.Error()) {
			return true
		}
	}
	return false
}

// free is how much of the file can be used again, bytes.
func (s *Store) free() int64 {
	st := s.db.Stats()
	return int64(st.FreePageN+st.PendingPageN) * s.pageSize
}

// short: only the reserve is left, as far as can be told without trying.
func (s *Store) short() bool {
	used := s.space.size - s.free() + s.weight(s.ahead.b)
	return !s.reserve.whole() || used >= s.options.MaxSize-s.options.Reserve
}

// tight: only the reserve might be left, with what is ahead in the file, and with
// what the journal's base keeps.
func (s *Store) tight() bool {
	used := s.space.size - int64(s.db.Stats().FreePageN)*s.pageSize + s.weight(s.ahead.b)
	return used+int64(s.db.AllocSize) >= s.options.MaxSize-s.options.Reserve
}

// onlyReserve tells whether the next transaction must do with the reserve,
// after it has tried to make room.
func (s *Store) onlyReserve() bool {
	sp := &s.space
	if sp.refused.IsZero() && !s.short() {
		return false
	}
	if !sp.refused.IsZero() && !sp.freed && time.Since(sp.refused) < retrySpace {
		return true
	}
	if s.short() {
		s.makeRoom()
		if !s.reserve.whole() {
			_ = s.reserve.make() // or not yet: short tells
		}
	}
	if !s.short() {
		return false
	}
	sp.refused, sp.freed = time.Now(), false
	return true
}

// write brings a batch to its end while nothing is held in memory.
func (s *Store) write(batch []*call) {
	onlyReserve := s.onlyReserve()
	rest, err := s.attempt(batch, onlyReserve)
	if isFull(err) && !onlyReserve {
		s.space.refused, s.space.freed = time.Now(), false
		if s.makeRoom() {
			rest, err = s.attempt(rest, false)
		}
		if onlyReserve = isFull(err); onlyReserve {
			rest, err = s.attempt(rest, true)
		}
	}
	// The last slice is for deleting, which is what makes room.
	for isFull(err) && s.reserve.release(s.reserve.slice()) {
		rest, err = s.attempt(rest, true)
	}
	s.noteSpace(batch, onlyReserve)
	switch {
	case isFull(err) && s.ahead.kept == 0 && s.damaged == nil:
		s.beginHolding(rest, err)
	case err != nil:
		fail(rest, err)
	}
}

// noteSpace draws from a batch what it says about the space.
func (s *Store) noteSpace(batch []*call, onlyReserve bool) {
	for _, c := range batch {
		switch {
		case c.err != nil || !c.changed:
		case !c.grew:
			s.space.freed = true
		case !onlyReserve && !c.vital:
			s.space.refused = time.Time{}
		}
	}
	s.setFull(onlyReserve)
}

// makeRoom drops events that were sent, and when there are none, telemetry; it
// reports whether there was any. Deleting takes some space, too, since pages are
// never changed in place: it may use all of the reserve.
func (s *Store) makeRoom() bool {
	dropped, wanted := 0, int(min(max(s.options.MaxSize/64, 64<<10), 4<<20))
	for dropped < wanted {
		size := s.dropSome(func(tx *Tx) (int, error) {
			_, size, err := tx.dropSent(time.Time{}, dropBatch)
			return size, err
		})
		if size == 0 {
			break
		}
		dropped += size
		s.log.Warn("space is short: events that were sent were dropped", "file", s.path, "bytes", size)
	}
	if dropped > 0 {
		return true
	}
	size := s.dropSome(func(tx *Tx) (int, error) { return tx.dropTelemetry(wanted) })
	if size > 0 {
		s.log.Warn("space is short: telemetry of the devices was dropped unsent, and its gap noted", "file", s.path, "bytes", size)
	}
	return size > 0
}

// dropSome commits a deletion and returns the bytes that it took away, 0 when it
// failed.
func (s *Store) dropSome(drop func(*Tx) (size int, err error)) (size int) {
	if err := s.attemptVital(func(tx *Tx) (err error) {
		size, err = drop(tx)
		return err
	}); err != nil {
		return 0
	}
	return size
}

// attemptVital commits one function of the store's own, with all of the reserve
// if need be.
func (s *Store) attemptVital(fn func(*Tx) error) error {
	c := &call{vital: true, fn: fn}
	_, err := s.attempt([]*call{c}, true)
	for isFull(err) && s.reserve.release(0) {
		_, err = s.attempt([]*call{c}, true)
	}
	return errors.Join(err, c.err)
}

// setFull notes whether ordinary transactions are refused, and says so when
// that changes.
func (s *Store) setFull(full bool) {
	if s.health.Full == full { // only the writer changes it
		return
	}
	s.state.Lock()
	s.health.Full, s.health.Since = full, s.clock.Now()
	s.state.Unlock()
	e := Entry{Kind: "store.space", Severity: Info, Text: "Hay espacio de nuevo: se vuelve a guardar todo."}
	if full {
		e = Entry{Kind: "store.full", Severity: Alarm,
			Text: "No queda espacio: solo se guardan pedidos y tickets. Libere espacio en el disco."}
		s.log.Error("the store is full: it takes only orders and tickets", "file", s.path)
	} else {
		s.log.Info("the store has space again", "file", s.path)
	}
	s.enter(e)
	s.watchers.tell(1 << TopicHealth)
}

// enter writes to the transaction log on the store's own behalf, as well as it
// can.
func (s *Store) enter(e Entry) {
	fn := func(tx *Tx) error { return tx.Log(e) }
	if s.held != nil {
		s.hold([]*call{{vital: true, fn: fn}})
		return
	}
	// An entry is not worth the last of the reserve.
	c := &call{vital: true, fn: fn}
	if _, err := s.attempt([]*call{c}, true); err != nil || c.err != nil {
		err = errors.Join(err, c.err)
		s.log.Warn("the transaction log takes no entry", "file", s.path, "kind", e.Kind, "error", err)
	}
}
