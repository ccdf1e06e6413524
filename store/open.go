package store

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// The keys of the meta bucket.
const (
	metaSchema   = "schema"    // number
	metaIdentity = "identity"  // text
	metaEpoch    = "epoch"     // text
	metaBoots    = "boots"     // number
	metaFloor    = "floor"     // RFC 3339, the latest wall time known when last closed
	metaRawBytes = "raw.bytes" // number, the sum of all raw payloads
)

// Open opens the store in a file, or creates it.
func Open(path string, o Options) (*Store, error) {
	s := &Store{path: path, identity: o.Identity, options: o.withDefaults()}
	s.clock, s.log = s.options.Clock, s.options.Log
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return s, nil
}

func (s *Store) open() error {
	if _, err := os.Stat(s.path); errors.Is(err, os.ErrNotExist) {
		if err := create(s.path); err != nil {
			return err
		}
		s.opening.Created = true
	}
	db, err := bolt.Open(s.path, 0o600, &bolt.Options{
		Timeout: lockWait, FreelistType: bolt.FreelistMapType, NoFreelistSync: true, MaxSize: int(s.options.MaxSize)})
	if errors.Is(err, berrors.ErrTimeout) {
		return fmt.Errorf("%w: %s", ErrLocked, s.path)
	}
	if err != nil {
		return err
	}
	s.db = db
	return s.begin()
}

// create makes a new file under another name, so that the one under path is
// always whole.
func create(path string) error {
	temporary := path + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	db, err := bolt.Open(temporary, 0o600, &bolt.Options{Timeout: lockWait, NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range buckets() {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return tx.Bucket([]byte(bucketMeta)).Put([]byte(metaSchema), number(schema))
	})
	if err = errors.Join(err, db.Sync(), db.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// schema is the version of the file's layout that this program writes.
const schema = 1

// begin notes the opening: boots, identity and epoch.
func (s *Store) begin() error {
	opening := s.opening
	_, err := s.UpdateVital(func(tx *Tx) error {
		s.opening = opening
		s.opening.Boots = tx.metaNumber(metaBoots) + 1
		s.opening.Epoch = string(tx.get(bucketMeta, []byte(metaEpoch)))
		if err := tx.put(bucketMeta, []byte(metaBoots), number(s.opening.Boots)); err != nil {
			return err
		}
		if s.opening.Epoch != "" && string(tx.get(bucketMeta, []byte(metaIdentity))) == s.identity {
			return nil
		}
		return tx.newEpoch()
	})
	return err
}

// newEpoch starts every stream's sequence again, under a new random name.
func (tx *Tx) newEpoch() error {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails, says its doc
	tx.store.opening.Epoch = hex.EncodeToString(random[:])
	if err := tx.put(bucketMeta, []byte(metaEpoch), []byte(tx.store.opening.Epoch)); err != nil {
		return err
	}
	for _, stream := range Streams() {
		if err := tx.setMark(stream, markBase, tx.Last(stream)); err != nil {
			return err
		}
	}
	return tx.put(bucketMeta, []byte(metaIdentity), []byte(tx.store.identity))
}

func (tx *Tx) metaNumber(key string) uint64 { return toNumber(tx.get(bucketMeta, []byte(key))) }

// Close writes what is held and lets go of the file.
func (s *Store) Close() error {
	_ = time.Now
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}
