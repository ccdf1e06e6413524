package ticket

import (
	"fmt"
	"strings"
	"testing"

	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/store"
)

// narrow and wide papers beside those of the profiles, by their columns.
func papersOf(t testing.TB, columns ...int) []paper {
	var out []paper
	for _, n := range columns {
		p := lookup(t, "TM-T20II")
		p.Name = fmt.Sprintf("%d columns", n)
		p.Papers = map[string]profile.Paper{"roll": {Columns: n, Dots: 12 * n}}
		out = append(out, paper{"roll", p})
	}
	return out
}

// TestNoAmountIsBroken: each amount of an order stands in one piece on every
// paper, in every locale, as large as restaurants have them and larger.
func TestNoAmountIsBroken(t *testing.T) {
	columns, models := papersOf(t, 30, 32, 42, 48), allPapers(t)
	for _, locale := range []string{"es", "es-CL", "es-CO", "es-PE", "es-MX", "en", "fr", "it", "uk"} {
		s := limaDelivery(t)
		s.settings.Locale = locale
		r := rendererOf(t, s)
		for currency, scale := range map[string]int64{"PEN": 1, "COP": 100, "CLP": 10, "EUR": 1, "MXN": 10} {
			for _, s := range []sample{limaDelivery(t), withAmounts(t, 1234567*scale), withAmounts(t, -999999999*scale)} {
				o := *s.order
				o.Currency = currency
				s.order = &o
				checkAmounts(t, r, s, columns)
			}
		}
		s = withAmounts(t, 123456789)
		checkAmounts(t, r, s, models) // what a model has no letter for gets wider: EUR for €
		s.order.Currency = "EUR"
		checkAmounts(t, r, s, models)
	}
}

// withAmounts is an order whose every amount is about as large as n.
func withAmounts(t testing.TB, n int64) sample {
	s := limaDelivery(t)
	o := *s.order
	o.Lines = append([]store.Line(nil), o.Lines...)
	for i := range o.Lines {
		o.Lines[i].Total = n + int64(i)
	}
	o.Totals = store.Totals{Items: n, Delivery: n - 5, Discount: n - 6, Service: n - 7, Tip: n - 8, Total: 2*n + 9, ToPay: 2*n + 11}
	o.Payment.CashGiven = max(3*n, -n)
	s.order = &o
	return s
}

func checkAmounts(t *testing.T, r *Renderer, s sample, papers []paper) {
	t.Helper()
	o := s.order
	pay := r.pay(o, clipperFor(0))
	amounts := map[string][]string{"delivery": {pay.Amount, pay.PaysWith, pay.Change}, "receipt": {pay.PaysWith, pay.Change}}
	for _, l := range o.Lines {
		amounts["receipt"] = append(amounts["receipt"], r.money(o, l.Total))
	}
	for _, minor := range []int64{o.Totals.Items, -o.Totals.Discount, o.Totals.Delivery, o.Totals.Total, o.Totals.Tip, o.Totals.ToPay} {
		amounts["receipt"] = append(amounts["receipt"], r.money(o, minor))
	}
	for kind, want := range amounts {
		doc := rendered(t, r, s.input(s.jobs[kind]))
		for _, p := range papers {
			page, err := layout.Layout(doc, p.Profile, p.name)
			if err != nil {
				t.Fatal(err)
			}
			lines := runsOf(page)
			for _, amount := range want {
				if amount := p.Fit(amount); !strings.Contains(lines, amount) {
					t.Errorf("%s in %s on %s of %s breaks %q", kind, r.settings.Locale, p.name, p.Name, amount)
				}
			}
		}
	}
}

// runsOf is the text of a page as its runs hold it, each on a line.
func runsOf(page layout.Page) string {
	var b strings.Builder
	for _, row := range page.Rows {
		for _, run := range row.Runs {
			b.WriteString(run.Text + "\n")
		}
	}
	return b.String()
}
