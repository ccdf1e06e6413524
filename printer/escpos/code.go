package escpos

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"mostrador/printer/layout"
)

// symbolState is what the printer remembers of the codes before, so that it is
// not told again.
type symbolState struct {
	qrModel         bool
	qrCell, qrLevel byte
	height, width   byte
	hri             byte
}

// code prints a code row: natively where the profile says so and the symbol
// fits, else drawn, else its data as text.
func (e *encoder) code(c layout.Code, align int) {
	e.setAlign(align)
	c = sized(c)
	dots := e.dots()
	switch {
	case check(c) != nil:
	case c.Type == "qrcode" && e.p.QR:
		e.qr(c, dots)
		return
	case c.Type != "qrcode" && e.p.Barcode && e.barcode(c, dots):
		return
	default:
		r, err := Draw(c, dots)
		if err != nil {
			break
		}
		e.raster(r)
		if c.HRI && c.Type != "qrcode" {
			e.caption(c.Data)
		}
		return
	}
	e.caption(c.Data)
}

// maxCaption bounds a code's data that is printed as text, in runes.
const maxCaption = 200

// caption prints a line of plain text as it is aligned.
func (e *encoder) caption(s string) {
	runes := []rune(e.p.Fit(s))
	e.setStyle(single)
	for _, r := range string(runes[:min(len(runes), maxCaption)]) {
		e.encode(string(r))
	}
	e.out = append(e.out, lf)
}

// The bounds of codes: a QR symbol beyond maxQR bytes is too fine for a thermal
// head, and a length of 1,037 would spell a real-time command in the header of
// GS ( k.
const (
	maxQR      = 1000
	maxBarcode = 80
)

// sized fills in the sizes that a code leaves open and bounds the others.
func sized(c layout.Code) layout.Code {
	c.Type, c.Level = strings.ToLower(c.Type), strings.ToLower(c.Level)
	if c.Cell == 0 {
		c.Cell = 2
		if c.Type == "qrcode" {
			c.Cell = 3
		}
	}
	c.Cell = min(max(c.Cell, 2), 8)
	if c.Height == 0 {
		c.Height = 72
	}
	c.Height = min(max(c.Height, 8), 255)
	if !strings.Contains("lmqh", c.Level) || len(c.Level) != 1 {
		c.Level = "l"
	}
	return c
}

// check reports why a code cannot hold its data.
func check(c layout.Code) error {
	d := c.Data
	if c.Type == "qrcode" {
		if d == "" || len(d) > maxQR {
			return fmt.Errorf("a QR symbol holds 1 to %d bytes, not %d", maxQR, len(d))
		}
		control := func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }
		if !utf8.ValidString(d) || strings.ContainsFunc(d, control) {
			return fmt.Errorf("a QR symbol holds text, not %q", d)
		}
		return nil
	}
	if d == "" || len(d) > maxBarcode {
		return fmt.Errorf("a barcode holds 1 to %d characters, not %d", maxBarcode, len(d))
	}
	only := func(allowed string) bool { return strings.Trim(d, allowed) == "" }
	ok := false
	switch c.Type {
	case "code128":
		ok = !strings.ContainsFunc(d, func(r rune) bool { return r < ' ' || r > '~' })
	case "code39":
		ok = only(digits + "ABCDEFGHIJKLMNOPQRSTUVWXYZ -.$/+%")
	case "itf":
		ok = only(digits) && len(d)%2 == 0
	case "ean":
		ok = only(digits) && (len(d) == 13 || len(d) == 8) && checkDigit(d)
	case "upc":
		ok = only(digits) && len(d) == 12 && checkDigit(d)
	case "codabar":
		n := len(d) - 1
		ok = n > 1 && strings.Contains("ABCD", d[:1]) && strings.Contains("ABCD", d[n:]) && strings.Trim(d[1:n], digits+"-$:/.+") == ""
	default:
		return fmt.Errorf("code type %q is not known", c.Type)
	}
	if !ok {
		return fmt.Errorf("%s cannot hold %q", c.Type, d)
	}
	return nil
}

const digits = "0123456789"

// checkDigit verifies the last digit of an EAN or UPC.
func checkDigit(d string) bool {
	sum := 0
	for i := range len(d) {
		weight := 1
		if (len(d)-i)%2 == 0 {
			weight = 3
		}
		sum += weight * int(d[i]-'0')
	}
	return sum%10 == 0
}

