package order

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"mostrador/store"
)

// Tidy makes the texts of an order fit to be shown and printed: no control or
// bidi characters, one line each, at most MaxText runes, composed accents. It
// adds a flag for each oddity that needs one. Amounts are never changed. Doing
// it twice changes nothing.
func Tidy(o *store.Order) {
	t := tidier{}
	if o.Lines == nil {
		o.Lines = []store.Line{} // a list in JSON, also when it is empty
	}
	for _, s := range []*string{
		&o.Key.ChannelID, &o.Transaction, &o.PointOfSale, &o.Observations, &o.Number, &o.Origin, &o.StatusRaw,
		&o.Table, &o.Coupon, &o.Courier, &o.CourierURL, &o.Invoice.Kind, &o.Invoice.Number,
		&o.Invoice.BuyerTaxID, &o.Invoice.Code, &o.Customer.Name, &o.Customer.Phone, &o.Customer.Email,
		&o.Payment.Method, &o.Payment.CardLast4,
	} {
		t.text(s)
	}
	if a := o.Address; a != nil {
		for _, s := range []*string{&a.Street, &a.Secondary, &a.Comment, &a.Lat, &a.Lng} {
			t.text(s)
		}
	}
	for i := range o.Lines {
		t.line(&o.Lines[i])
	}
	for i := range o.Flags {
		t.text(&o.Flags[i].Code)
		t.text(&o.Flags[i].Text)
	}
	if t.shortened > 0 {
		AddFlag(o, "shortened", fmt.Sprintf("%d textos demasiado largos se acortaron", t.shortened))
	}
	if t.negative != "" {
		AddFlag(o, "negative_price", "precio negativo: "+t.negative)
	}
	if t.odd != "" {
		AddFlag(o, "odd_quantity", "cantidad extraña: "+t.odd)
	}
}

// AddFlag adds a flag unless the order has one of that code.
func AddFlag(o *store.Order, code, text string) {
	if !HasFlag(o, code) {
		o.Flags = append(o.Flags, store.Flag{Code: code, Text: text})
	}
}

// HasFlag reports whether the order has a flag of that code.
func HasFlag(o *store.Order, code string) bool {
	return slices.ContainsFunc(o.Flags, func(f store.Flag) bool { return f.Code == code })
}

type tidier struct {
	shortened     int
	negative, odd string // the first name with one
}

func (t *tidier) text(s *string) {
	clean, short := Clean(*s, MaxText)
	if short {
		t.shortened++
	}
	*s = clean
}

func (t *tidier) line(l *store.Line) {
	for _, s := range []*string{&l.ID, &l.ExternalID, &l.ProductID, &l.Name, &l.Category, &l.Note} {
		t.text(s)
	}
	if t.negative == "" && (l.Unit < 0 || l.Total < 0) {
		t.negative = l.Name
	}
	if t.odd == "" && l.Quantity.Sign() <= 0 {
		t.odd = l.Quantity.String() + " × " + l.Name
	}
	t.modifiers(l.Modifiers)
}

func (t *tidier) modifiers(ms []store.Modifier) {
	for i := range ms {
		m := &ms[i]
		for _, s := range []*string{&m.ID, &m.ExternalID, &m.Group, &m.Name} {
			t.text(s)
		}
		if t.negative == "" && m.Price < 0 {
			t.negative = m.Name
		}
		t.modifiers(m.Modifiers)
	}
}

// Clean returns s as one line of text that can do nothing but be read: without
// control and format characters (bidi marks among them; the joiners that
// scripts and emoji need stay), white space collapsed, accents composed, and
// at most limit runes long. shortened tells that it was longer.
func Clean(s string, limit int) (clean string, shortened bool) {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = norm.NFC.String(strings.Map(readable, s))
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= limit {
		return s, false
	}
	runes := []rune(s)
	return strings.TrimSpace(string(runes[:limit-1])) + "…", true
}

// readable maps what breaks a line to a space and drops what is not seen.
func readable(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case r == '\u200c' || r == '\u200d': // zero-width joiners
		return r
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Cs, r):
		return -1
	}
	return r
}
