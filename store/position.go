package store

import (
	"bytes"
	"fmt"
	"sort"

	bolt "go.etcd.io/bbolt"
)

// Position is the position that an event has, or had, which its source names by
// epoch and sequence: ErrNotFound where the outbox knows nothing of the kind.
func (tx *Tx) Position(stream Stream, epoch string, sequence uint64) (uint64, error) {
	place, ok := tx.store.streams[stream]
	if !ok {
		return 0, fmt.Errorf("%q is no stream of the outbox: %w", stream, ErrNotFound)
	}
	if epoch == place.epoch {
		position := place.base + sequence
		if sequence == 0 || position > tx.Last(stream) || position < sequence {
			return 0, fmt.Errorf("%s has no event %d: %w", stream, sequence, ErrNotFound)
		}
		return position, nil
	}
	return tx.positionOf(place, epoch, sequence)
}

// positionOf is Position in an epoch of before: its events stand together, and
// the first of them that is still kept tells how far positions and sequences
// are apart.
func (tx *Tx) positionOf(p place, epoch string, sequence uint64) (uint64, error) {
	missing := fmt.Errorf("%s has no event %d of epoch %q: %w", p.stream, sequence, epoch, ErrNotFound)
	c := tx.bucket(p.bucket).Cursor()
	first, err := eventFrom(c, p, 0)
	for ; first != nil && err == nil; first, err = tx.nextEpoch(c, p, first) {
		if first.Epoch != epoch {
			continue
		}
		position := first.Position + sequence - first.Sequence // also where it lies before
		next, err := tx.nextEpoch(c, p, first)
		if err != nil {
			return 0, err
		}
		if position == 0 || position > tx.Last(p.stream) || next != nil && position >= next.Position {
			return 0, missing
		}
		return position, nil
	}
	if err != nil {
		return 0, err
	}
	return 0, missing
}

// nextEpoch is the first event of the epoch that follows an event's.
func (tx *Tx) nextEpoch(c *bolt.Cursor, p place, e *Event) (*Event, error) {
	var failed error
	span := tx.Last(p.stream) - e.Position
	ahead := sort.Search(int(span), func(n int) bool {
		other, err := eventFrom(c, p, e.Position+uint64(n)+1)
		if err != nil {
			failed = err
		}
		return other == nil || other.Epoch != e.Epoch
	})
	if failed != nil {
		return nil, failed
	}
	return eventFrom(c, p, e.Position+uint64(ahead)+1)
}

// eventFrom is the first event at a position or behind it, nil for none.
func eventFrom(c *bolt.Cursor, p place, position uint64) (*Event, error) {
	key, value := c.Seek(number(position))
	if key == nil {
		return nil, nil
	}
	return decodeEvent(p.bucket, bytes.Clone(key), value, p)
}
