package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// rewind sets the file back to the base of its journal, when anything was kept
// since, and returns what is to be made again. It may be cut off and done once
// more: the base's pages are in use by nothing else until makeAgain is through. A
// journal that is not this file's, because a backup was put in its place, is set
// aside.
func (s *Store) rewind() (p past, err error) {
	if s.journal.f == nil {
		return past{}, nil
	}
	info, err := s.journal.f.Stat()
	if err != nil {
		return past{}, err
	}
	if p, err = readPast(io.NewSectionReader(s.journal.f, 0, info.Size())); err != nil || p.empty() || p.meta == nil {
		return p, err
	}
	f, err := os.OpenFile(s.path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return past{}, s.setJournalAside("there is no file that it is of")
	}
	if err != nil {
		return past{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if !p.isOf(f) {
		return past{}, s.setJournalAside("it is of another file, or of an earlier state")
	}
	slot := func(id uint64) int64 { return int64(id%2) * int64(p.pageSize) }
	if _, err := f.WriteAt(make([]byte, metaCopy), slot(p.txid+1)); err != nil {
		return past{}, err
	}
	if _, err := f.WriteAt(p.meta, slot(p.txid)); err != nil {
		return past{}, err
	}
	if err := dataSync(f); err != nil {
		return past{}, err
	}
	s.step("set back")
	return p, nil
}

// isOf: the file has come from the base by what was kept, as far as its two meta
// pages and the top of the base tell. A commit is not begun before it is in the
// journal.
func (p past) isOf(f io.ReaderAt) bool {
	var newest uint64
	for slot := range int64(2) {
		b := make([]byte, metaCopy)
		if _, err := f.ReadAt(b, slot*int64(p.pageSize)); err != nil {
			continue
		}
		if m, ok := metaAt(b, 0); ok && m.pageSize == p.pageSize {
			newest = max(newest, m.txid)
		}
	}
	top, err := topOf(f, p.head)
	return err == nil && top == p.top && newest >= p.txid && newest <= p.last
}

// setJournalAside gives a journal that is of no use here another name, and makes
// a new one.
func (s *Store) setJournalAside(why string) error {
	name, err := quarantine(s.journal.path, s.clock.Now().Wall)
	if err != nil {
		return fmt.Errorf("set the journal aside (%s): %w", why, err)
	}
	s.log.Warn("the journal was set aside", "file", s.journal.path, "kept_as", name, "cause", why)
	if err := s.journal.close(); err != nil {
		return err
	}
	return s.openJournal()
}

// makeAgain makes what was kept since the base once more, many records in a
// transaction, and brings it to disk.
func (s *Store) makeAgain(db *bolt.DB, p past) (err error) {
	if p.empty() {
		return nil
	}
	pin, err := db.Begin(false)
	if err != nil {
		return err
	}
	db.NoSync = true
	defer func() {
		db.NoSync = false
		err = errors.Join(err, pin.Rollback())
	}()
	for rest := p.kept; len(rest) > 0; {
		n, size := 0, 0
		for ; n < len(rest) && size < copyBytes; n++ {
			size += len(rest[n])
		}
		if err := redoSome(db, rest[:n]); err != nil {
			return fmt.Errorf("make again what stands in %s: %w", s.journal.path, err)
		}
		rest = rest[n:]
		s.step("made again")
	}
	if err := noteLost(db, p.lost); err != nil {
		return err
	}
	if err := db.Sync(); err != nil {
		return err
	}
	s.log.Info("what was kept since the last checkpoint was made again", "file", s.path, "transactions", len(p.kept))
	if p.lost > 0 {
		return s.setJournalAside(fmt.Sprintf("what stands in it cannot all be read; transactions behind the gap: %d", p.lost))
	}
	return s.journal.wipe()
}

// noteLost notes how many transactions are lost behind a gap of the journal, for
// the opening to tell.
func noteLost(db *bolt.DB, lost int) error {
	if lost == 0 {
		return nil
	}
	return db.Update(func(b *bolt.Tx) error {
		return b.Bucket([]byte(bucketMeta)).Put([]byte(metaLost), number(uint64(lost)))
	})
}

// tellLost tells people of what was noted.
func (tx *Tx) tellLost() error {
	lost := tx.metaNumber(metaLost)
	if lost == 0 {
		return nil
	}
	if err := tx.delete(bucketMeta, []byte(metaLost)); err != nil {
		return err
	}
	return tx.Log(Entry{
		Kind: "store.lost", Subject: filepath.Base(tx.store.path), Severity: Alarm,
		Text: fmt.Sprintf("El disco perdió parte de lo guardado antes del último arranque: al menos %d operaciones no se pudieron recuperar. Compare los últimos pedidos con el canal y las últimas ventas con la caja, y haga revisar el disco. Lo que quedó está junto al archivo de datos (….journal.quarantined-…).", lost),
	})
}

// redoSome makes what some transactions have changed in one, which counts for
// all of them.
func redoSome(db *bolt.DB, kept []changeList) error {
	return db.Update(func(b *bolt.Tx) error {
		for _, list := range kept {
			if err := list.apply(b); err != nil {
				return err
			}
		}
		tx := &Tx{b: b}
		before := tx.metaNumber(metaCommits) + uint64(len(kept)) - 1
		return b.Bucket([]byte(bucketMeta)).Put([]byte(metaCommits), number(before))
	})
}

// openJournal opens the journal, or has the store do without one. One that is
// there and cannot be opened may hold what was kept.
func (s *Store) openJournal() error {
	if !journals || s.options.Throwaway {
		return nil
	}
	j := &s.journal
	j.path, j.size = s.path+".journal", journalSize(s.options.MaxSize)
	_, missing := os.Stat(j.path)
	err := j.open()
	if err != nil && missing == nil {
		return err
	}
	if err == nil {
		if err = j.fill(); err != nil {
			err = errors.Join(err, j.discard())
		}
	}
	if err != nil {
		s.log.Warn("there is no journal: the store is slower", "file", j.path, "error", err)
	}
	return nil
}

// quarantineJournal has a journal that tells something go where its file went.
func (s *Store) quarantineJournal(p past) error {
	if p.empty() {
		return nil
	}
	if err := rename(s.journal.path, s.opening.Quarantined+".journal"); err != nil {
		return err
	}
	if err := s.journal.close(); err != nil {
		return err
	}
	return s.openJournal()
}

// bringTogether makes in a file that nobody has open what its journal tells.
func bringTogether(path string) (err error) {
	s := newStore(path, Options{})
	if s.journal.f, err = os.OpenFile(path+".journal", os.O_RDWR, 0); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	defer func() { err = errors.Join(err, s.journal.close()) }()
	s.journal.path = path + ".journal"
	kept, err := s.rewind()
	switch {
	case err != nil || kept.empty():
		return err
	case kept.lost > 0:
		return fmt.Errorf("%s has a gap: %d transactions that stand behind it cannot be made again. Start the agent: it keeps the journal aside, goes on without them, and tells", s.journal.path, kept.lost)
	}
	if fault, err := examine(path, false); fault != nil || err != nil {
		return errors.Join(fault, err)
	}
	db, err := openFile(path, s.mapSize())
	if err != nil {
		return err
	}
	return errors.Join(s.guard(func() error { return s.makeAgain(db, kept) }), db.Close())
}
