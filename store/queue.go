package store

import (
	"runtime"
	"sync"
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
