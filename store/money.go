package store

import (
	"fmt"
	"strings"

	"github.com/bojanz/currency"
	"github.com/cockroachdb/apd/v3"
)

// Digits is how many decimals the minor unit of a currency has, from CLDR; ok
// is false for a currency that CLDR does not know.
func Digits(code string) (digits int, ok bool) {
	d, ok := currency.GetDigits(code)
	return int(d), ok
}

// ParseMinor reads an amount in major units, such as 12.50, exactly, into
// minor units of a currency. A finer amount than the currency has is refused.
func ParseMinor(text, code string) (int64, error) {
	digits, ok := Digits(code)
	if !ok {
		return 0, fmt.Errorf("currency %q is not known", code)
	}
	d, err := parseDecimal(text)
	if err != nil {
		return 0, fmt.Errorf("%.40q is not an amount", text)
	}
	if d.Exponent > 18 || d.Exponent < -40 || d.NumDigits() > 40 {
		return 0, fmt.Errorf("%.40q is too large an amount", text)
	}
	d.Exponent += int32(digits)
	var whole apd.Decimal
	cond, err := apd.BaseContext.WithPrecision(60).RoundToIntegralExact(&whole, d)
	if err != nil {
		return 0, fmt.Errorf("%.40q is not an amount", text)
	}
	if cond.Inexact() {
		return 0, fmt.Errorf("%.40q has more decimals than %s has (%d)", text, code, digits)
	}
	minor, err := whole.Int64()
	if err != nil {
		return 0, fmt.Errorf("%.40q is too large an amount", text)
	}
	return minor, nil
}

// FormatMinor writes an amount as people of a locale (es-PE, en, …) write it.
// Colombian pesos are written without decimals, as shops there print them,
// unless the amount has some.
func FormatMinor(minor int64, code, locale string) string {
	amount, err := currency.NewAmountFromInt64(minor, code)
	if err != nil {
		return fmt.Sprintf("%d %s", minor, code)
	}
	f := currency.NewFormatter(currency.NewLocale(locale))
	if isBare(code) && minor%100 == 0 {
		f.MinDigits = 0
	}
	// CLDR separates with no-break spaces, which no printer's code page needs.
	return strings.Map(plainSpace, f.Format(amount))
}

// isBare tells a currency whose decimals no shop prints while they are zero.
func isBare(code string) bool { return code == "COP" }

func plainSpace(r rune) rune {
	if r == '\u00a0' || r == '\u202f' {
		return ' '
	}
	return r
}
