package register

import (
	"strings"

	"mostrador/drivers/text"
)

// decode makes text of a line. What is no character becomes U+FFFD: a garbled
// name is better than a lost sale.
func (r *reader) decode(raw []byte) string {
	if r.charset == nil {
		return strings.ToValidUTF8(strings.TrimPrefix(string(raw), "\ufeff"), "\ufffd")
	}
	text, err := r.charset.NewDecoder().Bytes(raw)
	if err != nil { // a table of bytes knows no errors
		return string(raw)
	}
	return string(text)
}

// normalise brings the texts of a record into one form. It says false when
// they cannot be those of a record: a heading or a line of another kind.
func (r *reader) normalise(found map[string]string) bool {
	if r.format.has("kind") {
		kind, ok := r.kinds[found["kind"]]
		if !ok {
			return false
		}
		found["kind"] = kind
	} else {
		found["kind"] = Sale
	}
	for _, name := range []string{"receipt", "amount"} {
		if r.format.has(name) && found[name] == "" && found["kind"] != Void {
			return false
		}
	}
	return r.normaliseTimes(found) && r.normaliseNumbers(found)
}

// normaliseTimes writes the date as YYYY-MM-DD and the time as HH:MM:SS.
func (r *reader) normaliseTimes(found map[string]string) bool {
	for _, field := range []struct {
		name, out string
		in        text.Layout
	}{{"date", "2006-01-02", r.date}, {"time", "15:04:05", r.time}} {
		value, ok := found[field.name]
		if !ok {
			continue
		}
		if value, ok = field.in.Parse(value, field.out); !ok {
			return false
		}
		found[field.name] = value
	}
	return true
}

// normaliseNumbers writes numbers as plain decimals. A payment that is no
// number names the means of payment.
func (r *reader) normaliseNumbers(found map[string]string) bool {
	for _, name := range []string{"quantity", "price", "amount", "tip", "payment"} {
		value, ok := found[name]
		if !ok {
			continue
		}
		number, isNumber := text.Decimal(value, r.decimal)
		switch {
		case isNumber:
			found[name] = number
		case name != "payment":
			return false
		}
	}
	return true
}
