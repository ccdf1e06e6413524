package virtual

import (
	"unicode/utf8"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

// sheet is the paper under the print head, and the line that waits for its
// line feed.
type sheet struct {
	paper    profile.Paper
	noCutter bool
	tear     int // lines of a feed that bring a ticket to the tear bar

	rows  []row
	drawn int    // bytes of the pictures in rows
	fed   uint64 // dots of paper that were used
	line  []span
	x     int // dots
	align int
}

// A row is one strip of paper, as high as it was fed.
type row struct {
	height int
	lines  int // empty lines that were fed, when nothing stands in the row
	spans  []span
	// picture stands at x, label tells what it is.
	picture escpos.Raster
	x       int
	label   string
	code    *layout.Code
}

// A span is a piece of a line: text of one style, or a picture.
type span struct {
	x       int // dots from the left
	text    string
	style   layout.Style
	font    int
	picture escpos.Raster
}

// The cells of font A and B in dots, and the space between lines when nothing
// else is set.
const (
	cellWidth, cellHeight = 12, 24
	fontBWidth            = 9
	fontBHeight           = 17
	lineSpacing           = 30
)

// The bounds of a paper that is never cut: past them its roll is at its end.
// Pieces of a line beyond maxSpans are not printed.
const (
	maxRows  = 20000
	maxDrawn = 4 << 20
	maxSpans = 512
)

func newSheet(p profile.Profile, paper profile.Paper) sheet {
	if paper.Dots == 0 {
		paper = profile.Paper{Columns: 48, Dots: 576}
	}
	return sheet{paper: paper, noCutter: p.Cut == profile.CutNone, tear: max(p.Tear, 4)}
}

func (s *span) cell() (width, height int) {
	if s.font != 0 {
		return fontBWidth * s.style.Width, fontBHeight * s.style.Height
	}
	return cellWidth * s.style.Width, cellHeight * s.style.Height
}

// width of a span in dots.
func (s *span) width() int {
	if s.picture.Bits != nil {
		return s.picture.Width
	}
	w, _ := s.cell()
	return w * utf8.RuneCountInString(s.text)
}

// print does what an event does to the paper and reports whether it is off.
func (s *sheet) print(e escpos.Event) (off bool) {
	switch e.Kind {
	case escpos.Text:
		s.text(e)
	case escpos.Position:
		if e.Relative {
			e.N += s.x
		}
		s.x = max(e.N, 0)
	case escpos.Tab:
		s.tab(e.Raw)
	case escpos.LineFeed:
		s.feedLine(e.Spacing)
	case escpos.FeedLines:
		s.feedLines(e.N, e.Spacing)
		return s.noCutter && e.N >= s.tear
	case escpos.FeedDots:
		s.feedDots(e.N)
	case escpos.Code:
		s.code(e)
	case escpos.Picture:
		s.pictureEvent(e)
	case escpos.Logo:
		s.endLine()
		s.add(row{height: 3 * lineSpacing, label: logoLabel(e.N)})
	case escpos.Cut:
		s.endLine()
		return !s.noCutter
	case escpos.Initialise, escpos.Clear:
		s.forgetLine()
	}
	return len(s.rows) >= maxRows || s.drawn >= maxDrawn
}

// text writes into the line and breaks it where the paper ends.
func (s *sheet) text(e escpos.Event) {
	s.align = e.Align
	piece := span{x: s.x, style: e.Style, font: e.Font}
	w, _ := piece.cell()
	from := 0
	for i := range e.Text {
		if s.x+w > s.paper.Dots && s.x > 0 {
			piece.text = e.Text[from:i]
			s.put(piece)
			s.feedLine(lineSpacing)
			piece.x, from = 0, i
		}
		s.x += w
	}
	piece.text = e.Text[from:]
	s.put(piece)
}

func (s *sheet) put(p span) {
	if p.text != "" && len(s.line) < maxSpans {
		s.line = append(s.line, p)
	}
}

// tab moves to the next stop; without stops there is one every eight cells.
func (s *sheet) tab(stops []byte) {
	column := s.x / cellWidth
	if len(stops) == 0 {
		s.x = (column/8 + 1) * 8 * cellWidth
		return
	}
	for _, stop := range stops {
		if int(stop) > column {
			s.x = int(stop) * cellWidth
			return
		}
	}
}

// feedLine prints the line that waits and feeds by the spacing or by the
// tallest character, whichever is more.
func (s *sheet) feedLine(spacing int) {
	r := row{height: spacing, lines: 1, spans: s.aligned()}
	for i := range r.spans {
		_, h := r.spans[i].cell()
		r.height = max(r.height, h, r.spans[i].picture.Height)
	}
	s.add(r)
}

// feedLines prints the line that waits, which is the first of n, and feeds the
// others.
func (s *sheet) feedLines(n, spacing int) {
	if len(s.line) > 0 {
		s.feedLine(spacing)
		n--
	}
	if s.x = 0; n > 0 {
		s.add(row{height: n * spacing, lines: n})
	}
}

// endLine prints the line that waits, if there is one.
func (s *sheet) endLine() {
	if len(s.line) > 0 {
		s.feedLine(lineSpacing)
	}
	s.x = 0
}

func (s *sheet) feedDots(n int) {
	if len(s.line) > 0 {
		s.feedLine(n)
		return
	}
	s.add(row{height: n, lines: n / lineSpacing})
}

// aligned takes the line that waits, moved to where it is aligned.
func (s *sheet) aligned() []span {
	line := s.line
	s.line, s.x = nil, 0
	if len(line) == 0 || s.align == 0 {
		return line
	}
	last := &line[len(line)-1]
	free := max(s.paper.Dots-last.x-last.width(), 0)
	for i := range line {
		line[i].x += free * s.align / 2
	}
	return line
}

// code prints a symbol. One that cannot be drawn leaves its name.
func (s *sheet) code(e escpos.Event) {
	s.endLine()
	c := e.Code
	r := row{label: codeLabel(c), code: &c, height: lineSpacing}
	if picture, err := escpos.Draw(c, s.paper.Dots); err == nil {
		r.picture, r.height = picture, picture.Height
		s.drawn += len(picture.Bits)
		r.x = s.place(picture.Width, e.Align)
	}
	s.add(r)
	if c.HRI && r.picture.Bits != nil {
		text := span{text: c.Data, style: layout.Style{Width: 1, Height: 1}}
		text.x = max(r.x+(r.picture.Width-text.width())/2, 0)
		s.add(row{height: lineSpacing, spans: []span{text}})
	}
}

// pictureEvent prints a picture, or puts it into the line. Bands that follow
// each other make one picture.
func (s *sheet) pictureEvent(e escpos.Event) {
	p := e.Raster
	if p.Bits == nil {
		return
	}
	s.drawn += len(p.Bits)
	if e.Inline {
		s.align = e.Align
		if len(s.line) < maxSpans {
			s.line = append(s.line, span{x: s.x, picture: p, style: layout.Style{Width: 1, Height: 1}})
		}
		s.x += p.Width
		return
	}
	s.endLine()
	x := s.place(p.Width, e.Align)
	if n := len(s.rows); n > 0 {
		last := &s.rows[n-1]
		if last.picture.Bits != nil && last.code == nil && last.x == x && last.picture.Width == p.Width {
			last.picture.Bits = append(last.picture.Bits, p.Bits...)
			last.picture.Height += p.Height
			last.height += p.Height
			s.fed += uint64(p.Height)
			last.label = pictureLabel(last.picture)
			return
		}
	}
	s.add(row{height: p.Height, picture: p.Clone(), x: x, label: pictureLabel(p)})
}

// place is where something of a width begins.
func (s *sheet) place(width, align int) int { return max(s.paper.Dots-width, 0) * align / 2 }

func (s *sheet) add(r row) {
	s.rows = append(s.rows, r)
	s.fed += uint64(max(r.height, 0))
}

// forgetLine loses the line that waits.
func (s *sheet) forgetLine() { s.line, s.x = nil, 0 }

// take hands the paper over; a new one begins.
func (s *sheet) take() Paper {
	p := Paper{paper: s.paper, rows: s.rows, ragged: s.noCutter}
	s.rows, s.drawn = nil, 0
	return p
}

// look shows the paper as it is.
func (s *sheet) look() Paper {
	rows := append([]row(nil), s.rows...)
	if n := len(rows); n > 0 {
		rows[n-1].picture = rows[n-1].picture.Clone()
	}
	return Paper{paper: s.paper, rows: rows, ragged: true}
}
