package store

import (
	"strconv"
	"strings"
	"sync"
)

// A MoneyFormat writes amounts as FormatMinor does in one locale, some twenty
// times as fast: it learns how each currency is written from FormatMinor, once.
// It is safe for concurrent use.
type MoneyFormat struct {
	locale string
	styles sync.Map // of moneyStyle, by currency
}

// NewMoneyFormat makes the format of a locale such as es-PE.
func NewMoneyFormat(locale string) *MoneyFormat { return &MoneyFormat{locale: locale} }

// Format writes an amount in minor units of a currency.
func (f *MoneyFormat) Format(minor int64, code string) string {
	known, ok := f.styles.Load(code)
	if !ok {
		if _, known := Digits(code); !known {
			return FormatMinor(minor, code, f.locale)
		}
		known, _ = f.styles.LoadOrStore(code, learnMoney(code, f.locale))
	}
	style := known.(moneyStyle)
	if !style.learned {
		return FormatMinor(minor, code, f.locale)
	}
	return style.format(minor)
}

// A moneyStyle is how a locale writes amounts of one currency.
type moneyStyle struct {
	learned        bool
	before, after  string // a positive amount
	minus, closing string // before and after a negative one
	group, point   string
	groupFrom      int // digits before the point from which they are grouped
	digits         int // behind the point
	bare           bool
}

// learnMoney takes the style from samples. A locale that writes in another way
// (groups of two digits, other digits) gives none.
func learnMoney(code, locale string) moneyStyle {
	digits, _ := Digits(code)
	const whole = "2222222"
	fraction := strings.Repeat("3", digits)
	sample, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil {
		return moneyStyle{}
	}
	text, negative := FormatMinor(sample, code, locale), FormatMinor(-sample, code, locale)
	first, last := strings.IndexAny(text, "23"), strings.LastIndexAny(text, "23")
	if first < 0 || !strings.Contains(negative, text[first:last+1]) {
		return moneyStyle{}
	}
	number := text[first : last+1]
	s := moneyStyle{learned: true, before: text[:first], after: text[last+1:], digits: digits, groupFrom: 4, bare: isBare(code)}
	s.minus, s.closing, _ = strings.Cut(negative, number)
	s.group, _, _ = strings.Cut(number[1:], "2")
	if digits > 0 {
		s.point, _, _ = strings.Cut(number[strings.LastIndexByte(number, '2')+1:], "3")
	}
	four, err := strconv.ParseInt(whole[:4]+fraction, 10, 64)
	if err != nil {
		return moneyStyle{}
	}
	if s.format(four) != FormatMinor(four, code, locale) {
		s.groupFrom = 5
	}
	for _, minor := range []int64{sample, -sample, four, -four, 0, 1} {
		if s.format(minor) != FormatMinor(minor, code, locale) {
			return moneyStyle{}
		}
	}
	return s
}

func (s *moneyStyle) format(minor int64) string {
	before, after, magnitude := s.before, s.after, uint64(minor)
	if minor < 0 {
		before, after, magnitude = s.minus, s.closing, -magnitude
	}
	var room [24]byte
	number := strconv.AppendUint(room[:0], magnitude, 10)
	for len(number) <= s.digits {
		number = append([]byte{'0'}, number...)
	}
	whole, fraction := number[:len(number)-s.digits], number[len(number)-s.digits:]
	out := make([]byte, 0, len(before)+len(after)+len(number)+len(s.point)+6*len(s.group))
	out = append(out, before...)
	for i, digit := range whole {
		if left := len(whole) - i; i > 0 && left%3 == 0 && len(whole) >= s.groupFrom {
			out = append(out, s.group...)
		}
		out = append(out, digit)
	}
	if len(fraction) > 0 && !(s.bare && strings.Trim(string(fraction), "0") == "") {
		out = append(append(out, s.point...), fraction...)
	}
	return string(append(out, after...))
}
