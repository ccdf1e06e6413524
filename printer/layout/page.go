// Package layout turns a document and a profile into a page: rows of cells
// that one printer on one paper can hold. It is pure: the same document and
// profile give the same page, and the page is what text, PNG and bytes are all
// made from.
package layout

import "mostrador/printer/receipt"

// A Page is a laid-out ticket, from top to bottom.
type Page struct {
	// Columns is how many font A cells stand side by side on the paper.
	Columns int
	Rows    []Row
}

// A Row is one line of text, a code, a feed or a cut. Kind tells which of the
// fields count.
type Row struct {
	Kind RowKind
	// Runs of a text row, in the order of their columns, not overlapping.
	Runs []Run
	// Code of a code row.
	Code Code
	// Align of a code row: 0 left, 1 centre, 2 right. Text rows are aligned by
	// their columns.
	Align int
	// Feed is a number of empty lines.
	Feed int
	// Drawn: some rune of a text row is on no page of the printer, so the row
	// goes to paper as a picture of itself. Its runs hold the text as written.
	Drawn bool
	// Picture of a picture row, aligned as Align says.
	Picture *receipt.Image
	// Command of a command row: bytes that the installer wrote for the printer. What
	// they set they must set back.
	Command []byte
}

// RowKind says what a row is.
type RowKind int

// The kinds of rows.
const (
	TextRow RowKind = iota
	CodeRow
	FeedRow
	CutRow
	PictureRow
	CommandRow
)

// A Run is text of one style. Every rune in it is one that the profile's code
// pages hold, but in a drawn row: layout has replaced the others before it
// measured.
type Run struct {
	// Column is the first cell, from 0, in cells of font A at single width.
	Column int
	Text   string
	Style  Style
	// Joined: the run goes on with the text of the one before it, in another
	// style. Text from right to left is set across both.
	Joined bool
}

// Style is how a run looks. The zero value is plain text at single size.
type Style struct {
	Bold, Underline, Invert bool
	// Width and Height multiply the cell, 1 to 8; 0 means 1.
	Width, Height int
}

// A Code is a QR symbol or a barcode.
type Code struct {
	Data string
	// Type is qrcode, code128, code39, itf, ean (13 or 8), upc, codabar: the names of
	// the markup language.
	Type string
	// Cell is the width of a module in dots, 2 to 8.
	Cell int
	// Level is the QR error correction: l, m, q or h.
	Level string
	// Height of a barcode in dots.
	Height int
	// HRI prints the data below a barcode.
	HRI bool
}
