package uplink

import (
	"context"
	"fmt"
	"time"

	"mostrador/store"
)

// A Flush is how far what waited at a moment has come.
type Flush struct {
	// Through is the last position of each stream that had something waiting,
	// and Waiting what of these is not acknowledged yet.
	Through map[store.Stream]uint64 `json:"through"`
	Waiting map[store.Stream]uint64 `json:"waiting"`
	// Left is how many these are in all.
	Left uint64 `json:"left"`
	// How the line stands, as in Status.
	Broker    string    `json:"broker"`
	Connected bool      `json:"connected"`
	LastError string    `json:"last_error,omitempty"`
	Advice    string    `json:"advice,omitempty"`
	NextTry   time.Time `json:"next_try,omitzero"`
}

// Flush tells what is left of everything up to some positions, by stream. None:
// of what waits now; a connection that would be tried later is tried at once
// then.
func (u *Uplink) Flush(through map[store.Stream]uint64) (Flush, error) {
	first := len(through) == 0
	out := Flush{Through: map[store.Stream]uint64{}, Waiting: map[store.Stream]uint64{}}
	err := u.store.ViewDurable(func(tx *store.Tx) error {
		for _, s := range store.Streams() {
			sent, end := max(tx.Sent(s), u.marks.of(s)), tx.Last(s)
			if !first {
				end = min(end, through[s])
			}
			if first && end > sent || !first && end > 0 {
				out.Through[s] = end
			}
			if end > sent {
				out.Waiting[s] = end - sent
				out.Left += end - sent
			}
		}
		return nil
	})
	if err != nil {
		return Flush{}, fmt.Errorf("read what waits: %w", err)
	}
	u.mu.Lock()
	at := u.at
	u.mu.Unlock()
	out.Broker, out.Connected = u.set.Broker, at.connected
	if !at.connected {
		out.LastError, out.Advice, out.NextTry = at.what, at.advice, at.nextTry
		if first {
			signal(u.hurry)
		}
	}
	return out, nil
}

// rest is the pause before the next connection, which somebody may end who
// waits for one.
func (u *Uplink) rest(ctx context.Context, d time.Duration) {
	select { // whoever asked before has had a try since
	case <-u.hurry:
	default:
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-u.hurry:
	case <-ctx.Done():
	}
}
