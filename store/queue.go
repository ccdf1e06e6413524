package store

import (
	"runtime"
	"slices"
	"sync"
	"time"
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

// queue is where callers wait for a commit. One of them leads: it has all that
// wait run in a transaction, hands the lead on, and wakes them.
type queue struct {
	mu      sync.Mutex
	waiting []*call
	led     bool
	// coming are those who were just woken: they are likely to come again at once.
	coming int
	// away are those who have run and wait for the disk.
	away int
	// running is about what a call takes to run, and writing what the disk takes to
	// keep a group.
	running, writing time.Duration
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
// alone commits at once, and who comes while others run shares the next group.
func (s *Store) submit(c *call) {
	q := &s.queue
	q.mu.Lock()
	q.waiting = append(q.waiting, c)
	q.coming = max(q.coming-1, 0)
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
	batch, halves := q.take()
	q.mu.Unlock()

	begun := time.Now()
	r := s.runTogether(batch)
	ran := time.Since(begun)
	if halves {
		q.handOn()
	}
	s.await(batch, r)
	q.learn(len(batch), r, ran, time.Since(begun)-ran)
	for _, other := range batch {
		if other != c {
			other.done = true
			other.wake <- struct{}{}
		}
	}
	if !halves {
		q.handOn()
	}
}

// gather lets those run who were just woken by a commit that many shared, and
// would otherwise go in two groups that wait for each other. It stops when all
// have come, or when nobody has for many turns, some 20 µs. It is called with q.mu
// held.
func (q *queue) gather() {
	const patience = 200
	for quiet := 0; q.coming > 0 && len(q.waiting) < maxBatch && quiet < patience; quiet++ {
		before := len(q.waiting)
		q.mu.Unlock()
		runtime.Gosched()
		q.mu.Lock()
		if len(q.waiting) > before {
			quiet = 0
		}
	}
	q.coming = 0
}

// take takes those who run together now. When running all of them takes longer than
// writing what they leave, it is one half, counting those who are away: one half
// runs while the disk takes what the other has left. On a slow disk, and for few,
// it is all that wait, for then the fewest waits count.
func (q *queue) take() (batch []*call, halves bool) {
	all := len(q.waiting) + q.away
	halves = all > 1 && time.Duration(all)*q.running > q.writing+q.writing/4
	n := min(len(q.waiting), maxBatch)
	if halves {
		n = min(n, (all+1)/2)
	}
	batch, q.waiting = q.waiting[:n:n], q.waiting[n:]
	q.away += n
	return batch, halves
}

// handOn has the next who waits lead, if somebody does.
func (q *queue) handOn() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) > 0 {
		q.waiting[0].wake <- struct{}{}
	} else {
		q.led, q.waiting = false, nil
	}
}

// learn notes how long n calls took, who come back now.
func (q *queue) learn(n int, r *record, ran, wrote time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.away -= n
	if n > 1 {
		q.coming += n
	}
	if r != nil {
		const weight = 8 // of what was known before
		q.running += ((ran-r.waited)/time.Duration(n) - q.running) / weight
		q.writing += (wrote - q.writing) / weight
	}
}

// runTogether runs a batch in one transaction, and returns the record that it
// leaves for the journal: nil when it has come to its end.
func (s *Store) runTogether(batch []*call) *record {
	s.writer.Lock()
	defer s.writer.Unlock()
	switch {
	case s.damaged != nil:
		fail(batch, s.damaged)
	case s.held != nil:
		s.hold(batch)
	default:
		s.write(batch)
	}
	r := s.leaving
	s.leaving = nil
	return r
}

// await brings a batch to its end. Where the record is not written they run once
// more, past the journal.
func (s *Store) await(batch []*call, r *record) {
	for r != nil && s.bring(r) != nil {
		again := slices.DeleteFunc(slices.Clone(batch), func(c *call) bool { return c.err != nil })
		undo(again)
		for _, c := range again {
			c.durable = false
		}
		r = s.runTogether(again)
	}
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
