package store

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func TestFormatMinor(t *testing.T) {
	for _, c := range []struct {
		minor        int64
		code, locale string
		want         string
	}{
		{123456, "PEN", "es-PE", "S/ 1,234.56"},
		{5, "PEN", "es-PE", "S/ 0.05"},
		{-123456, "PEN", "es-PE", "-S/ 1,234.56"},
		{0, "PEN", "es-PE", "S/ 0.00"},
		{12990, "CLP", "es-CL", "$12.990"},
		{1234567, "CLP", "es-CL", "$1.234.567"},
		{2590000, "COP", "es-CO", "$ 25.900"},
		{2590050, "COP", "es-CO", "$ 25.900,50"},
		{123456, "MXN", "es-MX", "$1,234.56"},
		{123456, "EUR", "it", "1234,56 €"},
		{1234567, "EUR", "it", "12.345,67 €"},
		{123456, "UAH", "uk", "1 234,56 ₴"},
		{123456, "USD", "en", "$1,234.56"},
		{math.MinInt64, "USD", "en", "-$92,233,720,368,547,758.08"},
		{100, "nope", "es-PE", "100 nope"},
	} {
		if got := FormatMinor(c.minor, c.code, c.locale); got != c.want {
			t.Errorf("%d %s for %s is %q, want %q", c.minor, c.code, c.locale, got, c.want)
		}
	}
}

func TestDigits(t *testing.T) {
	for code, want := range map[string]int{"PEN": 2, "CLP": 0, "COP": 2, "MXN": 2, "EUR": 2, "UAH": 2, "JPY": 0, "KWD": 3} {
		if got, ok := Digits(code); !ok || got != want {
			t.Errorf("%s has %d digits, %v; want %d", code, got, ok, want)
		}
	}
	for _, code := range []string{"", "pen", "XXXX", "S/"} {
		if _, ok := Digits(code); ok {
			t.Errorf("%q is known", code)
		}
	}
}

func TestParseMinor(t *testing.T) {
	for _, c := range []struct {
		text, code string
		want       int64
		ok         bool
	}{
		{"12.50", "PEN", 1250, true}, {" 12.5 ", "PEN", 1250, true}, {"12", "PEN", 1200, true},
		{"0.29", "PEN", 29, true}, {"1.10", "PEN", 110, true}, {"-0.01", "PEN", -1, true},
		{"12.500", "PEN", 1250, true}, {"12990", "CLP", 12990, true}, {"12990.00", "CLP", 12990, true},
		{"1e2", "PEN", 10000, true}, {"1.234", "KWD", 1234, true}, {"92233720368547758.07", "PEN", math.MaxInt64, true},
		{"92233720368547758.08", "PEN", 0, false}, {"12.505", "PEN", 0, false}, {"12.5", "CLP", 0, false},
		{"1e19", "PEN", 0, false}, {"1e999999999", "PEN", 0, false}, {"1e-999999999", "PEN", 0, false},
		{"", "PEN", 0, false}, {"1,50", "PEN", 0, false}, {"NaN", "PEN", 0, false}, {"Infinity", "PEN", 0, false},
		{"0x10", "PEN", 0, false}, {"12", "pen", 0, false}, {strings.Repeat("9", 5000), "PEN", 0, false},
	} {
		got, err := ParseMinor(c.text, c.code)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%.40q %s is %d, %v; want %d", c.text, c.code, got, err, c.want)
		}
	}
}

// exact is the decimal text as a fraction, or nil.
func exact(text string) *big.Rat {
	r, ok := new(big.Rat).SetString(strings.TrimSpace(text))
	if !ok {
		return nil
	}
	return r
}

func FuzzParseMinor(f *testing.F) {
	for _, text := range []string{"12.50", "-0.01", "1e3", "1.e2", ".5", "+7", "1e-30", "NaN", "99999999999999999999"} {
		f.Add(text, "PEN")
	}
	f.Add("12990", "CLP")
	f.Fuzz(func(t *testing.T, text, code string) {
		minor, err := ParseMinor(text, code)
		if err != nil || len(text) > 60 || strings.Contains(text, "/") {
			return
		}
		want := exact(text)
		if want == nil {
			t.Fatalf("%q was read as %d", text, minor)
		}
		digits, _ := Digits(code)
		for range digits {
			want.Mul(want, big.NewRat(10, 1))
		}
		if want.Cmp(new(big.Rat).SetInt64(minor)) != 0 {
			t.Fatalf("%q %s was read as %d", text, code, minor)
		}
	})
}

