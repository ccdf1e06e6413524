package store

import (
	"errors"
	"fmt"
	"maps"

	bolt "go.etcd.io/bbolt"
)

// held is what is in memory because the disk took no more: a write transaction
// that stays open, to read and write through, and what it has changed, to do it
// again in another one when it could not be committed. What it has changed is
// kept as keys and values, so that ids and numbers stay what they were said to
// be.
type held struct {
	b    *bolt.Tx
	redo redo
}

// maxHeld bounds what is held in memory, in bytes of keys and values.
const maxHeld = 32 << 20

// A redo is what a transaction has changed, per bucket. A nil one takes no
// notes.
type redo struct {
	of   map[string]*changes
	size int // bytes
}

type changes struct {
	values   map[string][]byte // nil: deleted
	sequence uint64            // 0: as it was
}

func (r *redo) in(bucket string) *changes {
	if r.of == nil {
		r.of = make(map[string]*changes)
	}
	if r.of[bucket] == nil {
		r.of[bucket] = &changes{values: make(map[string][]byte)}
	}
	return r.of[bucket]
}

func (r *redo) put(bucket string, key, value []byte) []byte {
	kept := append([]byte{}, value...) // not nil
	if r != nil {
		r.note(bucket, key, kept)
	}
	return kept
}

func (r *redo) delete(bucket string, key []byte) {
	if r != nil {
		r.note(bucket, key, nil)
	}
}

func (r *redo) note(bucket string, key, value []byte) {
	values := r.in(bucket).values
	if was, ok := values[string(key)]; ok {
		r.size -= len(key) + len(was)
	}
	values[string(key)] = value
	r.size += len(key) + len(value)
}

func (r *redo) sequence(bucket string, n uint64) {
	if r != nil {
		r.in(bucket).sequence = n
	}
}

// add takes over what a later transaction has changed.
func (r *redo) add(later redo) {
	for bucket, c := range later.of {
		for key, value := range c.values {
			r.note(bucket, []byte(key), value)
		}
		if c.sequence != 0 {
			r.in(bucket).sequence = c.sequence
		}
	}
}

// apply makes the changes in a transaction.
func (r *redo) apply(b *bolt.Tx) error {
	for name, c := range r.of {
		bucket := b.Bucket([]byte(name))
		bucket.FillPercent = fillPercent(name)
		for key, value := range maps.All(c.values) {
			var err error
			if value == nil { // deleted; an empty value is not nil
				err = bucket.Delete([]byte(key))
			} else {
				err = bucket.Put([]byte(key), value)
			}
			if err != nil {
				return err
			}
		}
		if c.sequence != 0 {
			if err := bucket.SetSequence(c.sequence); err != nil {
				return err
			}
		}
	}
	return nil
}

// records counts what is new or changed of a bucket.
func (r *redo) records(bucket string) int {
	if r.of[bucket] == nil {
		return 0
	}
	return len(r.of[bucket].values)
}

// beginHolding takes the vital ones of calls that the disk has no space for.
func (s *Store) beginHolding(calls []*call, why error) {
	s.state.Lock()
	s.held = &held{}
	if s.compacting != nil {
		s.compacting.broken = true
	}
	err := s.rebuild()
	if err != nil {
		s.held = nil
	}
	s.state.Unlock()
	if err != nil {
		fail(calls, errors.Join(why, err))
		return
	}
	s.log.Error("the disk is full and the reserve used up: orders and tickets are held in memory only", "file", s.path, "error", why)
	s.hold(calls)
	s.enter(Entry{Kind: "store.memory", Severity: Alarm,
		Text: "El disco está lleno: los pedidos y tickets solo están en memoria. No apague el equipo y libere espacio."})
}

// rebuild opens a transaction that shows what is held. It is called with
// s.state held.
func (s *Store) rebuild() error {
	s.held.b = nil
	b, err := s.db.Begin(true)
	if err != nil {
		return s.named(err)
	}
	s.bound(true)
	if err := s.guard(func() error { return s.held.redo.apply(b) }); err != nil {
		return errors.Join(s.named(err), b.Rollback())
	}
	s.held.b = b
	return nil
}

// hold runs calls in the transaction that is held. What is not vital may only
// delete and mark as sent.
func (s *Store) hold(calls []*call) {
	s.state.Lock()
	was := s.health.HeldBytes
	for _, c := range calls {
		c.err = s.holdOne(c)
	}
	s.countHeld()
	changed := s.health.HeldBytes != was
	s.state.Unlock()
	// Who was refused and waits for room must not wake itself.
	if changed {
		s.watchers.tell(1 << TopicHealth)
	}
}

