package layout

import (
	"fmt"
	"slices"
	"strings"

	"mostrador/printer/profile"
	"mostrador/printer/receipt"
)

// MaxRows is how many rows a page may have: some eight metres of paper.
const MaxRows = 2000

// Layout sets a document on a paper of a printer, such as 80mm. A row with text
// that no code page of the printer holds is drawn; where the printer draws no
// text, the profile's Fit replaces it. Text that is wider than its
// column goes on below at whatever character is the first that does not fit,
// and a character that no column of that width can hold is left out; so does
// ReceiptLine's own implementation, character by character.
//
// Where the document says {text:words}, text wraps at blanks (not at no-break
// spaces), and a word that is wider than its column is broken. A number (a word
// with a digit) is not, unless the paper is too narrow for it: its column takes
// room from those beside it, or its size gets smaller, as does text of a size
// that a column cannot hold. Then only columns of width 0 and columns beyond the
// given widths leave text out.
//
// Rules and boxes are drawn with the line characters of the printer's code
// pages, or with + - | where it has none.
func Layout(doc receipt.Document, p profile.Profile, paper string) (Page, error) {
	return new(Layouter).Layout(doc, p, paper)
}

// A Layouter lays out one document after the other in the same memory. It belongs
// to one goroutine.
type Layouter struct{ setter setter }

// Layout is the function Layout, but that the page is valid until the next call.
func (l *Layouter) Layout(doc receipt.Document, p profile.Profile, paper string) (Page, error) {
	pp, ok := p.Papers[paper]
	if !ok {
		return Page{}, fmt.Errorf("%s prints on no paper %q: use %s", p.Name, paper, papers(p))
	}
	if pp.Columns < minColumns {
		return Page{}, fmt.Errorf("%s has %d columns on %s: a ticket needs %d", p.Name, pp.Columns, paper, minColumns)
	}
	s := &l.setter
	s.reset(p, pp, len(doc.Lines))
	for i := range doc.Lines {
		if err := s.line(&doc.Lines[i]); err != nil {
			return Page{}, err
		}
		if len(s.rows) > MaxRows {
			return Page{}, fmt.Errorf("the ticket has more than %d rows on %s: shorten its texts", MaxRows, paper)
		}
	}
	s.closeBox()
	return Page{Columns: pp.Columns, Rows: s.rows}, nil
}

// minColumns is the narrowest paper that a table with lines makes sense on.
const minColumns = 8

// dotsOf is how wide a picture may be.
func dotsOf(p profile.Paper) int {
	if p.Dots > 0 {
		return p.Dots
	}
	return 12 * p.Columns
}

func papers(p profile.Profile) string {
	var names []string
	for name := range p.Papers {
		names = append(names, name)
	}
	if len(names) == 0 {
		return "another profile"
	}
	slices.Sort(names)
	return strings.Join(names, " or ")
}

// A setter sets one document, line by line.
type setter struct {
	profile profile.Profile
	columns int
	dots    int // of the paper's width
	glyphs  glyphs
	rows    []Row
	runs    []Run // rows cut theirs from it

	box   box
	cells []wrapped // the columns of the line at hand
	wrap  wrapper

	format *receipt.Format // of the last line of text
	shared int             // its columns
	table  table
}

// reset prepares for a document of a number of lines, in the memory of the last.
func (s *setter) reset(p profile.Profile, paper profile.Paper, lines int) {
	s.rows = slices.Grow(s.rows[:0], lines+lines/4+4)
	s.runs = slices.Grow(s.runs[:0], 3*lines)
	s.profile, s.columns, s.dots, s.glyphs = p, paper.Columns, dotsOf(paper), glyphsOf(p)
	s.box, s.format = box{}, nil
	s.wrap.measure = s.profile.Measure()
}

// tableOf is the table of a line of text: most lines have that of the line above.
func (s *setter) tableOf(l *receipt.Line) (table, error) {
	if l.Format == s.format && len(l.Columns) == s.shared {
		return s.table, nil
	}
	t, err := newTable(l.Format, len(l.Columns), s.columns)
	if err == nil {
		s.format, s.shared, s.table = l.Format, len(l.Columns), t
	}
	return t, err
}

func (s *setter) line(l *receipt.Line) error {
	switch l.Kind {
	case receipt.RuleLine:
		if l.Format.Border == receipt.BorderLine {
			s.box.rule = true
			return nil
		}
		s.closeBox()
		left, width := extent(l.Format, s.columns)
		s.addRule(left, width, s.glyphs.rule())
	case receipt.BoxEnd:
		s.closeBox()
	case receipt.CutLine:
		s.closeBox()
		s.rows = append(s.rows, Row{Kind: CutRow})
	case receipt.CodeLine:
		s.addCode(l)
	case receipt.ImageLine:
		s.addImage(l)
	case receipt.CommandLine:
		s.closeBox()
		s.rows = append(s.rows, Row{Kind: CommandRow, Command: l.Command})
	case receipt.TextLine:
		return s.text(l)
	}
	return nil
}

