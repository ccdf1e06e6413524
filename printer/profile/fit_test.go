package profile_test

import (
	"strings"
	"testing"
	"unicode"

	"mostrador/printer/profile"
)

func TestFit(t *testing.T) {
	latinOnly := profile.Profile{Pages: []profile.CodePage{{Number: 0, Encoding: "CP858"}}}
	lone437 := profile.Profile{Pages: []profile.CodePage{{Number: 0, Encoding: "CP437"}}}
	lone1252 := profile.Profile{Pages: []profile.CodePage{{Number: 16, Encoding: "WPC1252"}}}
	cyrillic := profile.Profile{Pages: []profile.CodePage{{Number: 0, Encoding: "CP858"}, {Number: 17, Encoding: "CP866"}}}
	epson, _ := profile.Lookup("TM-T20II")
	for _, c := range []struct {
		about    string
		p        profile.Profile
		in, want string
	}{
		{"what a page holds stays", epson, "Ñandú “Łódź” 12,50 € — ½", "Ñandú “Łódź” 12,50 € — ½"},
		{"typography without a page", latinOnly, "“Sí” — l’été… 2 × 3", `"Sí" - l'été... 2 × 3`},
		{"euro and œ without a page", lone437, "5 € œuf Œ", "5 EUR oeuf OE"},
		{"letters lose only what is missing", latinOnly, "Łódź, őszi, Şiş", "Lódz, oszi, Sis"},
		{"decomposed text is composed", latinOnly, "Mu\u0308ller nin\u0303o", "Müller niño"},
		{"piled up marks", latinOnly, "a\u0301\u0300\u0302 b\u0335\u0336", "á b"},
		{"Cyrillic on a Cyrillic page", epson, "Борщ з їжею, ґанок", "Борщ з їжею, ґанок"},
		{"twins where the page lacks them", cyrillic, "Ірина, ґанок", "Iрина, ганок"},
		{"Cyrillic without a page", latinOnly, "Борщ Щука Яна, об'єкт", "Borshch Shchuka Yana, ob'yekt"},
		{"Greek without a page", latinOnly, "Γύρος μεζέ", "Gyros meze"},
		{"Han, one mark a character", latinOnly, "漢字 x", "?? x"},
		{"Arabic, one mark a character", latinOnly, "شاي", "???"},
		{"emoji with joiners is one", latinOnly, "a👨‍👩‍👧‍👦b🇵🇪c👍🏽d", "a?b?c?d"},
		{"a keycap is its digit", latinOnly, "1️⃣", "1"},
		{"Hindi syllables", latinOnly, "नी", "?"},
		{"ligatures and full width", latinOnly, "ﬁn ＡＢ ② ㎏", "fin AB 2 kg"},
		{"frames", lone1252, "┌─┐│═█", "+-+|=#"},
		{"frames stay where they are held", lone437, "┌─┐", "┌─┐"},
		{"controls", latinOnly, "a\x00b\x07c\x7fd\u0085e\u009fz", "abcd ez"},
		{"printer commands lose their introducer", latinOnly, "x\x1dV\x42\x00y\x10\x04\x01z", "xVByz"},
		{"a drawer kick", latinOnly, "Ana\x1bp\x00\x19\xfa!", "Ana?!"},
		{"terminal colours", latinOnly, "\x1b[31;1mrojo\x1b[0m \u009b2Jx \x1b]0;title\ay \x1b(Bz", "rojo x y z"},
		{"a sequence without an end", latinOnly, "a\x1b[1;2", "a1;2"},
		{"bidi and zero width", latinOnly, "\ufeffa\u202eb\u2066c\u200bd\u00ade\u200f", "abcde"},
		{"spaces and newlines", latinOnly, "a\r\nb\nc\td\u00a0e\u2003f\u2028g\u3000h", "a b c d e f g h"},
		{"bytes that are not UTF-8", latinOnly, "a\xffb\xc3", "a?b?"},
		{"signs", latinOnly, "№ 5 ≤ 6 → ✓ ₲ 100 ™", "No. 5 <= 6 -> v Gs. 100 TM"},
		{"empty", latinOnly, "", ""},
	} {
		t.Run(c.about, func(t *testing.T) {
			if got := c.p.Fit(c.in); got != c.want {
				t.Errorf("Fit(%q)\n got %q\nwant %q", c.in, got, c.want)
			}
		})
	}
}

// The limit of an escape sequence keeps a lone introducer from swallowing a text.
func TestFitBoundsEscapes(t *testing.T) {
	p, _ := profile.Lookup("generic")
	long := "\x1b]" + strings.Repeat("x", 1000) + "\a"
	if got := p.Fit(long); len(got) < 1000 {
		t.Errorf("an endless sequence swallowed the text: %d bytes are left", len(got))
	}
}

func BenchmarkFit(b *testing.B) {
	p, _ := profile.Lookup("TM-T20II")
	b.ReportAllocs()
	for b.Loop() {
		p.Fit("Crème brûlée con ñoquis, 12,50 €")
	}
}

func FuzzFit(f *testing.F) {
	for _, s := range []string{"Café €", "\x1b[31m\x1bp\x00", "👨‍👩‍👧 Борщ ﷺ", "a\u0301\u0300", "\u009b\u0090\r\n", "½ⅷ㍿", "ﬃ\u200d\ufe0f"} {
		f.Add(s)
	}
	var profiles []profile.Profile
	for _, name := range profile.Names() {
		p, _ := profile.Lookup(name)
		profiles = append(profiles, p)
	}
	profiles = append(profiles, profile.Profile{}, profile.Profile{Pages: []profile.CodePage{{Encoding: "CP437"}}})
	f.Fuzz(func(t *testing.T, s string) {
		for _, p := range profiles {
			got := p.Fit(s)
			for _, r := range got {
				if !p.Holds(r) && (r < ' ' || r > '~') {
					t.Fatalf("%s: Fit(%q) = %q holds %q, which it cannot print", p.Name, s, got, r)
				}
				if unicode.IsControl(r) {
					t.Fatalf("%s: Fit(%q) = %q holds a control", p.Name, s, got)
				}
			}
			if again := p.Fit(got); again != got {
				t.Fatalf("%s: Fit(%q) = %q, and again %q", p.Name, s, got, again)
			}
			if len(got) > 8*len(s)+8 {
				t.Fatalf("%s: %d bytes became %d", p.Name, len(s), len(got))
			}
		}
	})
}
