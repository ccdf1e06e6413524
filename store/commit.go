package store

import (
	"fmt"
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

	ids    []string // handed out, in order, the same in every run
	undo   []func() // takes back what a run assigned to the caller's records
	topics topics
}

// queue is where callers wait for a commit. One of them leads: it commits for
// all that wait and hands the lead on. Nobody waits for company: who comes
// alone commits at once, and who comes during a commit shares the next.
type queue struct {
	mu      sync.Mutex
	waiting []*call
	led     bool
}

// maxBatch bounds how many calls share one transaction.
const maxBatch = 256

// Update keeps what fn does, on disk when it returns, or nothing of it. fn may
// run more than once, since it shares its transaction with others that may
// fail: it must change nothing but tx and its own results, and assign these
// anew in each run. It gets ErrFull when only the reserve is left.
func (s *Store) Update(fn func(*Tx) error) error {
	c := &call{fn: fn, wake: make(chan struct{}, 1)}
	s.submit(c)
	return c.err
}

// UpdateVital is Update for orders and tickets. It may use the reserve, and
// when that is used up fn's changes are held in memory: then durable is false
// and err nil.
func (s *Store) UpdateVital(fn func(*Tx) error) (durable bool, err error) {
	c := &call{fn: fn, vital: true, wake: make(chan struct{}, 1)}
	s.submit(c)
	return c.durable, c.err
}

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
	batch := q.waiting[:min(len(q.waiting), maxBatch)]
	q.waiting = q.waiting[len(batch):]
	q.mu.Unlock()

	s.commit(batch)

	q.mu.Lock()
	if len(q.waiting) > 0 {
		q.waiting[0].wake <- struct{}{}
	} else {
		q.led = false
		q.waiting = nil
	}
	q.mu.Unlock()
	for _, other := range batch {
		if other != c {
			other.done = true
			other.wake <- struct{}{}
		}
	}
}

// commit runs a batch in one transaction, without those that fail.
func (s *Store) commit(batch []*call) {
	rest := append([]*call(nil), batch...)
	for len(rest) > 0 {
		failed, err := s.attempt(rest)
		if failed < 0 {
			for _, c := range rest {
				c.err, c.durable = err, err == nil
			}
			break
		}
		rest[failed].err = err
		rest = append(rest[:failed], rest[failed+1:]...)
	}
	var touched topics
	for _, c := range batch {
		if c.err == nil {
			touched |= c.topics
		}
	}
	s.watchers.tell(touched)
}

// attempt commits calls together. When one of them fails nothing is kept, and
// failed is its index.
func (s *Store) attempt(calls []*call) (failed int, err error) {
	b, err := s.db.Begin(true)
	if err != nil {
		return -1, err
	}
	for i, c := range calls {
		if err := s.run(b, c); err != nil {
			_ = b.Rollback()
			s.undo(calls)
			return i, err
		}
	}
	if err := b.Commit(); err != nil {
		s.undo(calls)
		return -1, err
	}
	return -1, nil
}

func (s *Store) undo(calls []*call) {
	for _, c := range calls {
		for _, f := range c.undo {
			f()
		}
		c.undo = nil
	}
}

func (s *Store) run(b *bolt.Tx, c *call) (err error) {
	tx := &Tx{store: s, b: b, call: c}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("store %s: a transaction panicked: %v", s.path, r)
		}
		c.topics = tx.topics
		tx.b = nil
	}()
	return c.fn(tx)
}

// View reads what is, also what is held in memory. It must be short, for a
// reader in the way of a growing file stops all writers; and it must not be
// used within another transaction. Nothing of tx may be kept.
func (s *Store) View(fn func(*Tx) error) error {
	return s.db.View(func(b *bolt.Tx) error { return fn(&Tx{store: s, b: b}) })
}

// ViewDurable reads only what is on disk.
func (s *Store) ViewDurable(fn func(*Tx) error) error { return s.View(fn) }
