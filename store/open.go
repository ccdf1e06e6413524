package store

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
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
	metaOpened   = "opened"    // Moment of the last opening
	metaRawBytes = "raw.bytes" // number, the sum of all raw payloads
	metaCommits  = "commits"   // number, of transactions that are not in the file's own count
	metaLost     = "lost"      // number, of transactions that are missing, 0 where nobody knows; until people are told
)

// Open opens the store in a file, or creates it, with its folder. A file that
// another process holds gives ErrLocked after a second, one of a later version
// ErrNewer; both are left as they are. One that is damaged is renamed to
// NAME.quarantined-TIME-N and a new one takes its place: Opening tells. Beside
// the file stand NAME.lock, NAME.reserve, NAME.intents and NAME.witness.
func Open(path string, o Options) (*Store, error) { return openSteps(path, o, migrations()) }

func openSteps(path string, o Options, steps []migration) (*Store, error) {
	return newStore(path, o).open(steps)
}

func newStore(path string, o Options) *Store {
	s := &Store{path: path, identity: o.Identity, options: o.withDefaults()}
	s.clock, s.log = s.options.Clock, s.options.Log
	s.health.MaxSize = s.options.MaxSize
	s.random = bufio.NewReaderSize(rand.Reader, 1<<10)
	return s
}

func (s *Store) open(steps []migration) (*Store, error) {
	if err := s.openFiles(steps); err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), s.letGo())
	}
	return s, nil
}

func (s *Store) openFiles(steps []migration) error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o750); err != nil {
		return err
	}
	var err error
	if s.lock, err = lockBeside(s.path); err != nil {
		return err
	}
	if err := s.openJournal(); err != nil {
		return err
	}
	s.db, err = s.ready(uint64(len(steps) + 1))
	if isFull(err) && os.Truncate(s.path+".reserve", 0) == nil {
		s.db, err = s.ready(uint64(len(steps) + 1))
	}
	if err != nil {
		return err
	}
	s.db.AllocSize, s.pageSize = growth(s.options.MaxSize), int64(s.db.Info().PageSize)
	if err := migrate(s.db, s.path, steps, s.log); err != nil {
		return err
	}
	if err := markOpen(s.lock, s.clock.boot); err != nil {
		return err
	}
	s.intents.path = s.path + ".intents"
	if err := s.intents.open(time.Now()); err != nil {
		s.log.Warn("the file of intents cannot be made", "file", s.intents.path, "error", err)
	}
	s.reserve = reserve{path: s.path + ".reserve", size: s.options.Reserve}
	if err := s.reserve.make(); err != nil {
		s.log.Warn("the reserve for orders cannot be made", "file", s.reserve.path, "error", err)
	}
	if err := s.start(); err != nil {
		return err
	}
	if s.space.size > largeFile {
		// bbolt has noted every page of it to find those that are free.
		debug.FreeOSMemory()
	}
	// The first base has the opening in it, which no other file has.
	s.journal.live = s.beginJournal()
	return nil
}

// largeFile is the size from which opening takes memory that is worth giving
// back, bytes.
const largeFile = 128 << 20

// ready opens the file that has the store's name; one that is not there is
// created, and one that is useless is set aside first.
func (s *Store) ready(schema uint64) (*bolt.DB, error) {
	if err := removeLeftovers(s.path); err != nil {
		return nil, err
	}
	kept, err := s.lookBack()
	if err == nil {
		err = s.setBack(kept)
	}
	if err != nil {
		return nil, err
	}
	db, fault, err := s.openExisting(schema, kept)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, err
	case fault == nil:
		return db, nil
	default:
		if s.opening.Quarantined, err = quarantine(s.path, time.Now()); err != nil {
			return nil, fmt.Errorf("set the damaged file aside (%w): %w", fault, err)
		}
		s.opening.Cause = fault
		if err := s.quarantineJournal(kept); err != nil {
			return nil, fmt.Errorf("set the journal of the damaged file aside: %w", err)
		}
		s.log.Error("the store was damaged and set aside; a new one begins",
			"file", s.path, "kept_as", s.opening.Quarantined, "error", fault)
	}
	if err := create(s.path, schema); err != nil {
		return nil, err
	}
	s.opening.Created = true
	return openFile(s.path, s.mapSize())
}