func FuzzParseQuantity(f *testing.F) {
	for _, text := range []string{"2", "0.350", "-1", "1e2", "1E-30", ".5", "5.", "NaN", "0.000", "123456789012345678901234567890", "1E30"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ParseQuantity(text)
		if err != nil {
			return
		}
		again, err := ParseQuantity(q.String())
		if err != nil || !again.Equal(q) {
			t.Fatalf("%q is %s, which is %s (%v)", text, q, again, err)
		}
		body, err := json.Marshal(q)
		var decoded Quantity
		if err != nil || json.Unmarshal(body, &decoded) != nil || !decoded.Equal(q) {
			t.Fatalf("%q is %s as JSON (%v)", text, body, err)
		}
		if want := exact(text); want != nil && want.Cmp(exact(q.String())) != 0 {
			t.Fatalf("%q was read as %s", text, q)
		}
	})
}

func TestParseQuantityBounds(t *testing.T) {
	for _, text := range []string{"", "x", "NaN", "Inf", "-Infinity", "1e30", "1e-31", "1e2147483647", strings.Repeat("1", 31), "1,5", "0x1p4"} {
		if q, err := ParseQuantity(text); err == nil {
			t.Errorf("%q was read as %s", text, q)
		}
	}
	var zero Quantity
	if zero.String() != "0" || zero.Sign() != 0 {
		t.Errorf("the zero value is %s", zero)
	}
	if body, err := json.Marshal(struct{ Q Quantity }{zero}); err != nil || string(body) != `{"Q":"0"}` {
		t.Errorf("as JSON: %s, %v", body, err)
	}
	for _, text := range []string{"2", `"x"`, "{}"} {
		var q Quantity
		if err := json.Unmarshal([]byte(text), &q); err == nil {
			t.Errorf("JSON %s was read as %s", text, q)
		}
	}
}

// TestQuantityArithmetic compares with exact fractions.
func TestQuantityArithmetic(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		s := strconv.FormatInt(random.Int64N(2_000_000_000)-1_000_000_000, 10)
		if n := random.IntN(10); n > 0 {
			s += "e-" + strconv.Itoa(n)
		}
		return s
	}
	for range 5000 {
		a, b := text(), text()
		p, err := ParseQuantity(a)
		if err != nil {
			t.Fatal(err)
		}
		q, err := ParseQuantity(b)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := exact(p.Mul(q).String()), new(big.Rat).Mul(exact(a), exact(b)); got.Cmp(want) != 0 {
			t.Fatalf("%s × %s is %s", a, b, p.Mul(q))
		}
		if got, want := exact(p.Sub(q).String()), new(big.Rat).Sub(exact(a), exact(b)); got.Cmp(want) != 0 {
			t.Fatalf("%s - %s is %s", a, b, p.Sub(q))
		}
		if got, want := p.Sign(), exact(a).Sign(); got != want {
			t.Fatalf("%s has the sign %d", a, got)
		}
		minor := random.Int64N(2_000_000) - 1_000_000
		got, err := p.Times(minor)
		product := new(big.Rat).Mul(exact(a), new(big.Rat).SetInt64(minor))
		// Half up: away from zero when it is exactly half.
		diff := new(big.Rat).Sub(product, new(big.Rat).SetInt64(got))
		if err != nil || diff.Abs(diff).Cmp(big.NewRat(1, 2)) > 0 {
			t.Fatalf("%s × %d is %d (%v), exactly %s", a, minor, got, err, product.FloatString(3))
		}
	}
	for text, want := range map[string]int64{"0.5": 1, "1.5": 2, "-0.5": -1, "0.4999": 0, "2.5": 3} {
		q, err := ParseQuantity(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := q.Times(1); err != nil || got != want {
			t.Errorf("%s × 1 is %d (%v), want %d", text, got, err, want)
		}
	}
	huge, err := ParseQuantity("1e20")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := huge.Times(1); err == nil {
		t.Errorf("1e20 × 1 is %d", n)
	}
}
