package sale

import (
	"fmt"
	"strings"
	"testing"

	"mostrador/drivers"
	"mostrador/store"
)

// tapped writes a receipt from lines "kind amount k=v"; - stands for no amount.
func tapped(lines ...string) drivers.Receipt {
	r := drivers.Receipt{Text: strings.Join(lines, "\n"), Stream: []byte(strings.Join(lines, "\n")), Numbered: true}
	for _, l := range lines {
		words := strings.Split(l, " ")
		f := map[string]string{"kind": words[0]}
		if words[1] != "-" {
			f["amount"] = words[1]
		}
		for _, w := range words[2:] {
			k, v, _ := strings.Cut(w, "=")
			f[k] = strings.ReplaceAll(v, "_", " ")
		}
		r.Lines = append(r.Lines, drivers.Record{Fields: f, Raw: []byte(l)})
	}
	return r
}

const head = "open - receipt=B001-17 date=2026-03-14 time=13:05:22"

func lunch() []string {
	return []string{head, "item 76.00 name=LOMO quantity=2 price=38.00", "modifier 2.00 name=huevo", "item 12.00 name=CHICHA",
		"discount 5.00 name=PROMO", "net 72.03", "tax 12.97", "total 85.00", "payment 100.00 name=EFECTIVO", "change 15.00"}
}

func TestTally(t *testing.T) {
	with := func(at int, line string) []string {
		l := lunch()
		return append(append(append([]string{}, l[:at]...), line), l[at+1:]...)
	}
	for _, test := range []struct {
		name  string
		lines []string
		added bool
		cause string
	}{
		{"all agrees", lunch(), false, ""},
		{"a discount that is printed negative", with(4, "discount -5.00"), false, ""},
		{"quantity times price", with(1, "item 76.00 name=LOMO quantity=3 price=38.00"), false, "cantidad por precio"},
		{"the sum", with(3, "item 12.10 name=CHICHA"), false, "las líneas dan 85.10"},
		{"net and tax", with(6, "tax 12.98"), false, "neto e impuestos"},
		{"paid less", with(8, "payment 99.00 name=EFECTIVO"), false, "los pagos dan 84.00"},
		{"a tip paid", append(with(8, "payment 105.00 name=EFECTIVO"), "tip 5.00"), false, ""},
		{"a tip not paid", append(lunch(), "tip 5.00"), false, "los pagos dan"},
		{"two totals", append(lunch(), "total 85.01"), false, "dos totales"},
		{"the total twice", append(lunch(), "total 85.00"), false, ""},
		{"sold after the total", append(lunch(), "item 1.00 name=X"), false, "después del total"},
		{"two numbers", append(lunch(), "open - receipt=B001-18"), false, "dos números"},
		{"no number", lunch()[1:], false, "no trae número"},
		{"no total", []string{head, "item 1.00 name=X"}, false, "no trae total"},
		{"nothing sold", []string{head, "total 1.00"}, false, "nada vendido"},
		{"a refund", []string{head, "item -1.00 name=X", "total -1.00"}, false, "devolución"},
		{"a modifier of nothing", []string{head, "modifier 1.00 name=X", "total 1.00"}, false, "a qué pertenecer"},
		{"a total too many digits", with(7, "total 85.001"), false, "no es de PEN"},
		{"taxes on top", []string{head, "item 10.00 name=X", "subtotal 10.00", "tax 1.80", "total 11.80"}, true, ""},
		{"taxes on top that are within", []string{head, "item 10.00 name=X", "tax 1.80", "total 10.00"}, true, "las líneas dan 11.80"},
		{"a subtotal of its own", []string{head, "item 10.00 name=X", "subtotal 9.00", "total 10.00"}, false, "el subtotal dice 9.00"},
		{"change of nothing", []string{head, "item 10.00 name=X", "total 10.00", "change 1.00"}, false, "ningún pago"},
	} {
		in := tapped(test.lines...)
		in.TaxAdded = test.added
		s, cause := Read(&in, source(), store.Moment{})
		if test.cause == "" && cause != "" || !strings.Contains(cause, test.cause) {
			t.Errorf("%s: cause %q, want %q", test.name, cause, test.cause)
		}
		sum := int64(0)
		for _, l := range s.Lines {
			sum += l.Total
		}
		if cause == "" && sum != s.Total {
			t.Errorf("%s: the lines come to %d of %d", test.name, sum, s.Total)
		}
	}
}

func tapSource(shared bool) Source {
	s := source()
	s.Name, s.Shared = "tap/caja", shared
	return s
}

func keepAll(t *testing.T, r *Recorder, receipts ...drivers.Receipt) {
	t.Helper()
	for _, in := range receipts {
		if err := r.Keep(drivers.Heard{Receipt: &in}); err != nil {
			t.Fatal(err)
		}
	}
}

