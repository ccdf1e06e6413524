package receipt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxSource is the longest markup that Parse reads, in bytes. A ticket of 2,000
// rows of 48 cells stays well under it.
const MaxSource = 1 << 20

// maxFaults is how many faults of one document are reported.
const maxFaults = 20

// A SyntaxError is one fault of a document.
type SyntaxError struct {
	Line    int    // number of the line in the markup, from 1
	Problem string // what is wrong
	Mend    string // what would be right
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d: %s: %s", e.Line, e.Problem, e.Mend)
}

// Parse reads ReceiptLine markup. It reports every fault, up to twenty, as
// joined *SyntaxError values; the document is empty then. Any string is safe to
// parse. Of the language one property is refused: command, which would hand raw bytes
// to the printer (NewTrustedTemplate).
func Parse(src string) (Document, error) {
	if len(src) > MaxSource {
		return Document{}, fmt.Errorf("the document has %d bytes: shorten it to %d", len(src), MaxSource)
	}
	src = strings.TrimSuffix(plainBreaks(src), "\n") // ends the last line and begins no other
	p := newParser(roomFor(strings.Count(src, "\n") + 1))
	for more := true; more && len(p.faults) < maxFaults; {
		var line string
		line, src, more = strings.Cut(src, "\n")
		p.number++
		p.line(line)
	}
	return p.document()
}

// plainBreaks makes every line break a \n, and drops the mark that some editors
// put before a text.
func plainBreaks(src string) string {
	src = strings.TrimPrefix(src, "\ufeff")
	if strings.IndexByte(src, '\r') < 0 {
		return src
	}
	return strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\r", "\n")
}

// A parser holds what carries over from line to line. Columns and spans are cut
// from two slices, because a ticket has hundreds of them.
type parser struct {
	number int
	format *Format
	option Option
	lines  []Line
	cols   []Column
	spans  []Span
	text   []byte // of the span that is being read
	faults []error

	trusted bool // the installer wrote it: it may command the printer
	data    bool // the line has data in it
	leftOut int  // pictures of data
	dots    int  // of all pictures
}

// A room is how much a document needs.
type room struct{ lines, columns, spans int }

// roomFor markup of a number of lines, more or less.
func roomFor(lines int) *room { return &room{lines, 2 * lines, 3 * lines} }

// mostRoom bounds what is made ready for a document before it is known.
const mostRoom = 512

// grown is the room that is enough for what has been read, too.
func (r *room) grown(p *parser) *room {
	n := room{min(max(r.lines, len(p.lines)), mostRoom), min(max(r.columns, len(p.cols)), mostRoom), min(max(r.spans, len(p.spans)), mostRoom)}
	if n == *r {
		return r
	}
	grown := n
	return &grown
}

func newParser(r *room) parser { return parser{}.anew(r, firstFormat()) }

// firstFormat is in force above the first line.
func firstFormat() *Format { return &Format{Align: Center} }

// anew is a parser before its first line, in the memory of this one.
func (p parser) anew(r *room, first *Format) parser {
	return parser{
		format: first,
		option: defaultOption(),
		lines:  slices.Grow(p.lines[:0], r.lines),
		cols:   slices.Grow(p.cols[:0], r.columns),
		spans:  slices.Grow(p.spans[:0], r.spans),
		text:   p.text[:0],
	}
}

// document is what has been read, or the faults.
func (p *parser) document() (Document, error) {
	if len(p.faults) > 0 {
		return Document{}, errors.Join(p.faults...)
	}
	return Document{Lines: p.lines, LeftOut: p.leftOut}, nil
}

func (p *parser) fault(problem, mend string) {
	p.faults = append(p.faults, &SyntaxError{Line: p.number, Problem: problem, Mend: mend})
}

func (p *parser) line(s string) {
	s = trimBlanks(s)
	rest, leftPipe := strings.CutPrefix(s, "|")
	rightPipe := endsInPipe(rest)
	if rightPipe {
		rest = rest[:len(rest)-1]
	}
	end := indexPipe(rest)
	if end < 0 {
		p.single(newCell(rest, leftPipe, rightPipe))
		return
	}
	first := len(p.cols)
	for left := leftPipe; ; left = true {
		right := end >= 0 || rightPipe
		raw := rest
		if end >= 0 {
			raw, rest = rest[:end], rest[end+1:]
		}
		c := newCell(raw, left, right)
		p.cols = append(p.cols, Column{Align: c.align, Spans: p.readText(c.text)})
		if end < 0 {
			break
		}
		end = indexPipe(rest)
	}
	p.add(Line{Kind: TextLine, Columns: p.cols[first:len(p.cols):len(p.cols)]})
}

// single reads a line of one column: the only place of rules, cuts and
// properties.
func (p *parser) single(c cell) {
	switch {
	case isOnly(c.text, '-'):
		p.add(Line{Kind: RuleLine})
	case isOnly(c.text, '='):
		p.add(Line{Kind: CutLine})
	case strings.HasPrefix(c.text, "{"):
		p.properties(c)
	default:
		first := len(p.cols)
		p.cols = append(p.cols, Column{Align: c.align, Spans: p.readText(c.text)})
		p.add(Line{Kind: TextLine, Columns: p.cols[first : first+1 : first+1]})
	}
}

func (p *parser) add(l Line) {
	l.Number, l.Format = p.number, p.format
	p.lines = append(p.lines, l)
}

// A cell is a column as written, trimmed, with the alignment that the pipes and
// blanks around it give it.
type cell struct {
	text  string
	align Align
}

// newCell applies the language's magnet: a pipe beside the text pulls it, a
// pipe that keeps a blank's distance pushes it away.
func newCell(raw string, leftPipe, rightPipe bool) cell {
	trimmed := trimBlanks(raw)
	leftGap := raw != "" && isBlank(raw[0])
	rightGap := trimmed != "" && isBlank(raw[len(raw)-1])
	pull := 0 // to the right
	if leftPipe {
		pull += sign(leftGap)
	}
	if rightPipe {
		pull -= sign(rightGap)
	}
	align := Center
	if pull < 0 {
		align = Left
	} else if pull > 0 {
		align = Right
	}
	return cell{text: trimmed, align: align}
}

func sign(b bool) int {
	if b {
		return 1
	}
	return -1
}

// isBlank tells the white space of the language.
func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func trimBlanks(s string) string {
	for s != "" && isBlank(s[0]) {
		s = s[1:]
	}
	for s != "" && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// isOnly tells a line of one character alone.
func isOnly(s string, c byte) bool {
	for i := 0; i < len(s); i++ {
		if s[i] != c {
			return false
		}
	}
	return s != ""
}

// indexPipe is the place of the first pipe that no backslash stands before, or -1.
func indexPipe(s string) int {
	if strings.IndexByte(s, '\\') < 0 {
		return strings.IndexByte(s, '|')
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '|':
			return i
		}
	}
	return -1
}

func endsInPipe(s string) bool {
	if !strings.HasSuffix(s, "|") {
		return false
	}
	body := s[:len(s)-1]
	backslashes := len(body) - len(strings.TrimRight(body, `\`))
	return backslashes%2 == 0
}
