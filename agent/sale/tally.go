package sale

import (
	"fmt"

	"mostrador/drivers"
	"mostrador/store"
)

// A tally reads a tapped receipt line by line. A receipt is a sale only when
// everything on it agrees: what does not is a cause, and nothing is mended.
type tally struct {
	currency string
	sale     store.Sale
	cause    string

	sum    int64 // of the lines so far: items, modifiers, discounts, charges
	sums   []int64
	taxes  int64
	nets   int64
	hasNet bool
	tip    int64
	paid   int64
	change int64
	totals []int64
	subs   []int64
	date   string
	time   string
}

// maxAmount bounds an amount of a receipt, in minor units; larger ones are
// misread.
const maxAmount = 1e12

// tallied makes a sale of a receipt, or says why there is none. The sale lacks
// what the source knows: its id, its day.
func tallied(in *drivers.Receipt, currency string) (t *tally) {
	t = &tally{currency: currency, sale: store.Sale{Currency: currency, Lines: []store.SaleLine{}}}
	for _, line := range in.Lines {
		if t.read(line.Fields, clean(string(line.Raw))); t.cause != "" {
			return t
		}
	}
	t.judge(in)
	return t
}

func (t *tally) fault(format string, args ...any) {
	if t.cause == "" {
		t.cause = fmt.Sprintf(format, args...)
	}
}

// amount reads an amount exactly.
func (t *tally) amount(fields map[string]string, name, raw string) (minor int64, ok bool) {
	text := fields[name]
	if text == "" {
		return 0, false
	}
	minor, err := store.ParseMinor(text, t.currency)
	if err != nil || minor > maxAmount || minor < -maxAmount {
		t.fault("el importe %s no es de %s (%q)", text, t.currency, raw)
	}
	return minor, true
}

// read takes one line.
func (t *tally) read(fields map[string]string, raw string) {
	kind := fields["kind"]
	amount, hasAmount := t.amount(fields, "amount", raw)
	t.heads(fields, raw)
	switch kind {
	case "item":
		t.item(fields, raw, amount)
	case "modifier":
		t.modifier(fields, raw, amount, hasAmount)
	case "discount", "charge":
		t.adjust(kind, fields, raw, amount)
	case "tax":
		t.taxes += amount
	case "net":
		t.nets += amount
		t.hasNet = true
	case "subtotal":
		t.subs = append(t.subs, amount)
		t.sums = append(t.sums, t.sum)
	case "total":
		t.totals = append(t.totals, amount)
	case "tip":
		t.tip += amount
	case "payment":
		t.payment(fields, raw, amount)
	case "change":
		t.change += abs(amount)
	}
}

// heads takes what names the receipt. The first date counts; a second number is
// a fault.
func (t *tally) heads(fields map[string]string, raw string) {
	s := &t.sale
	for _, h := range []struct {
		name string
		to   *string
		once bool
	}{{"receipt", &s.Receipt, true}, {"pos", &s.PointOfSale, false}, {"order", &s.OrderRef, false}, {"date", &t.date, false}, {"time", &t.time, false}} {
		value := clean(fields[h.name])
		switch {
		case value == "" || value == *h.to:
		case *h.to == "":
			*h.to = value
		case h.once:
			t.fault("trae dos números: %s y %s (%q)", *h.to, value, raw)
		}
	}
}

// item takes one thing sold: quantity times price is the amount, to the cent.
func (t *tally) item(fields map[string]string, raw string, amount int64) {
	if len(t.totals) > 0 {
		t.fault("algo vendido está después del total (%q)", raw)
		return
	}
	line := store.SaleLine{ExternalID: clean(fields["plu"]), Name: clean(fields["name"]), Quantity: store.Units(1), Total: amount}
	if text := fields["quantity"]; text != "" {
		q, err := store.ParseQuantity(text)
		if err != nil || q.Sign() == 0 {
			t.fault("la cantidad %s no es ninguna (%q)", text, raw)
			return
		}
		line.Quantity = q
	}
	if amount < 0 && line.Quantity.Sign() > 0 { // printed with its amount alone turned
		line.Quantity = line.Quantity.Mul(store.Units(-1))
	}
	price, hasPrice := t.amount(fields, "price", raw)
	if hasPrice {
		times, err := line.Quantity.Times(abs(price))
		if err != nil || times != amount {
			t.fault("cantidad por precio no da el importe (%q)", raw)
			return
		}
		line.Unit = abs(price)
	} else {
		line.Unit = unitOf(amount, line.Quantity)
	}
	if line.Quantity.Sign() < 0 && amount > 0 {
		t.fault("la cantidad es negativa y el importe no (%q)", raw)
		return
	}
	t.sum += amount
	t.sale.Lines = append(t.sale.Lines, line)
}

