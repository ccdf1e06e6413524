package ticket

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/receipt"
	"mostrador/store"
)

// The receipt that is measured: 80 mm, 48 columns, code page 858, no logo. Its
// content is testdata/receipt.json, which the packages that it is compared with
// print, too, each in its own best way. Amounts and times are typed there and
// written as text by the view.
type (
	measured struct {
		Header   []string
		Order    string
		Placed   time.Time
		Labels   [2]string // before the customer, before the cashier
		Customer string
		Cashier  string
		Items    []measuredItem
		Sums     []measuredSum
		Total    measuredSum
		Payment  []measuredSum
		Closing  []string
		QR       string
	}
	measuredItem struct {
		Quantity  int
		Name      string
		Minor     int64
		Price     string
		Modifiers []string
		Note      string
	}
	measuredSum struct {
		Word   string
		Minor  int64
		Amount string
	}
)

// measuredView is what its template is filled with.
type measuredView struct {
	Header                 []string
	Order, Placed          string
	CustomerWord, Customer string
	CashierWord, Cashier   string
	Items                  []measuredRow
	Sums, Payment          []sumView
	Total                  sumView
	Closing                []string
	QR                     string
}

type measuredRow struct {
	Quantity, Name, Amount string
	Modifiers              []string
	Note                   string
}

