package store

import (
	"bytes"
	"iter"
)

// An Aside is an event of the outbox that could not go up as it is, and whose
// place something else took. Marked as sent or not, it is kept until it has
// gone after all or is given up (DropAside), whatever is swept.
type Aside struct {
	Stream   Stream `json:"stream"`
	Position uint64 `json:"position"`
	Epoch    string `json:"epoch"`
	Sequence uint64 `json:"sequence"`
	// Type is the event's own, Bytes how long its message is.
	Type  string `json:"type"`
	Bytes int    `json:"bytes"`
	// At is when it was set aside.
	At Moment `json:"at"`
}

// SetAside keeps an event of the outbox from being swept, and reports whether it
// was not set aside already.
func (tx *Tx) SetAside(a Aside) (added bool, err error) {
	key := asideKey(a.Stream, a.Position)
	if tx.get(bucketAside, key) != nil {
		return false, nil
	}
	a.At = tx.Now()
	return true, tx.putJSON(bucketAside, key, a)
}

// DropAside says that an event has gone after all, or is given up, and reports
// whether it was set aside.
func (tx *Tx) DropAside(stream Stream, position uint64) (was bool, err error) {
	key := asideKey(stream, position)
	if tx.get(bucketAside, key) == nil {
		return false, nil
	}
	return true, tx.delete(bucketAside, key)
}

// Asides are all events that were set aside, by stream and position.
func (tx *Tx) Asides() iter.Seq2[*Aside, error] { return records[Aside](tx, bucketAside, false) }

func asideKey(stream Stream, position uint64) []byte {
	return append(composite(string(stream)), number(position)...)
}

// oldestSent is the first event of a stream that is not set aside, nil where
// that was not sent.
func (tx *Tx) oldestSent(stream Stream) (key, value []byte) {
	c := tx.bucket(outbox(stream)).Cursor()
	for key, value = c.First(); key != nil && tx.isAside(stream, key); {
		key, value = c.Next()
	}
	if key == nil || toNumber(key) > tx.Sent(stream) {
		return nil, nil
	}
	return bytes.Clone(key), value
}

func (tx *Tx) isAside(stream Stream, position []byte) bool {
	return tx.get(bucketAside, append(composite(string(stream)), position...)) != nil
}
