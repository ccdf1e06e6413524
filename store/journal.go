package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/s2"
	bolt "go.etcd.io/bbolt"
)

// bbolt waits for the disk twice in each commit and writes every page anew that
// it touches, a dozen of them for a lone sale. So what a transaction has changed
// goes into a journal first, NAME.journal, and is on disk there when it counts as
// kept; the pages go into the file without waiting, and the disk is waited for
// when the journal is full. That is a checkpoint.
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
	// generation tells the records of this base from those of earlier ones, and
	// head is what the file begins with from its first record on.
	generation uint64
	head       []byte
	// at is where the next record goes, last where the latest stands.
	at, last int64
	// wiped: no head is in the file.
	wiped bool
	// stopped is when it was given up for a while.
	stopped time.Time

	list   changeList // of the transaction under way
	packed []byte

	// For tests of crashes: a journal that does not wait for the disk, and one
	// that does not keep its base.
	unsynced, unpinned bool
	step               func(name string) // nil, or what the store's is
}

const (
	journalMagic = "mostrador journal 1\n"
	// journalHead is where the records begin; the head has a sector of its own.
	journalHead = 4096
	// metaCopy is how much of a meta page is kept: its header and what it tells.
	metaCopy   = pageHeader + metaSize
	recordHead = 4 + 4 + 8 + 8 // checksum, length, generation, transaction
	// maxRecord bounds what one transaction changes, if it goes through the
	// journal; bytes.
	maxRecord = 32 << 20
	// maxPinned bounds the pages that the pin keeps from being used again, which
	// make the file grow.
	maxPinned = 128
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
		err = errors.Join(fill(j.f, j.size), syncFolder(filepath.Dir(j.path)))
	}
	if err != nil && info.Size() >= smallestJournal {
		j.size, err = info.Size(), nil
	}
	return err
}

// discard removes a journal that has never been used.
func (j *journal) discard() error { return errors.Join(j.close(), os.Remove(j.path)) }

// kept has the journal keep what transaction b has changed, before it is
// committed; false: its pages must be waited for.
func (s *Store) kept(b *bolt.Tx) (bool, error) {
	j := &s.journal
	if len(j.list) > maxRecord {
		return false, s.stopJournal()
	}
	j.packed = s2.Encode(j.packed[:cap(j.packed)], j.list)
	room := int64(recordHead + len(j.packed))
	if room > j.size-journalHead {
		return false, s.stopJournal()
	}
	if err := s.readyFor(room); err != nil {
		s.log.Warn("the journal cannot be used for a while", "file", j.path, "error", err)
		j.stopped = time.Now()
		return false, s.stopJournal()
	}
	if err := j.append(uint64(b.ID())); err != nil {
		// It may be on disk, or not.
		return false, errors.Join(err, s.stopJournal())
	}
	return true, nil
}

// readyFor has the journal in use, with room for a record.
func (s *Store) readyFor(room int64) error {
	j := &s.journal
	switch {
	case j.pin == nil:
		return s.startJournal()
	case j.at+room > j.size, s.db.Stats().PendingPageN > maxPinned:
		return s.checkpoint()
	}
	return nil
}

// append writes what is packed as the record of a transaction and waits for the
// disk.
func (j *journal) append(id uint64) error {
	first := j.at == journalHead
	buffer := make([]byte, 0, len(j.packed)+recordHead+journalHead)
	if first {
		buffer = append(buffer, j.head...)
	}
	start := len(buffer)
	buffer = append(buffer, 0, 0, 0, 0)
	buffer = binary.BigEndian.AppendUint32(buffer, uint32(len(j.packed)))
	buffer = binary.BigEndian.AppendUint64(buffer, j.generation)
	buffer = binary.BigEndian.AppendUint64(buffer, id)
	buffer = append(buffer, j.packed...)
	binary.BigEndian.PutUint32(buffer[start:], crc32.Checksum(buffer[start+4:], castagnoli))
	j.wiped = false
	if _, err := j.f.WriteAt(buffer, j.at-int64(start)); err != nil {
		return err
	}
	j.told("journal written")
	if err := j.sync(); err != nil {
		return err
	}
	j.last, j.at = j.at, j.at+int64(len(buffer)-start)
	return nil
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
	if err := s.syncPages(); err != nil {
		return err
	}
	return s.startJournal()
}

