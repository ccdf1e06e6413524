package store

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	bolt "go.etcd.io/bbolt"
)

// A migration changes a file of one schema into the next: step n, counted from
// 0, turns schema n+1 into n+2.
type migration struct {
	what string
	run  func(*bolt.Tx) error
}

// migrations are all steps so far, in order. The present schema is their number
// plus one. Steps are never changed once released, and a new bucket is a step.
func migrations() []migration {
	return []migration{
		{"unread receipts of a tap", func(b *bolt.Tx) error {
			_, err := b.CreateBucketIfNotExists([]byte(bucketUnread))
			return err
		}},
		{"events that were set aside", func(b *bolt.Tx) error {
			_, err := b.CreateBucketIfNotExists([]byte(bucketAside))
			return err
		}},
	}
}

// findBuckets tells what a file lacks of a store of this schema or an earlier
// one; err is ErrNewer for a later one.
func findBuckets(db *bolt.DB, path string, schema uint64) (fault, err error) {
	err = db.View(func(b *bolt.Tx) error {
		found, ok := schemaOf(b)
		switch {
		case !ok:
			fault = fmt.Errorf("%w: it tells no schema", errUnusable)
		case found > schema:
			return fmt.Errorf("%w: %s has schema %d, this program knows up to %d; install the version that wrote it, or move the file away",
				ErrNewer, path, found, schema)
		case found == schema:
			for _, name := range buckets() {
				if b.Bucket([]byte(name)) == nil {
					fault = fmt.Errorf("%w: it has no bucket %s", errUnusable, name)
				}
			}
		}
		return nil
	})
	return fault, err
}

func schemaOf(b *bolt.Tx) (schema uint64, ok bool) {
	meta := b.Bucket([]byte(bucketMeta))
	if meta == nil {
		return 0, false
	}
	schema = toNumber(meta.Get([]byte(metaSchema)))
	return schema, schema > 0
}

// migrate brings a file to the present schema, each step in a transaction of its
// own, after a copy of it was put beside it as NAME.schema-N: the way back.
func migrate(db *bolt.DB, path string, steps []migration, log *slog.Logger) error {
	var found uint64
	if err := db.View(func(b *bolt.Tx) error {
		found, _ = schemaOf(b)
		return nil
	}); err != nil {
		return err
	}
	if found > uint64(len(steps)) {
		return nil
	}
	kept := fmt.Sprintf("%s.schema-%d", path, found)
	if err := keepCopy(db, path+".copy", kept); err != nil {
		return fmt.Errorf("keep a copy of schema %d as %s before migrating: %w", found, kept, err)
	}
	for _, step := range steps[found-1:] {
		if err := db.Update(func(b *bolt.Tx) error {
			if err := step.run(b); err != nil {
				return err
			}
			found++
			return b.Bucket([]byte(bucketMeta)).Put([]byte(metaSchema), number(found))
		}); err != nil {
			return fmt.Errorf("migrate %s (%s): %w; the file as it was is %s", path, step.what, err, kept)
		}
		log.Info("the store was migrated", "file", path, "schema", found, "what", step.what, "kept_as", kept)
	}
	return nil
}

func keepCopy(db *bolt.DB, temporary, name string) error {
	f, err := os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = db.View(func(b *bolt.Tx) error {
		_, err := b.WriteTo(f)
		return err
	})
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return rename(temporary, name)
}
