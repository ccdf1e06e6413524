package font

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"compress/flate"

	"github.com/rivo/uniseg"
)

// Every block of the packed file unpacks to as many glyphs as it says.
func TestPackedFont(t *testing.T) {
	if !strings.HasPrefix(packed, "MFNT") || len(packed) > 3<<20 {
		t.Fatalf("%d bytes beginning with %q", len(packed), packed[:4])
	}
	last, glyphs := -1, 0
	for i := range blockCount() {
		key, _ := entry(i)
		if int(key) <= last {
			t.Fatalf("block %04x behind %04x", key, last)
		}
		last = int(key)
		from, to, ok := find(key)
		if !ok {
			t.Fatalf("block %04x is not found", key)
		}
		data, err := io.ReadAll(flate.NewReader(strings.NewReader(packed[from:to])))
		if err != nil {
			t.Fatalf("block %04x: %v", key, err)
		}
		n, wide := count(data[:32], 255), count(data[32:64], 255)
		if has(data, 255) {
			n++
		}
		if has(data[32:], 255) {
			wide++
		}
		if len(data) != 64+16*(n+wide) {
			t.Errorf("block %04x has %d bytes for %d glyphs, %d of them wide", key, len(data), n, wide)
		}
		glyphs += n
	}
	if glyphs < 65000 {
		t.Errorf("only %d glyphs", glyphs)
	}
	if _, end := entry(blockCount()); headerSize+entrySize*(blockCount()+1)+end != len(packed) {
		t.Errorf("the blocks end at %d of %d bytes", end, len(packed))
	}
}

func TestGlyphs(t *testing.T) {
	var f Font
	for r, width := range map[rune]int{
		'A': 8, 'є': 8, 'Ґ': 8, 'ش': 8, 0xFEB7: 8, 'א': 8, 'ก': 8, '丼': 16, 'ラ': 16, '한': 16, '🍕': 16, '🌶': 16, '𝒜': 16,
	} {
		g, ok := f.Glyph(r)
		ink := uint16(0)
		for _, row := range g.Rows {
			ink |= row
		}
		if !ok || g.Width != width || ink == 0 || width == 8 && ink&0xFF != 0 {
			t.Errorf("%c: %v %d dots, ink %016b", r, ok, g.Width, ink)
		}
	}
	for _, r := range []rune{-1, 0xD800, 0xE000, 0x1FFFF, 0x20000, utf8.MaxRune} {
		if _, ok := f.Glyph(r); ok {
			t.Errorf("%U has a glyph", r)
		}
	}
	chinese, _ := f.Glyph('骨')
	if japanese, _ := f.JapaneseGlyph('骨'); chinese == japanese {
		t.Error("骨 has one form only")
	}
}

// What is kept is bounded, and what was kept is right after others came by.
func TestKeptBlocks(t *testing.T) {
	var f Font
	first, _ := f.Glyph('A')
	for r := rune(0); r < 0x10000; r += 256 {
		f.Glyph(r)
	}
	kept := 0
	for _, b := range f.blocks {
		kept += len(b.data)
	}
	if kept > keptBlocks*(64+8192) {
		t.Errorf("%d bytes are kept", kept)
	}
	if again, _ := f.Glyph('A'); again != first {
		t.Error("A has changed")
	}
}

// clusters cuts text as layout does, as far as these tests need it.
func clusters(text string, style Style) []Cluster {
	var all []Cluster
	for g := uniseg.NewGraphemes(text); g.Next(); {
		all = append(all, Cluster{g.Str(), max(g.Width(), 1), style})
	}
	return all
}

