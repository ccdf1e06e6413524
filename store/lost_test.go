package store

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// recordsAt are where the records of a journal begin, in order.
func recordsAt(t *testing.T, journal []byte) (list []int) {
	t.Helper()
	head, ok := readHead(journal)
	if !ok {
		t.Fatal("the journal has no head")
	}
	generation := binary.BigEndian.Uint64(journal[len(journalMagic):])
	for at, id := journalHead, head.txid+1; ; id++ {
		list = append(list, at)
		_, size := readRecord(journal[at:], generation, id)
		if size == 0 || at+size > len(journal) {
			t.Fatal("a record cannot be read")
		}
		if at += size; binary.BigEndian.Uint64(journal[at+8:]) != generation {
			return list
		}
	}
}

// lostEntries counts what people are told of what was lost.
func lostEntries(t *testing.T, s *Store) (n int) {
	t.Helper()
	view(t, s, func(tx *Tx) error {
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			if e.Kind == "store.lost" && e.Severity == Alarm {
				n++
			}
		}
		return nil
	})
	return n
}

// What was kept before a record that the disk has lost is there; that others stood
// behind it is told, once, and the events are numbered anew: some may have gone up.
func TestARecordThatTheDiskHasLost(t *testing.T) {
	alive := someSales(t)
	journal, err := os.ReadFile(alive.path + ".journal")
	if err != nil {
		t.Fatal(err)
	}
	records := recordsAt(t, journal)
	for _, tt := range []struct {
		name      string
		at        int
		kept      uint64 // at least
		lost      bool
		headIsBad bool
	}{
		{"the first record", records[0] + recordHead + 9, half, true, false},
		{"the length of one", records[5] + 6, half + 5, true, false},
		{"the generation of one", records[5] + 9, half + 5, true, false},
		{"the last but one", records[len(records)-2] + recordHead + 9, 2*half - 2, true, false},
		{"the last one, as one that was torn", records[len(records)-1] + recordHead + 9, 2*half - 1, false, false},
		{"the head", len(journalMagic) + 20, half, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := killed(t, alive)
			path := filepath.Join(dir, "mostrador.db")
			bad := bytes.Clone(journal)
			bad[tt.at] ^= 0x20
			if err := os.WriteFile(path+".journal", bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if tt.lost {
				if _, err := Check(path); err == nil {
					t.Error("a check finds nothing wrong")
				}
			}
			s := at(t, dir, Options{MaxSize: cutMaxSize})
			n := checkSequences(t, s, StreamSales)
			if n < tt.kept || !tt.headIsBad && n > tt.kept {
				t.Errorf("%d sales, want %d", n, tt.kept)
			}
			told, cause, aside := 0, "", 0
			if tt.lost {
				told, cause, aside = 1, EpochRolledBack, 1
			}
			if got := lostEntries(t, s); got != told || s.Opening().NewEpoch != cause || s.Opening().Quarantined != "" {
				t.Errorf("told %d times, opened as %+v", got, s.Opening())
			}
			names, err := filepath.Glob(path + ".journal.quarantined-*")
			if err != nil || len(names) != aside {
				t.Fatalf("set aside: %v, %v", names, err)
			}
			for _, name := range names {
				if kept, err := os.ReadFile(name); err != nil || !bytes.Equal(kept, bad) {
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
			if got := lostEntries(t, s); got != told || s.Opening().NewEpoch != "" {
				t.Errorf("then told %d times, opened as %+v", got, s.Opening())
			}
		})
	}
}
