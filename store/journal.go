package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/s2"
	bolt "go.etcd.io/bbolt"
)

// bbolt waits for the disk twice in each commit and writes every page anew that
// it touches, a dozen of them for a lone sale. So what a transaction has changed
// goes into a journal first, NAME.journal, and is on disk there when it counts as
// kept; the pages go into the file later (ahead.go) and without waiting, and the
// disk is waited for when the journal is full. That is a checkpoint.
//
// What a power cut leaves of pages that nobody waited for is anybody's guess. So
// the state of the last checkpoint, the base, stays whole: a reading transaction
// that is open from then on, the pin, keeps bbolt from using its pages again, and
// in the journal's head stands the base's meta page, which bbolt does overwrite.
// After a kill or a power cut the file is set back to its base, and the journal's
// records are made once more, one transaction each (replay.go).
//
// The journal is for the ordinary case. When space is short, when a transaction
// is larger than a journal, and while a file is replaced, the pages are waited for
// as bbolt does it, after a checkpoint and with the journal's head wiped.
type journal struct {
	path string
	size int64
	f    *os.File // nil: there is none
	// live: it may be used, now that what it told at the opening is in the file.
	live bool

	// pin holds the base while the journal is in use.
	pin *bolt.Tx
	// generation tells the records of this base from those of earlier ones, each of
	// which is one more, and head is what the file begins with from its first record
	// on.
	generation uint64
	head       []byte
	// at is where the next record goes, and next its number: the base's
	// transaction and on from there.
	at   int64
	next uint64
	// wiped: the head in the file says that nothing counts. torn: a record is
	// missing, so that none may follow before it is wiped.
	wiped, torn bool
	// stopped is when it was given up for a while, stops how often.
	stopped time.Time
	stops   int

	// writing is held while a record is being written. packed is what it tells,
	// and buffer the whole of it.
	writing        sync.Mutex
	packed, buffer []byte

	// For tests of crashes: a journal that does not wait for the disk, and one
	// that does not keep its base.
	unsynced, unpinned bool
	step               func(name string) // nil, or what the store's is
}

const (
	// metaCopy is how much of a meta page is kept: its header and what it tells.
	metaCopy   = pageHeader + metaSize
	recordHead = 4 + 4 + 8 + 8 // checksum, length, generation, transaction
	// maxRecord bounds what one transaction changes, if it goes through the
	// journal; bytes.
	maxRecord = 32 << 20
	// journalPause is how long the journal stays out of use after a failure.
	journalPause = time.Second
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// journalSize is how large a store's journal is, bytes: some 1000 lone sales.
func journalSize(maxSize int64) int64 { return min(max(maxSize/64, smallestJournal), 1<<20) }

const smallestJournal = 64 << 10

// open opens the journal, or makes an empty one.
func (j *journal) open() (err error) {
	j.f, err = os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o600)
	return err
}

// fill brings the journal to its full size if there is room, so that an append
// needs none. One that was smaller before may stay so.
func (j *journal) fill() error {
	info, err := j.f.Stat()
	if err != nil || info.Size() >= j.size {
		return err
	}
	if err = roomFor(j.path, 16*j.size); err == nil {
		err = errors.Join(fill(j.f, j.size), SyncFolder(filepath.Dir(j.path)))
	}
	if err != nil && info.Size() >= smallestJournal {
		j.size, err = info.Size(), nil
	}
	return err
}

// beginJournal has a journal that is new begin with a wiped head; false when there
// is none.
func (s *Store) beginJournal() bool {
	j := &s.journal
	if j.f == nil || j.wiped {
		return j.f != nil
	}
	err := j.wipe()
	if err != nil {
		s.log.Warn("the journal cannot be written: the store is slower", "file", j.path, "error", err)
	}
	return err == nil
}

// discard removes a journal that has never been used.
func (j *journal) discard() error { return errors.Join(j.close(), os.Remove(j.path)) }

// errNotSo: those who ran must run again, for the journal does not take what they
// have changed as it is.
var errNotSo = errors.New("it goes another way")

