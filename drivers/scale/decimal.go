package scale

import (
	"strconv"
	"strings"
)

// maxDigits is how many digits a weight may have: more than any scale shows, and
// few enough that two of them can be compared in 64 bits.
const maxDigits = 8

// A decimal is digits ÷ 10^places, exactly: 1.250 is 1250 and 3.
type decimal struct {
	digits int64
	places int
}

// parseDecimal reads digits with at most one point between them, after at most
// one sign.
func parseDecimal(s string) (decimal, bool) {
	plain, negative := strings.CutPrefix(s, "-")
	if !negative {
		plain, _ = strings.CutPrefix(plain, "+")
	}
	whole, fraction, pointed := strings.Cut(plain, ".")
	if whole == "" || pointed && fraction == "" || len(whole)+len(fraction) > maxDigits {
		return decimal{}, false
	}
	for _, b := range []byte(whole + fraction) {
		if b < '0' || b > '9' {
			return decimal{}, false
		}
	}
	digits, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil {
		return decimal{}, false
	}
	if negative {
		digits = -digits
	}
	return decimal{digits, len(fraction)}, true
}

// String is the plain decimal text with all its places: they tell the scale's
// division.
func (d decimal) String() string {
	text := strconv.FormatInt(max(d.digits, -d.digits), 10)
	if missing := d.places + 1 - len(text); missing > 0 {
		text = strings.Repeat("0", missing) + text
	}
	if d.places > 0 {
		text = text[:len(text)-d.places] + "." + text[len(text)-d.places:]
	}
	if d.digits < 0 {
		text = "-" + text
	}
	return text
}

// within says whether d is at most bound, whatever its sign.
func (d decimal) within(bound decimal) bool {
	digits, most := max(d.digits, -d.digits), bound.digits
	for places := d.places; places < bound.places; places++ {
		digits *= 10
	}
	for places := bound.places; places < d.places; places++ {
		most *= 10
	}
	return digits <= most
}
