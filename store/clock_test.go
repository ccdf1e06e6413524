package store

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClock()
		first := c.Now()
		if first.IsZero() || first.Boot == "" || first.Wall.Location() != time.UTC {
			t.Errorf("the first moment is %+v", first)
		}
		time.Sleep(90 * time.Second)
		second := c.Now()
		if age, certain := first.Since(second); age != 90*time.Second || !certain {
			t.Errorf("90 s later it is %v old, certain %v", age, certain)
		}
		if got := second.Wall.Sub(first.Wall); got != 90*time.Second {
			t.Errorf("the wall clock went on by %v", got)
		}

		// Never behind what is known, and on from there once time has come.
		floor := second.Wall.Add(time.Hour)
		c.notBefore(floor)
		c.notBefore(first.Wall)
		if m := c.Now(); !m.Wall.Equal(floor) || m.Uptime != second.Uptime {
			t.Errorf("with a floor: %+v", m)
		}
		time.Sleep(2 * time.Hour)
		if m := c.Now(); !m.Wall.Equal(second.Wall.Add(2 * time.Hour)) {
			t.Errorf("past the floor: %v", m.Wall)
		}
	})
}

func TestTwoClocksOfOneBoot(t *testing.T) {
	a, b := NewClock().Now(), NewClock().Now()
	if a.Boot != b.Boot {
		t.Skip("a boot is a process here")
	}
	if age, certain := a.Since(b); !certain || age < 0 || age > time.Minute {
		t.Errorf("b comes %v after a, certain %v", age, certain)
	}
}

func TestSince(t *testing.T) {
	wall := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name    string
		m, now  Moment
		age     time.Duration
		certain bool
	}{
		{"one boot", Moment{wall, "a", time.Minute, false}, Moment{wall.Add(-time.Hour), "a", 3 * time.Minute, false}, 2 * time.Minute, true},
		{"another boot, both synchronised", Moment{wall, "a", time.Minute, true}, Moment{wall.Add(time.Hour), "b", 0, true}, time.Hour, true},
		{"another boot, not known", Moment{wall, "a", time.Minute, true}, Moment{wall.Add(time.Hour), "b", 0, false}, time.Hour, false},
		{"no boot at all", Moment{Wall: wall}, Moment{Wall: wall.Add(time.Hour)}, time.Hour, false},
	} {
		if age, certain := c.m.Since(c.now); age != c.age || certain != c.certain {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, age, certain, c.age, c.certain)
		}
	}
}

// TestMomentsFollowTheRecords: a clock that was set back over a restart does not
// take the store back with it.
func TestMomentsFollowTheRecords(t *testing.T) {
	dir := t.TempDir()
	var late time.Time
	synctest.Test(t, func(t *testing.T) {
		s := at(t, dir, Options{})
		time.Sleep(time.Hour)
		update(t, s, func(tx *Tx) error {
			late = tx.Now().Wall
			if again := tx.Now().Wall; !again.Equal(late) {
				t.Errorf("one transaction has two moments, %v and %v", late, again)
			}
			return tx.Log(Entry{Kind: "late"})
		})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // an hour before that
		s := at(t, dir, Options{})
		if m := s.Clock().Now(); m.Wall.Before(late) {
			t.Errorf("it is %v, after %v", m.Wall, late)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