// mapSize is how much of the file is mapped from the start. The journal's pin
// must not be in the way of a file that outgrows its mapping, so all that it may
// ever have is; that costs addresses only.
func (s *Store) mapSize() int {
	if s.journal.f == nil {
		return 0
	}
	return int(s.options.MaxSize)
}

// openExisting opens a file after looking for faults in it: fault is what makes
// it useless, err what keeps us from telling.
func (s *Store) openExisting(schema uint64, kept past) (db *bolt.DB, fault, err error) {
	if fault, err = examine(s.path, isTrusted(s.lock, s.path, s.clock.boot)); fault != nil || err != nil {
		return nil, fault, err
	}
	if err := markOpening(s.lock); err != nil {
		return nil, nil, err
	}
	db, err = openFile(s.path, s.mapSize())
	if errors.Is(err, errUnusable) {
		return nil, err, nil
	}
	if err != nil {
		return nil, nil, err
	}
	// The pages make sense. Whether they are a store's, its buckets tell.
	if fault, err = findBuckets(db, s.path, schema); fault != nil || err != nil {
		return nil, fault, errors.Join(err, db.Close())
	}
	err = s.guard(func() error { return s.makeAgain(db, kept) })
	switch {
	case isFull(err):
		return nil, nil, errors.Join(err, db.Close())
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errUnusable, err), db.Close()
	}
	if err := s.leavePast(kept); err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, nil, nil
}

