package text

import (
	"strings"
	"testing"
	"time"
)

func FuzzDecimal(f *testing.F) {
	for _, seed := range []string{"1,234.50", "-.5", "5.00-", "1 234", "--1", "1..2"} {
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, s string, comma bool) {
		mark := byte('.')
		if comma {
			mark = ','
		}
		number, ok := Decimal(s, mark)
		if !ok {
			return
		}
		if again, ok := Decimal(number, '.'); !ok || again != number {
			t.Errorf("%q became %q, which is read as %q, %v", s, number, again, ok)
		}
	})
}

// A layout that is taken reads back what it writes.
func FuzzLayout(f *testing.F) {
	for _, seed := range []string{"YYYY-MM-DD", "DD.MM.YY", "HH:MM[:SS]", "hh:MM AM", "HHMMSS", "D/M/YYYY", "[", "YYYY]"} {
		f.Add(seed, int64(1773493522))
	}
	f.Fuzz(func(t *testing.T, s string, seconds int64) {
		moment := time.Unix(seconds&0xffffffff, 0).UTC() // 1970 to 2106
		if l, err := ParseLayout(s, Date); err == nil && strings.Contains(s, "YYYY") {
			wantParsed(t, l, moment, "2006-01-02")
		}
		if l, err := ParseLayout(s, Time); err == nil {
			for _, way := range l {
				got, ok := l.Parse(moment.Format(way), way)
				if !ok || got != moment.Format(way) {
					t.Errorf("layout %q: %q is read as %q, %v", s, moment.Format(way), got, ok)
				}
			}
		}
	})
}

func wantParsed(t *testing.T, l Layout, moment time.Time, out string) {
	t.Helper()
	for _, way := range l {
		if got, ok := l.Parse(moment.Format(way), out); !ok || got != moment.Format(out) {
			t.Errorf("layout %q: %q is read as %q, %v", way, moment.Format(way), got, ok)
		}
	}
}
