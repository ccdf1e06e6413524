package store

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// attempt commits calls in one transaction, without those that fail by
// themselves. When it is the commit that fails it returns the others and why.
// With onlyReserve, what is not vital may not grow the store.
func (s *Store) attempt(calls []*call, onlyReserve bool) ([]*call, error) {
	calls = slices.Clone(calls)
	for len(calls) > 0 {
		b, journaled, err := s.begin(onlyReserve)
		if err != nil {
			return calls, err
		}
		stops := s.journal.stops
		again, notes := s.noteChanges(journaled)
		failed, changed := s.runAll(b, calls, notes, onlyReserve)
		switch {
		case failed >= 0:
			err = s.takeBack(b)
		case !changed:
			err = s.leave(b)
		case journaled:
			err = s.keep(b)
		default:
			err = s.flush(b)
		}
		if stopped := s.journal.stops != stops; errors.Is(err, errNotSo) || stopped && (failed >= 0 || !changed || isFull(err)) {
			// It goes past the journal now, or there is room; or what they have seen
			// was lost; or the base took space that there is now.
			undo(calls)
			continue
		}
		switch {
		case err != nil:
			undo(calls)
			return slices.DeleteFunc(calls, func(c *call) bool { return c.err != nil }), err
		case failed >= 0:
			undo(calls)
			calls = slices.Delete(calls, failed, failed+1)
			continue
		}
		for _, c := range calls {
			c.durable = c.err == nil
		}
		s.keepRedo(again)
		return nil, nil
	}
	return nil, nil
}

// begin opens the transaction that calls run in, or goes on with the one that is
// ahead; journaled: it is for the journal.
func (s *Store) begin(onlyReserve bool) (b *bolt.Tx, journaled bool, err error) {
	if s.damaged != nil {
		return nil, false, s.damaged
	}
	if !onlyReserve && s.journalReady() {
		journaled, err = s.readyJournal()
	} else {
		err = s.land()
	}
	if err != nil {
		return nil, false, err
	}
	if b = s.ahead.b; b == nil {
		if b, err = s.db.Begin(true); err != nil {
			return nil, false, s.named(err)
		}
	}
	s.bound(onlyReserve)
	s.space.size = b.Size()
	return b, journaled, nil
}

// runAll runs calls until one has failed that has changed something: failed is
// its index, or -1.
func (s *Store) runAll(b *bolt.Tx, calls []*call, n notes, onlyReserve bool) (failed int, changed bool) {
	for i, c := range calls {
		if c.err = s.run(b, c, n); c.err == nil && onlyReserve && !c.vital && c.grew {
			c.err = s.full()
		}
		if c.err != nil && c.changed {
			return i, true
		}
		changed = changed || c.changed
	}
	return -1, changed
}

// leave ends a transaction in which nothing was changed. What was seen in it may
// be on its way to the disk.
func (s *Store) leave(b *bolt.Tx) error {
	if b == s.ahead.b {
		return s.arrive()
	}
	return b.Rollback()
}

// undo takes back what a run assigned, latest first.
func undo(calls []*call) {
	for _, c := range calls {
		for _, n := range slices.Backward(c.named) {
			*n.id, *n.seq = n.wasID, n.wasSeq
		}
		c.named = nil
	}
}

// run has one call do its part of a transaction.
func (s *Store) run(b *bolt.Tx, c *call, n notes) (err error) {
	tx := &Tx{store: s, b: b, call: c, moment: c.moment, notes: n}
	defer func() {
		c.topics, c.changed, c.grew, c.moment = tx.topics, tx.changes > 0, tx.grew, tx.moment
		tx.b = nil
		if err == nil {
			err = tx.refused
		}
	}()
	return s.guard(func() error { return c.fn(tx) })
}

// flush commits past the journal. A commit may fail although its last page, which
// makes it count, has reached the file: then a further one decides.
func (s *Store) flush(b *bolt.Tx) error {
	id := b.ID()
	s.options.OnCommit(false)
	if err := s.stopJournal(); err != nil {
		return errors.Join(s.named(err), b.Rollback())
	}
	err := s.guard(b.Commit)
	if errors.Is(err, ErrDamaged) {
		// bbolt may have stopped anywhere; its transaction must go all the same.
		_ = s.guard(b.Rollback)
		s.damaged = err
		return err
	}
	if err == nil {
		s.step("committed")
		if !s.db.NoSync {
			s.step("pages synced")
		}
		s.testify(id)
		s.options.OnCommit(true)
		return nil
	}
	if !s.landed(id) {
		return s.named(err)
	}
	return s.named(s.guard(func() error {
		return s.db.Update(func(b *bolt.Tx) error {
			meta := b.Bucket([]byte(bucketMeta))
			return meta.Put([]byte(metaSchema), bytes.Clone(meta.Get([]byte(metaSchema))))
		})
	}))
}

// testify has the witness note a transaction that was committed.
func (s *Store) testify(id int) {
	if err := s.witness.committed(s.commits(id)); err != nil {
		s.log.Warn("the witness falls behind: a file that is rolled back may go unnoticed", "file", s.witness.path, "error", err)
	}
}

// landed: readers see transaction id, or a later one.
func (s *Store) landed(id int) bool {
	b, err := s.db.Begin(false)
	if err != nil {
		return false
	}
	defer func() { _ = b.Rollback() }()
	return b.ID() >= id
}

// named adds the file's name to what bbolt says.
func (s *Store) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("store %s: %w", s.path, err)
}

var errPanicked = errors.New("a transaction panicked")

// guard turns panics into errors: those of a caller, and those of bbolt and of
// the machine when a page cannot be read or makes no sense.
func (s *Store) guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		kind := errPanicked
		if _, unreadable := r.(interface{ Addr() uintptr }); unreadable || raisedByBolt() {
			kind = ErrDamaged // a page that cannot be read, or makes no sense
			s.distrust()
		}
		s.log.Error("a transaction panicked", "file", s.path, "error", r, "stack", string(debug.Stack()))
		err = fmt.Errorf("store %s: %w: %v", s.path, kind, r)
	}()
	return f()
}

// raisedByBolt looks who called panic, from within the deferred function that
// recovers: the first frame below the runtime's is the one that raised it.
func raisedByBolt() bool {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs[:])])
	panicking := false
	for {
		frame, more := frames.Next()
		inRuntime := strings.HasPrefix(frame.Function, "runtime.")
		if panicking && !inRuntime {
			return strings.HasPrefix(frame.Function, "go.etcd.io/bbolt")
		}
		panicking = panicking || frame.Function == "runtime.gopanic"
		if !more {
			return false
		}
	}
}
