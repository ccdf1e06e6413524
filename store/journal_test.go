package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	bolt "go.etcd.io/bbolt"
)

// cutMaxSize keeps the files small that are copied so often.
const cutMaxSize = 16 << 20

// cutAndCompare works on a store, cuts the power many times, and returns how
// often and what the stores that came up lacked.
func cutAndCompare(t *testing.T, commits int, prepare func(*Store)) (compared int, faults []error) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	s := opened(t, Options{MaxSize: cutMaxSize, Reserve: 64 << 10 << random.IntN(5)})
	s.writer.Lock()
	p := underPowerCuts(t, s, random)
	prepare(s)
	var left []string
	var before map[string]string
	s.onStep = func(step string) {
		p.heard(step)
		if step != "committed" && random.IntN(12) == 0 {
			left = append(left, p.cut())
		}
	}
	s.journal.step = s.onStep
	s.writer.Unlock()
	w := workload{s: s, random: random}
	for range commits {
		before, left = contents(t, s), nil
		if err := w.once(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		after := contents(t, s)
		during := len(left)
		if random.IntN(3) == 0 {
			if err := s.View(func(*Tx) error { return nil }); err != nil { // which lands
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		if random.IntN(4) == 0 {
			left = append(left, p.cut())
		}
		for i, dir := range left {
			if i == during {
				before = after // it was acknowledged
			}
			compared++
			if err := comesUpAs(t, dir, before, after, random, true); err != nil {
				faults = append(faults, fmt.Errorf("seed %d, after %d: %w", seed, w.n, err))
			}
			_ = os.RemoveAll(dir)
		}
	}
	if compared < commits/10 {
		t.Errorf("only %d cuts in %d commits", compared, commits)
	}
	return compared, faults
}

// comesUpAs opens what a power cut left, cuts it once more while it comes up if
// it is told so, and compares what is there.
func comesUpAs(t *testing.T, dir string, before, after map[string]string, random *rand.Rand, twice bool) error {
	path := filepath.Join(dir, "mostrador.db")
	s := newStore(path, Options{Identity: "lima-01/caja-1", Reserve: 64 << 10, MaxSize: cutMaxSize})
	var again string
	p := newPlatter(t, path, random)
	s.onStep = func(step string) {
		p.heard(step)
		if twice && step == "made again" && again == "" && random.IntN(4) == 0 {
			again = p.cut()
		}
	}
	if _, err := s.open(migrations()); err != nil {
		return err
	}
	defer s.Close()
	if o := s.Opening(); o.Quarantined != "" || o.NewEpoch != "" {
		return fmt.Errorf("it opens as %+v", o)
	}
	if err := same(contents(t, s), before, after); err != nil {
		return err
	}
	if again == "" {
		return nil
	}
	if err := comesUpAs(t, again, before, after, random, false); err != nil {
		return fmt.Errorf("cut off while it came up: %w", err)
	}
	return nil
}

// same: a store has what was there before a transaction, or after it.
func same(got, before, after map[string]string) error {
	var faults []error
	for _, want := range []map[string]string{before, after} {
		fault := firstDifference(got, want)
		if fault == nil {
			return nil
		}
		faults = append(faults, fault)
	}
	return errors.Join(faults...)
}

func firstDifference(got, want map[string]string) error {
	for key, value := range want {
		if got[key] != value {
			return fmt.Errorf("%s is %q, want %q", key, got[key], value)
		}
	}
	for key := range maps.Keys(got) {
		if _, ok := want[key]; !ok {
			return fmt.Errorf("%s should not be there", key)
		}
	}
	return nil
}

func TestPowerCutAtAnyWrite(t *testing.T) {
	stores, commits := 1, 60
	if os.Getenv("MOSTRADOR_PROOF") != "" {
		stores, commits = 20, 200
	}
	compared := 0
	for range stores {
		n, faults := cutAndCompare(t, commits, func(*Store) {})
		for _, fault := range faults {
			t.Error(fault)
		}
		compared += n
	}
	t.Logf("%d power cuts in %d commits", compared, stores*commits)
}

// TestPowerCutSeesMissingSyncs and TestPowerCutSeesAMissingPin: what the journal
// does without, the test finds.
func TestPowerCutSeesMissingSyncs(t *testing.T) {
	cutsSee(t, func(s *Store) { s.journal.unsynced = true })
}

func TestPowerCutSeesAMissingPin(t *testing.T) {
	cutsSee(t, func(s *Store) { s.journal.unpinned = true })
}

// cutsSee has the power cut until something is lost.
func cutsSee(t *testing.T, prepare func(*Store)) {
	t.Helper()
	for range 10 {
		if _, faults := cutAndCompare(t, 60, prepare); len(faults) > 0 {
			return
		}
	}
	t.Error("nothing is lost: the test sees nothing")
}

// TestPowerCutWhileManyWrite: with one half of the callers running while the disk
// takes what the other has left, what was acknowledged is there after any cut, each
// sale with its event, and the sequences have no gaps.
func TestPowerCutWhileManyWrite(t *testing.T) {
	least, each := 10, 60
	if os.Getenv("MOSTRADOR_PROOF") != "" {
		least, each = 600, 200
	}
	cuts, stores := 0, 0
	for ; cuts < least && !t.Failed(); stores++ { // how many groups there are is the scheduler's
		cuts += cutManyWriters(t, each)
	}
	t.Logf("%d power cuts in %d stores", cuts, stores)
}

func cutManyWriters(t *testing.T, each int) (cuts int) {
	const callers = 8
	seed := rand.Uint64()
	s := opened(t, Options{MaxSize: cutMaxSize, Reserve: 1 << 20})
	var mu sync.Mutex
	acknowledged := map[int64]bool{}
	s.writer.Lock()
	p := underPowerCuts(t, s, rand.New(rand.NewPCG(seed, 1)))
	s.queue.running = time.Hour // in halves
	type left struct {
		dir  string
		want map[int64]bool
	}
	var all []left
	s.onStep = func(step string) {
		p.heard(step)
		if step == "committed" || p.random.IntN(40) > 0 {
			return
		}
		mu.Lock()
		want := maps.Clone(acknowledged)
		mu.Unlock()
		all = append(all, left{p.cut(), want})
	}
	s.journal.step = s.onStep
	s.writer.Unlock()
	var wg sync.WaitGroup
	for caller := range int64(callers) {
		wg.Go(func() {
			for n := range int64(each) {
				number := caller*int64(each) + n
				if err := s.recordSale(number); err != nil {
					t.Errorf("seed %d: %v", seed, err)
					return
				}
				mu.Lock()
				acknowledged[number] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for i, l := range all {
		up := at(t, l.dir, Options{MaxSize: cutMaxSize})
		if o := up.Opening(); o.Quarantined != "" || o.NewEpoch != "" {
			t.Errorf("seed %d, cut %d: it opens as %+v", seed, i, o)
		}
		checkSequences(t, up, StreamSales)
		view(t, up, func(tx *Tx) error {
			for number := range l.want {
				want := sampleSale(number)
				if seq := tx.get(bucketSaleKeys, composite(want.Source, want.SourceID)); seq == nil {
					t.Errorf("seed %d, cut %d: sale %d was acknowledged and is not there", seed, i, number)
				}
			}
			if sales, events := tx.span(bucketSales), tx.Last(StreamSales); sales != events {
				t.Errorf("seed %d, cut %d: %d sales and %d events", seed, i, sales, events)
			}
			return nil
		})
		if err := up.Close(); err != nil {
			t.Error(err)
		}
	}
	return len(all)
}

// killed is a store whose process has died, as the system shows it: a copy of
// its files while it is open.
func killed(t *testing.T, s *Store) (dir string) {
	t.Helper()
	return newPlatter(t, s.path, rand.New(rand.NewPCG(1, 1))).cut()
}

// half of someSales.
const half = 20

// someSales is a store with sales half of which stand in the journal only, as far
// as is certain.
func someSales(t *testing.T) *Store {
	t.Helper()
	s := opened(t, Options{MaxSize: cutMaxSize})
	for n := range int64(2 * half) {
		if n == half {
			checkpointed(t, s)
		}
		if err := s.recordSale(n); err != nil {
			t.Fatal(err)
		}
	}
	if s.journal.at == journalHead {
		t.Fatal("nothing stands in the journal")
	}
	return s
}

// checkpointed has all that a store holds be its base.
func checkpointed(t *testing.T, s *Store) {
	t.Helper()
	s.writer.Lock()
	defer s.writer.Unlock()
	if err := s.checkpoint(); err != nil {
		t.Fatal(err)
	}
}

func TestCheckOfAStoreThatWasNotClosed(t *testing.T) {
	s := someSales(t)
	whole := killed(t, s)
	n, err := Check(filepath.Join(whole, "mostrador.db"))
	if err != nil || n < 2*half*3 {
		t.Errorf("%d records: %v", n, err)
	}
	if got := at(t, whole, Options{MaxSize: cutMaxSize}); got.Opening().NewEpoch != "" || checkSequences(t, got, StreamSales) != 2*half {
		t.Errorf("opened as %+v", got.Opening())
	}
}

// TestABackupBesideAJournal: the journal of a file that was replaced is of no
// use to the one that is there now, and is kept apart.
func TestABackupBesideAJournal(t *testing.T) {
	old := opened(t, Options{MaxSize: cutMaxSize})
	if err := old.recordSale(1); err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	backup, err := os.ReadFile(old.path)
	if err != nil {
		t.Fatal(err)
	}
	dir := killed(t, someSales(t))
	path := filepath.Join(dir, "mostrador.db")
	if err := os.WriteFile(path, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(path + ".journal")
	if err != nil {
		t.Fatal(err)
	}
	// The backup is of a state long before, or long after.
	s := at(t, dir, Options{MaxSize: cutMaxSize})
	aside, err := filepath.Glob(path + ".journal.quarantined-*")
	if err != nil || len(aside) != 1 {
		t.Fatalf("set aside: %v, %v", aside, err)
	}
	if b, err := os.ReadFile(aside[0]); err != nil || !bytes.Equal(b, kept) {
		t.Errorf("the journal that was set aside is another one: %v", err)
	}
	if n := checkSequences(t, s, StreamSales); n != 1 {
		t.Errorf("%d sales, the backup has 1", n)
	}
	if err := s.recordSale(2); err != nil {
		t.Error(err)
	}
}

// TestADamagedFileTakesItsJournalAlong: what was kept since may be read from it.
func TestADamagedFileTakesItsJournalAlong(t *testing.T) {
	s := someSales(t)
	top := map[uint64]bool{} // the pages of the base's top
	if _, err := topOf(readerAt(func(b []byte, at int64) (int, error) {
		top[uint64(at)/uint64(len(b))] = true
		f, err := os.Open(s.path)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		return f.ReadAt(b, at)
	}), baseIn(t, s)); err != nil {
		t.Fatal(err)
	}
	dir := killed(t, s)
	path := filepath.Join(dir, "mostrador.db")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Only what tells the base from others is whole.
	m, _ := newestMeta(b)
	for i := 2 * m.pageSize; i < len(b); i += 64 {
		if !top[uint64(i/m.pageSize)] {
			b[i] ^= 0x55
		}
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s = at(t, dir, Options{MaxSize: cutMaxSize})
	o := s.Opening()
	if o.Quarantined == "" {
		t.Fatal("it was not set aside")
	}
	if p := pastIn(t, o.Quarantined+".journal"); len(p.kept) == 0 {
		t.Error("its journal tells nothing")
	}
	if err := s.recordSale(1); err != nil {
		t.Error(err)
	}
}

type readerAt func(b []byte, at int64) (int, error)

func (r readerAt) ReadAt(b []byte, at int64) (int, error) { return r(b, at) }

// pastIn is what a journal tells.
func pastIn(t *testing.T, name string) past {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return readPast(bytes.NewReader(b), int64(len(b)))
}

// baseIn is the head of the base that a store's journal tells.
func baseIn(t *testing.T, s *Store) head {
	t.Helper()
	p := pastIn(t, s.journal.path)
	if len(p.kept) == 0 {
		t.Fatal("the journal tells nothing")
	}
	return p.head
}

func FuzzJournal(f *testing.F) {
	head := headOf(7, base{meta: make([]byte, metaCopy)}, 4096)
	f.Add(head, []byte("p"), []byte{})
	var list changeList
	list.put(bucketSales, number(1), []byte("{}"))
	list.sequence(bucketSales, 1)
	list.delete(bucketSales, number(1))
	f.Add(head, s2.Encode(nil, list), []byte(list))
	f.Fuzz(func(t *testing.T, head, packed, list []byte) {
		whole := append(bytes.Clone(head), make([]byte, max(0, journalHead-len(head)))...)
		whole = append(whole, packed...)
		if p := readPast(bytes.NewReader(whole), int64(len(whole))); p.lost < 0 || !p.hasBase() && len(p.kept) > 0 {
			t.Errorf("%+v", p)
		}
		// A record that has the right checksum.
		j := journal{generation: 7, packed: packed, at: journalHead + 1}
		var err error
		if j.f, err = os.Create(filepath.Join(t.TempDir(), "journal")); err != nil {
			t.Fatal(err)
		}
		defer j.f.Close()
		j.unsynced = true
		j.next = 8
		if err := j.write(j.add(0)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, recordHead+len(packed))
		if _, err := j.f.ReadAt(b, journalHead+1); err != nil {
			t.Fatal(err)
		}
		if got, size := readRecord(b, 7, 8); got != nil && size != len(b) {
			t.Errorf("a record of %d bytes is read as %d", len(b), size)
		}
		if got, _ := readRecord(b, 7, 9); got != nil {
			t.Error("another transaction's record is taken")
		}
		db := scratch(t)
		_ = db.Update(func(b *bolt.Tx) error { return changeList(list).apply(b) })
	})
}

// scratch is a file with the store's buckets.
func scratch(t *testing.T) *bolt.DB {
	t.Helper()
	db, err := openFile(filepath.Join(t.TempDir(), "scratch.db"), 0)
	if err != nil {
		t.Fatal(err)
	}
	db.NoSync = true
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Update(func(b *bolt.Tx) error {
		_, err := b.CreateBucket([]byte(bucketSales))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return db
}
