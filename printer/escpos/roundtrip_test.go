package escpos_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/printer/receipt"
)

// decode(encode(page)) = page: what a printer of the profile reads out of the
// bytes is what stands on the page. Both are told as strips of paper, and two
// strips are equal when
//
//   - lines have the same letters in the same cells with the same style, where a
//     blank without ink is nothing, a letter that the model has not is a question
//     mark, and white on black is bold where it is not known;
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
	kind    string // line, code, picture, logo, cut
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
			all = append(all, wantedLine(r.Runs, p))
		case layout.FeedRow:
			for range r.Feed {
				all = append(all, strip{kind: "line"})
			}
		case layout.CodeRow:
			all = append(all, strip{kind: "code", code: r.Code, align: r.Align})
		case layout.PictureRow:
			s := strip{kind: "picture", align: r.Align, picture: escpos.Raster(*r.Picture)}
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

// A reader makes strips of events.
type reader struct {
	t       testing.TB
	p       profile.Profile
	all     []strip
	line    strip
	x       int // dots
	columns bool
}

func read(t testing.TB, p profile.Profile, all []escpos.Event) []strip {
	r := reader{t: t, p: p, line: strip{kind: "line", cells: map[int]glyph{}}}
	for _, e := range all {
		r.event(e)
	}
	if len(r.line.cells) > 0 || r.x > 0 {
		t.Errorf("a line is left that was never fed")
	}
	return r.all
}

func (r *reader) event(e escpos.Event) {
	switch e.Kind {
	case escpos.Text:
		r.line.align = e.Align
		for _, c := range e.Text {
			if g, ok := ink(c, e.Style, r.p); ok {
				r.line.cells[r.x/12] = g
			}
			r.x += 12 * e.Style.Width
		}
	case escpos.Position:
		if e.N%12 != 0 || e.Relative || e.N < r.x {
			r.t.Errorf("position %d after %d", e.N, r.x)
		}
		r.x = e.N
	case escpos.LineFeed:
		r.feed()
	case escpos.FeedLines:
		if r.p.Cut == profile.CutNone {
			r.all = append(r.all, strip{kind: "cut"})
			return
		}
		for range e.N {
			r.feed()
		}
	case escpos.Code:
		r.all = append(r.all, strip{kind: "code", code: e.Code, align: e.Align})
	case escpos.Picture:
		r.picture(e)
	case escpos.Logo:
		r.all = append(r.all, strip{kind: "logo", key: e.N, align: e.Align})
	case escpos.Cut:
		if e.Partial != (r.p.Cut == profile.CutFeedPartial) || e.Advance != (r.p.Cut != profile.CutHere) {
			r.t.Errorf("a cut of %s: %+v", r.p.Cut, e)
		}
		r.all = append(r.all, strip{kind: "cut"})
	}
}

// picture joins the bands of one picture. Those of ESC * are lines.
func (r *reader) picture(e escpos.Event) {
	r.columns = e.Inline
	if n := len(r.all); n > 0 {
		last := &r.all[n-1]
		if last.kind == "picture" && last.align == e.Align && last.picture.Width == e.Raster.Width {
			last.picture.Bits = append(last.picture.Bits, e.Raster.Bits...)
			last.picture.Height += e.Raster.Height
			return
		}
	}
	r.all = append(r.all, strip{kind: "picture", align: e.Align, picture: e.Raster.Clone()})
}

func (r *reader) feed() {
	if r.columns {
		r.columns = false
		return
	}
	r.all = append(r.all, r.line)
	r.line, r.x = strip{kind: "line", cells: map[int]glyph{}}, 0
}

// compare takes strips off got as the wanted ones are found in it.
func compare(t testing.TB, p profile.Profile, columns int, want, got []strip) {
	t.Helper()
	for i, w := range want {
		n := 0
		switch w.kind {
		case "code":
			n = sameCode(p, columns, w, got)
		case "picture":
			n = samePicture(p, columns, w, got)
		default:
			if len(got) > 0 && got[0].kind == w.kind && sameCells(w.cells, got[0].cells) && w.key == got[0].key && w.align == got[0].align {
				n = 1
			}
		}
		if n == 0 {
			t.Fatalf("%s, strip %d: want %+v\ngot %+v", p.Name, i, w, got[:min(2, len(got))])
		}
		got = got[n:]
	}
	if len(got) > 0 {
		t.Fatalf("%s: %d strips more: %+v", p.Name, len(got), got[0])
	}
}