// keep has what those have changed who ran in b leave for the journal; b stays
// open.
func (s *Store) keep(b *bolt.Tx) error {
	j := &s.journal
	list := s.ahead.running()
	past := len(list) > maxRecord || s.weight(b) > s.options.Reserve*3/4
	if !past {
		j.packed = s2.Encode(j.packed[:cap(j.packed)], list)
	}
	room := int64(recordHead + len(j.packed))
	switch {
	case past || room > j.size-journalHead:
		return errors.Join(errNotSo, s.takeBack(b), s.stopJournal())
	case j.at+room > j.size:
		return errors.Join(errNotSo, s.takeBack(b), s.pauseOn(s.checkpoint()))
	}
	asked := time.Now()
	j.writing.Lock() // behind the record before
	if s.ahead.lost != nil {
		j.writing.Unlock()
		return errors.Join(errNotSo, s.takeBack(b))
	}
	s.leaving = j.add(s.ahead.kept)
	s.leaving.waited = time.Since(asked)
	s.ahead.keep(b)
	return nil
}

// bring writes a record, and waits for the disk. Meanwhile the next group runs.
// On an error it may be on disk, or not; then the journal is done without for a
// while, and who waits for it must run again.
func (s *Store) bring(r *record) error {
	s.options.OnCommit(false)
	err := s.journal.write(r)
	if err == nil {
		s.ahead.some.Store(true)
		s.options.OnCommit(true)
	} else {
		s.ahead.lost = r
		s.log.Warn("the journal cannot be used for a while", "file", s.journal.path, "error", err)
	}
	s.journal.writing.Unlock()
	if err == nil {
		return nil
	}
	s.writer.Lock()
	defer s.writer.Unlock()
	return errors.Join(err, s.land())
}

// arrive waits for the record that is being written, and if that failed it undoes
// what was made since. The writer is held.
func (s *Store) arrive() error {
	a := &s.ahead
	s.journal.writing.Lock()
	lost := a.lost
	a.lost = nil
	s.journal.writing.Unlock()
	if lost == nil {
		return nil
	}
	s.letGoAhead()
	s.journal.torn = true
	a.kept, a.made = lost.from, a.made[:lost.from]
	if s.compacting != nil {
		s.compacting.broken = true // it has notes of it
	}
	return s.stopJournal()
}

// readyJournal has the journal in use, with room as far as can be foreseen; false
// when it cannot be used for a while.
func (s *Store) readyJournal() (bool, error) {
	j := &s.journal
	var err error
	switch {
	case j.pin == nil:
		err = s.startJournal()
	case j.at+j.size/8 > j.size, s.db.Stats().PendingPageN > s.maxPinned():
		err = s.checkpoint()
	case s.ahead.b == nil, s.heavy():
		err = s.land()
	}
	err = s.pauseOn(err)
	return j.pin != nil, err
}

// pauseOn does without the journal for a while if it cannot be used.
func (s *Store) pauseOn(err error) error {
	if err == nil || s.ahead.kept > 0 || s.damaged != nil {
		return err
	}
	s.log.Warn("the journal cannot be used for a while", "file", s.journal.path, "error", err)
	s.journal.stopped = time.Now()
	return s.stopJournal()
}

// maxPinned bounds the pages that the pin keeps from being used again, which make
// the file grow.
func (s *Store) maxPinned() int {
	return int(min(4<<20, s.options.MaxSize/8) / s.pageSize)
}

// A record is on its way into the journal.
type record struct {
	bytes []byte // with the journal's head before it, if it is the first
	at    int64
	from  int // where its changes begin in what was made ahead
	// waited is how long the record before held it up.
	waited time.Duration
}

// add makes what is packed the next record; no other is being written.
func (j *journal) add(from int) *record {
	buffer := j.buffer[:0]
	if j.at == journalHead {
		buffer = append(buffer, j.head...)
	}
	start := len(buffer)
	buffer = append(buffer, 0, 0, 0, 0)
	buffer = binary.BigEndian.AppendUint32(buffer, uint32(len(j.packed)))
	buffer = binary.BigEndian.AppendUint64(buffer, j.generation)
	buffer = binary.BigEndian.AppendUint64(buffer, j.next)
	buffer = append(buffer, j.packed...)
	binary.BigEndian.PutUint32(buffer[start:], crc32.Checksum(buffer[start+4:], castagnoli))
	r := &record{bytes: buffer, at: j.at - int64(start), from: from}
	j.buffer, j.wiped = buffer, false
	j.at, j.next = j.at+int64(len(buffer)-start), j.next+1
	return r
}

