package escpos_test

import (
	"bytes"
	"strings"

	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/printer/receipt"
)

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
		switch e.below(11) {
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
		case 10:
			if p.Draws() {
				page.Rows = append(page.Rows, layout.Row{Drawn: true, Runs: e.drawnRuns(p, columns)}, layout.Row{})
			}
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

// drawnRuns are those of a line that is drawn: its letters may be two cells wide.
func (e *entropy) drawnRuns(p profile.Profile, columns int) []layout.Run {
	var runs []layout.Run
	at := 0
	for range 1 + e.below(3) {
		run := layout.Run{Column: at + e.below(6), Style: e.style(p)}
		run.Text, _ = p.Keep(e.text() + words[15+e.below(3)])
		at = run.Column
		for _, cells := range layout.Clusters(run.Text) {
			at += cells * max(run.Style.Width, 1)
		}
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
