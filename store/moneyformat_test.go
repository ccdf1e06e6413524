package store

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
)

// TestMoneyFormat holds it to what CLDR says.
func TestMoneyFormat(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	edges := []int64{0, 1, -1, 99, 100, -100, 999, 1000, 99999, 100000, 123456, 999999, 1000000, -1000000, 1250000, 125000000, math.MaxInt64, math.MinInt64}
	for _, locale := range []string{"es", "es-CL", "es-CO", "es-PE", "es-MX", "es-419", "en", "en-IE", "fr", "it", "it-CH", "uk", "hi", "ar", "de-AT", "de-CH", "xx"} {
		f := NewMoneyFormat(locale)
		for _, code := range []string{"PEN", "CLP", "COP", "MXN", "EUR", "USD", "GBP", "UAH", "CHF", "KWD", "CLF", "JPY", "XXX", "no", ""} {
			amounts := edges
			for range 100 {
				amounts = append(amounts, random.Int64N(1<<uint(1+random.IntN(61)))*int64(1-2*random.IntN(2)))
			}
			for _, minor := range amounts {
				if got, want := f.Format(minor, code), FormatMinor(minor, code, locale); got != want {
					t.Fatalf("%d %s in %s: got %q, want %q", minor, code, locale, got, want)
				}
			}
		}
	}
}

func TestMoneyFormatLearns(t *testing.T) {
	for _, locale := range []string{"es", "es-CL", "es-CO", "es-PE", "es-MX", "en", "fr", "it", "uk"} {
		for _, code := range []string{"PEN", "CLP", "COP", "MXN", "EUR"} {
			if !learnMoney(code, locale).learned {
				t.Errorf("%s in %s is not learned", code, locale)
			}
		}
	}
}

func TestMoneyFormatIsShared(t *testing.T) {
	f := NewMoneyFormat("es-PE")
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for i := range int64(100) {
				f.Format(i, "PEN")
				f.Format(i, "EUR")
			}
		})
	}
	callers.Wait()
}

func BenchmarkMoney(b *testing.B) {
	f := NewMoneyFormat("es-PE")
	b.Run("Format", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.Format(1234567, "PEN")
		}
	})
	b.Run("FormatMinor", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			FormatMinor(1234567, "PEN", "es-PE")
		}
	})
}