func sameCells(a, b map[int]glyph) bool {
	if len(a) != len(b) {
		return false
	}
	for at, g := range a {
		if b[at] != g {
			return false
		}
	}
	return true
}

// sameCode is how many strips are the code, 0 when none is.
func sameCode(p profile.Profile, columns int, w strip, got []strip) int {
	if len(got) == 0 {
		return 0
	}
	native := p.Barcode
	if strings.EqualFold(w.code.Type, "qrcode") {
		native = p.QR
	}
	dots := columns * 12
	if p.Graphics == profile.GraphicsColumns {
		dots = columns * 5
	}
	drawn, err := escpos.Draw(w.code, dots)
	g := got[0]
	switch {
	case g.kind == "code" && native:
		a, b := w.code, g.code
		qr := b.Type == "qrcode"
		same := strings.EqualFold(a.Type, b.Type) && a.Data == b.Data && g.align == w.align && b.Cell >= 1 && b.Cell <= max(min(a.Cell, 8), 3) &&
			(!qr || b.Level == level(a.Level)) && (qr || a.HRI == b.HRI && b.Height == height(a.Height))
		return count(same)
	case g.kind == "picture" && err == nil:
		n := samePicture(p, columns, strip{picture: drawn, align: w.align}, got)
		if n == 1 && w.code.HRI && !strings.EqualFold(w.code.Type, "qrcode") {
			if len(got) < 2 || !sameCells(wantedLine([]layout.Run{{Text: p.Fit(w.code.Data)}}, p).cells, got[1].cells) {
				return 0
			}
			n = 2
		}
		return n
	case g.kind == "line" && err != nil:
		text := []rune(p.Fit(w.code.Data))
		line := wantedLine([]layout.Run{{Text: string(text[:min(len(text), 200)])}, {}}, p)
		return count(sameCells(line.cells, g.cells) && (len(g.cells) == 0 || g.align == w.align))
	}
	return 0
}

func count(ok bool) int {
	if ok {
		return 1
	}
	return 0
}

func level(l string) string {
	if l = strings.ToLower(l); len(l) == 1 && strings.Contains("lmqh", l) {
		return l
	}
	return "l"
}

func height(h int) int {
	if h == 0 {
		return 72
	}
	return min(max(h, 8), 255)
}

// samePicture is 1 when the first strip is the picture.
func samePicture(p profile.Profile, columns int, w strip, got []strip) int {
	if len(got) == 0 || got[0].kind != "picture" || got[0].align != w.align {
		return 0
	}
	g := got[0].picture
	if p.Graphics == profile.GraphicsColumns {
		return count(sameCoarse(w.picture, g, columns*5))
	}
	if g.Width != (w.picture.Width+7)/8*8 || g.Height != w.picture.Height || len(g.Bits) != w.picture.Stride()*g.Height {
		return 0
	}
	for i := range g.Bits {
		if w.picture.Bits[i]&^g.Bits[i] != 0 || g.Bits[i]&^w.picture.Bits[i]&^0x08 != 0 {
			return 0
		}
	}
	return 1
}

// sameCoarse compares a picture with what ESC * printed of it: every dot twice
// across and three times down, in bands of eight. One that is too wide was
// shrunk: then only its size is compared.
func sameCoarse(w, g escpos.Raster, dots int) bool {
	if g.Width != 2*min(w.Width, dots) {
		return false
	}
	if w.Width > dots {
		return g.Height >= 3*(w.Height*dots/w.Width)
	}
	extra := 0
	for y := range g.Height {
		for x := range g.Width {
			want, got := w.Black(x/2, y/3), g.Black(x, y)
			if want && !got {
				return false
			}
			if got && !want {
				extra++
			}
		}
	}
	return g.Height == (w.Height+7)/8*24 && extra <= 6*(w.Width*w.Height/2+1)
}

// An entropy is where a random page comes from: bytes of a fuzzer, then zeros.
type entropy struct{ b []byte }

// below is a number from 0 to n-1.
func (e *entropy) below(n int) int {
	if len(e.b) == 0 {
		return 0
	}
	v := int(e.b[0])
	e.b = e.b[1:]
	if n > 256 && len(e.b) > 0 {
		v = v<<8 | int(e.b[0])
		e.b = e.b[1:]
	}
	return v % n
}

