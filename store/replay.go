package store

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// lookBack reads what the journal tells. One that is not this file's, because a
// backup was put in its place, is set aside.
func (s *Store) lookBack() (p past, err error) {
	j := &s.journal
	if j.f == nil {
		return past{}, nil
	}
	info, err := j.f.Stat()
	if err != nil {
		return past{}, err
	}
	p = readPast(j.f, info.Size())
	if j.generation = p.generation; j.generation == 0 {
		j.generation = 1 + uint64(rand.Uint32()) // not that of one that was here before
	}
	if p.empty() && !p.hasBase() {
		return p, nil
	}
	f, err := os.Open(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return past{}, s.setJournalAside("there is no file that it is of")
	}
	if err != nil {
		return past{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if !p.hasBase() {
		return p, nil
	}
	of, newest, err := p.isOf(f)
	switch {
	case err != nil:
		s.log.Error("the state that the journal is of cannot be read", "file", s.path, "error", err)
		return past{doubt: true}, nil
	case !of:
		return past{}, s.setJournalAside("it is of another file, or of an earlier state")
	case newest > p.last && !p.doubt:
		// Nothing is landed that is not in the journal: it has lost its end, or the
		// file went on without it. It has more than the journal can bring.
		s.log.Error("the file is ahead of its journal", "file", s.path, "transactions", newest-p.last)
		return past{doubt: true}, nil
	}
	return p, nil
}

// setBack sets the file back to the base of its journal. It may be cut off and done
// once more: the base's pages are in use by nothing else until makeAgain is through.
func (s *Store) setBack(p past) (err error) {
	if p.empty() || !p.hasBase() {
		return nil
	}
	f, err := os.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := s.journal.assure(p); err != nil {
		return err
	}
	slot := func(id uint64) int64 { return int64(id%2) * int64(p.pageSize) }
	if _, err := f.WriteAt(make([]byte, metaCopy), slot(p.txid+1)); err != nil {
		return err
	}
	if _, err := f.WriteAt(p.meta, slot(p.txid)); err != nil {
		return err
	}
	if err := dataSync(f); err != nil {
		return err
	}
	s.step("set back")
	return nil
}

// assure has the disk keep what was read from the journal: only memory may have had
// it, after a kill, and a disk that has refused a page is not asked for it again.
func (j *journal) assure(p past) error {
	if p.whole() {
		if _, err := j.f.WriteAt(p.text, 0); err != nil {
			return err
		}
	}
	return j.sync()
}

// isOf: the file has come from the base, as far as its two meta pages and the top of
// the base tell; newest is its newest transaction.
func (p past) isOf(f io.ReaderAt) (of bool, newest uint64, err error) {
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
	if errors.Is(err, io.EOF) { // it is shorter
		return false, newest, nil
	}
	return top == p.top && newest >= p.txid, newest, err
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
	s.step("set aside")
	return s.openJournal()
}

// makeAgain makes what was kept since the base once more, many records in a
// transaction, notes what cannot be, and brings it to disk.
func (s *Store) makeAgain(db *bolt.DB, p past) (err error) {
	if p.empty() {
		return nil
	}
	pin, err := db.Begin(false)
	if err != nil {
		return err
	}
	db.NoSync = p.hasBase() // to set it back to
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
	if err := noteLost(db, p); err != nil {
		return err
	}
	if p.hasBase() { // else it is on disk
		s.step("noted")
	}
	if err := db.Sync(); err != nil {
		return err
	}
	s.step("pages synced")
	s.log.Info("what was kept since the last checkpoint was made again", "file", s.path, "transactions", len(p.kept))
	return nil
}

// leavePast has a journal count no more, now that the file has all that it tells,
// and before the file goes on without it. Only memory may have what is read of it,
// so that a wiped one is wiped again. One that does not tell all is kept for whoever
// can read more of it.
func (s *Store) leavePast(p past) error {
	switch {
	case s.journal.f == nil:
		return nil
	case !p.whole():
		return s.setJournalAside("not all of it can be read")
	}
	if err := s.journal.wipe(); err != nil {
		return s.setJournalAside(fmt.Sprintf("it cannot be wiped: %v", err))
	}
	return nil
}

// noteLost notes how many transactions are missing, for the opening to tell; 0:
// nobody knows.
func noteLost(db *bolt.DB, p past) error {
	if p.whole() {
		return nil
	}
	return db.Update(func(b *bolt.Tx) error {
		return b.Bucket([]byte(bucketMeta)).Put([]byte(metaLost), number(uint64(p.lost)))
	})
}

// tellLost tells people of what was noted.
func (tx *Tx) tellLost() error {
	noted := tx.get(bucketMeta, []byte(metaLost))
	if noted == nil {
		return nil
	}
	what := "puede faltar algo"
	if n := toNumber(noted); n > 0 {
		what = fmt.Sprintf("faltan al menos %d operaciones", n)
	}
	if err := tx.delete(bucketMeta, []byte(metaLost)); err != nil {
		return err
	}
	return tx.Log(Entry{
		Kind: "store.lost", Subject: filepath.Base(tx.store.path), Severity: Alarm,
		Text: "El disco perdió parte de lo que se guardó antes del último arranque: " + what + ". Compare los últimos pedidos con el canal y las últimas ventas con la caja, y haga revisar el disco. El diario con lo que aún se lee quedó junto al archivo de datos (….journal.quarantined-…).",
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
	j.path, j.size, j.wiped = s.path+".journal", journalSize(s.options.MaxSize), false
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
	kept, err := s.lookBack()
	switch {
	case err != nil || kept.empty():
		return err
	case !kept.whole():
		return fmt.Errorf("%s: the disk has lost a part of it. Start the agent: it keeps the journal aside, goes on with what there is, and tells", s.journal.path)
	}
	if err := s.setBack(kept); err != nil {
		return err
	}
	if fault, err := examine(path, false); fault != nil || err != nil {
		return errors.Join(fault, err)
	}
	db, err := openFile(path, s.mapSize())
	if err != nil {
		return err
	}
	if err := s.guard(func() error { return s.makeAgain(db, kept) }); err != nil {
		return errors.Join(err, db.Close())
	}
	return errors.Join(db.Close(), s.leavePast(kept))
}
