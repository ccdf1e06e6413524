package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"

	bolt "go.etcd.io/bbolt"
)

// read decodes the record under key, ErrNotFound when there is none.
func read[T any](tx *Tx, bucket string, key []byte) (*T, error) {
	value := tx.get(bucket, key)
	if value == nil {
		return nil, ErrNotFound
	}
	return decode[T](bucket, key, value)
}

func decode[T any](bucket string, key, value []byte) (*T, error) {
	record := new(T)
	if err := json.Unmarshal(value, record); err != nil {
		return nil, fmt.Errorf("record %x of %s cannot be read: %w", key, bucket, err)
	}
	return record, nil
}

// records decodes a bucket's records one at a time, oldest or newest first.
func records[T any](tx *Tx, bucket string, newestFirst bool) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for key, value := range tx.walk(bucket, nil, nil, newestFirst) {
			if !yield(decode[T](bucket, key, value)) {
				return
			}
		}
	}
}

// latest is the newest record of a bucket, or none.
func latest[T any](tx *Tx, bucket string) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for record, err := range records[T](tx, bucket, true) {
			if err == nil {
				yield(record)
			}
			return
		}
	}
}

// indexed decodes the records of a bucket that an index names under prefix, in
// the index's order. The last 8 bytes of an index key are the record's number.
func indexed[T any](tx *Tx, index string, prefix []byte, bucket string) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for key := range tx.walk(index, prefix, nil, false) {
			if !yield(read[T](tx, bucket, key[len(key)-8:])) {
				return
			}
		}
	}
}

// walk goes through the keys that begin with prefix, forwards from the first
// that is not below from, or backwards from the last. The bucket may be changed
// meanwhile: the walk then finds its place again beside the key where it was.
// Keys and values are good until the next step or change.
func (tx *Tx) walk(bucket string, prefix, from []byte, backwards bool) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		c := tx.bucket(bucket).Cursor()
		key, value := start(c, prefix, from, backwards)
		var at []byte
		for key != nil && bytes.HasPrefix(key, prefix) {
			changes := tx.changes
			if tx.call != nil {
				at = append(at[:0], key...)
			}
			if !yield(key, value) {
				return
			}
			if changes != tx.changes {
				c = tx.bucket(bucket).Cursor()
				key, value = beside(c, at, backwards)
			} else {
				key, value = step(c, backwards)
			}
		}
	}
}

func start(c *bolt.Cursor, prefix, from []byte, backwards bool) (key, value []byte) {
	switch {
	case !backwards && bytes.Compare(from, prefix) > 0:
		return c.Seek(from)
	case !backwards && len(prefix) > 0:
		return c.Seek(prefix)
	case !backwards:
		return c.First()
	case len(prefix) == 0:
		return c.Last()
	}
	return beside(c, after(prefix), true)
}

func step(c *bolt.Cursor, backwards bool) (key, value []byte) {
	if backwards {
		return c.Prev()
	}
	return c.Next()
}

// beside returns the nearest key strictly behind at, or before it.
func beside(c *bolt.Cursor, at []byte, backwards bool) (key, value []byte) {
	key, value = c.Seek(at)
	switch {
	case backwards && key == nil:
		return c.Last()
	case backwards:
		return c.Prev()
	case bytes.Equal(key, at):
		return c.Next()
	}
	return key, value
}

// after returns the first key that is above every key with this prefix.
func after(prefix []byte) []byte {
	out := bytes.Clone(prefix)
	for i := len(out) - 1; i >= 0; i-- {
		if out[i] < 0xff {
			out[i]++
			return out[:i+1]
		}
	}
	return bytes.Repeat([]byte{0xff}, len(prefix)+9)
}
