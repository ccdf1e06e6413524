package font

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "embed"
)

// A sample of Unicode's BidiCharacterTest.txt (15.0), without explicit controls.
//
//go:embed testdata/bidi.txt
var bidiCases string

func TestBidiAsUnicodeHasIt(t *testing.T) {
	n := 0
	for line := range strings.Lines(bidiCases) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSpace(line), ";")
		var signs []rune
		for code := range strings.FieldsSeq(fields[0]) {
			r, err := strconv.ParseUint(code, 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			signs = append(signs, rune(r))
		}
		base, err := strconv.Atoi(fields[2])
		if err != nil {
			t.Fatal(err)
		}
		var want []int
		for place := range strings.FieldsSeq(fields[4]) {
			i, err := strconv.Atoi(place)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, i)
		}
		if got := visual(levelsOf(signs, uint8(base))); !slices.Equal(got, want) {
			t.Errorf("%s: order %v, want %v", fields[0], got, want)
		}
		n++
	}
	if n < 500 {
		t.Fatalf("only %d cases", n)
	}
}

func TestBaseDirection(t *testing.T) {
	for text, want := range map[string]uint8{
		"كباب 2": 1, "2 كباب": 0, "+ كباب": 0, "  שניצל": 1, "Pan كباب": 0, "": 0, "   ": 0,
	} {
		if got := baseOf([]rune(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
