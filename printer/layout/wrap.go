package layout

import (
	"strings"
	"unicode/utf8"

	"mostrador/printer/profile"
	"mostrador/printer/receipt"
)

// A wrapper breaks the text of columns into lines. It is used again for every
// line of a document, so that its slices are.
type wrapper struct {
	marks  []mark
	pieces []piece
	lines  []wrappedLine
	broken bool // a number did not stay whole

	measure profile.Measure
}

// A mark is one character as a reader sees it.
type mark struct {
	text  string
	style Style
	cells int // on paper, the style's width included
	span  int // marks of the same span stand side by side in one string
	kind  markKind
	// before: characters that were left out stood behind it.
	before bool
	drawn  bool // some character of its text is on no page of the printer
}

type markKind uint8

const (
	letter markKind = iota
	blank
	newline
	wide // Han and its like: a line may break on both sides
)

// A piece is text of one style on one line.
type piece struct {
	text  string
	style Style
	cells int
	span  int
	drawn bool
}

// A wrappedLine is pieces first to end of the wrapper.
type wrappedLine struct{ first, end, cells int }

// wrapped is a column in lines.
type wrapped struct {
	align receipt.Align
	lines []wrappedLine
}

func (w *wrapper) reset() {
	w.pieces, w.lines, w.broken = w.pieces[:0], w.lines[:0], false
}

// column wraps a column to a width. A column that is not shown has no lines.
func (w *wrapper) column(p *profile.Profile, c *receipt.Column, width int, f *receipt.Format) wrapped {
	out := wrapped{align: c.Align}
	if width <= 0 {
		return out
	}
	first := len(w.lines)
	if !w.fits(p, c.Spans, width, f.Words) {
		w.marks = w.marks[:0]
		for i, span := range c.Spans {
			w.read(p, span, i, width, f.Words)
		}
		for start := 0; start < len(w.marks); {
			end, next := 0, 0
			if f.Words {
				end, next = w.breakLine(start, width)
			} else {
				end, next = w.fillLine(start, width)
			}
			w.addLine(start, end)
			if start = next; f.NoWrap {
				break
			}
		}
	}
	out.lines = w.lines[first:len(w.lines):len(w.lines)]
	return out
}

// fits adds the spans as one line where they need no more than that, as most
// columns do. Only text of single-cell characters is measured here.
func (w *wrapper) fits(p *profile.Profile, spans []receipt.Span, width int, words bool) bool {
	line := wrappedLine{first: len(w.pieces)}
	for i := range spans {
		span := &spans[i]
		pc := piece{text: span.Text, style: styleOf(span.Style, width, words), span: i}
		n, ok := w.measure.Cells(span.Text)
		if !ok {
			pc.text, pc.drawn = fitted(p, strings.ReplaceAll(span.Text, noBreak, " "))
			n, ok = singleCells(span.Text, pc.text)
		}
		pc.cells = n * max(pc.style.Width, 1)
		if line.cells += pc.cells; !ok || line.cells > width {
			w.pieces = w.pieces[:line.first]
			return false
		}
		if n > 0 {
			w.pieces = append(w.pieces, pc)
		}
	}
	if len(spans) > 0 {
		line.end = len(w.pieces)
		w.lines = append(w.lines, line)
	}
	return true
}

// singleCells counts the cells of fitted text whose characters are below the
// combining marks, so that each has one cell; ok is false for other text, and
// where the author breaks the line.
func singleCells(text, fitted string) (n int, ok bool) {
	if strings.IndexByte(text, '\n') >= 0 {
		return 0, false
	}
	for i := 0; i < len(fitted); i++ {
		switch c := fitted[i]; {
		case c < utf8.RuneSelf, c >= 0xC2 && c <= 0xCB:
			n++ // ASCII, and the first byte of U+0080 to U+02FF
		case c > 0xCB:
			return 0, false
		}
	}
	return n, true
}

// styleOf is a span's style in a column: of words, a size that makes a character
// wider than the column is made smaller.
func styleOf(s receipt.Style, width int, words bool) Style {
	style := Style{
		Bold: s.Bold, Underline: s.Underline, Invert: s.Invert,
		Width: int(s.Width), Height: int(s.Height),
	}
	if words && style.Width > width {
		style.Width, style.Height = width, min(style.Height, width)
	}
	return style
}

// read splits a span into marks. A no-break space is a letter that is blank.
func (w *wrapper) read(p *profile.Profile, span receipt.Span, index, width int, words bool) {
	style := styleOf(span.Style, width, words)
	for i, part := range strings.Split(span.Text, "\n") {
		if i > 0 {
			w.marks = append(w.marks, mark{kind: newline, span: index})
		}
		for j, word := range strings.Split(part, noBreak) {
			if j > 0 {
				w.marks = append(w.marks, mark{text: " ", style: style, cells: max(style.Width, 1), span: index})
			}
			w.readFitted(p, word, style, index, width, words)
		}
	}
}

