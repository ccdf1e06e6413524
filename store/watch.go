package store

import "sync"

// A Topic is what a watcher wants to hear about.
type Topic uint8

// The topics.
const (
	TopicOrders Topic = iota
	TopicJobs
	TopicOutbox
	TopicSales
	TopicLog
	TopicHealth
	topicCount
)

// topics is a set of them, a bit each.
type topics uint8

// watchers tell who waits for what. The zero value is ready.
type watchers struct {
	mu   sync.Mutex
	next int
	of   [topicCount]map[int]chan struct{}
}

// Watch returns a channel that has a token after each transaction that touched
// the topic, also one that is held in memory. Tokens coalesce: one stands for
// all that happened since the last was taken. The function ends the watch; the
// channel is never closed.
func (s *Store) Watch(t Topic) (<-chan struct{}, func()) {
	w := &s.watchers
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := make(chan struct{}, 1)
	id := w.next
	w.next++
	if w.of[t] == nil {
		w.of[t] = make(map[int]chan struct{})
	}
	w.of[t][id] = ch
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.of[t], id)
	}
}

// tell never waits for a watcher.
func (w *watchers) tell(touched topics) {
	if touched == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for t := range topicCount {
		if touched&(1<<t) == 0 {
			continue
		}
		for _, ch := range w.of[t] {
			select {
			case ch <- struct{}{}:
			default:
			}
		}
	}
}
