package store

import (
	"fmt"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// A Quantity is an exact decimal, such as 2 or 0.350. As JSON it is a string.
// The zero value is 0.
type Quantity struct{ d apd.Decimal }

// maxQuantityDigits bounds what a hostile payload can make us carry.
const maxQuantityDigits = 30

// ParseQuantity reads decimal text exactly; exponents beyond ±30 are refused.
func ParseQuantity(text string) (Quantity, error) {
	d, _, err := apd.NewFromString(strings.TrimSpace(text))
	if err != nil || d.Form != apd.Finite {
		return Quantity{}, fmt.Errorf("%q is not a quantity", text)
	}
	if d.NumDigits() > maxQuantityDigits || d.Exponent > maxQuantityDigits || d.Exponent < -maxQuantityDigits {
		return Quantity{}, fmt.Errorf("%q is too long a quantity", text)
	}
	return Quantity{*d}, nil
}

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
	// 2 × 30 digits fit; the context cannot round.
	_, _ = apd.BaseContext.WithPrecision(2*maxQuantityDigits+4).Mul(&out, &q.d, &o.d)
	return Quantity{out}
}

// Sub returns q − o, exactly.
func (q Quantity) Sub(o Quantity) Quantity {
	var out apd.Decimal
	_, _ = apd.BaseContext.WithPrecision(4*maxQuantityDigits).Sub(&out, &q.d, &o.d)
	return Quantity{out}
}

// Times returns minor × q in minor units, rounded half up: what q of something
// cost that costs minor each. It fails when the product does not fit.
func (q Quantity) Times(minor int64) (int64, error) {
	ctx := apd.BaseContext.WithPrecision(2 * maxQuantityDigits)
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

// UnmarshalText is ParseQuantity.
func (q *Quantity) UnmarshalText(text []byte) error {
	parsed, err := ParseQuantity(string(text))
	if err != nil {
		return err
	}
	*q = parsed
	return nil
}
