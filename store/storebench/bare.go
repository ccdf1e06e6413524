package storebench

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The buckets that a sale goes into, in the order of writing, with the store's
// own fill: keys of one grow, the others' come anywhere.
var saleBuckets = []struct {
	name string
	fill float64
}{{"sales.key", 0.7}, {"sales", 1}, {"outbox.sales", 1}}

// growth is by how much the store has its file grow.
const growth = 4 << 20

func openBare(path string) (*bolt.DB, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, FreelistType: bolt.FreelistMapType, NoFreelistSync: true})
	if err != nil {
		return nil, err
	}
	db.AllocSize = growth
	return db, nil
}

// bare writes what stands in a store's file into a bare one, whole groups in a
// transaction.
func bare(from, dir string, group int) (m measured, err error) {
	source, err := bolt.Open(from, 0o600, &bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	db, err := openBare(filepath.Join(dir, "bare.db"))
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = source.View(func(tx *bolt.Tx) error {
		// Every bucket of the store is there, since each is a part of every commit.
		if err := db.Update(func(to *bolt.Tx) error {
			return tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
				_, err := to.CreateBucket(bytes.Clone(name))
				return err
			})
		}); err != nil {
			return err
		}
		m, err = copySales(tx, db, group)
		return err
	})
	return m, err
}

func copySales(from *bolt.Tx, db *bolt.DB, group int) (measured, error) {
	type pair struct{ key, value []byte }
	var rows [][3]pair
	var cursors [3]*bolt.Cursor
	for i, b := range saleBuckets {
		cursors[i] = from.Bucket([]byte(b.name)).Cursor()
	}
	for {
		var row [3]pair
		for i, c := range cursors {
			next := c.Next
			if len(rows) == 0 {
				next = c.First
			}
			row[i].key, row[i].value = next()
		}
		if row[0].key == nil {
			break
		}
		rows = append(rows, row)
	}
	w := begin(group == 1)
	for n := 0; n < len(rows); {
		start := w.start()
		err := db.Update(func(to *bolt.Tx) error {
			var buckets [3]*bolt.Bucket
			for i, b := range saleBuckets {
				buckets[i] = to.Bucket([]byte(b.name))
				buckets[i].FillPercent = b.fill
			}
			for range min(group, len(rows)-n) {
				for i, b := range buckets {
					if b != buckets[0] {
						if _, err := b.NextSequence(); err != nil {
							return err
						}
					}
					if err := b.Put(rows[n][i].key, rows[n][i].value); err != nil {
						return err
					}
				}
				n++
			}
			return nil
		})
		if err != nil {
			return measured{}, err
		}
		w.done(start)
	}
	return w.end(len(rows)), nil
}

// appended appends a sale to a file and has the disk keep it, one by one.
func appended(dir string, sales int) (m measured, err error) {
	f, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	body, err := json.Marshal(sale(1))
	if err != nil {
		return m, err
	}
	w := begin(true)
	for range sales {
		start := w.start()
		if _, err := f.Write(body); err != nil {
			return m, err
		}
		if err := dataSync(f); err != nil {
			return m, err
		}
		w.done(start)
	}
	return w.end(sales), nil
}