// write writes a record and waits for the disk.
func (j *journal) write(r *record) error {
	if _, err := j.f.WriteAt(r.bytes, r.at); err != nil {
		return err
	}
	j.told("journal written")
	return j.sync()
}

func (j *journal) sync() error {
	if j.unsynced {
		return nil
	}
	if err := dataSync(j.f); err != nil {
		return err
	}
	j.told("journal synced")
	return nil
}

func (j *journal) told(step string) {
	if j.step != nil {
		j.step(step)
	}
}

// checkpoint brings the file to disk and makes what it holds the base.
func (s *Store) checkpoint() error {
	if err := s.land(); err != nil {
		return err
	}
	if err := s.syncPages(); err != nil {
		return err
	}
	// The first record of the next base may be torn: it must not leave the head of
	// this one, with fewer records than there were.
	if err := s.wipeJournal(); err != nil {
		return err
	}
	return s.startJournal()
}

// syncPages waits for the file's pages. If they fail to reach the disk, base and
// journal are what is left, so that nothing may be written any more.
func (s *Store) syncPages() error {
	if err := s.db.Sync(); err != nil {
		return s.onlyJournal(err)
	}
	s.step("pages synced")
	return nil
}

// startJournal makes the file as it was committed last the base. All of it is on
// disk.
func (s *Store) startJournal() error {
	j := &s.journal
	pin, err := s.db.Begin(false)
	if err != nil {
		return s.named(err)
	}
	base, err := s.baseNow(uint64(pin.ID()))
	if err != nil {
		return errors.Join(err, pin.Rollback())
	}
	j.unpin()
	if j.pin = pin; j.unpinned {
		_ = pin.Rollback()
	}
	j.at, j.next = journalHead, uint64(pin.ID())+1
	j.head = headOf(j.generation, base, s.pageSize)
	s.db.NoSync, s.db.NoGrowSync = true, true
	return nil
}

// baseNow reads the base that a transaction has left from the file.
func (s *Store) baseNow(id uint64) (b base, err error) {
	f, err := os.Open(s.path)
	if err != nil {
		return base{}, err
	}
	defer f.Close()
	if b, err = baseOf(f, id, s.pageSize); err != nil {
		return base{}, s.named(err)
	}
	return b, nil
}

func (j *journal) unpin() {
	if j.pin != nil && !j.unpinned {
		_ = j.pin.Rollback()
	}
	j.pin = nil
}

// stopJournal ends the journal's use for a while: the file is on disk, and no head
// is left that could set it back.
func (s *Store) stopJournal() error {
	j := &s.journal
	switch {
	case !j.live:
		return nil
	case s.damaged != nil:
		return s.damaged // what the journal tells may be all there is
	}
	if err := s.land(); err != nil {
		return err
	}
	if j.pin != nil {
		if err := s.syncPages(); err != nil {
			return err
		}
		s.db.NoSync, s.db.NoGrowSync = s.unsynced, false
		j.stopped = time.Now()
		j.stops++
	}
	if err := s.wipeJournal(); err != nil {
		return err
	}
	j.unpin()
	return nil
}

// wipeJournal has nothing in the journal count, now that the file has all of it.
func (s *Store) wipeJournal() error {
	if s.journal.wiped {
		return nil
	}
	if err := s.journal.wipe(); err != nil {
		s.damaged = fmt.Errorf("%w: its journal cannot be wiped: %w", ErrDamaged, err)
		return s.damaged
	}
	return nil
}

// wipe writes a head by which nothing counts, and begins a new generation.
func (j *journal) wipe() error {
	if _, err := j.f.WriteAt(wipedHead(j.generation), 0); err != nil {
		return err
	}
	if err := j.sync(); err != nil {
		return err
	}
	j.wiped, j.torn = true, false
	j.generation++
	return nil
}

// journalReady: the next transaction may go through the journal.
func (s *Store) journalReady() bool {
	j := &s.journal
	return j.live && !j.torn && s.held == nil && !s.health.Full && !s.tight() && (j.pin != nil || time.Since(j.stopped) > journalPause)
}

// close lets go of the journal; nothing more is written.
func (j *journal) close() error {
	j.unpin()
	j.writing.Lock()
	defer j.writing.Unlock()
	if j.f == nil {
		return nil
	}
	err := j.f.Close()
	j.f, j.live = nil, false
	return err
}
