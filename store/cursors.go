package store

import (
	"bytes"
	"fmt"
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
