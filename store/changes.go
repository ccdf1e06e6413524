package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// notes are what a transaction is told to remember of its changes. put returns a
// copy of the value that stays as it is for as long as the transaction.
type notes interface {
	put(bucket string, key, value []byte) []byte
	delete(bucket string, key []byte)
	sequence(bucket string, n uint64)
}

// bothNotes are two of them at once.
type bothNotes [2]notes

func (b bothNotes) put(bucket string, key, value []byte) []byte {
	b[0].put(bucket, key, value)
	return b[1].put(bucket, key, value)
}

func (b bothNotes) delete(bucket string, key []byte) {
	b[0].delete(bucket, key)
	b[1].delete(bucket, key)
}

func (b bothNotes) sequence(bucket string, n uint64) {
	b[0].sequence(bucket, n)
	b[1].sequence(bucket, n)
}

// A changeList is what a transaction has changed, in order, as the bytes that
// stand in the journal: for each change its kind, the bucket, and what there is
// of key and value, each with its length before it.
type changeList []byte

const (
	changePut      = 'p' // bucket, key, value
	changeDelete   = 'd' // bucket, key
	changeSequence = 's' // bucket, number
)

func (l *changeList) put(bucket string, key, value []byte) []byte {
	*l = appendText(append(*l, changePut), bucket)
	*l = appendText(appendText(*l, key), value)
	return (*l)[len(*l)-len(value) : len(*l) : len(*l)]
}

func (l *changeList) delete(bucket string, key []byte) {
	*l = appendText(appendText(append(*l, changeDelete), bucket), key)
}

func (l *changeList) sequence(bucket string, n uint64) {
	*l = binary.AppendUvarint(appendText(append(*l, changeSequence), bucket), n)
}

func appendText[T ~string | ~[]byte](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// apply makes the changes in a transaction.
func (l changeList) apply(b *bolt.Tx) error {
	buckets := make(map[string]*bolt.Bucket)
	in := changeReader{rest: l}
	for len(in.rest) > 0 {
		kind := in.kind()
		name := in.text()
		if in.err != nil {
			return in.err
		}
		bucket := buckets[string(name)]
		if bucket == nil {
			if bucket = b.Bucket(name); bucket == nil {
				return fmt.Errorf("%w: bucket %q", errNoChange, name)
			}
			bucket.FillPercent = fillPercent(string(name))
			buckets[string(name)] = bucket
		}
		if err := in.apply(kind, bucket); err != nil {
			return err
		}
	}
	return nil
}

var errNoChange = errors.New("what was changed cannot be read")

// A changeReader reads a changeList; err is set from the first thing on that is
// not as it must be.
type changeReader struct {
	rest []byte
	err  error
}

func (in *changeReader) apply(kind byte, bucket *bolt.Bucket) error {
	switch kind {
	case changePut:
		key, value := in.text(), in.text()
		if in.err != nil {
			return in.err
		}
		return bucket.Put(key, value)
	case changeDelete:
		key := in.text()
		if in.err != nil {
			return in.err
		}
		return bucket.Delete(key)
	case changeSequence:
		n := in.number()
		if in.err != nil {
			return in.err
		}
		return bucket.SetSequence(n)
	}
	return fmt.Errorf("%w: kind %#x", errNoChange, kind)
}

func (in *changeReader) kind() byte {
	kind := in.rest[0]
	in.rest = in.rest[1:]
	return kind
}

func (in *changeReader) number() uint64 {
	n, size := binary.Uvarint(in.rest)
	if size <= 0 {
		in.err = errNoChange
		return 0
	}
	in.rest = in.rest[size:]
	return n
}

func (in *changeReader) text() []byte {
	n := in.number()
	if in.err != nil || n > uint64(len(in.rest)) {
		in.err = errNoChange
		return nil
	}
	text := in.rest[:n]
	in.rest = in.rest[n:]
	return text
}
