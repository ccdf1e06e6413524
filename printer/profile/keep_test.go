package profile_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"mostrador/printer/profile"
)

func TestKeep(t *testing.T) {
	lone437 := profile.Profile{Pages: []profile.CodePage{{Number: 0, Encoding: "CP437"}}}
	epson, _ := profile.Lookup("TM-T20II")
	for _, c := range []struct {
		about    string
		p        profile.Profile
		in, want string
		drawn    bool
	}{
		{"what a page holds", lone437, "Ñandú 12,50 ½", "Ñandú 12,50 ½", false},
		{"typography", lone437, "“Sí” — l’été… 5 € → ½\u00a0kg ＡＢ ﬁn 𝓐", `"Sí" - l'été... 5 EUR -> ½ kg AB fin A`, false},
		{"looks and frames of signs", lone437, "1️⃣ a\ufe0f", "1 a", false},
		{"letters that would lose a mark", lone437, "São Łódź", "São Łódź", true},
		{"the same where a page has them", epson, "São Łódź", "São Łódź", false},
		{"Ukrainian", lone437, "Борщ з їжею…", "Борщ з їжею...", true},
		{"Arabic", epson, "شاي", "شاي", true},
		{"Han and kana", epson, "親子丼", "親子丼", true},
		{"emoji with joiners", epson, "a👨‍👩‍👧b🇵🇪", "a👨‍👩‍👧b🇵🇪", true},
		{"signs that say more than letters", lone437, "✓ ②", "✓ ②", true},
		{"decomposed text is composed", lone437, "nin\u0303o", "niño", false},
		{"a mark that no letter has", lone437, "b\u0302", "b\u0302", true},
		{"piled up marks", lone437, "b" + strings.Repeat("\u0301", 100), "b" + strings.Repeat("\u0301", 11), true},
		{"controls, directions, escapes", lone437, "\x1b[31mя\x1b[0m\x10\x04\u202eб\u2066\u200b\x7f\u0085", "яб ", true},
		{"a printer's command", lone437, "я\x1bp\x00\x19\xfa", "я?", true},
		{"broken bytes and no characters", lone437, "я\xff\ue000", "я??", true},
	} {
		text, drawn := c.p.Keep(c.in)
		if text != c.want || drawn != c.drawn {
			t.Errorf("%s: Keep(%+q)\n got %+q %v\nwant %+q %v", c.about, c.in, text, drawn, c.want, c.drawn)
		}
	}
}

// Kept text has nothing in it that acts, hides or turns what stands around it.
func FuzzKeep(f *testing.F) {
	for _, seed := range []string{"Борщ\x1b[0m", "شاي\u202e", "👨‍👩‍👧🏽", "a\u0300\u0301\u0302", "\u200d\u200dя", "\ufe0f\u20e3", "½\u2066"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, name := range []string{"generic-cp437", "TM-T20II"} {
			p, ok := profile.Lookup(name)
			if !ok {
				t.Fatal(name)
			}
			text, drawn := p.Keep(s)
			for _, r := range text {
				switch {
				case r == '\u200d' && drawn:
				case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) || !unicode.IsGraphic(r):
					t.Fatalf("%U in %+q", r, text)
				case !drawn && !p.Holds(r):
					t.Fatalf("%U of %+q is not held, and not drawn", r, text)
				}
			}
			if again, _ := p.Keep(text); utf8.RuneCountInString(again) > utf8.RuneCountInString(text) {
				t.Fatalf("%+q is kept as %+q, and that as %+q", s, text, again)
			}
		}
	})
}
