// Package register reads the journal that a POS register sends over a line:
// one record of text a line, with the format given in the configuration.
//
// The driver knows neither money nor the shop: it finds the fields of each
// record, brings their texts into one form (dates, times, decimals, kinds), and
// hands them on in the order in which they came.
package register

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"mostrador/drivers"
	"mostrador/drivers/text"
)

// The kinds of a record, in the field "kind" of a drivers.Record.
const (
	// Item is one line of a receipt: a product, its quantity and amount.
	Item = "item"
	// Payment is how much was paid by one means, which "name" holds.
	Payment = "payment"
	// Total ends a receipt with its sum.
	Total = "total"
	// Void takes an item back, or with neither plu nor name the whole receipt.
	Void = "void"
	// Sale is a whole sale; it is the kind of every record of a format that
	// names no kind.
	Sale = "sale"
)

// Settings describe a register in the words of the configuration. What is left
// empty has the default named with it.
type Settings struct {
	// Format is where the fields stand in a line; see Parse. It is required,
	// unless there are Lines.
	Format string
	// Lines are the kinds of lines of a journal that takes several for one
	// receipt; see ParseLines.
	Lines []string
	// Encoding is the name of the line's characters: utf-8 (the default),
	// cp437, cp850, cp852, cp858, cp866, windows-1250, windows-1251,
	// windows-1252, iso-8859-1 or iso-8859-15.
	Encoding string
	// Kinds says which value of the field kind means item, payment, total,
	// void or day; by default these words themselves.
	Kinds map[string]string
	// Date and Time are the layouts of the fields date and time: YYYY or YY,
	// MM or M, DD or D; HH or H (0 to 23), or hh or h with AM, MM, SS; an
	// ending in brackets may be missing. By default YYYY-MM-DD and
	// HH:MM[:SS].
	Date, Time string
	// Decimal is the decimal mark, "." (the default) or ","; the other one and
	// spaces may stand between thousands.
	Decimal string
	// Ack and Nak are what the register expects after a record, once that is
	// durable, and after a line that is none: bytes in hex, such as 06 and 15.
	// By default nothing is sent.
	Ack, Nak string
}

// Or returns s with what it leaves empty taken from profile.
func (s Settings) Or(profile Settings) Settings {
	if s.Format == "" && s.Lines == nil { // one layout takes the place of the other
		s.Format, s.Lines = profile.Format, slices.Clone(profile.Lines)
	}
	for _, field := range []struct{ own, other *string }{
		{&s.Encoding, &profile.Encoding},
		{&s.Date, &profile.Date}, {&s.Time, &profile.Time}, {&s.Decimal, &profile.Decimal},
		{&s.Ack, &profile.Ack}, {&s.Nak, &profile.Nak},
	} {
		if *field.own == "" {
			*field.own = *field.other
		}
	}
	if s.Kinds == nil {
		s.Kinds = maps.Clone(profile.Kinds)
	}
	return s
}

// New returns the driver of a register. Its error joins every fault of the
// settings, each beginning with the key that it is about.
func New(s Settings) (drivers.Device, error) {
	s = s.Or(Settings{Encoding: "utf-8", Date: "YYYY-MM-DD", Time: "HH:MM[:SS]", Decimal: "."})
	var faults []error
	fault := func(key string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", key, err))
		}
	}
	r := &reader{kinds: s.Kinds}
	var err error
	switch {
	case len(s.Lines) == 0:
		r.format, err = Parse(s.Format)
		fault("format", err)
	case s.Format != "":
		fault("lines", errors.New("there is a format as well: write one of the two"))
	default:
		r.lines, err = parseLines(s.Lines)
		fault("lines", err)
	}
	r.charset, err = charset(s.Encoding)
	fault("encoding", err)
	fault("kinds", r.checkKinds())
	r.date, err = text.ParseLayout(s.Date, text.Date)
	fault("date", err)
	r.time, err = text.ParseLayout(s.Time, text.Time)
	fault("time", err)
	if s.Decimal != "." && s.Decimal != "," {
		fault("decimal", fmt.Errorf(`%q: the decimal mark is "." or ","`, s.Decimal))
	} else {
		r.decimal = s.Decimal[0]
	}
	r.ack, err = answer(s.Ack)
	fault("ack", err)
	r.nak, err = answer(s.Nak)
	fault("nak", err)
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return r, nil
}

// checkKinds fills in the default and finds kinds that do not exist.
func (r *reader) checkKinds() error {
	known := []string{Item, Payment, Total, Void, Day}
	if r.kinds == nil {
		r.kinds = map[string]string{}
		for _, kind := range known {
			r.kinds[kind] = kind
		}
	}
	for _, value := range slices.Sorted(maps.Keys(r.kinds)) {
		if kind := r.kinds[value]; !slices.Contains(known, kind) {
			return fmt.Errorf("%q means %q: a record is %s", value, kind, strings.Join(known, ", "))
		}
	}
	return nil
}

// maxAnswer bounds what is sent after each record, in bytes.
const maxAnswer = 16

// answer reads bytes in hex; spaces between them are allowed.
func answer(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		return nil, fmt.Errorf("%q: write bytes in hex, such as 06", s)
	}
	if len(b) > maxAnswer {
		return nil, fmt.Errorf("%d bytes: at most %d can be sent", len(b), maxAnswer)
	}
	return b, nil
}

// charset returns how to decode a line; nil stands for UTF-8.
func charset(name string) (encoding.Encoding, error) {
	known := map[string]encoding.Encoding{
		"utf-8":        nil,
		"cp437":        charmap.CodePage437,
		"cp850":        charmap.CodePage850,
		"cp852":        charmap.CodePage852,
		"cp858":        charmap.CodePage858,
		"cp866":        charmap.CodePage866,
		"windows-1250": charmap.Windows1250,
		"windows-1251": charmap.Windows1251,
		"windows-1252": charmap.Windows1252,
		"iso-8859-1":   charmap.ISO8859_1,
		"iso-8859-15":  charmap.ISO8859_15,
	}
	found, ok := known[strings.ToLower(name)]
	if !ok {
		return nil, fmt.Errorf("%q is not known: it is one of %s", name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	return found, nil
}
