package profile

import (
	"testing"
	"unicode"
)

func TestStands(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		want := r > '\u00a0' && r != unicode.ReplacementChar && unicode.IsGraphic(r) && !unicode.In(r, unicode.M, unicode.Zs)
		if stands(r) != want {
			t.Fatalf("%U", r)
		}
	}
}
