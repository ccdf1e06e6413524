package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// here are the marks of the machine that the tests say they run on.
var here = []string{"id:aaaa", "nic:00:11:22:33:44:55", "nic:00:11:22:33:44:66"}

// A shop is a folder with a store that is opened, written and closed.
type shop struct {
	t   *testing.T
	dir string
}

func (h shop) path(suffix string) string { return filepath.Join(h.dir, "mostrador.db"+suffix) }

// day opens the store on a machine, emits some events, and closes it.
func (h shop) day(machine []string) Opening {
	h.t.Helper()
	s := at(h.t, h.dir, Options{Machine: machine})
	h.emit(s, 5)
	if err := s.Close(); err != nil {
		h.t.Fatal(err)
	}
	return s.Opening()
}

func (h shop) emit(s *Store, n int) {
	h.t.Helper()
	for range n {
		update(h.t, s, func(tx *Tx) error {
			_, err := tx.Emit(StreamSales, "mostrador.sale.v1", 1)
			return err
		})
	}
}

func (h shop) copy(from, to string) {
	h.t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		h.t.Fatal(err)
	}
	// Written over where it stands, so that its number and birth stay.
	if err := os.WriteFile(to, b, 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// TestStoresThatAreNotWhatTheyWere: each way in which a file can come back,
// and what goes on as if nothing had been.
func TestStoresThatAreNotWhatTheyWere(t *testing.T) {
	for _, tt := range []struct {
		name  string
		what  func(h shop)
		today []string // the machine it is opened on then
		want  string
	}{
		{"closed and opened", func(shop) {}, here, ""},
		{"rolled back: yesterday's file put back", func(h shop) {
			h.copy(h.path(""), h.path(".backup"))
			h.day(here)
			h.copy(h.path(".backup"), h.path(""))
		}, here, EpochRolledBack},
		{"rolled back: a copy of the same day put back after a crash", func(h shop) {
			s := at(h.t, h.dir, Options{Machine: here})
			h.copy(h.path(""), h.path(".backup"))
			h.emit(s, 5)
			view(h.t, s, func(tx *Tx) error { return nil }) // as who sends them does
			// What a killed process leaves: nothing of Close has happened.
			left := shop{h.t, h.t.TempDir()}
			h.copy(h.path(".witness"), left.path(".witness"))
			if err := s.Close(); err != nil {
				h.t.Fatal(err)
			}
			h.copy(left.path(".witness"), h.path(".witness"))
			h.copy(h.path(".backup"), h.path(""))
		}, here, EpochRolledBack},
		{"restored: the file alone, into an empty folder", func(h shop) {
			if err := os.Remove(h.path(".witness")); err != nil {
				h.t.Fatal(err)
			}
		}, here, EpochRestored},
		{"restored: file and witness from a backup of the folder", func(h shop) {
			for _, suffix := range []string{"", ".witness"} {
				h.copy(h.path(suffix), h.path(suffix+".backup"))
			}
			h.day(here)
			for _, suffix := range []string{"", ".witness"} {
				if err := os.Rename(h.path(suffix+".backup"), h.path(suffix)); err != nil {
					h.t.Fatal(err)
				}
			}
		}, here, EpochRestored},
		{"restored: a quarantined file put back in place of the one that followed it", func(h shop) {
			h.copy(h.path(""), h.path(".backup"))
			for _, suffix := range []string{"", ".witness"} {
				if err := os.Remove(h.path(suffix)); err != nil {
					h.t.Fatal(err)
				}
			}
			h.day(here)
			h.copy(h.path(".backup"), h.path(""))
		}, here, EpochRestored},
		{"restored: the witness is torn", func(h shop) {
			if err := os.Truncate(h.path(".witness"), 100); err != nil {
				h.t.Fatal(err)
			}
		}, here, EpochRestored},
		{"cloned: the disk in another machine", func(shop) {}, []string{"id:aaaa", "nic:00:99:99:99:99:99"}, EpochCloned},
		{"cloned: the system set up anew", func(shop) {}, []string{"id:bbbb", "nic:00:11:22:33:44:55"}, EpochCloned},
		{"an adapter plugged in and another one gone", func(shop) {}, []string{"id:aaaa", "nic:00:11:22:33:44:66", "nic:00:77:77:77:77:77"}, ""},
		{"a machine that tells nothing", func(shop) {}, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := shop{t, t.TempDir()}
			first := h.day(here)
			if first.NewEpoch != EpochNew {
				t.Fatalf("the first opening's epoch is %q", first.NewEpoch)
			}
			tt.what(h)
			got := h.day(tt.today)
			if got.NewEpoch != tt.want {
				t.Errorf("the epoch's cause is %q, want %q", got.NewEpoch, tt.want)
			}
			if (got.Epoch != first.Epoch) != (tt.want != "") {
				t.Errorf("the epochs are %s and %s", first.Epoch, got.Epoch)
			}
			if again := h.day(tt.today); again.NewEpoch != "" || again.Epoch != got.Epoch {
				t.Errorf("opened once more: %q, %s after %s", again.NewEpoch, again.Epoch, got.Epoch)
			}
			h.sequences()
		})
	}
}

// sequences holds every epoch to begin at 1 and to have no gaps.
func (h shop) sequences() {
	h.t.Helper()
	s := at(h.t, h.dir, Options{Machine: here})
	next := map[string]uint64{}
	view(h.t, s, func(tx *Tx) error {
		for e, err := range tx.Unsent(StreamSales, 0) {
			if err != nil {
				return err
			}
			if next[e.Epoch]++; e.Sequence != next[e.Epoch] {
				h.t.Errorf("epoch %s has sequence %d where %d is due", e.Epoch, e.Sequence, next[e.Epoch])
			}
		}
		return nil
	})
}

func FuzzWitness(f *testing.F) {
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		w := witness{path: filepath.Join(t.TempDir(), "w")}
		if err := os.WriteFile(w.path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := w.open(); err != nil {
			t.Fatal(err)
		}
		if err := w.note("e", here, 7); err != nil {
			t.Fatal(err)
		}
		said, commits, ok, err := (&witness{path: w.path}).reopen(t)
		if err != nil || !ok || commits != 7 || said.Epoch != "e" {
			t.Errorf("read back %+v, %d, %v, %v", said, commits, ok, err)
		}
		if err := w.close(); err != nil {
			t.Fatal(err)
		}
	})
}

func (w *witness) reopen(t *testing.T) (testimony, uint64, bool, error) {
	said, commits, ok, err := w.open()
	if closed := w.close(); closed != nil {
		t.Error(closed)
	}
	return said, commits, ok, err
}

// A store that nobody opens again keeps what it is given, and fewer files open.
func TestThrowaway(t *testing.T) {
	dir := t.TempDir()
	s := at(t, dir, Options{Throwaway: true})
	if _, _, err := s.order(1); err != nil {
		t.Fatal(err)
	}
	if o := s.Opening(); o.NewEpoch != EpochNew || o.Epoch == "" {
		t.Errorf("%+v", o)
	}
	for _, suffix := range []string{".journal", ".witness"} {
		if _, err := os.Stat(s.path + suffix); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", suffix, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
