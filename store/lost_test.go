package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recordsAt are where the records of a journal begin, in order, and where the last
// one ends.
func recordsAt(t *testing.T, journal []byte) (list []int) {
	t.Helper()
	head, ok := readHead(journal)
	if !ok {
		t.Fatal("the journal has no head")
	}
	generation := binary.BigEndian.Uint64(journal[len(journalMagic):])
	at := journalHead
	for id := head.txid + 1; ; id++ {
		list = append(list, at)
		_, size := readRecord(journal[at:], generation, id)
		if size == 0 || binary.BigEndian.Uint64(journal[at+8:]) != generation {
			return list
		}
		at += size
	}
}

// tellsLost counts what people are told of what was lost, and of how much.
func tellsLost(t *testing.T, s *Store, how string) (n int) {
	t.Helper()
	view(t, s, func(tx *Tx) error {
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			if e.Kind == "store.lost" && e.Severity == Alarm && strings.Contains(e.Text, how) {
				n++
			}
		}
		return nil
	})
	return n
}

// A spoiling is what a disk has done to a journal. kept is how many sales are there
// even so, at least; told what is said of the rest, "" for nothing.
type spoiling struct {
	name  string
	spoil func(journal []byte)
	kept  uint64
	told  string
}

func spoilings(t *testing.T, journal []byte) []spoiling {
	at := recordsAt(t, journal)
	flip := func(at int) func([]byte) { return func(b []byte) { b[at] ^= 0x20 } }
	const last = half - 1
	return []spoiling{
		{"the first record", flip(at[0] + recordHead + 9), half, "faltan al menos 20 "},
		{"the length of one", flip(at[5] + 6), half + 5, "faltan al menos 15 "},
		{"the generation of one", flip(at[5] + 9), half + 5, "faltan al menos 15 "},
		{"two of them", func(b []byte) { flip(at[5] + 9)(b); flip(at[9] + 9)(b) }, half + 5, "faltan al menos 15 "},
		{"the last but one", flip(at[last-1] + recordHead + 9), half + last - 1, "faltan al menos 2 "},
		{"the last one, as one that was torn", flip(at[last] + recordHead + 9), half + last, ""},
		{"the head", flip(len(journalMagic) + 20), half, "puede faltar algo"},
		{"the whole sector of the head", func(b []byte) { clear(b[:512]) }, half, "puede faltar algo"},
		{"the head of this generation", func(b []byte) {
			copy(b, wipedHead(binary.BigEndian.Uint64(b[len(journalMagic):])-1))
		}, half, "puede faltar algo"},
	}
}