// text sets a line of columns: each wraps by itself, and the rows of the line
// are as many as the longest column needs.
func (s *setter) text(l *receipt.Line) error {
	t, err := s.tableOf(l)
	if err != nil {
		return fmt.Errorf("line %d: %w", l.Number, err)
	}
	if t.edge > 0 {
		s.openBox(t)
	} else {
		s.closeBox()
	}
	height, whole := s.columnsOf(t, l.Columns, l.Format)
	if !whole {
		height, _ = s.columnsOf(t, s.keepNumbers(&t, l), l.Format)
	}
	if len(s.rows)+height > MaxRows {
		return fmt.Errorf("line %d: the ticket has more than %d rows: shorten its texts", l.Number, MaxRows)
	}
	for row := range height {
		s.addTextRow(t, row)
	}
	return nil
}

// columnsOf wraps the columns of a line and tells how many rows they need, and
// whether all numbers stayed whole.
func (s *setter) columnsOf(t table, columns []receipt.Column, f *receipt.Format) (height int, whole bool) {
	s.wrap.reset()
	s.cells = s.cells[:0]
	height = 1
	for i := range columns {
		if i == len(t.widths) {
			break
		}
		w := s.wrap.column(&s.profile, &columns[i], t.widths[i], f)
		s.cells = append(s.cells, w)
		height = max(height, len(w.lines))
	}
	return height, !s.wrap.broken
}

// addTextRow puts the row-th wrapped line of every column side by side.
func (s *setter) addTextRow(t table, row int) {
	first := len(s.runs)
	tall, drawn := 1, false
	for i, c := range s.cells {
		if row >= len(c.lines) {
			continue
		}
		line := c.lines[row]
		x := t.start(i)
		switch free := t.widths[i] - line.cells; c.align {
		case receipt.Right:
			x += free
		case receipt.Center:
			x += (free + 1) / 2
		}
		for j, piece := range s.wrap.pieces[line.first:line.end] {
			s.runs = append(s.runs, Run{Column: x, Text: piece.text, Style: piece.style, Joined: j > 0})
			drawn = drawn || piece.drawn
			x += piece.cells
			tall = max(tall, piece.style.Height)
		}
	}
	if s.box.edges != nil {
		s.addEdges(first, tall)
	}
	if len(s.runs) == first {
		s.addFeed()
		return
	}
	s.rows = append(s.rows, Row{Runs: s.runs[first:len(s.runs):len(s.runs)], Drawn: drawn})
}

// addFeed adds an empty row, to the feed before it if there is one.
func (s *setter) addFeed() {
	if n := len(s.rows); n > 0 && s.rows[n-1].Kind == FeedRow {
		s.rows[n-1].Feed++
		return
	}
	s.rows = append(s.rows, Row{Kind: FeedRow, Feed: 1})
}

func (s *setter) addRule(left, width int, glyph string) {
	if width == 0 {
		return
	}
	first := len(s.runs)
	s.runs = append(s.runs, Run{Column: left, Text: strings.Repeat(glyph, width)})
	s.rows = append(s.rows, Row{Runs: s.runs[first:len(s.runs):len(s.runs)]})
}

// addCode places a code. A code without data, as an empty field of an order
// gives it, is left out.
func (s *setter) addCode(l *receipt.Line) {
	if l.Code.Data == "" {
		return
	}
	c := Code{
		Data: l.Code.Data, Type: l.Code.Type, Cell: l.Code.Cell, Level: l.Code.Level,
		Height: l.Code.Height, HRI: l.Code.HRI,
	}
	if c.Type != "qrcode" {
		c.Cell = l.Code.Module
	}
	s.rows = append(s.rows, Row{Kind: CodeRow, Code: c, Align: s.alignOf(l)})
}

// addImage places a picture, scaled down to the paper if it is wider.
func (s *setter) addImage(l *receipt.Line) {
	if l.Image == nil || l.Image.Width < 1 || l.Image.Height < 1 {
		return
	}
	picture := l.Image
	if picture.Width > s.dots {
		narrow := picture.Narrowed(s.dots)
		picture = &narrow
	}
	s.rows = append(s.rows, Row{Kind: PictureRow, Picture: picture, Align: s.alignOf(l)})
}

// alignOf is where a code or a picture stands.
func (s *setter) alignOf(l *receipt.Line) int {
	align := l.Align
	if left, width := extent(l.Format, s.columns); align == receipt.Center && width < s.columns {
		switch { // to where the narrow table stands
		case left+width == s.columns:
			align = receipt.Right
		case left == 0:
			align = receipt.Left
		}
	}
	return int(align)
}
