package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// A Quantity is an exact decimal, such as 2 or 0.350. As JSON it is a string.
// The zero value is 0.
type Quantity struct{ d apd.Decimal }

// What a quantity may have of digits, before and after the decimal point
// together: from outside, and as a product of such that was kept.
const (
	maxQuantityDigits = 30
	maxKeptDigits     = 200
)

// ParseQuantity reads decimal text exactly. A number that takes more than 30
// digits, written without an exponent, is refused.
func ParseQuantity(text string) (Quantity, error) { return parseQuantity(text, maxQuantityDigits) }

func parseQuantity(text string, digits int64) (Quantity, error) {
	d, err := parseDecimal(text)
	if err != nil {
		return Quantity{}, fmt.Errorf("%.40q is not a quantity", text)
	}
	if d.NumDigits()+max(int64(d.Exponent), 0) > digits || int64(d.Exponent) < -digits {
		return Quantity{}, fmt.Errorf("%.40q is too long a quantity", text)
	}
	return Quantity{*d}, nil
}

// maxDecimalText bounds the text of a number before it is read, since reading
// takes time that grows with its square.
const maxDecimalText = 2 * maxKeptDigits

func parseDecimal(text string) (*apd.Decimal, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxDecimalText {
		return nil, errNumber
	}
	d, _, err := apd.NewFromString(text)
	if err != nil || d.Form != apd.Finite {
		return nil, errNumber
	}
	return d, nil
}

var errNumber = errors.New("not a number")

// Units is a quantity of n whole units.
func Units(n int64) Quantity { return Quantity{*apd.New(n, 0)} }

// String is the plain decimal text, without an exponent.
func (q Quantity) String() string { return q.d.Text('f') }

// Sign is -1, 0 or 1.
func (q Quantity) Sign() int { return q.d.Sign() }

// Equal reports whether both are the same number, however they were written.
func (q Quantity) Equal(o Quantity) bool { return q.d.Cmp(&o.d) == 0 }

// Mul returns q × o, exactly.
func (q Quantity) Mul(o Quantity) Quantity {
	var out apd.Decimal
	// A product has no more digits than its factors together: nothing is rounded.
	_, _ = apd.BaseContext.WithPrecision(uint32(q.d.NumDigits()+o.d.NumDigits())).Mul(&out, &q.d, &o.d)
	return Quantity{out}
}

// Sub returns q − o, exactly.
func (q Quantity) Sub(o Quantity) Quantity {
	var out apd.Decimal
	_, _ = apd.BaseContext.WithPrecision(2*maxKeptDigits+2).Sub(&out, &q.d, &o.d)
	return Quantity{out}
}

// Times returns minor × q in minor units, rounded half up: what q of something
// cost that costs minor each. It fails when the product does not fit.
func (q Quantity) Times(minor int64) (int64, error) {
	ctx := apd.BaseContext.WithPrecision(2 * maxKeptDigits)
	ctx.Rounding = apd.RoundHalfUp
	var out apd.Decimal
	if _, err := ctx.Mul(&out, &q.d, apd.New(minor, 0)); err != nil {
		return 0, err
	}
	if _, err := ctx.RoundToIntegralValue(&out, &out); err != nil {
		return 0, err
	}
	n, err := out.Int64()
	if err != nil {
		return 0, fmt.Errorf("%d × %s is too large an amount", minor, q)
	}
	return n, nil
}

// AppendText appends String; as JSON a quantity is a string.
func (q Quantity) AppendText(b []byte) ([]byte, error) { return q.d.Append(b, 'f'), nil }

// MarshalText is String.
func (q Quantity) MarshalText() ([]byte, error) { return q.AppendText(nil) }

// UnmarshalText reads what MarshalText wrote, also when the quantity is a product
// and has more digits than ParseQuantity takes.
func (q *Quantity) UnmarshalText(text []byte) error {
	parsed, err := parseQuantity(string(text), maxKeptDigits)
	if err != nil {
		return err
	}
	*q = parsed
	return nil
}
