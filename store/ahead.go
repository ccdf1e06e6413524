package store

import (
	"errors"
	"fmt"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// What stands in the journal is kept, and the pages that it changes can wait: a
// write transaction of bbolt stays open over many of the store's. It lands, which
// is to be committed, before anybody reads, when it has grown heavy, and before
// anything goes past the journal. If every one of the store's were committed, the
// same pages would be written anew each time.
//
// Landing may use the reserve, and no more is made ahead than fits there. If it
// does not land even so, because others have taken that space, too, what was
// acknowledged stands in the journal until it does; till then nothing is written,
// and nothing is read, for some of it would be missing.
type ahead struct {
	// b has what the journal is ahead by; nil when it is not, or when that must be
	// made once more.
	b *bolt.Tx
	// made is what was changed in b: its first kept bytes stand in the journal, or
	// are on their way there, the rest is what those have changed who run.
	made changeList
	kept int
	// lost is the record that has not come there; journal.writing guards it.
	lost *record
	// some: there is something to land.
	some atomic.Bool
}

// maxAhead is how heavy it may grow, bytes.
const maxAhead = 2 << 20

// running is what those have changed who run.
func (a *ahead) running() changeList { return a.made[a.kept:] }

// keep counts in those who ran in b.
func (a *ahead) keep(b *bolt.Tx) { a.b, a.kept = b, len(a.made) }

// landed begins anew.
func (a *ahead) landed() {
	a.kept = 0
	if a.made = a.made[:0]; cap(a.made) > 2*maxAhead {
		a.made = nil
	}
}

// weight is about what a transaction takes of the file to land, bytes: the pages
// that it has read to change them, and what was put in.
func (s *Store) weight(b *bolt.Tx) int64 {
	if b == nil {
		return 0
	}
	stats := b.Stats()
	return stats.GetNodeCount()*s.pageSize + int64(len(s.ahead.made))
}

// heavy: it is time to land.
func (s *Store) heavy() bool {
	return s.weight(s.ahead.b) > min(maxAhead, s.options.Reserve/4)
}

// land brings the file to where the journal is. The writer is held.
func (s *Store) land() error {
	if err := s.arrive(); err != nil {
		return err
	}
	a := &s.ahead
	for a.kept > 0 {
		if s.damaged != nil {
			return s.damaged
		}
		if err := s.remake(); err != nil {
			return err
		}
		s.bound(true)
		b, id := a.b, a.b.ID()
		a.b = nil
		err := s.guard(b.Commit)
		switch {
		case err == nil:
			s.step("landed")
			s.testify(id)
			a.landed()
		case !isFull(err) || s.landed(id):
			_ = s.guard(b.Rollback) // bbolt may have stopped anywhere
			return s.onlyJournal(err)
		case errors.Is(err, berrors.ErrMaxSizeReached), !s.reserve.release(0):
			return errors.Join(s.full(), err)
		}
	}
	a.some.Store(false)
	return nil
}

// remake makes what is to land once more, unless a transaction has it.
func (s *Store) remake() error {
	a := &s.ahead
	if a.b != nil {
		return nil
	}
	b, err := s.db.Begin(true)
	if err != nil {
		return s.named(err)
	}
	if err := s.guard(func() error { return a.made[:a.kept].apply(b) }); err != nil {
		_ = s.guard(b.Rollback)
		return s.onlyJournal(err)
	}
	a.b = b
	return nil
}

// onlyJournal notes that the pages cannot be brought to where the journal is, so
// that nothing may be written any more.
func (s *Store) onlyJournal(err error) error {
	s.damaged = fmt.Errorf("%w: its pages do not reach the disk; what was kept stands in the journal: %w", ErrDamaged, err)
	s.distrust()
	return s.damaged
}

// takeBack undoes what those have changed who ran in b, and lands what was made
// before them.
func (s *Store) takeBack(b *bolt.Tx) error {
	err := s.named(s.guard(b.Rollback))
	s.ahead.b, s.ahead.made = nil, s.ahead.made[:s.ahead.kept]
	return errors.Join(err, s.land())
}

// letGoAhead ends the transaction that is open; what it has made stands in the
// journal.
func (s *Store) letGoAhead() {
	if s.ahead.b != nil {
		_ = s.guard(s.ahead.b.Rollback)
		s.ahead.b = nil
	}
}

// catchUp lands what was acknowledged, for those who read.
func (s *Store) catchUp() error {
	if !s.ahead.some.Load() {
		return nil
	}
	s.writer.Lock()
	defer s.writer.Unlock()
	return s.land()
}