// qr lets the printer draw the symbol: GS ( k, cn 49, functions 65, 67, 69, 80
// and 81. A symbol wider than the paper would not print at all, so its modules
// shrink until it fits.
func (e *encoder) qr(c layout.Code, dots int) {
	size := byte(min(c.Cell, max(dots/qrModules(len(c.Data), c.Level), 1)))
	level := byte(48 + strings.Index("lmqh", c.Level))
	if !e.symbol.qrModel {
		e.out = append(e.out, gs, '(', 'k', 4, 0, 49, 65, 50, 0)
		e.symbol.qrModel = true
	}
	if e.symbol.qrCell != size {
		e.out = append(e.out, gs, '(', 'k', 3, 0, 49, 67, size)
		e.symbol.qrCell = size
	}
	if e.symbol.qrLevel != level {
		e.out = append(e.out, gs, '(', 'k', 3, 0, 49, 69, level)
		e.symbol.qrLevel = level
	}
	n := len(c.Data) + 3
	e.out = append(e.out, gs, '(', 'k', byte(n), byte(n>>8), 49, 80, 48)
	e.out = append(e.out, c.Data...)
	e.out = append(e.out, gs, '(', 'k', 3, 0, 49, 81, 48)
}

// qrBytes are the most bytes that the versions 1, 2, … of each level hold, up
// to maxQR (ISO/IEC 18004, byte mode).
var qrBytes = map[string][]int{
	"l": {17, 32, 53, 78, 106, 134, 154, 192, 230, 271, 321, 367, 425, 458, 520, 586, 644, 718, 792, 858, 929},
	"m": {14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666, 711, 779, 857, 911, 997},
	"q": {11, 20, 32, 46, 60, 74, 86, 108, 130, 151, 177, 203, 241, 258, 292, 322, 364, 394, 442, 482, 509, 565, 611, 661, 715, 751, 805, 868, 908, 982},
	"h": {7, 14, 24, 34, 44, 58, 64, 84, 98, 119, 137, 155, 177, 194, 220, 250, 280, 310, 338, 382, 403, 439, 461, 511, 535, 593, 625, 658, 698, 742, 790, 842, 898, 958, 983},
}

// qrModules is the width of a symbol of n bytes in modules, without its quiet
// zone. Printers that pack digits tighter draw a smaller one.
func qrModules(n int, level string) int {
	version := 1
	for _, most := range qrBytes[level] {
		if n <= most {
			break
		}
		version++
	}
	return 17 + 4*version
}

// barcode lets the printer draw the symbol with GS k, function B, and reports
// whether it fits the paper. The longest data is maxBarcode bytes, so that no
// length in the header can be a control that matters.
func (e *encoder) barcode(c layout.Code, dots int) bool {
	width := min(c.Cell, 6, dots/barcodeModules(c))
	if width < 2 {
		return false
	}
	m, data := nativeBarcode(c)
	s := symbolState{height: byte(c.Height), width: byte(width), hri: 2 * bit(c.HRI)}
	if s.height != e.symbol.height {
		e.out = append(e.out, gs, 'h', s.height)
	}
	if s.width != e.symbol.width {
		e.out = append(e.out, gs, 'w', s.width)
	}
	if s.hri != e.symbol.hri {
		e.out = append(e.out, gs, 'H', s.hri)
	}
	e.symbol.height, e.symbol.width, e.symbol.hri = s.height, s.width, s.hri
	e.out = append(e.out, gs, 'k', m, byte(len(data)))
	e.out = append(e.out, data...)
	return true
}

// nativeBarcode is m of GS k and the data as it wants them.
func nativeBarcode(c layout.Code) (m byte, data string) {
	switch c.Type {
	case "upc":
		return 65, c.Data
	case "ean":
		if len(c.Data) == 8 {
			return 68, c.Data
		}
		return 67, c.Data
	case "code39":
		return 69, c.Data
	case "itf":
		return 70, c.Data
	case "codabar":
		return 71, c.Data
	}
	// Code set B only: set C would send pairs of digits as control bytes, among
	// them 10 04 for 1604.
	return 73, "{B" + strings.ReplaceAll(c.Data, "{", "{{")
}

// barcodeModules is the greatest width of a native symbol in modules, wide bars
// counted as three.
func barcodeModules(c layout.Code) int {
	n := len(c.Data)
	switch c.Type {
	case "upc":
		return 95
	case "ean":
		if n == 8 {
			return 67
		}
		return 95
	case "code39":
		return 16 * (n + 2)
	case "itf":
		return 9*n + 9
	case "codabar":
		return 14 * n
	}
	return 11*n + 35
}
