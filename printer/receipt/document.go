// Package receipt holds the document that a ticket is before it meets a
// printer, the markup language that it is written in, and the templates that
// fill markup with data.
//
// The markup is ReceiptLine, a public specification of the Open Foodservice
// System Consortium (https://github.com/receiptline/receiptline): one line of
// markup is one line of the ticket, columns are separated by |, a line of - is
// a rule, a line of = cuts the paper, and {…} sets properties. A document
// knows no paper width and no printer; layout gives it both.
package receipt

// A Document is a ticket as lines of typed parts.
type Document struct {
	Lines []Line
	// LeftOut is how many pictures that came as data could not be read.
	LeftOut int
}

// A Line is one line of markup that prints. Lines that only set properties are
// not kept: what they set is in the Format of the lines below them.
type Line struct {
	Kind LineKind
	// Number is the line's number in the markup, from 1.
	Number int
	// Columns of a text line, at least one.
	Columns []Column
	// Code of a code line, Image of an image line (nil on others), and where it
	// stands in the line.
	Code  *Code
	Image *Image
	// Command of a command line: raw bytes for the printer. Only trusted markup has
	// such lines.
	Command []byte
	Align   Align
	// Format in force for this line. Lines share it: it is never written to.
	Format *Format
}

// LineKind says what a line is.
type LineKind uint8

// The kinds of lines.
const (
	TextLine LineKind = iota
	RuleLine
	CutLine
	CodeLine
	ImageLine
	CommandLine
	// BoxEnd prints nothing itself: a box of border:line that is open ends there,
	// because a property has set another border.
	BoxEnd
)

// A Column is one cell of a line's table.
type Column struct {
	Align Align
	// Spans in reading order; an empty column has none.
	Spans []Span
}

// A Span is text of one style. A newline in it is a break that the author asked
// for (\n); it holds no other control character.
type Span struct {
	Text  string
	Style Style
}

// Style is how a span looks. The zero value is plain text of single size.
type Style struct {
	Bold, Underline, Invert bool
	// Width and Height multiply the character cell, 1 to 6; 0 means 1.
	Width, Height uint8
}

// Align is where something stands between left and right.
type Align uint8

// The alignments.
const (
	Left Align = iota
	Center
	Right
)

// Border is what stands between and around columns.
type Border uint8

// The borders.
const (
	BorderSpace Border = iota // one empty cell between columns
	BorderLine                // lines between and around them
	BorderNone                // nothing
	BorderWide                // two empty cells between columns
)

// Star is the width of a column that shares what the fixed columns leave.
const Star = -1

// A Format is what property lines have set for the lines below them.
type Format struct {
	// Widths of the columns in cells, Star for a shared width, 0 for a column
	// that is not shown. Nil: every column of a line has the same width.
	Widths []int
	Border Border
	// Align places a table that is narrower than the paper.
	Align Align
	// NoWrap cuts text off at the column's edge instead of wrapping it.
	NoWrap bool
	// Words wraps text at blanks and keeps numbers whole; without it a line ends
	// at whatever character is the last one that fits. An extension of ours.
	Words bool
}

// A Code is a QR symbol or a barcode.
type Code struct {
	// Data to encode: printable text and newlines.
	Data string
	Option
}

// An Image is a picture of black dots on white, ready for paper.
type Image struct {
	// Width and Height in dots.
	Width, Height int
	// Bits by rows from the top, each row filled up to whole bytes, the most
	// significant bit leftmost, 1 black.
	Bits []byte
	// Shades: its dots stand for shades, as those of a photograph.
	Shades bool
}

// Option is how codes look. Ranges and defaults are ReceiptLine's.
type Option struct {
	// Type is qrcode, upc, ean, code39, itf, codabar, code93 or code128.
	Type string
	// Module is the width of a barcode's narrowest bar in dots, 2 to 4; Height
	// of a barcode in dots, 24 to 240; HRI prints the data below it.
	Module, Height int
	HRI            bool
	// Cell is a QR module's side in dots, 3 to 8; Level its error correction:
	// l, m, q or h.
	Cell  int
	Level string
}

func defaultOption() Option {
	return Option{Type: "code128", Module: 2, Height: 72, Cell: 3, Level: "l"}
}