// examine inspects a file under its lock, so that nobody is writing to it. Of a
// file that is trusted, and large, only the head.
func examine(path string, trusted bool) (fault, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	switch err := lockFile(f, lockWait); {
	case errors.Is(err, errHeld):
		return nil, fmt.Errorf("%w: %s; stop it first", ErrLocked, path)
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return inspect(f, trusted)
}

// errUnusable: bbolt does not open the file because of what it holds.
var errUnusable = errors.New("not a store")

func openFile(path string, mapSize int) (db *bolt.DB, err error) {
	defer asFault(&err, debug.SetPanicOnFault(true))
	db, err = bolt.Open(path, 0o600, &bolt.Options{
		Timeout:        lockWait,
		FreelistType:   bolt.FreelistMapType,
		NoFreelistSync: true,
		// On disk the file is no larger for it.
		InitialMmapSize: mapSize,
	})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("%w: %s", ErrLocked, path)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: %w", errUnusable, err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return db, nil
}

// start notes the opening, and what went before it in the store's own log.
func (s *Store) start() error {
	if err := s.db.View(func(b *bolt.Tx) error {
		s.clock.notBefore((&Tx{store: s, b: b}).newest())
		s.space.size = b.Size()
		return nil
	}); err != nil {
		return err
	}
	cause, err := s.epochCause()
	if err != nil {
		return err
	}
	opening := s.opening
	opening.NewEpoch = cause
	if _, err := s.UpdateVital(func(tx *Tx) error {
		s.opening = opening
		if err := tx.open(); err != nil {
			return err
		}
		if err := tx.tellLost(); err != nil {
			return err
		}
		if opening.Quarantined == "" {
			return nil
		}
		return tx.Log(Entry{
			Kind: "store.quarantined", Subject: opening.Quarantined, Severity: Alarm,
			Text: fmt.Sprintf("El archivo de datos estaba dañado: se guardó como %s y se empezó uno nuevo.",
				filepath.Base(opening.Quarantined)),
		})
	}); err != nil {
		return err
	}
	switch cause {
	case "", EpochNew:
	default:
		s.log.Warn("the events start a new epoch", "file", s.path, "cause", cause, "epoch", s.opening.Epoch)
	}
	if s.options.Throwaway {
		return nil
	}
	if err := s.witness.note(s.opening.Epoch, s.options.Machine, s.witness.commits); err != nil {
		// Then the next opening starts an epoch, too, which does no harm.
		s.log.Warn("the witness cannot be written", "file", s.witness.path, "error", err)
	}
	return nil
}

// open counts the opening and starts an epoch where the file has none, is
// another terminal's, or not what it was.
func (tx *Tx) open() error {
	s := tx.store
	s.opening.Boots = tx.metaNumber(metaBoots) + 1
	if err := tx.put(bucketMeta, []byte(metaBoots), number(s.opening.Boots)); err != nil {
		return err
	}
	if err := tx.putJSON(bucketMeta, []byte(metaOpened), tx.Now()); err != nil {
		return err
	}
	s.opening.Epoch = string(tx.get(bucketMeta, []byte(metaEpoch)))
	if s.opening.NewEpoch != "" {
		if err := tx.newEpoch(); err != nil {
			return err
		}
	}
	s.streams = tx.places()
	return tx.noteEpoch(s.opening.NewEpoch)
}

// newEpoch starts every stream's sequence again, under a new random name.
func (tx *Tx) newEpoch() error {
	var random [8]byte
	_, _ = rand.Read(random[:]) // it never fails, says its doc
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

// newest is the latest wall time that the records tell.
func (tx *Tx) newest() time.Time {
	var opened Moment
	_ = json.Unmarshal(tx.get(bucketMeta, []byte(metaOpened)), &opened) // unset in a new file
	newest := opened.Wall
	later := func(t time.Time) {
		if t.After(newest) {
			newest = t
		}
	}
	for s := range latest[Sale](tx, bucketSales) {
		later(s.RecordedAt.Wall)
	}
	for o := range latest[Order](tx, bucketOrders) {
		later(o.ChangedAt.Wall)
	}
	for j := range latest[Job](tx, bucketJobs) {
		later(j.QueuedAt.Wall)
	}
	for _, stream := range Streams() {
		for e := range latest[Event](tx, outbox(stream)) {
			later(e.Time)
		}
	}
	return newest
}

func (tx *Tx) metaNumber(key string) uint64 { return toNumber(tx.get(bucketMeta, []byte(key))) }

// Close writes what is held in memory, if it can, and lets go of the file. A
// store that is closed gives errors.
func (s *Store) Close() error {
	err := s.Recover()
	if err != nil {
		h := s.Health()
		s.log.Error("the store closes with what it could not write: it is lost",
			"file", s.path, "orders", h.HeldOrders, "tickets", h.HeldJobs, "error", err)
		err = fmt.Errorf("close store: %d orders and %d tickets are lost: %w", h.HeldOrders, h.HeldJobs, err)
	}
	s.writer.Lock()
	defer s.writer.Unlock()
	s.dropHeld()
	if letGo := s.letGo(); letGo != nil {
		err = errors.Join(err, fmt.Errorf("close store: %w", letGo))
	}
	return err
}

// distrust has the file read through at the next opening. It may be called by
// any number at once.
func (s *Store) distrust() {
	if !s.suspect.Swap(true) {
		_ = markOpening(s.lock) // in vain when it is being closed
	}
}

// letGo closes what is open.
func (s *Store) letGo() error {
	var err error
	if s.db != nil {
		if s.damaged == nil {
			err = s.stopJournal()
		}
		s.letGoAhead()
		s.journal.unpin()
		err = errors.Join(err, s.db.Close()) // a second time it does nothing
	}
	err = errors.Join(err, s.journal.close(), s.witness.close())
	if s.lock != nil {
		if s.db != nil && !s.suspect.Load() { // else it stays as distrust left it
			err = errors.Join(err, markClosed(s.lock, s.path))
		}
		err = errors.Join(err, s.lock.Close())
		s.lock = nil
	}
	return err
}