func (s *Store) holdOne(c *call) error {
	if s.held.b == nil {
		if err := s.rebuild(); err != nil {
			return err
		}
	}
	var r redo
	err := s.run(s.held.b, c, &r)
	switch {
	case err != nil:
	case !c.vital && c.grew:
		err = s.full()
	case c.grew && s.held.redo.size+r.size > maxHeld:
		err = fmt.Errorf("%w: %d MiB are held in memory already", s.full(), maxHeld>>20)
	default:
		s.held.redo.add(r)
		c.named = nil
		return nil
	}
	undo([]*call{c})
	if c.changed {
		// What it did before it failed must go.
		_ = s.held.b.Rollback()
		err = errors.Join(err, s.rebuild())
	}
	return err
}

// countHeld brings Health up to date; s.state is held.
func (s *Store) countHeld() {
	inMemory := s.held != nil
	if s.health.InMemory != inMemory {
		s.health.Since = s.clock.Now()
	}
	s.health.InMemory, s.health.HeldOrders, s.health.HeldJobs, s.health.HeldBytes = inMemory, 0, 0, 0
	if inMemory {
		s.health.Full = true
		s.health.HeldOrders = s.held.redo.records(bucketOrders)
		s.health.HeldJobs = s.held.redo.records(bucketJobs)
		s.health.HeldBytes = int64(s.held.redo.size)
	}
}

// Recover tries to write what is held in memory, and to make the reserve again.
// It is to be called every few seconds while Health says InMemory or Full. It
// returns nil when nothing is held any more, and ErrFull while there is no
// space.
func (s *Store) Recover() error {
	s.writer.Lock()
	defer s.writer.Unlock()
	if s.held == nil {
		if s.Health().Full {
			s.space.freed = true
			s.setFull(s.onlyReserve())
		}
		return nil
	}
	s.state.Lock()
	touched := s.held.redo.topics()
	err := s.settle()
	s.countHeld()
	s.state.Unlock()
	if isFull(err) {
		err = errors.Join(s.full(), err)
	}
	if err != nil {
		return fmt.Errorf("write what is held in memory: %w", err)
	}
	s.log.Info("what was held in memory is on disk", "file", s.path)
	if err := s.intents.forgetOwn(); err != nil {
		s.log.Warn("intents that are done stay noted", "file", s.intents.path, "error", err)
	}
	s.space.freed = true
	s.setFull(s.onlyReserve())
	s.watchers.tell(touched | 1<<TopicHealth)
	return nil
}

// settle commits what is held, if need be after making room; s.state is held.
func (s *Store) settle() error {
	if s.held.b == nil {
		if err := s.rebuild(); err != nil {
			return err
		}
	}
	err := s.flush(s.held.b)
	if isFull(err) && s.makeRoomHeld() {
		if err = s.rebuild(); err == nil {
			err = s.flush(s.held.b)
		}
	}
	if err == nil {
		s.held = nil
		return nil
	}
	return errors.Join(err, s.rebuild())
}

// makeRoomHeld is makeRoom with what was marked as sent in memory, while no
// transaction is open.
func (s *Store) makeRoomHeld() bool {
	s.held.b = nil
	marks := redo{of: map[string]*changes{}}
	if c := s.held.redo.of[bucketStreams]; c != nil {
		marks.of[bucketStreams] = c
	}
	err := s.attemptVital(func(tx *Tx) error {
		tx.changes++
		return marks.apply(tx.b)
	})
	return err == nil && s.makeRoom()
}

// dropHeld gives up what is held; the writer is held.
func (s *Store) dropHeld() {
	s.state.Lock()
	defer s.state.Unlock()
	if s.held != nil && s.held.b != nil {
		_ = s.held.b.Rollback()
	}
	s.held = nil
}

// topics are those of the buckets that were changed.
func (r *redo) topics() topics {
	var t topics
	for topic, bucket := range map[Topic]string{
		TopicOrders: bucketOrders, TopicJobs: bucketJobs, TopicSales: bucketSales, TopicLog: bucketLog} {
		if r.records(bucket) > 0 {
			t |= 1 << topic
		}
	}
	return t | 1<<TopicOutbox
}
