package escpos_test

import (
	"strings"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

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
	case escpos.FeedDots:
		r.all = append(r.all, strip{kind: "dots", key: e.N})
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
		case "drawn":
			n = sameDrawn(w, got)
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

// sameDrawn is how many strips make a drawn line: dots fed, a picture, dots fed.
// A line without ink is a line feed.
func sameDrawn(w strip, got []strip) int {
	high, pictures := 0, 0
	for i, g := range got {
		switch {
		case i == 0 && g.kind == "line" && len(g.cells) == 0:
			return 1
		case g.kind == "dots":
			high += g.key
		case g.kind == "picture" && g.align == 0:
			high += g.picture.Height
			pictures++
		default:
			return 0
		}
		if high >= w.key {
			return (i + 1) * count(high == w.key && pictures == 1)
		}
	}
	return 0
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