// journalOf is what stands in a store's journal.
func journalOf(t *testing.T, s *Store) []byte {
	t.Helper()
	b, err := os.ReadFile(s.journal.path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// spoiled is a store that was killed, and what its disk has made of its journal.
func spoiled(t *testing.T, s *Store, spoil func(journal []byte)) (path string, journal []byte) {
	t.Helper()
	path = filepath.Join(killed(t, s), "mostrador.db")
	journal, err := os.ReadFile(path + ".journal")
	if err != nil {
		t.Fatal(err)
	}
	spoil(journal)
	if err := os.WriteFile(path+".journal", journal, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, journal
}

// What was kept before a record that the disk has lost is there; that others stood
// behind it is told, once, and the events are numbered anew: some may have gone up.
func TestAJournalThatTheDiskHasSpoiled(t *testing.T) {
	alive := someSales(t)
	for _, tt := range spoilings(t, journalOf(t, alive)) {
		t.Run(tt.name, func(t *testing.T) {
			path, bad := spoiled(t, alive, tt.spoil)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if tt.told != "" {
				if _, err := Check(path); err == nil || !strings.Contains(err.Error(), path+".journal") {
					t.Errorf("a check says %v", err)
				}
				if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
					t.Errorf("a check that ends with an error has changed the file: %v", err)
				}
			}
			opensSpoiled(t, filepath.Dir(path), tt, bad)
		})
	}
}

func opensSpoiled(t *testing.T, dir string, tt spoiling, journal []byte) {
	t.Helper()
	s := at(t, dir, Options{MaxSize: cutMaxSize})
	n := checkSequences(t, s, StreamSales)
	if n < tt.kept || strings.Contains(tt.told, "faltan") && n > tt.kept {
		t.Errorf("%d sales, want %d", n, tt.kept)
	}
	told, cause, aside := 0, "", 0
	if tt.told != "" {
		told, cause, aside = 1, EpochRolledBack, 1
	}
	if got := tellsLost(t, s, tt.told); got != told || s.Opening().NewEpoch != cause || s.Opening().Quarantined != "" {
		t.Errorf("told %d times, opened as %+v", got, s.Opening())
	}
	names, err := filepath.Glob(s.path + ".journal.quarantined-*")
	if err != nil || len(names) != aside {
		t.Fatalf("set aside: %v, %v", names, err)
	}
	for _, name := range names {
		if kept, err := os.ReadFile(name); err != nil || !bytes.Equal(kept, journal) {
			t.Errorf("what was set aside is not what there was: %v", err)
		}
	}
	if err := s.recordSale(3 * half); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = at(t, dir, Options{MaxSize: cutMaxSize})
	if got := tellsLost(t, s, ""); got != told || s.Opening().NewEpoch != "" {
		t.Errorf("then told %d times, opened as %+v", got, s.Opening())
	}
}

// Cut off at any step while it comes up, it is told all the same, and once.
func TestASpoiledJournalAndPowerCuts(t *testing.T) {
	alive := someSales(t)
	random := rand.New(rand.NewPCG(rand.Uint64(), 1))
	for _, tt := range spoilings(t, journalOf(t, alive)) {
		if tt.told == "" {
			continue
		}
		path, bad := spoiled(t, alive, tt.spoil)
		left := cutsComingUp(t, path, random, bad)
		if left["pages synced"] == "" || left["set aside"] == "" {
			t.Errorf("%s: cut at %v only", tt.name, left)
		}
		for step, dir := range left {
			s := at(t, dir, Options{MaxSize: cutMaxSize})
			n := checkSequences(t, s, StreamSales)
			if got := tellsLost(t, s, tt.told); got != 1 || n < tt.kept || s.Opening().Quarantined != "" {
				t.Errorf("%s, cut at %q: told %d times, %d sales, opened as %+v", tt.name, step, got, n, s.Opening())
			}
		}
	}
}

// cutsComingUp is what is left by power cuts at the steps of an opening, of which the
// disk has this journal at first.
func cutsComingUp(t *testing.T, path string, random *rand.Rand, journal []byte) (left map[string]string) {
	t.Helper()
	s := newStore(path, Options{Identity: "lima-01/caja-1", Reserve: 64 << 10, MaxSize: cutMaxSize})
	p := newPlatter(t, path, random)
	p.journal = journal
	left = map[string]string{}
	s.onStep = func(step string) {
		if p.heard(step); step != "committed" { // which waits for its pages
			left[step] = p.cut()
		}
	}
	s.journal.step = s.onStep
	if _, err := s.open(migrations()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return left
}

// A head behind which the first record is torn is of no use, and no loss, wherever
// the opening is cut off that goes on without it.
func TestATornFirstRecordAndPowerCuts(t *testing.T) {
	s := opened(t, Options{MaxSize: cutMaxSize})
	checkpointed(t, s)
	if err := s.recordSale(1); err != nil {
		t.Fatal(err)
	}
	path, journal := spoiled(t, s, func(b []byte) { b[journalHead+recordHead+9] ^= 0x20 })
	left := cutsComingUp(t, path, rand.New(rand.NewPCG(rand.Uint64(), 1)), journal)
	left["at the end"] = filepath.Dir(path)
	for step, dir := range left {
		s := at(t, dir, Options{MaxSize: cutMaxSize})
		if n, o := tellsLost(t, s, ""), s.Opening(); n != 0 || o.NewEpoch != "" || o.Quarantined != "" {
			t.Errorf("cut at %q: told %d times, opened as %+v", step, n, o)
		}
	}
}

// What a process that was killed had written and not waited for is read all the
// same, and may go with the power while the next one comes up.
func TestAJournalThatOnlyMemoryHas(t *testing.T) {
	for name, write := range map[string]func(s *Store) error{
		"a first record": func(s *Store) error { return s.recordSale(2 * half) },
		"a wipe": func(s *Store) error {
			s.writer.Lock()
			defer s.writer.Unlock()
			return s.stopJournal()
		},
	} {
		s := someSales(t)
		if name == "a first record" {
			checkpointed(t, s)
		}
		durable := journalOf(t, s)
		s.journal.unsynced = true
		if err := write(s); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			path := filepath.Join(killed(t, s), "mostrador.db")
			for step, dir := range cutsComingUp(t, path, rand.New(rand.NewPCG(rand.Uint64(), 1)), durable) {
				s := at(t, dir, Options{MaxSize: cutMaxSize})
				if n, got, o := checkSequences(t, s, StreamSales), tellsLost(t, s, ""), s.Opening(); n < 2*half || got != 0 || o.NewEpoch != "" || o.Quarantined != "" {
					t.Errorf("%s, cut at %q: told %d times, %d sales, opened as %+v", name, step, got, n, o)
				}
			}
		}
	}
}

// A file that is ahead of its journal, which has lost its end, or all but its head,
// stays as it is.
func TestAJournalThatHasLostItsEnd(t *testing.T) {
	alive := someSales(t)
	for n := range int64(5) { // each lands
		if err := errors.Join(alive.recordSale(2*half+n), alive.View(func(*Tx) error { return nil })); err != nil {
			t.Fatal(err)
		}
	}
	for _, kept := range []int{2, 0} {
		path, _ := spoiled(t, alive, func(b []byte) { clear(b[recordsAt(t, b)[kept]:]) })
		s := at(t, filepath.Dir(path), Options{MaxSize: cutMaxSize})
		if n, got := checkSequences(t, s, StreamSales), tellsLost(t, s, "puede faltar algo"); n != 2*half+5 || got != 1 || s.Opening().NewEpoch != EpochRolledBack {
			t.Errorf("%d sales, told %d times, opened as %+v", n, got, s.Opening())
		}
	}
}

// badBlock is a disk that does not give one of its blocks.
type badBlock struct {
	*bytes.Reader
	at int64
}

func (d badBlock) ReadAt(b []byte, at int64) (int, error) {
	if at <= d.at && d.at < at+int64(len(b)) {
		return 0, errors.New("input/output error")
	}
	return d.Reader.ReadAt(b, at)
}

// What cannot be read at all is a loss where records stand behind it, and a doubt
// elsewhere.
func TestABlockOfTheJournalThatCannotBeRead(t *testing.T) {
	alive := someSales(t)
	journal := journalOf(t, alive)
	records := recordsAt(t, journal)
	end := records[len(records)-1]
	for _, tt := range []struct {
		name  string
		at    int
		lost  bool
		doubt bool
	}{
		{"the head", 0, false, true},
		{"the first records", journalHead, true, false},
		{"what comes after the last", end + 8<<10, false, true},
		{"none", len(journal), false, false},
	} {
		p := readPast(badBlock{bytes.NewReader(journal), int64(tt.at)}, int64(len(journal)))
		if p.lost > 0 != tt.lost || p.doubt != tt.doubt {
			t.Errorf("%s: %d lost, doubt %v, %d kept", tt.name, p.lost, p.doubt, len(p.kept))
		}
	}
}