func TestArabicShapes(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // from left to right
	}{
		{"initial, medial, final", "بيت", "\uFE96\uFEF4\uFE91"},
		{"isolated behind one that does not join", "دار", "\uFEAD\uFE8D\uFEA9"},
		{"a word each", "بب بب", "\uFE90\uFE91 \uFE90\uFE91"},
		{"Persian and Urdu", "پیچ گاڑی", "\uFBFC\uFB8C\uFE8E\uFB94 \uFB7B\uFBFF\uFB58"},
		{"tatweel", "بـب", "\uFE90\u0640\uFE91"},
		{"hamza joins nothing", "بءب", "\uFE8F\uFE80\uFE8F"},
		{"brackets turn", "(بب)", "(\uFE90\uFE91)"},
		{"numbers stay", "بب 12", "12 \uFE90\uFE91"},
		{"Latin stays", "ab بب cd", "ab \uFE90\uFE91 cd"},
	}
	for _, test := range tests {
		var got strings.Builder
		for _, s := range setText(clusters(test.text, Style{})) {
			got.WriteRune(s.first)
		}
		if got.String() != test.want {
			t.Errorf("%s: %+q, want %+q", test.name, got.String(), test.want)
		}
	}
}

func TestLamAlefIsOneSign(t *testing.T) {
	for text, want := range map[string]rune{"لا": 0xFEFB, "ل\u064Eا": 0xFEFB, "لأ": 0xFEF7} {
		signs := setText([]Cluster{{Text: text, Cells: 1}})
		if len(signs) != 1 || signs[0].first != want || !signs[0].ligature {
			t.Errorf("%+q: %+v", text, signs)
		}
	}
	signs := setText([]Cluster{{Text: "ب", Cells: 1}, {Text: "لا", Cells: 1}, {Text: "ب", Cells: 1}})
	if got := []rune{signs[2].first, signs[1].first, signs[0].first}; got[0] != 0xFE91 || got[1] != 0xFEFC || got[2] != 0xFE8F {
		t.Errorf("%U", got)
	}
}

