package uplink

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"mostrador/store"
)

const (
	// A mark is saved this long after the first acknowledgement it holds, or as
	// soon as it holds markMany. What a crash forgets is sent once more, as the
	// same bytes.
	markDelay = 200 * time.Millisecond
	markMany  = 1024
)

// marks are how far each stream is acknowledged, on their way into the store:
// many acknowledgements become one transaction. They outlive connections.
type marks struct {
	store *store.Store
	log   *slog.Logger
	first chan struct{} // something is to be saved
	many  chan struct{} // so much that it should not wait

	saving sync.Mutex // one save at a time

	mu     sync.Mutex
	acked  map[store.Stream]uint64
	saved  map[store.Stream]uint64
	since  int       // acknowledgements since the last save
	latest time.Time // when the latest came
}

func newMarks(st *store.Store, log *slog.Logger) *marks {
	return &marks{
		store: st, log: log,
		first: make(chan struct{}, 1), many: make(chan struct{}, 1),
		acked: map[store.Stream]uint64{}, saved: map[store.Stream]uint64{},
	}
}

// acknowledged says that the broker has every event of a stream up to position.
func (m *marks) acknowledged(s store.Stream, position uint64) {
	m.mu.Lock()
	m.acked[s] = max(m.acked[s], position)
	m.since++
	count := m.since
	m.latest = time.Now()
	m.mu.Unlock()
	switch count {
	case 1:
		signal(m.first)
	case markMany:
		signal(m.many)
	}
}

// begin says what the store knows, which of then knows, too.
func (m *marks) begin(s store.Stream, position uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if position > m.acked[s] {
		m.acked[s], m.saved[s] = position, position
	}
}

// of is how far a stream is acknowledged as far as this process knows, 0 when
// it does not.
func (m *marks) of(s store.Stream) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.acked[s]
}

// last is when the latest acknowledgement came, zero for never.
func (m *marks) last() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.latest
}

// run saves until ctx ends, and once more then.
func (m *marks) run(ctx context.Context) {
	pause := backoff{min: time.Second, max: 30 * time.Second}
	failing := false
	for {
		select {
		case <-m.first:
		case <-ctx.Done():
			m.flush()
			return
		}
		m.gather(ctx)
		err := m.save()
		if err == nil {
			pause.reset()
			failing = false
			continue
		}
		if !failing {
			m.log.Error("cannot record what the broker has acknowledged; those events will be sent again", "error", err)
			failing = true
		}
		signal(m.first)
		sleep(ctx, pause.next())
	}
}

// gather waits for more acknowledgements to share the transaction.
func (m *marks) gather(ctx context.Context) {
	t := time.NewTimer(markDelay)
	defer t.Stop()
	select {
	case <-t.C:
	case <-m.many:
	case <-ctx.Done():
	}
}

// flush saves now; run tries again what fails.
func (m *marks) flush() {
	if err := m.save(); err != nil {
		signal(m.first)
	}
}

func (m *marks) save() error {
	m.saving.Lock()
	defer m.saving.Unlock()
	m.mu.Lock()
	todo := maps.Clone(m.acked)
	maps.DeleteFunc(todo, func(s store.Stream, p uint64) bool { return m.saved[s] == p })
	m.since = 0
	m.mu.Unlock()
	if len(todo) == 0 {
		return nil
	}
	err := m.store.Update(func(tx *store.Tx) error {
		for s, p := range todo {
			if err := tx.MarkSent(s, p); err != nil {
				return fmt.Errorf("mark %s as sent up to %d: %w", s, p, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	m.mu.Lock()
	maps.Copy(m.saved, todo)
	m.mu.Unlock()
	return nil
}

// signal leaves a token in a channel of capacity 1 unless one is there.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
