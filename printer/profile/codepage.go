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
	case "CP855":
		return charmap.CodePage855
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
	case "ISO8859-7":
		return charmap.ISO8859_7
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
	if c.Encoding == "CP1125" {
		return encode1125(r)
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
	if c.Encoding == "CP1125" && b >= 0x80 {
		return decode1125(b)
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
	switch { // most of them
	case r > '\u00a0' && r <= 'ɏ':
		return r != '\u00ad'
	case r >= '─' && r <= '◿':
		return true
	}
	return r > '\u00a0' && r != utf8.RuneError && unicode.IsGraphic(r) && !unicode.In(r, unicode.M, unicode.Zs)
}

// Page finds the code page that holds r. Pages are counted by their index in
// p.Pages; current is the one in force, or -1. The current page is kept when it
// holds r, else the first that does is taken. ok is false when no page holds it.
func (p *Profile) Page(r rune, current int) (page int, b byte, ok bool) {
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

// Holds reports whether the printer can write r: some page of it holds r, or
// Unicode does.
func (p *Profile) Holds(r rune) bool {
	_, _, ok := p.Page(r, -1)
	return ok || p.Unicode(r)
}

// Unicode reports whether the printer writes r when it is sent as UTF-8. Epson
// says that UTF-8 reaches every letter of the model's fonts, not which these
// are; they hold at least what the model's code pages hold. So this is only what
// Epson's pages 12 (PC853) and 30 and 31 (TCVN-3) add to the pages that
// profiles list: Vietnamese, Esperanto and Maltese.
func (p *Profile) Unicode(r rune) bool {
	return p.UTF8 && r > 0xff && unicode.Is(unicodeFonts, r)
}

// unicodeFonts are the letters of PC853, TCVN-3-1 and TCVN-3-2 beyond Latin-1.
var unicodeFonts = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x0102, Hi: 0x0103, Stride: 1}, // ă
	{Lo: 0x0108, Hi: 0x010b, Stride: 1}, // ĉ ċ
	{Lo: 0x0110, Hi: 0x0111, Stride: 1}, // đ
	{Lo: 0x011c, Hi: 0x0121, Stride: 1}, // ĝ ğ ġ
	{Lo: 0x0124, Hi: 0x0127, Stride: 1}, // ĥ ħ
	{Lo: 0x0134, Hi: 0x0135, Stride: 1}, // ĵ
	{Lo: 0x015c, Hi: 0x015d, Stride: 1}, // ŝ
	{Lo: 0x016c, Hi: 0x016d, Stride: 1}, // ŭ
	{Lo: 0x01a0, Hi: 0x01a1, Stride: 1}, // ơ
	{Lo: 0x01af, Hi: 0x01b0, Stride: 1}, // ư
	{Lo: 0x1ea0, Hi: 0x1ef9, Stride: 1}, // ạ to ỹ
}}