// art shows a bitmap as text, two rows in one.
func art(b Bitmap) string {
	black := func(x, y int) bool { return y < b.Height && b.Bits[y*b.stride()+x/8]&(0x80>>(x%8)) != 0 }
	var out strings.Builder
	for y := 0; y < b.Height; y += 2 {
		var line strings.Builder
		for x := range b.Width {
			switch {
			case black(x, y) && black(x, y+1):
				line.WriteRune('█')
			case black(x, y):
				line.WriteRune('▀')
			case black(x, y+1):
				line.WriteRune('▄')
			default:
				line.WriteByte(' ')
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return out.String()
}

// picture is part of the line that TestLine draws.
const picture = `               █▄  ▄█                           ██████  ███████  ███████
               █▀  ▀█                           █▄                   ███
                ▄▄▄      ▄▄   ▄▄  ▄▄            ██████  █▀▀████  ███████
                 ▀██     ██▄  ██  ██            ██████  █▄  ███  ███████
                  ██       ██▄██ █▀             ▀▀▀▀▀▀  ▀▀▀▀▀▀▀  ▀▀▀▀▀██
                  ██        █████               ▄▄▄▄▄▄  ▄▄▄▄▄▄▄  ▄▄▄▄▄▄█
                  ██       ██▀██ █▄             █████▀  ███████  ███████
               ▄▄▄██▄▄   ██▀  ██  ██            ████  ▄████████  ███████
               ▀▀▀▀▀▀▀▀  ▀▀   ▀▀  ▀▀            ███▀ ▄█████████  ███████`

func TestLine(t *testing.T) {
	var f Font
	b := f.Line([]Text{{Column: 1, Clusters: clusters("їж", Style{})}, {Column: 4, Clusters: clusters("丼", Style{Invert: true})}}, 6, Cell{12, 24})
	if b.Width != 72 || b.Height != 24 || len(b.Bits) != 9*24 {
		t.Fatalf("%d × %d in %d bytes", b.Width, b.Height, len(b.Bits))
	}
	for _, line := range strings.Split(picture, "\n") {
		if !strings.Contains(art(b), line) {
			t.Fatalf("this is not on it:\n%s\nbut:\n%s", line, art(b))
		}
	}
	for y := range b.Height {
		if row := b.Bits[y*9 : y*9+9]; row[0] != 0 || row[1]&0xF0 != 0 {
			t.Fatalf("ink in the empty first cell, row %d", y)
		}
	}
}

func TestStrokesAreEven(t *testing.T) {
	var f Font
	b := f.Line([]Text{{Clusters: clusters("Ш", Style{})}}, 1, Cell{12, 24})
	row := b.Bits[12*b.stride() : 12*b.stride()+2]
	if got := fmt.Sprintf("%08b%08b", row[0], row[1]); strings.Count(got, "11") != 3 || strings.Contains(got, "111") || strings.Contains(got, "010") {
		t.Errorf("the middle of Ш: %s", got)
	}
}

func TestStyles(t *testing.T) {
	var f Font
	ink := func(s Style) (n int) {
		b := f.Line([]Text{{Clusters: clusters("Ж丼", s)}}, 40, Cell{12, 24})
		return strings.Count(strings.NewReplacer("▀", "#", "▄", "#", "█", "##").Replace(art(b)), "#")
	}
	plain := ink(Style{})
	if bold := ink(Style{Bold: true}); bold <= plain || bold > 2*plain {
		t.Errorf("bold has %d dots, plain %d", bold, plain)
	}
	if under := ink(Style{Underline: true}); under <= plain || under > plain+36*2 {
		t.Errorf("underlined has %d dots, plain %d", under, plain)
	}
	if inverted := ink(Style{Invert: true}); inverted != 36*24-plain {
		t.Errorf("inverted has %d dots, plain %d", inverted, plain)
	}
	for n := 2; n <= 8; n++ {
		big := ink(Style{Width: n, Height: n})
		if ratio := float64(big) / float64(plain*n*n); ratio < 0.6 || ratio > 1.1 {
			t.Errorf("size %d has %.2f of the ink that it should", n, ratio)
		}
	}
}

// Whatever is drawn, it stays inside, and nothing panics.
func FuzzLine(f *testing.F) {
	for _, seed := range []string{
		"Вареники", "شاورما لا (12)", "親子丼", "👨‍👩‍👧🇵🇪🧑🏽1️⃣", "नमस्ते ต้มยำ", "a\u0301\u0302\u0303", "\u0301", "לחם)(\u200d", "\xff\x10\x04",
	} {
		f.Add(seed, 3, byte(0x5A), 48, 12, 24)
	}
	f.Add("x", -5, byte(0xFF), -1, 0, 1000)
	f.Fuzz(func(t *testing.T, text string, column int, look byte, columns, width, height int) {
		if len(text) > 400 {
			return
		}
		style := Style{look&1 != 0, look&2 != 0, look&4 != 0, int(look >> 3 & 3), int(look >> 5)}
		all := clusters(text, style)
		all = append(all, Cluster{Text: text, Cells: int(look)})
		var font Font
		b := font.Line([]Text{{column, all}, {column + 3, all}}, columns, Cell{width, height})
		if len(b.Bits) != b.stride()*b.Height || b.Height < 1 || b.Height > maxSize*maxCell || b.Width > maxColumns*maxCell {
			t.Fatalf("%d × %d in %d bytes", b.Width, b.Height, len(b.Bits))
		}
		if spare := b.stride()*8 - b.Width; spare > 0 {
			for y := range b.Height {
				if last := b.Bits[(y+1)*b.stride()-1]; last&(1<<spare-1) != 0 {
					t.Fatalf("ink beyond the right edge in row %d", y)
				}
			}
		}
	})
}

func BenchmarkLine(b *testing.B) {
	for _, text := range []string{"Вареники з картоплею та грибами", "شاورما دجاج بالثوم", "親子丼とラーメン大盛り"} {
		b.Run(text, func(b *testing.B) {
			var f Font
			all := clusters(text, Style{})
			b.ReportAllocs()
			for b.Loop() {
				f.Line([]Text{{Clusters: all}}, 48, Cell{12, 24})
			}
		})
	}
}

// A Font that has just been made: what the first line of a ticket costs.
func BenchmarkFirstLine(b *testing.B) {
	all := clusters("Вареники з картоплею та грибами", Style{})
	b.ReportAllocs()
	for b.Loop() {
		var f Font
		f.Line([]Text{{Clusters: all}}, 48, Cell{12, 24})
	}
}
