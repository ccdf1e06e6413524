package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// Check reads a store through that nobody has open, and changes nothing but
// what its journal tells, if it was not closed. It
// returns how many records there are, and what is wrong: pages that make no
// sense, or records that cannot be read, all of them.
func Check(path string) (records int, err error) {
	lock, err := lockBeside(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := bringTogether(path); err != nil {
		return 0, err
	}
	if fault, err := examine(path, false); fault != nil || err != nil {
		return 0, errors.Join(fault, err)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: lockWait})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if fault, err := findBuckets(db, path, uint64(len(migrations())+1)); fault != nil || err != nil {
		return 0, errors.Join(fault, err)
	}
	err = db.View(func(b *bolt.Tx) error {
		tx := &Tx{b: b}
		var faults []error
		for r := range tx.All() {
			records++
			if isJSON(r.Bucket) && !json.Valid(r.Value) {
				faults = append(faults, fmt.Errorf("%s: record %x cannot be read", r.Bucket, r.Key))
			}
		}
		return errors.Join(faults...)
	})
	return records, err
}

// A Record is what stands in the file, as it stands there; good until the next.
type Record struct {
	Bucket     string
	Key, Value []byte
}

// All are all records, bucket by bucket, each by its keys.
func (tx *Tx) All() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for _, name := range buckets() {
			for key, value := range tx.walk(name, nil, nil, false) {
				if !yield(Record{name, key, value}) {
					return
				}
			}
		}
	}
}

// isJSON says whether a bucket's values are JSON.
func isJSON(bucket string) bool {
	switch bucket {
	case bucketOrders, bucketRevisions, bucketJobs, bucketSales, bucketLog, bucketAside:
		return true
	}
	return strings.HasPrefix(bucket, outboxPrefix)
}
