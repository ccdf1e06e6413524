package profile

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// charmap returns the table of an encoding, nil for one that is not known. The
// tables are the Unicode consortium's, as golang.org/x/text has them.
func (c CodePage) charmap() *charmap.Charmap {
	switch c.Encoding {
	case "CP437":
		return charmap.CodePage437
	case "CP850":
		return charmap.CodePage850
	case "CP852":
		return charmap.CodePage852
	case "CP858":
		return charmap.CodePage858
	case "CP866":
		return charmap.CodePage866
	case "WPC1250":
		return charmap.Windows1250
	case "WPC1251":
		return charmap.Windows1251
	case "WPC1252":
		return charmap.Windows1252
	case "WPC1253":
		return charmap.Windows1253
	case "WPC1254":
		return charmap.Windows1254
	case "WPC1257":
		return charmap.Windows1257
	}
	return nil
}

// Encode returns the byte that prints r on this page. It holds only runes that
// leave ink and stand in a cell of their own: no control, no format character,
// no combining mark, no space but the common one.
func (c CodePage) Encode(r rune) (byte, bool) {
	if r >= ' ' && r <= '~' {
		return byte(r), true
	}
	table := c.charmap()
	if table == nil || !stands(r) {
		return 0, false
	}
	return table.EncodeRune(r)
}

// Decode returns what b prints on this page, U+FFFD for a byte that prints
// nothing known.
func (c CodePage) Decode(b byte) rune {
	if b >= ' ' && b <= '~' {
		return rune(b)
	}
	table := c.charmap()
	if table == nil || b < 0x80 {
		return utf8.RuneError
	}
	r := table.DecodeByte(b)
	if r == '\u00a0' {
		return ' '
	}
	if !stands(r) {
		return utf8.RuneError
	}
	return r
}

// stands reports whether a rune beyond ASCII stands in a cell of its own.
func stands(r rune) bool {
	return r > '\u00a0' && r != utf8.RuneError && unicode.IsGraphic(r) && !unicode.In(r, unicode.M, unicode.Zs)
}

// Page finds the code page that holds r. Pages are counted by their index in
// p.Pages; current is the one in force, or -1. The current page is kept when it
// holds r, else the first that does is taken. ok is false when no page holds it.
func (p Profile) Page(r rune, current int) (page int, b byte, ok bool) {
	if current >= 0 && current < len(p.Pages) {
		if b, ok := p.Pages[current].Encode(r); ok {
			return current, b, true
		}
	}
	for i, c := range p.Pages {
		if i == current {
			continue
		}
		if b, ok := c.Encode(r); ok {
			return i, b, true
		}
	}
	return current, 0, false
}

// Holds reports whether some page of the printer holds r.
func (p Profile) Holds(r rune) bool {
	_, _, ok := p.Page(r, -1)
	return ok
}
