package store

import (
	"bytes"
	"fmt"
	"iter"
)

// maxCursor bounds the small state that a source may keep: 1 MiB.
const maxCursor = 1 << 20

// Cursor returns a copy of what SetCursor kept under a name, nil when unset.
// Sources keep here how far they have read and what they have half read.
func (tx *Tx) Cursor(name string) []byte { return bytes.Clone(tx.get(bucketCursors, composite(name))) }

// SetCursor keeps a source's small state, at most 1 MiB, under a name; nil
// deletes it.
func (tx *Tx) SetCursor(name string, v []byte) error {
	if v == nil {
		return tx.delete(bucketCursors, composite(name))
	}
	if len(v) > maxCursor {
		return fmt.Errorf("cursor %s: %d bytes are more than a cursor keeps (%d)", name, len(v), maxCursor)
	}
	return tx.put(bucketCursors, composite(name), v)
}

// maxKept bounds one record of a set: 4 MiB.
const maxKept = 4 << 20

// Keep is SetCursor for a source that has many: one of a set, at most 4 MiB,
// which AllKept finds again; nil deletes it.
func (tx *Tx) Keep(set, name string, v []byte) error {
	if v == nil {
		return tx.delete(bucketCursors, composite(set, name))
	}
	if len(v) > maxKept {
		return fmt.Errorf("%s %s: %d bytes are more than is kept (%d)", set, name, len(v), maxKept)
	}
	return tx.put(bucketCursors, composite(set, name), v)
}

// AllKept yields copies of all that Keep has put into a set.
func (tx *Tx) AllKept(set string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		own := composite(set)
		for key, v := range tx.walk(bucketCursors, own, nil, false) {
			if len(key) > len(own) && !yield(bytes.Clone(v)) {
				return
			}
		}
	}
}