// unread are the causes of the receipts that wait, the oldest first.
func unread(t *testing.T, st *store.Store) (out []string) {
	t.Helper()
	err := st.View(func(tx *store.Tx) error {
		out = nil
		for u, err := range tx.UnreadReceipts() {
			if err != nil {
				return err
			}
			if u.State == store.Unread {
				out = append([]string{u.Cause}, out...)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantSales(t *testing.T, st *store.Store, sales, waiting int) {
	t.Helper()
	if got := sketch(t, st); len(got) != sales {
		t.Errorf("kept %d sales, want %d: %q", len(got), sales, got)
	}
	if got := unread(t, st); len(got) != waiting {
		t.Errorf("%d receipts wait, want %d: %q", len(got), waiting, got)
	}
}

// The same receipt printed again counts once; its number with other lines waits
// for a person, and so does a copy of what was never seen.
func TestTappedOnce(t *testing.T) {
	st := openStore(t, t.TempDir())
	r := NewRecorder(st, tapSource(false))
	again := tapped(lunch()...)
	again.Copy, again.Text = true, "COPIA\n"+again.Text
	keepAll(t, r, tapped(lunch()...), tapped(lunch()...), again)
	wantSales(t, st, 1, 0)
	keepAll(t, r, tapped(head, "item 3.00 name=CAFE", "total 3.00"))
	wantSales(t, st, 1, 1)
	lost := tapped("open - receipt=B001-16", "item 3.00 name=CAFE", "total 3.00")
	lost.Copy = true
	keepAll(t, r, lost)
	wantSales(t, st, 1, 2)
	if got := sketch(t, st)[0]; got != "B001-17 8500+0: 2×LOMO@3800=7800 1×CHICHA@1200=1200 1×PROMO@-500=-500 [EFECTIVO 8500]" {
		t.Errorf("the sale is %s", got)
	}
}

// Without a number, a paper that equals another may be a copy.
func TestTappedWithoutNumber(t *testing.T) {
	st := openStore(t, t.TempDir())
	r := NewRecorder(st, tapSource(false))
	plain := func(lines ...string) drivers.Receipt {
		in := tapped(lines...)
		in.Numbered = false
		return in
	}
	keepAll(t, r, plain("item 3.00 name=CAFE", "total 3.00"), plain("item 4.00 name=TE", "total 4.00"), plain("item 3.00 name=CAFE", "total 3.00"))
	wantSales(t, st, 2, 1)
	other := NewRecorder(st, tapSource(false)) // after a restart
	keepAll(t, other, plain("item 4.00 name=TE", "total 4.00"))
	wantSales(t, st, 2, 2)
}

// A sale that tap and register both tell counts once, whoever is first.
func TestTappedAndHeard(t *testing.T) {
	for _, tapFirst := range []bool{true, false} {
		t.Run(fmt.Sprint(tapFirst), func(t *testing.T) {
			st := openStore(t, t.TempDir())
			shared := source()
			shared.Shared = true
			register, tap := NewRecorder(st, shared), NewRecorder(st, tapSource(true))
			heard := func() {
				for _, h := range []drivers.Heard{rec("item 000017 name=LOMO amount=76.00"), rec("item 000017 name=CHICHA amount=9.00"), rec("total 000017 amount=85.00")} {
					if err := register.Keep(h); err != nil {
						t.Fatal(err)
					}
				}
			}
			if tapFirst {
				keepAll(t, tap, tapped(lunch()...))
				heard()
			} else {
				heard()
				keepAll(t, tap, tapped(lunch()...))
			}
			wantSales(t, st, 1, 0)
			// Another total under the same number is nobody's copy.
			keepAll(t, tap, tapped(strings.Replace(head, "-17", "-18", 1), "item 3.00 name=CAFE", "total 3.00"))
			wantSales(t, st, 2, 0)
		})
	}
}

// What was unread becomes a sale when its profile is taught, with the date on its
// paper; what is torn never does.
func TestReread(t *testing.T) {
	st := openStore(t, t.TempDir())
	blind := tapped(lunch()...)
	blind.Cause, blind.Lines = "no hay perfil que lo lea", nil
	torn := blind
	torn.Torn, torn.Text = true, "torn"
	keepAll(t, NewRecorder(st, tapSource(false)), blind, torn)
	wantSales(t, st, 0, 2)

	taught := tapSource(false)
	taught.Reread = func(stream []byte) drivers.Receipt { return tapped(strings.Split(string(stream), "\n")...) }
	r := NewRecorder(st, taught)
	for range 2 { // the line is opened twice
		if _, err := r.Resume(); err != nil {
			t.Fatal(err)
		}
	}
	wantSales(t, st, 1, 1)
	err := st.View(func(tx *store.Tx) error {
		for s, err := range tx.Sales() {
			if err != nil || s.BusinessDate != "2026-03-14" {
				t.Errorf("the sale is of %s, %v", s.BusinessDate, err)
			}
			u, err := tx.UnreadReceipt(1)
			if err != nil || u.State != store.UnreadRead || u.Sale != s.ID {
				t.Errorf("the receipt is %+v, %v", u, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