// noBreak is the blank that no line breaks at, such as that of an amount.
const noBreak = "\u00a0"

// fitted makes text ready for the printer: where it draws, what no page holds
// stays and drawn tells so, else it is replaced.
func fitted(p *profile.Profile, text string) (fit string, drawn bool) {
	if p.Draws() {
		return p.Keep(text)
	}
	return p.Fit(text), false
}

// readFitted fits text and splits it. A character that is wider than
// the column is left out, or among words shown as one that is not.
func (w *wrapper) readFitted(p *profile.Profile, text string, style Style, index, width int, words bool) {
	text, drawn := fitted(p, text)
	state := -1
	for text != "" {
		m := mark{style: style, span: index, cells: 1}
		size := 1
		switch {
		case text[0] == ' ':
			m.kind, state = blank, -1
		case text[0] >= utf8.RuneSelf || len(text) > 1 && text[1] >= utf8.RuneSelf:
			var cluster string
			cluster, m.cells, state = firstCluster(text, state)
			size, m.drawn = len(cluster), drawn
			if first, _ := utf8.DecodeRuneInString(cluster); m.cells > 1 && !wideLetter(first) {
				m.kind = wide
			}
		default:
			state = -1 // it knows of what comes next only behind a cluster
		}
		m.text, text = text[:size], text[size:]
		switch m.cells *= max(style.Width, 1); {
		case m.cells <= width:
		case !words:
			if n := len(w.marks); n > 0 && w.marks[n-1].span == index {
				w.marks[n-1].before = true
			}
			continue
		default:
			m.text, m.cells, m.style.Width = "?", 1, 0
		}
		w.marks = append(w.marks, m)
	}
}

// fillLine finds the end of the line that starts at a mark, and where the next
// one starts: with the next character. A line that is full ends at once, so that
// a newline behind it makes an empty one.
func (w *wrapper) fillLine(start, width int) (end, next int) {
	cells := 0
	for i := start; i < len(w.marks); i++ {
		m := &w.marks[i]
		if m.kind == newline {
			return i, i + 1
		}
		if cells += m.cells; cells > width {
			return i, i
		}
		if cells == width {
			if m.before && i+1 < len(w.marks) && w.marks[i+1].kind == newline {
				return i + 1, i + 2 // as receiptline has it
			}
			return i + 1, i + 1
		}
	}
	return len(w.marks), len(w.marks)
}

// breakLine finds the end of the line of words that starts at a mark, and where
// the next one starts: behind the blanks or the newline that parted them.
func (w *wrapper) breakLine(start, width int) (end, next int) {
	cells, lastBreak := 0, -1
	for i := start; i < len(w.marks); i++ {
		m := &w.marks[i]
		if m.kind == newline {
			return i, i + 1
		}
		if i > start && (m.kind == wide || m.kind == blank || w.marks[i-1].kind != letter) {
			lastBreak = i
		}
		if cells += m.cells; cells <= width {
			continue
		}
		end = lastBreak
		if end < 0 || w.onlyBlanks(start, end) {
			end = i
			w.broken = w.broken || w.splitsNumber(end)
		}
		return w.trim(start, end), w.skipBlanks(end)
	}
	return len(w.marks), len(w.marks)
}

// trim leaves out the blanks at the end of a line that is broken there.
func (w *wrapper) trim(start, end int) int {
	for end > start+1 && w.marks[end-1].kind == blank {
		end--
	}
	return end
}

func (w *wrapper) skipBlanks(i int) int {
	for i < len(w.marks) && w.marks[i].kind == blank {
		i++
	}
	if i < len(w.marks) && w.marks[i].kind == newline {
		i++
	}
	return i
}

func (w *wrapper) onlyBlanks(start, end int) bool {
	for _, m := range w.marks[start:end] {
		if m.kind != blank {
			return false
		}
	}
	return true
}

// addLine joins marks to pieces.
func (w *wrapper) addLine(start, end int) {
	line := wrappedLine{first: len(w.pieces)}
	var b strings.Builder
	for i := start; i < end; {
		m := w.marks[i]
		pc := piece{style: m.style, span: m.span}
		b.Reset()
		for ; i < end && w.marks[i].span == m.span && w.marks[i].style == m.style; i++ {
			b.WriteString(w.marks[i].text)
			pc.cells += w.marks[i].cells
			pc.drawn = pc.drawn || w.marks[i].drawn
		}
		pc.text = b.String()
		line.cells += pc.cells
		w.pieces = append(w.pieces, pc)
	}
	line.end = len(w.pieces)
	w.lines = append(w.lines, line)
}
