package scanner

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"mostrador/drivers"
)

// gs separates the elements of a GS1 code; readers send it for FNC1 (GS1
// General Specifications, 7.8.4).
const gs = '\x1d'

// read makes a record of what stood between two ends, if that is a code.
func (c *Scanner) read(raw []byte) (drivers.Record, bool) {
	text, ok := c.decode(raw)
	if !ok {
		return drivers.Record{}, false
	}
	if text, ok = strings.CutPrefix(text, c.prefix); !ok {
		return drivers.Record{}, false
	}
	if text, ok = strings.CutSuffix(text, c.suffix); !ok {
		return drivers.Record{}, false
	}
	fields := map[string]string{"kind": Scan}
	if c.aim {
		id, code, ok := cutAIM(text)
		if !ok {
			return drivers.Record{}, false
		}
		fields["aim"], fields["symbology"], text = id, Symbology(id), code
	}
	if n := utf8.RuneCountInString(text); n < c.min || n > c.max {
		return drivers.Record{}, false
	}
	fields["code"] = text
	return drivers.Record{Fields: fields, Raw: raw}, true
}

// decode makes text of a code. Half a character, a control character, or one
// that changes how others stand belongs in no code, and a code that lost a
// character is another one: there is no mending.
func (c *Scanner) decode(raw []byte) (string, bool) {
	text := string(raw)
	if c.latin {
		decoded, err := charmap.ISO8859_1.NewDecoder().Bytes(raw)
		if err != nil {
			return "", false
		}
		text = string(decoded)
	}
	if !utf8.ValidString(text) {
		return "", false
	}
	for _, r := range text {
		if r != gs && (!unicode.IsGraphic(r) || r == utf8.RuneError) {
			return "", false
		}
	}
	return text, true
}

// cutAIM takes the identifier ]cm off a code: a letter, and a digit or letter
// (ISO/IEC 15424; the makers' tables are those of the manuals named above).
func cutAIM(text string) (id, code string, ok bool) {
	if len(text) < 3 || text[0] != ']' || !isLetter(text[1]) || !isLetter(text[2]) && (text[2] < '0' || text[2] > '9') {
		return "", "", false
	}
	return text[1:3], text[3:], true
}

func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

// Symbology names what an AIM identifier (without its bracket) stands for:
// aztec, codabar, code11, code128, code39, code93, databar, datamatrix, ean,
// itf, maxicode, msi, pdf417, qr, standard-2of5, and other.
func Symbology(aim string) string {
	if aim == "" {
		return "other"
	}
	switch aim[0] {
	case 'A':
		return "code39"
	case 'C':
		return "code128"
	case 'd':
		return "datamatrix"
	case 'E':
		return "ean"
	case 'e':
		return "databar"
	case 'F':
		return "codabar"
	case 'G':
		return "code93"
	case 'H':
		return "code11"
	case 'I':
		return "itf"
	case 'L':
		return "pdf417"
	case 'M':
		return "msi"
	case 'Q':
		return "qr"
	case 'R', 'S':
		return "standard-2of5"
	case 'U':
		return "maxicode"
	case 'z':
		return "aztec"
	}
	return "other"
}
