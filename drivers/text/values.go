package text

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A token is a part of a layout: how Go's package time writes it, and which
// part of a date or time it stands for.
type token struct {
	text, layout, part string
}

// Parts are what a layout may be made of: Date's or Time's.
type Parts []token

// The tokens, longer ones before their beginnings.
var (
	// Date is made of YYYY or YY, MM or M, DD or D.
	Date = Parts{
		{"YYYY", "2006", "year"}, {"YY", "06", "year"},
		{"MM", "01", "month"}, {"M", "1", "month"},
		{"DD", "02", "day"}, {"D", "2", "day"},
	}
	// Time is made of HH or H (0 to 23), or hh or h with AM, MM, SS.
	Time = Parts{
		{"HH", "15", "hour"}, {"H", "15", "hour"},
		{"hh", "03", "hour"}, {"h", "3", "hour"}, {"AM", "PM", "half of the day"},
		{"MM", "04", "minute"}, {"SS", "05", "second"},
	}
)

// A Layout is the ways in which a device may write a date or a time, as
// layouts of Go's package time.
type Layout []string

// ParseLayout reads a layout of the configuration, such as DD/MM/YYYY or
// HH:MM[:SS]: tokens of these parts with spaces or - / . : , between them; an
// ending in brackets may be missing.
func ParseLayout(s string, tokens Parts) (Layout, error) {
	main, rest, optional := strings.Cut(s, "[")
	if optional && !strings.HasSuffix(rest, "]") {
		return nil, fmt.Errorf("%q: the bracket does not close at the end", s)
	}
	seen := map[string]string{}
	short, err := translate(main, tokens, seen)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", s, err)
	}
	if err := complete(seen, tokens); err != nil {
		return nil, fmt.Errorf("%q: %w", s, err)
	}
	if !optional {
		return Layout{short}, nil
	}
	ending, err := translate(strings.TrimSuffix(rest, "]"), tokens, seen)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", s, err)
	}
	return Layout{short + ending, short}, nil
}

// translate writes s as a layout of Go's package time, and notes the parts.
func translate(s string, tokens []token, seen map[string]string) (string, error) {
	var b strings.Builder
	before := "" // the token just before, with nothing between
	for s != "" {
		i := slices.IndexFunc(tokens, func(t token) bool { return strings.HasPrefix(s, t.text) })
		if i < 0 {
			if !strings.ContainsRune("-/.:, ", rune(s[0])) {
				return "", fmt.Errorf("%q means nothing here: use %s, and spaces or - / . : , between them", s, texts(tokens))
			}
			b.WriteByte(s[0])
			s, before = s[1:], ""
			continue
		}
		t := tokens[i]
		if len(before) == 1 {
			return "", fmt.Errorf("%s may have one digit or two: something must stand between it and %s", before, t.text)
		}
		if other, ok := seen[t.part]; ok {
			return "", fmt.Errorf("the %s is there twice, as %s and %s", t.part, other, t.text)
		}
		seen[t.part] = t.text
		b.WriteString(t.layout)
		s, before = s[len(t.text):], t.text
	}
	return b.String(), nil
}

// complete finds the parts that are missing.
func complete(seen map[string]string, tokens []token) error {
	parts := map[string]bool{}
	for _, t := range tokens {
		parts[t.part] = true
	}
	delete(parts, "second")
	delete(parts, "half of the day")
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		if seen[part] == "" {
			return fmt.Errorf("the %s is missing", part)
		}
	}
	if twelve := strings.HasPrefix(seen["hour"], "h"); twelve != (seen["half of the day"] != "") {
		return errors.New("hours hh go with AM, hours HH without")
	}
	return nil
}

// texts lists the tokens.
func texts(tokens []token) string {
	names := make([]string, len(tokens))
	for i, t := range tokens {
		names[i] = t.text
	}
	return strings.Join(names, ", ")
}

// Parse reads a date or time and writes it in the form out, a layout of Go's
// package time.
func (l Layout) Parse(s, out string) (string, bool) {
	for _, layout := range l {
		t, err := time.Parse(layout, strings.ToUpper(s))
		if err != nil {
			continue
		}
		if short := !strings.Contains(layout, "2006"); short && t.Year() >= 1969 && t.Year() < 2000 {
			t = t.AddDate(100, 0, 0) // package time reads 69 to 99 as years of the last century
		}
		return t.Format(out), true
	}
	return "", false
}

// Decimal writes a number as digits with at most one "." and a leading
// "-": mark is the decimal mark, the other one and spaces may group thousands,
// and the sign may stand at either end.
func Decimal(s string, mark byte) (string, bool) {
	negative := false
	switch {
	case strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+"):
		negative, s = s[0] == '-', s[1:]
	case strings.HasSuffix(s, "-") || strings.HasSuffix(s, "+"):
		negative, s = s[len(s)-1] == '-', s[:len(s)-1]
	}
	whole, fraction, hasMark := strings.Cut(strings.TrimSpace(s), string(mark))
	whole, ok := ungroup(whole, mark)
	if !ok || !digits(fraction) || whole+fraction == "" || hasMark && fraction == "" {
		return "", false
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	out := whole
	if hasMark {
		out += "." + fraction
	}
	if negative && strings.Trim(out, "0.") != "" {
		out = "-" + out
	}
	return out, true
}

// ungroup takes the marks between thousands out of a whole number.
func ungroup(s string, decimal byte) (string, bool) {
	group := ","
	if decimal == ',' {
		group = "."
	}
	for _, sep := range []string{group, " "} {
		parts := strings.Split(s, sep)
		if len(parts) == 1 {
			continue
		}
		for i, part := range parts {
			if !digits(part) || len(part) > 3 || part == "" || i > 0 && len(part) != 3 {
				return "", false
			}
		}
		return strings.Join(parts, ""), true
	}
	return s, digits(s)
}

// digits says whether s has nothing but the digits 0 to 9.
func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }
