package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"
)

// bbolt gives pages that are free to new records, and never back to the disk. So
// when most of a file is free, what is in use goes into a new file, NAME.compact,
// while writers and readers go on: it is copied in short transactions, one after
// the other, and then every change since the first of them is made once more. The
// last of these are made while writers wait; then the new file is brought to disk
// and renamed. A crash before the rename leaves the old file, one after it the
// new, and both hold everything.

const (
	// compactAbove is the size from which a file is worth it, bytes.
	compactAbove = 16 << 20
	// copyBytes is how much is copied in one transaction.
	copyBytes = 1 << 20
	// catchUp is how much of changes is made anew at once; with less than
	// lastChanges left, writers wait for the rest.
	catchUp     = 4 << 20
	lastChanges = 64 << 10
	// maxRounds bounds the rounds where writers are faster.
	maxRounds = 20
)

// A compaction is one that is under way. The writer guards its redo.
type compaction struct {
	to *bolt.DB
	// redo is what was committed since the copying began, size how much that is:
	// to know it nobody waits for a commit.
	redo redo
	size atomic.Int64
	// broken: something was committed that is not in redo.
	broken bool
}

// errNotNow is why a compaction does not begin, or ends in vain.
var errNotNow = errors.New("the store cannot be compacted now")

// Compactable is how many bytes a compaction would give back to the disk.
func (s *Store) Compactable() int64 { return s.Health().FreeInFile }

// CompactIfDue compacts a file of which more than half is free, from 16 MiB on.
func (s *Store) CompactIfDue(ctx context.Context) error {
	h := s.Health()
	if h.Full || h.Size < compactAbove || h.FreeInFile <= h.Size/2 {
		return nil
	}
	return s.Compact(ctx)
}

// Compact gives the free part of the file back to the disk, while others write
// and read. It takes as much space beside it as is in use. A crash at any moment
// loses nothing. On an error, also ctx's, the store goes on as it was.
func (s *Store) Compact(ctx context.Context) error {
	before := s.Health()
	c, err := s.beginCompaction()
	if err != nil {
		return fmt.Errorf("compact %s: %w", s.path, err)
	}
	err = s.copyAll(ctx, c)
	if err == nil {
		err = s.replay(c)
	}
	if err == nil {
		err = s.replaceFile(c)
	}
	if err != nil {
		return fmt.Errorf("compact %s: %w", s.path, errors.Join(err, s.giveUp(c)))
	}
	s.log.Info("the store was compacted", "file", s.path, "bytes", before.Size, "bytes_now", s.Health().Size)
	return nil
}

func (s *Store) compactPath() string { return s.path + ".compact" }

