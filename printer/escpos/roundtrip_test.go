package escpos_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

// decode(encode(page)) = page: what a printer of the profile reads out of the
// bytes is what stands on the page. Both are told as strips of paper, and two
// strips are equal when
//
//   - lines have the same letters in the same cells with the same style, where a
//     blank without ink is nothing, a letter that the model has not is a question
//     mark, and white on black is bold where it is not known;
//   - drawn lines are pictures that take as much paper as the line would;
//   - feeds are as many empty lines;
//   - codes have the same type, data, level, height and digits, with modules no
//     wider than asked for; or they are the dots that Draw makes; or, where
//     neither can be, the line of their data;
//   - pictures have every dot, and at most one more beside a black one where
//     they would spell a real-time command; or are the logo of their key;
//   - cuts are where they were;
//
// in the same order, with the same alignment, and nothing else: no command that
// acts at once, none that is not understood, no setting that changes nothing.

// A strip is one piece of paper.
type strip struct {
	kind    string // line, drawn, dots, code, picture, logo, cut
	cells   map[int]glyph
	code    layout.Code
	picture escpos.Raster
	key     int
	align   int
}

type glyph struct {
	r     rune
	style layout.Style
}

// ink is a glyph as it is compared; ok is false for one that leaves none.
func ink(r rune, s layout.Style, p profile.Profile) (g glyph, ok bool) {
	s.Width, s.Height = max(s.Width, 1), max(s.Height, 1)
	if p.Letters == profile.LettersDouble {
		s.Bold, s.Invert = s.Bold || s.Invert, false
	}
	if r == ' ' {
		s.Bold = false
	}
	return glyph{r, s}, r != ' ' || s.Underline || s.Invert
}

// wanted tells a page as strips.
func wanted(page layout.Page, p profile.Profile, logos map[escpos.LogoSum]escpos.LogoKey) []strip {
	var all []strip
	for _, r := range page.Rows {
		switch r.Kind {
		case layout.TextRow:
			if r.Drawn {
				all = append(all, strip{kind: "drawn", key: tall(r.Runs)})
				continue
			}
			all = append(all, wantedLine(r.Runs, p))
		case layout.FeedRow:
			for range r.Feed {
				all = append(all, strip{kind: "line"})
			}
		case layout.CodeRow:
			all = append(all, strip{kind: "code", code: r.Code, align: r.Align})
		case layout.PictureRow:
			s := strip{kind: "picture", align: r.Align, picture: escpos.Raster{Width: r.Picture.Width, Height: r.Picture.Height, Bits: r.Picture.Bits}}
			if key, ok := logos[escpos.SumLogo(*r.Picture)]; ok && p.Logos {
				s = strip{kind: "logo", align: r.Align, key: int(key[0])<<8 | int(key[1])}
			}
			all = append(all, s)
		case layout.CutRow:
			all = append(all, strip{kind: "cut"})
		}
	}
	return all
}

// tall is how many dots high a drawn line is.
func tall(runs []layout.Run) int {
	high := 30
	for _, r := range runs {
		high = max(high, 24*r.Style.Height)
	}
	return high
}

func wantedLine(runs []layout.Run, p profile.Profile) strip {
	s := strip{kind: "line", cells: map[int]glyph{}}
	for i, run := range runs {
		text := run.Text
		if i == len(runs)-1 && !run.Style.Underline && (!run.Style.Invert || p.Letters == profile.LettersDouble) {
			text = strings.TrimRight(text, " ")
		}
		at := run.Column
		for _, r := range text {
			if r != ' ' && !p.Holds(r) {
				r = '?'
			}
			if g, ok := ink(r, run.Style, p); ok {
				s.cells[at] = g
			}
			at += max(run.Style.Width, 1)
		}
	}
	return s
}

// roundTrip is the property, for one profile and the page that the bytes make.
func roundTrip(t testing.TB, p profile.Profile, b []byte) {
	t.Helper()
	e := entropy{b}
	columns := 30 + e.below(19)
	page := e.page(p, columns)
	logos := map[escpos.LogoSum]escpos.LogoKey{}
	for _, r := range page.Rows {
		if r.Kind == layout.PictureRow && e.below(2) == 1 {
			sum := escpos.SumLogo(*r.Picture)
			logos[sum] = sum.Key()
		}
	}
	stream, err := escpos.Encode(page, p, escpos.Options{Logos: logos})
	if err != nil {
		t.Fatalf("%s: %v of %+v", p.Name, err, page)
	}
	for _, bad := range []string{"\x10\x04", "\x10\x05", "\x10\x14"} {
		if bytes.Contains(stream, []byte(bad)) {
			t.Fatalf("%s: % x in the stream", p.Name, bad)
		}
	}
	all := events(p, stream)
	harmless(t, p, all, len(stream))
	compare(t, p, columns, wanted(page, p, logos), read(t, p, all))
	if h := escpos.Height(page, p); h < 0 || h > 4_000_000 {
		t.Fatalf("%s: %d dots of paper", p.Name, h)
	}
}

// harmless looks for what no ticket of ours may hold.
func harmless(t testing.TB, p profile.Profile, all []escpos.Event, bytes int) {
	t.Helper()
	inForce := map[string]string{}
	for _, e := range all {
		switch {
		case e.RealTime, e.Kind == escpos.Unknown, e.Kind == escpos.Pulse, e.End > uint64(bytes):
			t.Fatalf("%s: %v, %q, byte %d of %d", p.Name, e.Kind, e.Raw, e.End, bytes)
		case e.Kind == escpos.Initialise:
			inForce = map[string]string{}
		case e.Kind == escpos.Setting:
			name, value := setting(e.Raw)
			if v, ok := inForce[name]; ok && v == value && name != "data" {
				t.Fatalf("%s: % x was in force", p.Name, e.Raw)
			}
			inForce[name] = value
		}
	}
	if len(all) == 0 || all[len(all)-1].End != uint64(bytes) {
		t.Fatalf("%s: %d bytes are not accounted for by %d events", p.Name, bytes, len(all))
	}
}

// setting splits a setting into what is set and to what. The data of a code is
// no setting.
func setting(raw []byte) (name, value string) {
	n := 2
	switch {
	case bytes.HasPrefix(raw, []byte("\x1d(k")):
		n = 7
		if raw[6] == 80 {
			return "data", ""
		}
		return string(raw[5:7]), string(raw[7:])
	case bytes.HasPrefix(raw, []byte("\x1c(C")):
		n = 6
	case bytes.HasPrefix(raw, []byte("\x1b2")), bytes.HasPrefix(raw, []byte("\x1b3")):
		return "spacing", string(raw)
	}
	return string(raw[:n]), string(raw[n:])
}

func TestRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 9))
	b := make([]byte, 400)
	for _, name := range profile.Names() {
		p := lookup(t, name)
		for range 25 {
			for i := range b {
				b[i] = byte(random.Uint32())
			}
			roundTrip(t, p, b[:random.IntN(len(b))])
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	for i := range byte(10) {
		f.Add(bytes.Repeat([]byte{i, 3, 7 * i, 2, 200, 9, i + 1, 40}, 20), i*5)
	}
	names := profile.Names()
	f.Fuzz(func(t *testing.T, b []byte, which byte) {
		if len(b) > 600 {
			return
		}
		roundTrip(t, lookup(t, names[int(which)%len(names)]), b)
	})
}
