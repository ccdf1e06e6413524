package receipt

import (
	"reflect"
	"strings"
	"unicode/utf8"
)

// A piece is a part of a line in a template: markup, or a place for data.
type piece struct {
	text string
	data located // where text is empty
}

// A shape is a line of a template that has been read as markup with its data
// left open: no data can change its columns, styles and properties any more.
type shape struct {
	pieces   []piece // the places for data only, in order
	bytes    int     // of its markup
	dots     int     // of its pictures
	settings settings
	lines    []shapedLine // one; none or more for a line of properties
}

type shapedLine struct {
	Line
	columns []shapedColumn // of a text line that holds data
	code    []string       // of a code: the texts around its data
}

type shapedColumn struct {
	align Align
	spans []shapedSpan
}

// A shapedSpan is the texts around data: one more than there are places for it.
type shapedSpan struct {
	style Style
	texts []string
}

// shapeOf reads a line whose data a mark stands for. It is nil for a line that
// must be read again each time: one with faults, whose numbers are not known yet,
// and one whose data is more than text.
func shapeOf(pieces []piece, mark rune) *shape {
	s := &shape{}
	var b strings.Builder
	for _, p := range pieces {
		if p.text == "" {
			b.WriteRune(mark)
			s.pieces = append(s.pieces, p)
			continue
		}
		b.WriteString(p.text)
		s.bytes += len(p.text)
	}
	low, high := readAlone(b.String(), lowBase()), readAlone(b.String(), highBase())
	if len(low.faults) > 0 || len(high.faults) > 0 || !sameLines(low, high) {
		return nil
	}
	var ok bool
	if s.settings.changes, ok = changesOf(low, high); !ok {
		return nil
	}
	s.dots = low.dots
	places := 0
	for _, l := range low.lines {
		s.lines = append(s.lines, openLine(l, string(mark), &places))
	}
	if places != len(s.pieces) {
		return nil
	}
	return s
}

// readAlone reads one line below the settings of a base.
func readAlone(markup string, b base) parser {
	p := newParser(roomFor(1))
	p.format, p.option = &b.Format, b.Option
	p.number++
	p.line(markup)
	return p
}

// sameLines tells that what is printed does not depend on the base, but for what
// the filler sets by itself.
func sameLines(a, b parser) bool {
	plain := func(p parser) []Line {
		lines := make([]Line, 0, 1)
		for _, l := range p.lines {
			if l.Format != p.format {
				return nil
			}
			l.Format = nil
			if l.Code != nil {
				if l.Code.Option != p.option {
					return nil
				}
				l.Code = &Code{Data: l.Code.Data}
			}
			lines = append(lines, l)
		}
		return lines
	}
	one, other := plain(a), plain(b)
	return one != nil && other != nil && reflect.DeepEqual(one, other)
}

// openLine takes the texts of a line apart at the marks, and counts them.
func openLine(l Line, mark string, places *int) shapedLine {
	open := shapedLine{Line: l}
	before := *places
	cut := func(text string) []string {
		texts := strings.Split(text, mark)
		*places += len(texts) - 1
		return texts
	}
	for _, c := range l.Columns {
		column := shapedColumn{align: c.Align}
		for _, span := range c.Spans {
			column.spans = append(column.spans, shapedSpan{style: span.Style, texts: cut(span.Text)})
		}
		open.columns = append(open.columns, column)
	}
	if *places == before {
		open.columns = nil
	}
	if l.Code != nil {
		open.code = cut(l.Code.Data)
	}
	return open
}

// add puts the line into the document, with data in its places.
func (s *shape) add(f *filler, data []string) {
	p := &f.parser
	p.number++
	p.dots += s.dots
	s.settings.apply(p)
	for i := range s.lines {
		open := &s.lines[i]
		l := open.Line
		l.Number, l.Format = p.number, p.format
		if l.Code != nil {
			l.Code = &Code{Option: p.option}
			l.Code.Data, data = f.join(open.code, data)
		}
		if open.columns != nil {
			first := len(p.cols)
			for i := range open.columns {
				data = f.column(&open.columns[i], data)
			}
			l.Columns = p.cols[first:len(p.cols):len(p.cols)]
		}
		p.lines = append(p.lines, l)
	}
}

// column adds a column with its data, and returns the data behind it.
func (f *filler) column(c *shapedColumn, data []string) []string {
	p := &f.parser
	first := len(p.spans)
	for i := range c.spans {
		var text string
		span := &c.spans[i]
		if text, data = f.join(span.texts, data); text != "" {
			p.spans = append(p.spans, Span{Text: text, Style: span.style})
		}
	}
	p.cols = append(p.cols, Column{Align: c.align, Spans: p.spans[first:len(p.spans):len(p.spans)]})
	return data
}

// join puts data between texts, and returns the data behind it. A text alone and
// data alone are not copied.
func (f *filler) join(texts, data []string) (text string, rest []string) {
	switch {
	case len(texts) == 1:
		return texts[0], data
	case len(texts) == 2 && texts[0] == "" && texts[1] == "":
		return data[0], data[1:]
	}
	start := f.texts.Len()
	f.texts.WriteString(texts[0])
	for i, t := range texts[1:] {
		f.texts.WriteString(data[i])
		f.texts.WriteString(t)
	}
	return f.texts.String()[start:], data[len(texts)-1:]
}

// shown is data as a document may hold it: line breaks and tabs are blanks, and
// what may not stand there is left out.
func shown(data string) string {
	if isShown(data) {
		return data
	}
	text := make([]byte, 0, len(data))
	for _, r := range data {
		if isBreak(r) {
			r = ' '
		}
		text = appendPrintable(text, r)
	}
	return string(text)
}

func isShown(s string) bool {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' || c == 0x7F {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || !printable(r) || isBreak(r) {
			return false
		}
		i += n
	}
	return true
}
