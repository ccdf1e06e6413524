package store

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func intended(t *testing.T, s *Store, name string, detail uint32, want bool) {
	t.Helper()
	if got, ok := s.Intended(name); ok != want || got != detail {
		t.Errorf("%s: %d, %v; want %d, %v", name, got, ok, detail, want)
	}
}

// What was noted is told after a crash, until it is forgotten.
func TestIntents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	open := func() *Store {
		s, err := Open(path, Options{Identity: "a/b"})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	noError(t, s.NoteIntents(Intent{"ticket 1", 7}, Intent{"printer", 10}))
	noError(t, s.NoteIntents(Intent{"ticket 2", 8}, Intent{"printer", 30}))
	intended(t, s, "ticket 1", 0, false) // own ones are no news
	crash(t, s)

	s = open()
	intended(t, s, "ticket 1", 7, true)
	intended(t, s, "ticket 2", 8, true)
	intended(t, s, "printer", 30, true)
	intended(t, s, "ticket 3", 0, false)
	noError(t, s.ForgetIntent("ticket 1"))
	noError(t, s.ForgetIntent("ticket 3"))
	intended(t, s, "ticket 1", 0, false)
	noError(t, s.NoteIntents(Intent{"ticket 4", 9}))
	crash(t, s)

	s = open()
	intended(t, s, "ticket 1", 0, false)
	intended(t, s, "ticket 2", 8, true)
	intended(t, s, "ticket 4", 9, true)
	crash(t, s)

	// A torn slot is none; the others stay.
	f, err := os.OpenFile(path+".intents", os.O_RDWR, 0)
	noError(t, err)
	_, err = f.WriteAt([]byte{0xff, 0xff, 0xff}, intentSlot+3) // ticket 2's or the printer's
	noError(t, err)
	noError(t, f.Close())
	s = open()
	intended(t, s, "ticket 4", 9, true)
	if info, err := os.Stat(path + ".intents"); err != nil || info.Size() != intentSlots*intentSlot {
		t.Errorf("%v, %v", info, err)
	}
	noError(t, s.Close())
}

// The circle writes over the oldest, and old ones are forgotten by themselves.
func TestManyIntents(t *testing.T) {
	dir := t.TempDir()
	s := at(t, dir, Options{})
	path := s.intents.path
	for n := 0; n < intentSlots+100; n += 100 {
		var notes []Intent
		for i := range 100 {
			notes = append(notes, Intent{fmt.Sprint(n + i), uint32(n + i)})
		}
		noError(t, s.NoteIntents(notes...))
	}
	noError(t, s.NoteIntents(Intent{"printer", 1}))
	crash(t, s)

	s = at(t, dir, Options{})
	intended(t, s, "52", 0, false) // written over
	intended(t, s, "200", 200, true)
	intended(t, s, "2099", 2099, true)
	intended(t, s, "printer", 1, true)
	if n := len(s.intents.earlier); n > intentSlots {
		t.Errorf("%d intents", n)
	}
	noError(t, s.NoteIntents(Intent{"printer", 2}))
	noError(t, s.intents.forgetOwn())
	noError(t, s.Close())

	x := intents{path: path}
	noError(t, x.open(time.Now().Add(intentAge+time.Hour)))
	if len(x.earlier) != 0 {
		t.Errorf("%d intents are left after %v", len(x.earlier), intentAge)
	}
}

// crash ends a store as a kill would: nothing more is written.
func crash(t *testing.T, s *Store) {
	t.Helper()
	s.dropHeld()
	noError(t, s.letGo())
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// While the store holds in memory, who is refused is not told that something
// has changed; when what was held is written, its intents are forgotten.
func TestRefusedWhileHeld(t *testing.T) {
	s := opened(t, Options{MaxSize: 1 << 20, Reserve: 256 << 10})
	fillUp(t, s)
	for n := 1; ; n++ {
		_, durable, err := s.order(n)
		noError(t, err)
		if !durable {
			break
		}
	}
	noError(t, s.NoteIntents(Intent{"ticket", 1}))
	health, stop := s.Watch(TopicHealth)
	defer stop()
	wantError(t, s.recordSale(1_000_000), ErrFull)
	select {
	case <-health:
		t.Error("a refusal woke those who wait for room")
	default:
	}
	noError(t, s.Update(func(tx *Tx) error { return tx.MarkSent(StreamSales, tx.Last(StreamSales)) }))
	noError(t, s.Recover())
	select {
	case <-health:
	default:
		t.Error("nobody was told of the room")
	}
	if len(s.intents.own) != 0 {
		t.Errorf("%d intents are left", len(s.intents.own))
	}
}