func readMeasured(t testing.TB) measured {
	t.Helper()
	text, err := os.ReadFile("testdata/receipt.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		measured
		Fields [3][2]string
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	m, f := file.measured, file.Fields
	m.Order, m.Customer, m.Cashier, m.Labels = f[0][0], f[1][1], f[2][1], [2]string{f[1][0], f[2][0]}
	if m.Placed, err = time.Parse(measuredDate, f[0][1]); err != nil {
		t.Fatal(err)
	}
	return m
}

const measuredDate = "02.01.2006 15:04"

// view writes amounts and times as people read them, in the memory of the last
// view.
func (m *measured) view(money *store.MoneyFormat, v *measuredView) *measuredView {
	sum := func(s measuredSum) sumView { return sumView{Word: s.Word, Amount: money.Format(s.Minor, "EUR")} }
	sums := func(out []sumView, all []measuredSum) []sumView {
		for _, s := range all {
			out = append(out, sum(s))
		}
		return out
	}
	*v = measuredView{
		Header: m.Header, Order: m.Order, Placed: m.Placed.Format(measuredDate),
		CustomerWord: m.Labels[0], Customer: m.Customer, CashierWord: m.Labels[1], Cashier: m.Cashier,
		Items: v.Items[:0], Sums: sums(v.Sums[:0], m.Sums), Total: sum(m.Total), Payment: sums(v.Payment[:0], m.Payment), Closing: m.Closing, QR: m.QR,
	}
	for i := range m.Items {
		it := &m.Items[i]
		v.Items = append(v.Items, measuredRow{Quantity: strconv.Itoa(it.Quantity), Name: it.Name, Amount: money.Format(it.Minor, "EUR"), Modifiers: it.Modifiers, Note: it.Note})
	}
	return v
}

func measuredTemplate(t testing.TB) *receipt.Template {
	t.Helper()
	text, err := os.ReadFile("testdata/measured/template.receipt")
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := receipt.NewTemplate("measured", string(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

// TestMeasuredReceipt holds the receipt to its description: 41 printed lines, a
// code and a cut, in at most 1.8 kB.
func TestMeasuredReceipt(t *testing.T) {
	m, money := readMeasured(t), store.NewMoneyFormat("de")
	v := m.view(money, new(measuredView))
	accents, modifiers, notes := 0, 0, 0
	for i, it := range m.Items {
		if n := utf8.RuneCountInString(it.Name); n < 12 || n > 30 {
			t.Errorf("%q has %d characters", it.Name, n)
		}
		if len(it.Name) > utf8.RuneCountInString(it.Name) {
			accents++
		}
		modifiers += len(it.Modifiers)
		if it.Note != "" {
			notes++
		}
		if v.Items[i].Amount != it.Price {
			t.Errorf("%s costs %q in the view, %q in the file", it.Name, v.Items[i].Amount, it.Price)
		}
	}
	for i, s := range append(append(m.Sums, m.Total), m.Payment...) {
		if got := append(append(v.Sums, v.Total), v.Payment...)[i].Amount; got != s.Amount {
			t.Errorf("%s is %q in the view, %q in the file", s.Word, got, s.Amount)
		}
	}
	if len(m.Items) != 14 || accents != 6 || modifiers != 4 || notes != 2 || len(m.Sums) != 6 || len(m.QR) != 190 {
		t.Errorf("%d items, %d with accents, %d modifiers, %d notes, %d sums, a code of %d bytes", len(m.Items), accents, modifiers, notes, len(m.Sums), len(m.QR))
	}
	doc, err := measuredTemplate(t).Execute(v)
	if err != nil {
		t.Fatal(err)
	}
	p := paper{"80mm", lookup(t, "TM-T20II")}
	page := set(t, doc, p)
	golden(t, "testdata/measured/80mm.txt", layout.Text(page))
	rows := map[layout.RowKind]int{}
	for _, row := range page.Rows {
		rows[row.Kind]++
	}
	if rows[layout.TextRow] != 41 || rows[layout.CodeRow] != 1 || rows[layout.CutRow] != 1 || len(page.Rows) != 43 {
		t.Errorf("%d lines, %d codes, %d cuts in %d rows", rows[layout.TextRow], rows[layout.CodeRow], rows[layout.CutRow], len(page.Rows))
	}
	out, err := escpos.Encode(page, p.Profile, escpos.Options{})
	if err != nil || len(out) > 1800 {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}

// BenchmarkReceipt is the way of the measured receipt from its data to its
// bytes, and its steps.
func BenchmarkReceipt(b *testing.B) {
	m, money, tmpl := readMeasured(b), store.NewMoneyFormat("de"), measuredTemplate(b)
	var v measuredView
	var filler receipt.Filler
	benchmarkChain(b, func() any { return m.view(money, &v) }, func(data any) (receipt.Document, error) { return filler.Fill(tmpl, data) })
}

// BenchmarkOrder is the same for the customer's ticket of an order.
func BenchmarkOrder(b *testing.B) {
	s := limaDelivery(b)
	r, err := New(s.settings)
	if err != nil {
		b.Fatal(err)
	}
	in := Input{Job: s.jobs["receipt"], Order: s.order, Filler: new(receipt.Filler)}
	benchmarkChain(b, func() any { return nil }, func(any) (receipt.Document, error) { return r.Render(in) })
}

// benchmarkChain measures what makes a ticket's bytes, and each step of it.
func benchmarkChain(b *testing.B, view func() any, fill func(any) (receipt.Document, error)) {
	p := lookup(b, "TM-T20II")
	data := view()
	doc, err := fill(data)
	if err != nil {
		b.Fatal(err)
	}
	page := set(b, doc, paper{"80mm", p})
	var out []byte
	var l layout.Layouter // a printer's worker has one
	steps := []struct {
		name string
		run  func() error
	}{
		{"view", func() error { data = view(); return nil }},
		{"fill", func() (err error) { doc, err = fill(data); return err }},
		{"layout", func() (err error) { page, err = l.Layout(doc, p, "80mm"); return err }},
		{"encode", func() (err error) { out, err = escpos.Append(out[:0], page, p, escpos.Options{}); return err }},
	}
	run := func(b *testing.B, from, to int) {
		b.ReportAllocs()
		for b.Loop() {
			for _, step := range steps[from:to] {
				if err := step.run(); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	for i, step := range steps {
		b.Run(step.name, func(b *testing.B) { run(b, i, i+1) })
	}
	b.Run("whole", func(b *testing.B) {
		run(b, 0, len(steps))
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
		b.ReportMetric(float64(len(out)), "bytes")
	})
}