var words = []string{
	"Ñandú", " ", "      ", "12,50", "café “au lait”", "────────", "Борщ", "ґанок їжа", "Γύρος", "Łódź", "ğış", "€", "Phở bò tái", "a", "TOTAL",
	"漢字", "شاي", "🍕", "\x1bp\x00", "\x10\x04\x01", "?", "~", "x\u0301", "½ ©", "|#", "ŝ", "\u00a0", "ёЁ", "№ 5", "\n\t",
}

func (e *entropy) text() string {
	var b strings.Builder
	for range e.below(5) {
		b.WriteString(words[e.below(len(words))])
	}
	return b.String()
}

func (e *entropy) style(p profile.Profile) layout.Style {
	bits, size := e.below(8), 9
	if e.below(3) > 0 {
		size = 2
	}
	if p.Letters == profile.LettersDouble {
		size = 3
	}
	return layout.Style{Bold: bits&1 != 0, Underline: bits&2 != 0, Invert: bits&4 != 0, Width: e.below(size), Height: e.below(size)}
}

// page makes any page that its columns can hold. A line stands between what is
// drawn, so that one picture can be told from the next.
func (e *entropy) page(p profile.Profile, columns int) layout.Page {
	page := layout.Page{Columns: columns}
	for len(e.b) > 0 && len(page.Rows) < 40 {
		switch e.below(10) {
		default:
			page.Rows = append(page.Rows, layout.Row{Runs: e.runs(p, columns)})
		case 6:
			page.Rows = append(page.Rows, layout.Row{Kind: layout.FeedRow, Feed: 1 + e.below(300)})
		case 7:
			page.Rows = append(page.Rows, layout.Row{Kind: layout.CodeRow, Align: e.below(3), Code: e.code()}, layout.Row{})
		case 8:
			page.Rows = append(page.Rows, layout.Row{Kind: layout.PictureRow, Align: e.below(3), Picture: e.picture(columns)}, layout.Row{})
		case 9:
			page.Rows = append(page.Rows, layout.Row{Kind: layout.CutRow})
		}
	}
	return page
}

func (e *entropy) runs(p profile.Profile, columns int) []layout.Run {
	var runs []layout.Run
	at := 0
	for range e.below(4) {
		run := layout.Run{Column: at + e.below(12), Text: e.text(), Style: e.style(p)}
		if e.below(4) > 0 {
			run.Text = p.Fit(run.Text)
		}
		room := max(columns-run.Column, 0) / max(run.Style.Width, 1)
		text := []rune(run.Text)
		run.Text = string(text[:min(len(text), room)])
		at = run.Column + len([]rune(run.Text))*max(run.Style.Width, 1)
		if at > columns {
			break
		}
		runs = append(runs, run)
	}
	return runs
}

func (e *entropy) code() layout.Code {
	types := []string{"qrcode", "QRcode", "code128", "ean", "upc", "code39", "itf", "codabar", "rune"}
	data := []string{
		"https://example.com/48213", "48213", "4006381333931", "96385074", "036000291452", "ABC-123", "160416051620", "A123-45B", "ñandú €", "{B{{", "",
		strings.Repeat("x", 1+e.below(300)), "a\x10\x04b", strings.Repeat("0", 2*(1+e.below(30))),
	}
	return layout.Code{
		Type: types[e.below(len(types))], Data: data[e.below(len(data))], Cell: e.below(10), Level: []string{"", "l", "M", "q", "h", "z"}[e.below(6)],
		Height: e.below(300), HRI: e.below(2) == 1,
	}
}

// picture is of any size; its dots often spell commands.
func (e *entropy) picture(columns int) *receipt.Image {
	wide, high := 1+e.below(columns*12), 1+e.below(130)
	pattern := [][]byte{{0x10, 0x04}, {0x10, 0x05, 0x10, 0x14}, {0xff}, {0x00, 0x10}, {0x1d, 0x56, 0x00}, {byte(e.below(256)), byte(e.below(256))}}[e.below(6)]
	size := (wide + 7) / 8 * high
	return &receipt.Image{Width: wide, Height: high, Bits: bytes.Repeat(pattern, size/len(pattern)+1)[:size]}
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
