package store

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	bolt "go.etcd.io/bbolt"
)

// A call is one caller's transaction on its way to disk.
type call struct {
	fn    func(*Tx) error
	vital bool

	// wake gets a token when the call is done, or when it is to lead.
	wake    chan struct{}
	done    bool
	err     error
	durable bool

	// ids and moment are the same in every run.
	ids    []string
	moment Moment
	// What the last run did.
	named   []naming
	topics  topics
	changed bool
	grew    bool
}

// queue is where callers wait for a commit. One of them leads: it commits for
// all that wait and hands the lead on.
type queue struct {
	mu      sync.Mutex
	waiting []*call
	led     bool
	// expected is how many the last commit served and left waiting.
	expected int
}

// maxBatch bounds how many calls share one transaction.
const maxBatch = 256

// Update keeps what fn does, on disk when it returns, or nothing of it. fn may
// run more than once, since it shares its transaction with others that may
// fail: it must touch nothing but tx and its own results, and assign these anew
// in each run. When only the reserve is left it gets ErrFull, unless it only
// deletes and marks as sent. A panic in fn becomes an error.
func (s *Store) Update(fn func(*Tx) error) error {
	c := &call{fn: fn, wake: make(chan struct{}, 1)}
	s.submit(c)
	return c.err
}

// UpdateVital is Update for orders and tickets. It may use the reserve, and
// when that is used up, too, what fn did is held in memory: then durable is
// false and err nil. View shows it, ViewDurable does not, and Recover writes it
// when it can.
func (s *Store) UpdateVital(fn func(*Tx) error) (durable bool, err error) {
	c := &call{fn: fn, vital: true, wake: make(chan struct{}, 1)}
	s.submit(c)
	return c.durable, c.err
}

// submit returns when the call is done. Nobody waits for company: who comes
// alone commits at once, and who comes during a commit shares the next.
func (s *Store) submit(c *call) {
	q := &s.queue
	q.mu.Lock()
	q.waiting = append(q.waiting, c)
	if q.led {
		q.mu.Unlock()
		<-c.wake
		if c.done {
			return
		}
		q.mu.Lock()
	}
	q.led = true
	q.gather()
	n := min(len(q.waiting), maxBatch)
	batch := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	q.mu.Unlock()

	s.commit(batch)

	for _, other := range batch {
		if other != c {
			other.done = true
			other.wake <- struct{}{}
		}
	}
	q.mu.Lock()
	q.expected = n + len(q.waiting)
	if len(q.waiting) > 0 {
		q.waiting[0].wake <- struct{}{}
	} else {
		q.led, q.waiting = false, nil
	}
	q.mu.Unlock()
}

// gather lets those run who were just woken by a commit that many shared: they
// are likely to come again at once, and would otherwise go in two groups that
// wait for each other. It stops when as many wait as are expected, or when
// nobody has come for many turns, some 20 µs. A lone caller expects nobody. It
// is called with q.mu held.
func (q *queue) gather() {
	const patience = 200
	for quiet := 0; len(q.waiting) < min(q.expected, maxBatch) && quiet < patience; quiet++ {
		before := len(q.waiting)
		q.mu.Unlock()
		runtime.Gosched()
		q.mu.Lock()
		if len(q.waiting) > before {
			quiet = 0
		}
	}
}

// commit brings every call of a batch to its end.
func (s *Store) commit(batch []*call) {
	s.writer.Lock()
	switch {
	case s.damaged != nil:
		fail(batch, s.damaged)
	case s.held != nil:
		s.hold(batch)
	default:
		s.write(batch)
	}
	s.writer.Unlock()
	var touched topics
	for _, c := range batch {
		if c.err == nil && c.changed {
			touched |= c.topics
		}
	}
	s.watchers.tell(touched)
}

func fail(calls []*call, err error) {
	for _, c := range calls {
		c.err = err
	}
}

