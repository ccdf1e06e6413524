package tap

import (
	"fmt"
	"strings"
	"unicode"

	"mostrador/printer/escpos"
)

// A line is one line of a paper.
type line struct {
	text string
	edge int // dots from the left to where the last letter ends
	// picture: dots stand here that nobody reads.
	picture bool
	// code: text tells what a barcode or a QR code holds; nobody reads that here.
	code bool
}

// The bounds of a paper. What is past them is not read, and nor is the paper.
const (
	maxLines = 2000
	maxCells = 400
)

// A page puts what a stream prints into lines of text, each column where it is on
// paper.
type page struct {
	lines []line
	odd   string

	cells   []rune
	picture bool
	// Dots from the left: where the head is, where the last text ends, and where
	// what can be seen of it does.
	at, end, edge int
}

// The width of a character in dots: font A has 12 on every printer, font B 9.
const (
	widthA = 12
	widthB = 9
)

// blank says whether nothing stands on the page.
func (p *page) blank() bool {
	for _, l := range p.lines {
		if l.picture || strings.TrimSpace(l.text) != "" {
			return false
		}
	}
	return !p.picture && strings.TrimSpace(string(p.cells)) == ""
}

// print does what an event does to the page.
func (p *page) print(e escpos.Event) {
	switch e.Kind {
	case escpos.Text:
		p.text(e)
	case escpos.LineFeed:
		p.feed()
	case escpos.FeedLines, escpos.FeedDots:
		p.endLine()
	case escpos.Position:
		if e.Relative {
			e.N += p.at
		}
		p.at = max(e.N, 0)
	case escpos.Tab:
		p.tab(e.Raw)
	case escpos.Picture:
		p.picture = true
		if !e.Inline {
			p.endLine()
		}
	case escpos.Code:
		p.endLine()
		p.add(line{text: visible(fmt.Sprintf("[%s: %s]", e.Code.Type, e.Code.Data)), code: true})
	case escpos.Initialise, escpos.Clear:
		p.clear()
	case escpos.Setting:
		p.setting(e.Raw)
	}
}

// setting notes what makes the order of lines another than that of the stream.
func (p *page) setting(raw []byte) {
	if len(raw) < 2 || raw[0] != 0x1b {
		return
	}
	switch on := len(raw) > 2 && raw[2]&1 == 1; {
	case raw[1] == 'L':
		p.mark("está en modo de página, cuyas líneas no vienen en orden")
	case raw[1] == '{' && on:
		p.mark("está impreso de cabeza, de abajo arriba")
	case raw[1] == 'V' && on:
		p.mark("está impreso de lado")
	}
}

func (p *page) mark(odd string) {
	if p.odd == "" {
		p.odd = odd
	}
}

// text writes into the line. Letters of double width stand without gaps, and
// blanks follow for the rest of their cells.
func (p *page) text(e escpos.Event) {
	width := widthA
	if e.Font == 1 {
		width = widthB
	}
	column := p.at / width
	if p.at >= p.end { // to the right of all that stands there
		column = max(column, len(p.cells))
		if p.at > p.end && p.end > 0 {
			column = max(column, len(p.cells)+1)
		}
	}
	runes := []rune(e.Text)
	step := max(e.Style.Width, 1)
	for i, r := range runes {
		p.put(column+i, r)
	}
	p.pad(column + len(runes)*step)
	if seen := len([]rune(strings.TrimRight(e.Text, " "))); seen > 0 {
		p.edge = max(p.edge, p.at+seen*width*step)
	}
	p.at += len(runes) * width * step
	p.end = max(p.end, p.at)
}

func (p *page) put(column int, r rune) {
	if column >= maxCells {
		p.mark("tiene una línea demasiado larga")
		return
	}
	p.pad(column + 1)
	if p.cells[column] != ' ' && r != ' ' && p.cells[column] != r {
		p.mark("tiene texto encima de otro")
	}
	if r != ' ' {
		p.cells[column] = r
	}
}

// pad lengthens the line with blanks.
func (p *page) pad(cells int) {
	for len(p.cells) < min(cells, maxCells) {
		p.cells = append(p.cells, ' ')
	}
}

// tab moves to the next stop; without stops there is one every eight columns.
func (p *page) tab(stops []byte) {
	column := p.at / widthA
	if len(stops) == 0 {
		p.at = (column/8 + 1) * 8 * widthA
		return
	}
	for _, stop := range stops {
		if int(stop) > column {
			p.at = int(stop) * widthA
			return
		}
	}
}

// feed ends the line, also one with nothing on it.
func (p *page) feed() {
	p.add(line{text: visible(string(p.cells)), picture: p.picture, edge: p.edge})
	p.clear()
}

// clear begins a line anew.
func (p *page) clear() { p.cells, p.picture, p.at, p.end, p.edge = nil, false, 0, 0, 0 }

// endLine ends a line that has something on it.
func (p *page) endLine() {
	if len(p.cells) > 0 || p.picture {
		p.feed()
	}
	p.at, p.end = 0, 0
}

func (p *page) add(l line) {
	if len(p.lines) >= maxLines {
		p.mark(fmt.Sprintf("tiene más de %d líneas", maxLines))
		return
	}
	if empty := l.text == "" && !l.picture; empty && (len(p.lines) == 0 || p.lines[len(p.lines)-1] == l) {
		return // one empty line is as good as many
	}
	p.lines = append(p.lines, l)
}

// visible leaves out what is no character, and the blanks at the end.
func visible(s string) string {
	return strings.TrimRightFunc(strings.Map(func(r rune) rune {
		switch {
		case r == '\u00a0':
			return ' '
		case !unicode.IsPrint(r) && r != '\ufffd', unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s), unicode.IsSpace)
}

// textOf is a paper as lines of text.
func textOf(lines []line) string {
	var b strings.Builder
	for _, l := range lines {
		if l.picture {
			b.WriteString(strings.TrimLeft(l.text+" [imagen]", " "))
		} else {
			b.WriteString(l.text)
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}
