package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"
)

// A Tx is one transaction: a snapshot to read and, within Update and
// UpdateVital, changes that are kept together or not at all. It is good until
// the function that it was given to returns, and only on that goroutine.
type Tx struct {
	store *Store
	b     *bolt.Tx
	// call is the caller's, nil in a View.
	call *call
	// changes counts what was written, so that iterators notice it.
	changes int
	// grew: something was written that takes space.
	grew    bool
	topics  topics
	notes   notes
	refused error // a change that stands in notes only
	moment  Moment
	granted int // ids handed out in this run
}

// errReadOnly is what a change within a View gets.
var errReadOnly = errors.New("this transaction only reads: changes belong in Update or UpdateVital")

// Now is the moment of this transaction, the same each time it is asked.
func (tx *Tx) Now() Moment {
	if tx.moment.IsZero() {
		tx.moment = tx.store.clock.Now()
	}
	return tx.moment
}

// newID returns a UUIDv7; a transaction that runs again gets the same ones.
func (tx *Tx) newID() (string, error) {
	if tx.granted < len(tx.call.ids) {
		tx.granted++
		return tx.call.ids[tx.granted-1], nil
	}
	id, err := uuid.NewV7FromReader(tx.store.random)
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	if tx.call.ids == nil {
		tx.call.ids = make([]string, 0, 2) // a record's and its event's
	}
	tx.call.ids = append(tx.call.ids, id.String())
	tx.granted++
	return id.String(), nil
}

// naming is what a record was called before a run gave it an id and a number.
type naming struct {
	id     *string
	seq    *uint64
	wasID  string
	wasSeq uint64
}

// names notes that a run names a record of the caller's, who gets it back as it
// was if the run is not kept after all.
func (tx *Tx) names(id *string, seq *uint64) {
	tx.call.named = append(tx.call.named, naming{id, seq, *id, *seq})
}

func (tx *Tx) bucket(name string) *bolt.Bucket {
	b := tx.b.Bucket([]byte(name))
	if b == nil {
		panic(fmt.Sprintf("the store has no bucket %q", name))
	}
	if tx.call != nil {
		b.FillPercent = fillPercent(name)
	}
	return b
}

// get returns what is kept under key, good as long as the transaction.
func (tx *Tx) get(bucket string, key []byte) []byte { return tx.bucket(bucket).Get(key) }

func (tx *Tx) put(bucket string, key, value []byte) error {
	if tx.call == nil {
		return errReadOnly
	}
	tx.changes++
	tx.grew = true
	if err := tx.bucket(bucket).Put(key, tx.notes.put(bucket, key, value)); err != nil {
		tx.refused = fmt.Errorf("write to %s: %w", bucket, err)
		return tx.refused
	}
	return nil
}

// putSmall is put of a figure that goes with deleting and marking as sent,
// which must be possible when there is no space left.
func (tx *Tx) putSmall(bucket string, key, value []byte) error {
	grew := tx.grew
	err := tx.put(bucket, key, value)
	tx.grew = grew
	return err
}

func (tx *Tx) delete(bucket string, key []byte) error {
	if tx.call == nil {
		return errReadOnly
	}
	if err := tx.bucket(bucket).Delete(key); err != nil {
		return fmt.Errorf("delete from %s: %w", bucket, err)
	}
	tx.changes++
	tx.notes.delete(bucket, key)
	return nil
}

// next returns the next number of a bucket; numbers are never given twice.
func (tx *Tx) next(bucket string) (uint64, error) {
	if tx.call == nil {
		return 0, errReadOnly
	}
	n, err := tx.bucket(bucket).NextSequence()
	if err != nil {
		return 0, fmt.Errorf("number in %s: %w", bucket, err)
	}
	tx.changes++
	tx.grew = true
	tx.notes.sequence(bucket, n)
	return n, nil
}

func (tx *Tx) putJSON(bucket string, key []byte, record any) error {
	value, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("encode for %s: %w", bucket, err)
	}
	return tx.put(bucket, key, value)
}