// attempt commits calls in one transaction, without those that fail by
// themselves. When it is the commit that fails it returns the others and why.
// With onlyReserve, what is not vital may not grow the store.
func (s *Store) attempt(calls []*call, onlyReserve bool) ([]*call, error) {
	calls = slices.Clone(calls)
	for len(calls) > 0 {
		b, err := s.db.Begin(true)
		if err != nil {
			return calls, s.named(err)
		}
		s.bound(onlyReserve)
		s.space.size = b.Size()
		failed := -1
		var changed bool
		journaled, stopped := !onlyReserve && s.journalReady(), s.journal.stopped
		again, notes := s.noteChanges(journaled)
		for i, c := range calls {
			if c.err = s.run(b, c, notes); c.err == nil && onlyReserve && !c.vital && c.grew {
				c.err = s.full()
			}
			if c.err != nil && c.changed {
				failed = i
				break
			}
			changed = changed || c.changed
		}
		if failed < 0 && changed {
			err = s.flush(b, journaled)
		} else {
			err = b.Rollback()
		}
		if isFull(err) && s.journal.stopped != stopped {
			// The base took space that there is now.
			undo(calls)
			continue
		}
		if failed >= 0 || err != nil {
			undo(calls)
		}
		if failed < 0 {
			calls = slices.DeleteFunc(calls, func(c *call) bool { return c.err != nil })
			if err != nil {
				return calls, err
			}
			for _, c := range calls {
				c.durable = true
			}
			s.keepRedo(again)
			return nil, nil
		}
		calls = slices.Delete(calls, failed, failed+1)
	}
	return nil, nil
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
	}()
	return s.guard(func() error { return c.fn(tx) })
}

// flush commits, by way of the journal if it is told so and can. A commit may
// fail although its last page, which makes it count, has reached the file: then a
// further one decides.
func (s *Store) flush(b *bolt.Tx, journaled bool) error {
	id := b.ID()
	s.options.OnCommit(false)
	var err error
	if journaled {
		journaled, err = s.kept(b)
	} else {
		err = s.stopJournal()
	}
	if err != nil {
		return errors.Join(s.named(err), b.Rollback())
	}
	err = s.guard(b.Commit)
	if errors.Is(err, ErrDamaged) {
		// bbolt may have stopped anywhere; its transaction must go all the same.
		_ = s.guard(b.Rollback)
		s.damaged = err
	}
	if err != nil && journaled {
		err = errors.Join(err, s.retract())
	}
	if s.damaged != nil {
		return err
	}
	if err == nil {
		s.step("committed")
		if !s.db.NoSync {
			s.step("pages synced")
		}
		if err := s.witness.committed(s.commits(id)); err != nil {
			s.log.Warn("the witness falls behind: a file that is rolled back may go unnoticed", "file", s.witness.path, "error", err)
		}
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

// View reads what is, also what is held in memory. It must be short, for a
// reader in the way of a growing file stops all writers, and it must not be used
// within another transaction. Nothing of tx may be kept.
func (s *Store) View(fn func(*Tx) error) error {
	s.state.RLock()
	held := s.held != nil
	s.state.RUnlock()
	if !held {
		return s.ViewDurable(fn)
	}
	// A write transaction can be read by one at a time.
	s.state.Lock()
	defer s.state.Unlock()
	if s.held == nil {
		return s.ViewDurable(fn)
	}
	return s.look(s.held.b, fn)
}

// ViewDurable is View of only what is on disk.
func (s *Store) ViewDurable(fn func(*Tx) error) error {
	s.files.RLock()
	defer s.files.RUnlock()
	b, err := s.db.Begin(false)
	if err != nil {
		return s.named(err)
	}
	defer func() { _ = b.Rollback() }()
	return s.look(b, fn)
}

func (s *Store) look(b *bolt.Tx, fn func(*Tx) error) error {
	tx := &Tx{store: s, b: b}
	defer func() { tx.b = nil }()
	return s.guard(func() error { return fn(tx) })
}
