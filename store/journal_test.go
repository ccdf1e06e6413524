package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// A platter is the disk as a power cut may leave it: of each page of the store's
// file that was written since the file was last waited for, and of each sector of
// the journal, what is there is as it was then or as it is now.
type platter struct {
	t             *testing.T
	path          string
	random        *rand.Rand
	file, journal []byte // when they were last waited for
}

func (p *platter) read(suffix string) []byte {
	b, err := os.ReadFile(p.path + suffix)
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}

// heard follows what the store has waited for.
func (p *platter) heard(step string) {
	switch step {
	case "pages synced", "set back":
		p.file = p.read("")
	case "journal synced":
		p.journal = p.read(".journal")
	}
}

// cut leaves a folder with what may be left.
func (p *platter) cut() (dir string) {
	dir = p.t.TempDir()
	name := filepath.Join(dir, filepath.Base(p.path))
	for suffix, b := range map[string][]byte{
		"":         p.mixed(p.file, p.read(""), os.Getpagesize()),
		".journal": p.mixed(p.journal, p.read(".journal"), 512),
		".witness": p.read(".witness"),
	} {
		if err := os.WriteFile(name+suffix, b, 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	// This witness is no copy.
	w := witness{path: name + ".witness"}
	said, commits, ok, err := w.open()
	if err == nil && ok {
		err = w.note(said.Epoch, said.Machine, commits)
	}
	if err = errors.Join(err, w.close()); err != nil || !ok {
		p.t.Fatal("the witness: ", ok, err)
	}
	return dir
}

func (p *platter) mixed(then, now []byte, unit int) []byte {
	out := bytes.Clone(now) // a file that grows is waited for
	clear(out[min(len(then), len(out)):])
	copy(out, then)
	odds := p.random.Float64()
	for at := 0; at < len(now); at += unit {
		if p.random.Float64() < odds {
			copy(out[at:min(at+unit, len(now))], now[at:])
		}
	}
	return out
}

// contents is everything that a store keeps, and the buckets' numbers, but for
// what an opening changes.
func contents(t *testing.T, s *Store) map[string]string {
	t.Helper()
	all := make(map[string]string)
	if err := s.ViewDurable(func(tx *Tx) error {
		return tx.b.ForEach(func(name []byte, b *bolt.Bucket) error {
			all[string(name)] = fmt.Sprint(b.Sequence())
			if string(name) == bucketMeta {
				all["epoch"] = string(b.Get([]byte(metaEpoch)))
				return nil
			}
			return b.ForEach(func(key, value []byte) error {
				all[fmt.Sprintf("%s %x", name, key)] = string(value)
				return nil
			})
		})
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// A workload does to a store what an agent does, at random.
type workload struct {
	s      *Store
	random *rand.Rand
	n      int
}

func (w *workload) once() error {
	w.n++
	switch w.random.IntN(12) {
	case 0:
		return w.s.Update(func(tx *Tx) error {
			last := tx.Last(StreamSales)
			if last == 0 {
				return nil
			}
			return tx.MarkSent(StreamSales, w.random.Uint64N(last)+1)
		})
	case 1:
		_, err := w.s.Sweep(w.s.Clock().Now(), 0, 50)
		return err
	case 2:
		return w.s.Update(func(tx *Tx) error {
			return tx.Log(Entry{Kind: "device.opened", Subject: "caja", Text: "abierta", Severity: Info})
		})
	case 3:
		return w.s.Update(func(tx *Tx) error { // more than fits
			for i := range 100 {
				if _, err := tx.PutSale(sampleSale(int64(w.n*1000 + i))); err != nil {
					return err
				}
			}
			return nil
		})
	case 4, 5, 6:
		_, _, err := w.s.order(w.n)
		return err
	}
	return w.s.recordSale(int64(w.n))
}

// cutMaxSize keeps the files small that are copied so often.
const cutMaxSize = 16 << 20

// cutAndCompare works on a store, cuts the power many times, and returns what
// the stores that came up lacked.
func cutAndCompare(t *testing.T, commits int, prepare func(*Store)) (faults []error) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	s := opened(t, Options{MaxSize: cutMaxSize})
	s.journal.size = 32 << 10 // many checkpoints
	p := &platter{t: t, path: s.path, random: random}
	s.writer.Lock()
	if err := s.stopJournal(); err != nil {
		t.Fatal(err)
	}
	s.journal.stopped = s.journal.stopped.Add(-2 * journalPause)
	p.file, p.journal = p.read(""), p.read(".journal")
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
	compared := 0
	for range commits {
		before, left = contents(t, s), nil
		if err := w.once(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		after := contents(t, s)
		during := len(left)
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
	return faults
}

// comesUpAs opens what a power cut left, cuts it once more while it comes up if
// it is told so, and compares what is there.
func comesUpAs(t *testing.T, dir string, before, after map[string]string, random *rand.Rand, twice bool) error {
	path := filepath.Join(dir, "mostrador.db")
	s := newStore(path, Options{Identity: "lima-01/caja-1", Reserve: 64 << 10, MaxSize: cutMaxSize})
	var again string
	p := &platter{t: t, path: path, random: random}
	p.file, p.journal = p.read(""), p.read(".journal")
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

// cuts is how many commits a test of power cuts makes.
func cuts() int {
	if os.Getenv("MOSTRADOR_PROOF") != "" {
		return 3000
	}
	return 60
}

func TestPowerCutAtAnyWrite(t *testing.T) {
	for _, fault := range cutAndCompare(t, cuts(), func(*Store) {}) {
		t.Error(fault)
	}
}

// TestPowerCutSeesMissingSyncs and TestPowerCutSeesAMissingPin: what the journal
// does without, the test finds.
func TestPowerCutSeesMissingSyncs(t *testing.T) {
	if faults := cutAndCompare(t, 60, func(s *Store) { s.journal.unsynced = true }); len(faults) == 0 {
		t.Error("nothing is lost without waiting for the disk: the test sees nothing")
	}
}

func TestPowerCutSeesAMissingPin(t *testing.T) {
	if faults := cutAndCompare(t, 60, func(s *Store) { s.journal.unpinned = true }); len(faults) == 0 {
		t.Error("nothing is lost without the base: the test sees nothing")
	}
}
