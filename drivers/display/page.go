package display

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"mostrador/drivers"
)

// A page is a code page of the display.
type page struct {
	name   string
	number byte // Epson's, for ESC t
	table  *charmap.Charmap
}

// lookup finds a code page. The numbers are those of Epson's displays, which are
// those of its printers (DM-D110 Specification, ESC t: 0 to 5, 16 to 19).
func lookup(name string) (page, error) {
	known := []page{
		{"cp437", 0, charmap.CodePage437},
		{"cp850", 2, charmap.CodePage850},
		{"cp852", 18, charmap.CodePage852},
		{"cp858", 19, charmap.CodePage858},
		{"cp860", 3, charmap.CodePage860},
		{"cp863", 4, charmap.CodePage863},
		{"cp865", 5, charmap.CodePage865},
		{"cp866", 17, charmap.CodePage866},
		{"windows-1252", 16, charmap.Windows1252},
	}
	if name == "" {
		name = "cp850"
	}
	var names []string
	for _, p := range known {
		if strings.EqualFold(name, p.name) {
			return p, nil
		}
		names = append(names, p.name)
	}
	return page{}, fmt.Errorf("%q is not known: it is one of %s", name, strings.Join(names, ", "))
}

// fit lays a line out into row, which is blank.
func (p page) fit(row *[Columns]byte, line drivers.Line) error {
	right := p.cells(line.Right)
	if len(right) > Columns {
		return fmt.Errorf("its right side takes %d columns and the display has %d: shorten it, it is never cut", len(right), Columns)
	}
	room := Columns - len(right)
	if len(right) > 0 {
		room-- // what is cut must not touch an amount
	}
	left := p.cells(line.Left)
	copy(row[:max(room, 0)], left)
	copy(row[Columns-len(right):], right)
	return nil
}

// cells turns text into bytes, one for each column. None of them is a command:
// line ends and tabs are spaces, other control characters and those that take no
// column are nothing, and every other byte stands for a letter of the page.
func (p page) cells(text string) []byte {
	var out []byte
	for _, r := range norm.NFC.String(text) {
		switch {
		case unicode.IsSpace(r):
			out = append(out, ' ')
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.M):
		default:
			out = append(out, p.letter(r))
		}
	}
	return []byte(strings.TrimRight(string(out), " "))
}

// letter is the byte of r, or of what stands closest to it, or a question mark.
func (p page) letter(r rune) byte {
	if b, ok := p.encode(r); ok {
		return b
	}
	switch r {
	case '‘', '’':
		return '\''
	case '“', '”':
		return '"'
	case '‐', '‑', '–', '—', '−':
		return '-'
	}
	plain, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r))) // without its accent
	if b, ok := p.encode(plain); ok {
		return b
	}
	return '?'
}

// encode is the byte of r if the page has it and shows it.
func (p page) encode(r rune) (byte, bool) {
	if r < 0x80 {
		return byte(r), r > ' ' && r <= '~'
	}
	if !unicode.IsGraphic(r) {
		return 0, false
	}
	b, ok := p.table.EncodeRune(r)
	return b, ok && b >= 0x80
}
