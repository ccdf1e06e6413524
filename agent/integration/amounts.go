package integration

import (
	"encoding/json"
	"fmt"
	"strings"

	"mostrador/agent/order"
	"mostrador/store"
)

// Amounts reads amounts in major units without currency, exactly. An amount
// never stops an order: one that cannot be read counts as 0, one that is finer
// than the currency is rounded half up, and Flag tells of both.
type Amounts struct {
	Currency string

	unreadable, rounded []string
}

// Read returns the first of the named fields that is there, in minor units.
func (a *Amounts) Read(o Object, names ...string) (minor int64, present bool) {
	for _, name := range names {
		v := o[name]
		if v == nil || v == false {
			continue
		}
		text := scalar(v)
		if s, isText := v.(string); isText && (text == "" || strings.EqualFold(strings.TrimSpace(s), "false")) {
			continue
		}
		return a.Parse(v, name), true
	}
	return 0, false
}

// Parse returns one value in minor units; name is for the flag.
func (a *Amounts) Parse(v any, name string) int64 {
	text := scalar(v)
	if minor, err := store.ParseMinor(text, a.Currency); err == nil {
		return minor
	}
	if minor, ok := a.round(text); ok {
		a.rounded = append(a.rounded, name)
		return minor
	}
	a.unreadable = append(a.unreadable, fmt.Sprintf("%s = %s", name, words(v)))
	return 0
}

// round reads an amount with more decimals than the currency has.
func (a *Amounts) round(text string) (int64, bool) {
	digits, known := store.Digits(a.Currency)
	q, err := store.ParseQuantity(text)
	if !known || err != nil {
		return 0, false
	}
	one := int64(1)
	for range digits {
		one *= 10
	}
	minor, err := q.Times(one)
	return minor, err == nil
}

// Overflow notes an amount that was computed and does not fit.
func (a *Amounts) Overflow(name string) {
	a.unreadable = append(a.unreadable, name+" no cabe")
}

// Flag tells in the order what could not be read as it stood.
func (a *Amounts) Flag(o *store.Order) {
	if len(a.unreadable) > 0 {
		order.AddFlag(o, "amount_unreadable", "importe ilegible, cuenta como 0: "+few(a.unreadable))
	}
	if len(a.rounded) > 0 {
		order.AddFlag(o, "amount_rounded", fmt.Sprintf("importe con más decimales que %s, redondeado: %s", a.Currency, few(a.rounded)))
	}
}

func few(list []string) string {
	const most = 4
	if len(list) > most {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" y %d más", len(list)-most)
	}
	return strings.Join(list, ", ")
}

// words shows a value that was not understood, in short.
func words(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	text, _ := order.Clean(string(b), 40)
	return text
}
