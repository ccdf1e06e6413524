package sale

import (
	"math/big"

	"mostrador/store"
)

// A bill is a sale as it is read from its records.
type bill struct {
	sale store.Sale
	// total as the device sent it, if it did; sum of the lines.
	total    int64
	hasTotal bool
	sum      int64
	odd      []store.Flag
	// due: total is what the lines come to, said before the payments.
	due bool
	// taxes that the total may hold beside the lines, and the quantity and
	// price of the item to come.
	taxes []store.SaleLine
	times map[string]string
}

// read makes a sale of records. A record that is the same as an earlier one was
// meant twice or sent twice: of the readings, the first counts that adds up to the
// device's total, with payments that come to it. If none does, what was sent is left
// as it is where the lines come to the total, and else the first whose lines do; if
// there is none either, everything counts, and the sale says that its sums disagree.
// Amounts are never changed to fit.
func (r *Recorder) read(rs []record) bill {
	all := r.sum(rs)
	switch {
	case !hasRepeats(rs, anyAgain):
	case all.hasTotal:
		resumed, every := r.sum(without(rs, resumedAgain)), r.sum(without(rs, anyAgain))
		for _, b := range []bill{r.sum(without(without(rs, resumedAgain), paidAgain)), r.sum(without(rs, paidAgain)), resumed, all, every} {
			if b.fits() && b.pays(all.paid()) {
				return b.finish()
			}
		}
		for _, b := range []bill{all, resumed, every} {
			if b.fits() {
				return b.finish()
			}
		}
	case hasRepeats(rs, resumedAgain):
		all.flag("possible_repeat", "puede que el equipo haya repetido una línea")
	}
	return all.finish()
}

// again tells which records may be repetitions.
type again func(rs []record, i int) bool

// anyAgain are all that equal an earlier one.
func anyAgain(rs []record, i int) bool {
	if rs[i].kind() == "total" {
		return false
	}
	for _, earlier := range rs[:i] {
		if earlier.Hash == rs[i].Hash {
			return true
		}
	}
	return false
}

// resumedAgain are those that came first after the line was opened anew and equal
// the one before: the answer to it was lost.
func resumedAgain(rs []record, i int) bool {
	return i > 0 && rs[i].Resumed && rs[i].Hash == rs[i-1].Hash && rs[i].kind() != "total"
}

// paidAgain are the payments of anyAgain: nobody pays in the same way again what is
// paid.
func paidAgain(rs []record, i int) bool {
	return rs[i].kind() == "payment" && anyAgain(rs, i)
}

func hasRepeats(rs []record, repeated again) bool {
	for i := range rs {
		if repeated(rs, i) {
			return true
		}
	}
	return false
}

func without(rs []record, repeated again) []record {
	var out []record
	for i := range rs {
		if !repeated(rs, i) {
			out = append(out, rs[i])
		}
	}
	return out
}

// fits reports whether the lines come to the total, the tip aside. Without
// lines, or without a total, nothing disagrees.
func (b *bill) fits() bool {
	return !b.hasTotal || len(b.sale.Lines) == 0 || b.total == b.sum || b.total == b.sum+b.sale.Tip
}

// pays reports whether the payments come to the total, or to all that was sent of
// them.
func (b *bill) pays(all int64) bool {
	paid := b.paid()
	return paid == all || b.total >= 0 && paid >= b.total || b.total < 0 && paid <= b.total
}

func (b *bill) flag(code, text string) {
	for _, f := range b.odd {
		if f.Code == code {
			return
		}
	}
	b.odd = append(b.odd, store.Flag{Code: code, Text: text})
}

// finish settles the total and the flags.
func (b bill) finish() bill {
	s := &b.sale
	switch {
	case !b.hasTotal:
		s.Total = b.sum
		b.flag("total_missing", "el recibo no trae total: se sumaron las líneas")
	case !b.fits():
		s.Total = b.total
		b.flag("sums_disagree", "las líneas no dan el total")
	case len(s.Lines) > 0 && b.total != b.sum: // it holds the tip
		s.Total = b.sum
	default:
		s.Total = b.total
	}
	paid := b.paid()
	if len(s.Payments) > 0 && s.Total > 0 && paid < s.Total {
		b.flag("payments_disagree", "los pagos no llegan al total")
	}
	s.Flags = b.odd
	return b
}

// sum reads records one by one.
func (r *Recorder) sum(rs []record) bill {
	b := bill{sale: store.Sale{
		Source: r.source.Name, Receipt: clean(receiptOf(rs)), Currency: r.source.Currency,
		PointOfSale: r.posOf(rs), OrderRef: clean(firstOf(rs, "order")), Lines: []store.SaleLine{},
	}}
	for i, rec := range rs {
		switch rec.kind() {
		case "open", "unread", "end", "subtotal":
			continue
		case "times", "discount", "tax", "due", "change", "correct":
			r.entry(&b, rs, i)
			continue
		case "payment":
			r.payment(&b, rec)
		case "total":
			r.total(&b, rec)
		case "sale":
			r.whole(&b, rec)
		default:
			r.line(&b, rec)
		}
		if tip, ok := r.amount(&b, rec, "tip"); ok {
			b.sale.Tip += tip
		}
	}
	b.settle(rs)
	return b
}