// modifier belongs to the item before; its amount, if it has one, is beside the
// item's.
func (t *tally) modifier(fields map[string]string, raw string, amount int64, hasAmount bool) {
	if len(t.sale.Lines) == 0 || len(t.totals) > 0 {
		t.fault("un modificador no tiene a qué pertenecer (%q)", raw)
		return
	}
	m := store.Modifier{ExternalID: clean(fields["plu"]), Name: clean(fields["name"]), Quantity: store.Units(1)}
	if text := fields["quantity"]; text != "" {
		q, err := store.ParseQuantity(text)
		if err != nil || q.Sign() == 0 {
			t.fault("la cantidad %s no es ninguna (%q)", text, raw)
			return
		}
		m.Quantity = q
	}
	if m.Price = unitOf(amount, m.Quantity); hasAmount {
		if price, has := t.amount(fields, "price", raw); has {
			if times, err := m.Quantity.Times(price); err != nil || times != amount {
				t.fault("cantidad por precio no da el importe (%q)", raw)
				return
			}
			m.Price = price
		}
	}
	line := &t.sale.Lines[len(t.sale.Lines)-1]
	line.Modifiers = append(line.Modifiers, m)
	line.Total += amount
	t.sum += amount
}

// adjust takes a discount or a charge, whose sign its kind says.
func (t *tally) adjust(kind string, fields map[string]string, raw string, amount int64) {
	name := clean(fields["name"])
	if kind == "discount" {
		amount = -abs(amount)
		if name == "" {
			name = "descuento"
		}
	} else if amount < 0 {
		t.fault("un cargo es negativo (%q)", raw)
	} else if name == "" {
		name = "cargo"
	}
	t.sum += amount
	t.sale.Lines = append(t.sale.Lines, store.SaleLine{Name: name, Quantity: store.Units(1), Unit: amount, Total: amount})
}

// payment takes what was paid by one means.
func (t *tally) payment(fields map[string]string, raw string, amount int64) {
	if amount < 0 {
		t.fault("un pago es negativo (%q)", raw)
	}
	t.paid += amount
	t.sale.Payments = append(t.sale.Payments, store.SalePayment{Method: clean(fields["name"]), Amount: amount})
}

// judge looks whether everything agrees.
func (t *tally) judge(in *drivers.Receipt) {
	if len(t.sale.Lines) == 0 {
		t.fault("no trae nada vendido")
	}
	if len(t.totals) == 0 {
		t.fault("no trae total")
		return
	}
	total, due := t.totals[0], t.sum
	for _, other := range t.totals[1:] {
		if other != total {
			t.fault("trae dos totales: %s y %s", t.money(total), t.money(other))
		}
	}
	if in.TaxAdded {
		due += t.taxes
	}
	switch {
	case t.tip < 0 || t.taxes < 0 && due >= 0:
		t.fault("la propina o el impuesto es negativo")
	case total != due && (t.tip == 0 || total != due+t.tip):
		t.fault("las líneas dan %s y el total dice %s", t.money(due), t.money(total))
	case due < 0:
		t.fault("el total es negativo: puede ser una devolución")
	}
	t.judgeSums(in, due)
	t.judgePayments(due)
	if in.Numbered && t.sale.Receipt == "" {
		t.fault("no trae número, y los recibos de este perfil lo llevan")
	}
	t.sale.Total, t.sale.Tip = due, t.tip
	if in.TaxAdded && t.taxes != 0 {
		t.sale.Lines = append(t.sale.Lines, store.SaleLine{Name: "impuestos", Quantity: store.Units(1), Unit: t.taxes, Total: t.taxes})
	}
}

// judgeSums looks at what the receipt says beside its total.
func (t *tally) judgeSums(in *drivers.Receipt, due int64) {
	for i, sub := range t.subs {
		if sub != t.sums[i] && sub != t.sum && sub != due && (in.TaxAdded || sub != due-t.taxes) {
			t.fault("el subtotal dice %s y las líneas dan %s", t.money(sub), t.money(t.sums[i]))
		}
	}
	if t.hasNet && t.nets+t.taxes != due {
		t.fault("neto e impuestos dan %s y el total es %s", t.money(t.nets+t.taxes), t.money(due))
	}
}

// judgePayments looks whether what was paid, less the change, is what was due,
// the tip with it.
func (t *tally) judgePayments(due int64) {
	switch {
	case len(t.sale.Payments) == 0 && t.change != 0:
		t.fault("trae vuelto y ningún pago")
	case len(t.sale.Payments) > 0 && t.paid-t.change != due+t.tip:
		t.fault("los pagos dan %s y había que pagar %s", t.money(t.paid-t.change), t.money(due+t.tip))
	}
	left := t.change
	for i := len(t.sale.Payments) - 1; i >= 0 && left > 0; i-- {
		part := min(left, t.sale.Payments[i].Amount)
		t.sale.Payments[i].Amount -= part
		left -= part
	}
}

// money writes an amount for a message.
func (t *tally) money(minor int64) string {
	digits, _ := store.Digits(t.currency)
	sign, one := "", int64(1)
	for range digits {
		one *= 10
	}
	if minor < 0 {
		sign = "-"
	}
	if digits == 0 {
		return fmt.Sprintf("%s%d", sign, abs(minor))
	}
	return fmt.Sprintf("%s%d.%0*d", sign, abs(minor)/one, digits, abs(minor)%one)
}
