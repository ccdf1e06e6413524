package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

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

// newPlatter is the disk of a store of which all has been waited for.
func newPlatter(t *testing.T, path string, random *rand.Rand) *platter {
	p := &platter{t: t, path: path, random: random}
	p.file, p.journal = p.read(""), p.read(".journal")
	return p
}

// underPowerCuts has a store work with a small journal, of many checkpoints, on a
// disk that has all of it so far. The writer is held.
func underPowerCuts(t *testing.T, s *Store, random *rand.Rand) *platter {
	s.journal.size = 32 << 10
	if err := s.stopJournal(); err != nil {
		t.Fatal(err)
	}
	s.journal.stopped = time.Time{} // no pause
	return newPlatter(t, s.path, random)
}

// noise is so much that cannot be packed, bytes.
func noise(random *rand.Rand, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

func (p *platter) read(suffix string) []byte {
	b, err := os.ReadFile(p.path + suffix)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
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
	case "set aside":
		p.journal = nil // the next one is another file
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
		if b == nil {
			continue // there is none
		}
		if err := os.WriteFile(name+suffix, b, 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	ownWitness(p.t, name)
	return dir
}

// ownWitness has the witness of a store that was copied be no copy.
func ownWitness(t *testing.T, path string) {
	t.Helper()
	w := witness{path: path + ".witness"}
	said, commits, ok, err := w.open()
	if err == nil && ok {
		err = w.note(said.Epoch, said.Machine, commits)
	}
	if err = errors.Join(err, w.close()); err != nil || !ok {
		t.Fatal("the witness: ", ok, err)
	}
}

func (p *platter) mixed(then, now []byte, unit int) []byte {
	if now == nil {
		return nil
	}
	out := make([]byte, len(now))
	end := copy(out, then)
	odds := p.random.Float64()
	for at := 0; at < len(now); at += unit {
		if p.random.Float64() < odds {
			end = max(end, at+copy(out[at:min(at+unit, len(now))], now[at:]))
		}
	}
	return out[:end]
}

// contents is everything that a store keeps, and the buckets' numbers, but for
// what an opening changes. It has nothing land.
func contents(t *testing.T, s *Store) map[string]string {
	t.Helper()
	s.writer.Lock()
	defer s.writer.Unlock()
	b := s.ahead.b
	if b == nil {
		var err error
		if b, err = s.db.Begin(false); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = b.Rollback() }()
	}
	all := make(map[string]string)
	if err := b.ForEach(func(name []byte, b *bolt.Bucket) error {
		all[string(name)] = fmt.Sprint(b.Sequence())
		if string(name) == bucketMeta {
			all["epoch"] = string(b.Get([]byte(metaEpoch)))
			return nil
		}
		return b.ForEach(func(key, value []byte) error {
			all[fmt.Sprintf("%s %x", name, key)] = string(value)
			return nil
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
	switch w.random.IntN(13) {
	case 12:
		mine := errors.New("mine")
		err := w.s.Update(func(tx *Tx) error {
			_, err := tx.RecordSale("mostrador.sale.v1", sampleSale(int64(w.n)))
			return errors.Join(err, mine)
		})
		if !errors.Is(err, mine) {
			return fmt.Errorf("who fails gets %w", err)
		}
		return nil
	case 0:
		return w.s.Update(func(tx *Tx) error {
			last := tx.Last(StreamSales)
			if last == 0 {
				return nil
			}
			return tx.MarkSent(StreamSales, w.random.Uint64N(last)+1)
		})
	case 1:
		return w.s.Update(func(tx *Tx) error {
			_, _, err := tx.dropSent(time.Time{}, 50)
			return err
		})
	case 2:
		return w.s.Update(func(tx *Tx) error {
			return tx.Log(Entry{Kind: "device.opened", Subject: "caja", Text: "abierta", Severity: Info})
		})
	case 3:
		payload := noise(w.random, w.random.IntN(60<<10)) // some do not fit
		return w.s.Update(func(tx *Tx) error {
			_, err := tx.PutRaw(payload)
			return err
		})
	case 4, 5, 6:
		_, _, err := w.s.order(w.n)
		return err
	}
	return w.s.recordSale(int64(w.n))
}