// total reads the sum of a receipt, and the means where it names one.
func (r *Recorder) total(b *bill, rec record) {
	if total, ok := r.amount(b, rec, "amount", "price"); ok {
		b.total, b.hasTotal = total, true
	}
	r.means(b, rec)
}

// whole reads a record that is a sale of its own.
func (r *Recorder) whole(b *bill, rec record) {
	if rec.Fields["plu"] != "" || rec.Fields["name"] != "" {
		r.line(b, rec)
		b.total, b.hasTotal = b.sum, true
	} else {
		r.total(b, rec)
		return
	}
	r.means(b, rec)
}

// means reads the field payment of a record that is not a payment itself: an
// amount, or the name of the means for the whole sum.
func (r *Recorder) means(b *bill, rec record) {
	text := rec.Fields["payment"]
	if text == "" {
		return
	}
	p := store.SalePayment{Method: clean(text)}
	if q, err := store.ParseQuantity(text); err == nil && q.Sign() != 0 {
		p.Method = ""
		p.Amount, _ = r.amount(b, rec, "payment")
	} else if b.hasTotal {
		p.Amount = b.total
	}
	b.sale.Payments = append(b.sale.Payments, p)
}

func (r *Recorder) payment(b *bill, rec record) {
	p := store.SalePayment{Method: clean(rec.Fields["name"])}
	if _, err := store.ParseQuantity(rec.Fields["payment"]); err == nil {
		p.Amount, _ = r.amount(b, rec, "payment")
	} else {
		p.Amount, _ = r.amount(b, rec, "amount", "price")
		if p.Method == "" {
			p.Method = clean(rec.Fields["payment"])
		}
	}
	b.sale.Payments = append(b.sale.Payments, p)
}

// line reads an item, or one that is taken back.
func (r *Recorder) line(b *bill, rec record) {
	l := store.SaleLine{ExternalID: clean(rec.Fields["plu"]), Name: clean(rec.Fields["name"]), Quantity: store.Units(1)}
	if len(b.times) > 0 {
		rec, b.times = rec.with(b.times), nil
	}
	if text := rec.Fields["quantity"]; text != "" {
		q, err := store.ParseQuantity(text)
		if err != nil {
			b.flag("quantity_unreadable", "cantidad ilegible de "+l.Name)
		} else {
			l.Quantity = q
		}
	}
	price, hasPrice := r.amount(b, rec, "price")
	total, hasTotal := r.amount(b, rec, "amount")
	switch {
	case !hasTotal && hasPrice:
		var err error
		if total, err = l.Quantity.Times(price); err != nil {
			b.flag("amount_unreadable", "importe que no cabe")
		}
	case !hasTotal:
		b.flag("amount_missing", "línea sin importe: "+l.Name)
	}
	if rec.kind() == "void" {
		if l.Quantity.Sign() > 0 {
			l.Quantity = l.Quantity.Mul(store.Units(-1))
		}
		total = -abs(total)
	}
	if total < 0 && l.Quantity.Sign() > 0 && rec.kind() == "item" { // printed with its amount alone turned
		l.Quantity = l.Quantity.Mul(store.Units(-1))
	}
	if l.Unit = price; !hasPrice {
		l.Unit = unitOf(total, l.Quantity)
	}
	l.Total = total
	b.sum += total
	b.sale.Lines = append(b.sale.Lines, l)
}

// amount reads the first of the named fields that is there, in minor units;
// decimals past the currency's are rounded half up, and said.
func (r *Recorder) amount(b *bill, rec record, names ...string) (minor int64, ok bool) {
	for _, name := range names {
		text := rec.Fields[name]
		if text == "" {
			continue
		}
		if minor, err := store.ParseMinor(text, r.source.Currency); err == nil {
			return minor, true
		}
		digits, _ := store.Digits(r.source.Currency)
		one := int64(1)
		for range digits {
			one *= 10
		}
		q, err := store.ParseQuantity(text)
		if err == nil {
			minor, err = q.Times(one)
		}
		if err != nil {
			b.flag("amount_unreadable", "importe ilegible: "+clean(text))
			return 0, true
		}
		b.flag("amount_rounded", "importe con más decimales que la moneda, redondeado")
		return minor, true
	}
	return 0, false
}

// unitOf is total / quantity, rounded half away from zero; 0 where there is none.
func unitOf(total int64, q store.Quantity) int64 {
	by, ok := new(big.Rat).SetString(q.String())
	if !ok || by.Sign() == 0 {
		return 0
	}
	unit := new(big.Rat).Quo(new(big.Rat).SetInt64(total), by)
	text := unit.FloatString(0)
	n, ok := new(big.Int).SetString(text, 10)
	if !ok || !n.IsInt64() {
		return 0
	}
	return n.Int64()
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