// syncPages waits for the file's pages. If they fail to reach the disk, base and
// journal are what is left, so that nothing may be written any more.
func (s *Store) syncPages() error {
	if err := s.db.Sync(); err != nil {
		s.damaged = fmt.Errorf("%w: its pages do not reach the disk; what was kept stands in the journal: %w", ErrDamaged, err)
		s.distrust()
		return s.damaged
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
	j.generation, j.at = rand.Uint64(), journalHead
	j.head = headOf(j.generation, base, s.pageSize)
	s.db.NoSync = true
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
	if j.pin != nil {
		if err := s.syncPages(); err != nil {
			return err
		}
		s.db.NoSync = s.unsynced
		j.stopped = time.Now()
	}
	if !j.wiped {
		if err := j.wipe(); err != nil {
			s.damaged = fmt.Errorf("%w: its journal cannot be wiped: %w", ErrDamaged, err)
			return s.damaged
		}
	}
	j.unpin()
	return nil
}

// wipe takes the head out of the file.
func (j *journal) wipe() error {
	if _, err := j.f.WriteAt(make([]byte, journalHead), 0); err != nil {
		return err
	}
	if err := j.sync(); err != nil {
		return err
	}
	j.wiped = true
	return nil
}

// retract takes back the latest record, whose transaction was not committed, and
// stops the journal.
func (s *Store) retract() error {
	j := &s.journal
	_, err := j.f.WriteAt(make([]byte, recordHead), j.last)
	if err == nil {
		err = j.sync()
	}
	if err != nil {
		s.damaged = fmt.Errorf("%w: its journal holds what was not kept: %w", ErrDamaged, err)
		return s.damaged
	}
	if j.at = j.last; s.damaged != nil {
		return nil
	}
	return s.stopJournal()
}

// journalReady: the next transaction may go through the journal.
func (s *Store) journalReady() bool {
	j := &s.journal
	return j.live && s.held == nil && !s.health.Full && (j.pin != nil || time.Since(j.stopped) > journalPause)
}

// close lets go of the journal; nothing more is written.
func (j *journal) close() error {
	j.unpin()
	if j.f == nil {
		return nil
	}
	err := j.f.Close()
	j.f, j.live = nil, false
	return err
}

// A base is what a journal's records start from.
type base struct {
	head
	meta []byte // the first bytes of its meta page
	// top tells the pages at the top of its tree from all others: the epoch and
	// the time of the last opening are in them.
	top uint64
}

// baseOf reads a base from the file, given its transaction.
func baseOf(f io.ReaderAt, id uint64, pageSize int64) (base, error) {
	b := base{meta: make([]byte, metaCopy)}
	if _, err := f.ReadAt(b.meta, int64(id%2)*pageSize); err != nil {
		return base{}, err
	}
	var ok bool
	if b.head, ok = metaAt(b.meta, 0); !ok || b.txid != id {
		return base{}, fmt.Errorf("the head is not that of transaction %d", id)
	}
	var err error
	b.top, err = topOf(f, b.head)
	return b, err
}

// topOf is a checksum of the root page and of what it branches to.
func topOf(f io.ReaderAt, h head) (uint64, error) {
	sum := fnv.New64a()
	read := func(page uint64) ([]byte, error) {
		b := make([]byte, h.pageSize)
		_, err := f.ReadAt(b, int64(page)*int64(h.pageSize))
		_, _ = sum.Write(b)
		return b, err
	}
	root, err := read(h.root)
	if err != nil {
		return 0, err
	}
	order := binary.NativeEndian
	if order.Uint16(root[8:]) != flagBranch {
		return sum.Sum64(), nil
	}
	for i := range min(int(order.Uint16(root[10:])), (len(root)-pageHeader)/elementSize) {
		if _, err := read(order.Uint64(root[pageHeader+i*elementSize+8:])); err != nil {
			return 0, err
		}
	}
	return sum.Sum64(), nil
}

// headOf is the journal's head: magic, generation, page size, the base's meta
// page and top, a checksum.
func headOf(generation uint64, b base, pageSize int64) []byte {
	h := append(make([]byte, 0, journalHead), journalMagic...)
	h = binary.BigEndian.AppendUint64(h, generation)
	h = binary.BigEndian.AppendUint64(h, uint64(pageSize))
	h = append(h, b.meta...)
	h = binary.BigEndian.AppendUint64(h, b.top)
	h = binary.BigEndian.AppendUint32(h, crc32.Checksum(h, castagnoli))
	return h[:journalHead]
}

// A past is what a journal tells: the base, and what was kept since.
type past struct {
	base
	// kept are what the transactions after the base have changed, in order.
	kept []changeList
}

// readPast reads a journal; nothing is kept where it has no head, or no record.
func readPast(r io.Reader) (p past, err error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return past{}, err
	}
	const sum = len(journalMagic) + 16 + metaCopy + 8
	if len(b) < journalHead || !bytes.HasPrefix(b, []byte(journalMagic)) ||
		binary.BigEndian.Uint32(b[sum:]) != crc32.Checksum(b[:sum], castagnoli) {
		return past{}, nil
	}
	rest := b[len(journalMagic):sum]
	generation := binary.BigEndian.Uint64(rest)
	p.meta, p.top = rest[16:][:metaCopy], binary.BigEndian.Uint64(rest[16+metaCopy:])
	var ok bool
	if p.head, ok = metaAt(p.meta, 0); !ok || uint64(p.pageSize) != binary.BigEndian.Uint64(rest[8:]) {
		return past{}, nil
	}
	for b = b[journalHead:]; ; {
		list, size := readRecord(b, generation, p.txid+uint64(len(p.kept))+1)
		if list == nil {
			return p, nil
		}
		p.kept = append(p.kept, list)
		b = b[size:]
	}
}

// readRecord reads the record that b begins with, nil when it is none of this
// generation and transaction.
func readRecord(b []byte, generation, id uint64) (list changeList, size int) {
	if len(b) < recordHead {
		return nil, 0
	}
	length := uint64(binary.BigEndian.Uint32(b[4:]))
	if size = recordHead + int(length); length > uint64(len(b)-recordHead) || binary.BigEndian.Uint64(b[8:]) != generation || binary.BigEndian.Uint64(b[16:]) != id ||
		binary.BigEndian.Uint32(b) != crc32.Checksum(b[4:size], castagnoli) {
		return nil, 0
	}
	packed := b[recordHead:size]
	if n, err := s2.DecodedLen(packed); err != nil || n > maxRecord {
		return nil, 0
	}
	list, err := s2.Decode(nil, packed)
	if err != nil || len(list) == 0 {
		return nil, 0
	}
	return list, size
}
