package profile_test

import (
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"mostrador/printer/profile"
)

// What Measure counts is what Fit leaves as it is, in as many cells.
func TestMeasureAgreeWithFit(t *testing.T) {
	for _, name := range profile.Names() {
		p, _ := profile.Lookup(name)
		m := p.Measure()
		for r := range rune(0x2600) {
			text := "a" + string(r) + "b"
			cells, ok := m.Cells(text)
			if again, okAgain := m.Cells(text); again != cells || okAgain != ok {
				t.Fatalf("%s: %q changes", name, text)
			}
			if ok && (p.Fit(text) != text || cells != uniseg.StringWidth(text)) {
				t.Errorf("%s: %q has %d cells, and Fit makes %q of it", name, text, cells, p.Fit(text))
			}
			if !ok && r > ' ' && r <= 'ÿ' && r != '\u00ad' && p.Holds(r) {
				t.Errorf("%s holds %q and is not asked", name, r)
			}
		}
	}
}

func FuzzMeasure(f *testing.F) {
	for _, s := range []string{"", "a", "12,90 €", "Ñandú", "борщ", "e\u0301", "\xff", "a\nb", "\u00ad", "日本"} {
		f.Add(s)
	}
	p, _ := profile.Lookup("TM-T20II")
	f.Fuzz(func(t *testing.T, text string) {
		m := p.Measure()
		cells, ok := m.Cells(text)
		if ok && (p.Fit(text) != text || cells != utf8.RuneCountInString(text)) {
			t.Errorf("%q has %d cells, and Fit makes %q of it", text, cells, p.Fit(text))
		}
	})
}