// beginCompaction makes the new file, and has changes noted from now on.
func (s *Store) beginCompaction() (*compaction, error) {
	s.writer.Lock()
	defer s.writer.Unlock()
	switch {
	case s.db == nil || s.lock == nil:
		return nil, os.ErrClosed
	case s.damaged != nil:
		return nil, s.damaged
	case s.held != nil:
		return nil, fmt.Errorf("%w: the disk is full", errNotNow)
	case s.compacting != nil:
		return nil, fmt.Errorf("%w: it is being compacted", errNotNow)
	}
	if err := s.arrive(); err != nil { // what is on its way is not in redo
		return nil, err
	}
	if err := os.Remove(s.compactPath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	to, err := openFile(s.compactPath(), s.mapSize())
	if err != nil {
		return nil, err
	}
	to.NoSync = true // once, at the end
	to.AllocSize = s.db.AllocSize
	err = to.Update(func(b *bolt.Tx) error {
		for _, name := range buckets() {
			if _, err := b.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	c := &compaction{to: to}
	if err != nil {
		return nil, errors.Join(err, c.discard(s.compactPath()))
	}
	s.compacting = c
	return c, nil
}

// copyAll copies every bucket, with the changes that come meanwhile.
func (s *Store) copyAll(ctx context.Context, c *compaction) error {
	for _, name := range buckets() {
		for from, more := []byte(nil), true; more; {
			if err := ctx.Err(); err != nil {
				return err
			}
			var err error
			if from, more, err = s.copySome(c, name, from); err != nil {
				return err
			}
			s.step("copying")
			if err := s.redoSome(c, catchUp); err != nil {
				return err
			}
		}
	}
	s.step("copied")
	return nil
}

// copySome copies records of a bucket from a key on, and says where to go on.
func (s *Store) copySome(c *compaction, name string, from []byte) (next []byte, more bool, err error) {
	err = c.to.Update(func(to *bolt.Tx) error {
		return s.ViewDurable(func(tx *Tx) error {
			source, target := tx.bucket(name), to.Bucket([]byte(name))
			target.FillPercent = fillPercent(name)
			size := 0
			for key, value := range tx.walk(name, nil, from, false) {
				if size >= copyBytes {
					next, more = bytes.Clone(key), true
					break
				}
				// The keys and values of one file's pages must not be another's.
				if err := target.Put(bytes.Clone(key), bytes.Clone(value)); err != nil {
					return err
				}
				size += len(key) + len(value)
			}
			return target.SetSequence(max(target.Sequence(), source.Sequence()))
		})
	})
	return next, more, err
}

// redoSome makes changes in the new file that have come meanwhile, when there
// are more than some bytes of them.
func (s *Store) redoSome(c *compaction, above int) error {
	if c.size.Load() <= int64(above) {
		return nil
	}
	s.writer.Lock()
	err := s.arrive() // what is copied next is not older
	r := c.redo
	c.redo = redo{}
	c.size.Store(0)
	s.writer.Unlock()
	if err != nil {
		return err
	}
	return c.to.Update(r.apply)
}

// replay makes changes in the new file until few are left.
func (s *Store) replay(c *compaction) error {
	for range maxRounds {
		if c.size.Load() <= lastChanges {
			break
		}
		if err := s.redoSome(c, lastChanges); err != nil {
			return err
		}
	}
	s.step("caught up")
	return nil
}

// replaceFile makes the last changes while writers wait, and puts the new file
// in the place of the old.
func (s *Store) replaceFile(c *compaction) error {
	s.writer.Lock()
	defer s.writer.Unlock()
	if err := s.land(); err != nil { // after which c may be broken
		return err
	}
	switch {
	case s.damaged != nil:
		return s.damaged
	case s.held != nil || c.broken || s.lock == nil:
		return errNotNow
	}
	commits, err := s.lastCommit()
	if err != nil {
		return err
	}
	var before uint64
	if err := c.to.Update(func(b *bolt.Tx) error {
		if err := c.redo.apply(b); err != nil {
			return err
		}
		before = commits - uint64(b.ID())
		return b.Bucket([]byte(bucketMeta)).Put([]byte(metaCommits), number(before))
	}); err != nil {
		return err
	}
	if !s.unsynced {
		if err := c.to.Sync(); err != nil {
			return err
		}
	}
	if err := s.stopJournal(); err != nil {
		return err
	}
	s.step("synced")
	// Readers end, and new ones wait.
	s.files.Lock()
	defer s.files.Unlock()
	if err := s.switchTo(c); err != nil {
		return err
	}
	s.commitsBefore, s.compacting = before, nil
	s.space.freed = true
	if b, err := s.db.Begin(false); err == nil {
		s.space.size = b.Size()
		_ = b.Rollback()
	}
	s.step("switched")
	return nil
}

// switchTo renames the new file and goes on with it. After the rename there is
// no way back.
func (s *Store) switchTo(c *compaction) error {
	if !renamesOpenFiles {
		return s.switchClosed(c)
	}
	if err := os.Rename(s.compactPath(), s.path); err != nil {
		return err
	}
	s.step("renamed")
	old := s.db
	s.db = c.to
	s.db.NoSync = s.unsynced
	err := old.Close()
	if !s.unsynced {
		err = errors.Join(err, SyncFolder(filepath.Dir(s.path)))
	}
	if err != nil {
		// The name may be lost with the power, and all that is written from now on
		// with it.
		s.damaged = fmt.Errorf("%w: the compacted file has no sure name: %w", ErrDamaged, err)
		s.log.Error("the store takes nothing more until it is opened again", "file", s.path, "error", s.damaged)
	}
	return nil
}

// switchClosed is switchTo where a file that is open cannot be renamed.
func (s *Store) switchClosed(c *compaction) error {
	if err := c.to.Close(); err != nil {
		return err
	}
	if err := s.db.Close(); err != nil {
		return err
	}
	renamed := rename(s.compactPath(), s.path)
	allocate := s.db.AllocSize
	db, err := openFile(s.path, s.mapSize())
	if err != nil {
		s.damaged = fmt.Errorf("%w: open the compacted file: %w", ErrDamaged, errors.Join(renamed, err))
		return s.damaged
	}
	db.AllocSize, s.db = allocate, db
	return renamed
}

// lastCommit is how many transactions were committed so far.
func (s *Store) lastCommit() (uint64, error) {
	b, err := s.db.Begin(false)
	if err != nil {
		return 0, s.named(err)
	}
	defer func() { _ = b.Rollback() }()
	return s.commits(b.ID()), nil
}

// noteChanges is where a transaction notes its changes: again for a compaction,
// nil when there is none.
func (s *Store) noteChanges(journaled bool) (again *redo, n notes) {
	if s.compacting != nil {
		again = &redo{}
	}
	if !journaled {
		return again, again
	}
	if again == nil {
		return nil, &s.ahead.made
	}
	return again, bothNotes{again, &s.ahead.made}
}

// keepRedo keeps what a transaction that was committed has changed.
func (s *Store) keepRedo(r *redo) {
	if r != nil && s.compacting != nil {
		s.compacting.redo.add(*r)
		s.compacting.size.Store(int64(s.compacting.redo.size))
	}
}

// giveUp ends a compaction in vain.
func (s *Store) giveUp(c *compaction) error {
	s.writer.Lock()
	s.compacting = nil
	s.writer.Unlock()
	return c.discard(s.compactPath())
}

func (c *compaction) discard(path string) error {
	err := errors.Join(c.to.Close(), os.Remove(path))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// step is for tests of crashes.
func (s *Store) step(name string) {
	if s.onStep != nil {
		s.onStep(name)
	}
}
