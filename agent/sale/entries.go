package sale

import (
	"maps"

	"mostrador/store"
)

// with returns rec with the fields of more that it lacks.
func (rec record) with(more map[string]string) record {
	all := map[string]string{}
	maps.Copy(all, more)
	maps.Copy(all, rec.Fields)
	rec.Fields = all
	return rec
}

// entry reads a line of a journal that is neither an item nor a payment.
func (r *Recorder) entry(b *bill, rs []record, i int) {
	rec := rs[i]
	if rec.kind() == "times" {
		b.times = rec.with(b.times).numbers()
		return
	}
	amount, ok := r.amount(b, rec, "amount")
	if !ok {
		return
	}
	line := store.SaleLine{Name: clean(rec.Fields["name"]), Quantity: store.Units(1), Unit: amount, Total: amount}
	switch rec.kind() {
	case "discount":
		b.put(line)
	case "tax":
		b.taxes = append(b.taxes, line)
	case "due":
		if len(b.sale.Payments) == 0 { // later ones are what is left to pay
			b.total, b.hasTotal, b.due = amount, true, true
		}
	case "change":
		b.giveBack(amount)
	case "correct":
		r.correct(b, rs, i, amount)
	}
}

// numbers are the quantity and the price of a record.
func (rec record) numbers() map[string]string {
	out := map[string]string{}
	for _, name := range []string{"quantity", "price"} {
		if v := rec.Fields[name]; v != "" {
			out[name] = v
		}
	}
	return out
}

func (b *bill) put(line store.SaleLine) {
	b.sum += line.Total
	b.sale.Lines = append(b.sale.Lines, line)
}

// giveBack takes change out of the payments, the last first.
func (b *bill) giveBack(amount int64) {
	for i := len(b.sale.Payments) - 1; i >= 0 && amount > 0; i-- {
		part := min(amount, max(0, b.sale.Payments[i].Amount))
		b.sale.Payments[i].Amount -= part
		amount -= part
	}
}

// correct takes back the entry before: a payment is gone, anything else becomes
// a line of its own.
func (r *Recorder) correct(b *bill, rs []record, i int, amount int64) {
	taken, ok := before(rs, i)
	switch {
	case ok && taken.kind() == "payment" && len(b.sale.Payments) > 0:
		b.sale.Payments = b.sale.Payments[:len(b.sale.Payments)-1]
	case ok && len(b.sale.Lines) > 0:
		line := b.sale.Lines[len(b.sale.Lines)-1]
		line.Quantity = line.Quantity.Mul(store.Units(-1))
		line.Total = amount
		b.put(line)
	default:
		b.flag("correction_unclear", "una corrección sin nada que corregir")
		b.put(store.SaleLine{Name: "corrección", Quantity: store.Units(1), Unit: amount, Total: amount})
	}
}

// settle ends the reading of a journal's receipt: a total that is not printed is
// what was paid, and taxes that the total holds beside the lines become lines.
func (b *bill) settle(rs []record) {
	if last := rs[len(rs)-1].kind(); !b.hasTotal && len(b.sale.Payments) > 0 && (last == "end" || rs[0].kind() == "open") {
		b.total, b.hasTotal = b.paid(), true
	}
	var taxes int64
	for _, t := range b.taxes {
		taxes += t.Total
	}
	if b.hasTotal && taxes != 0 && len(b.sale.Lines) > 0 && b.total == b.sum+taxes {
		for _, t := range b.taxes {
			b.put(t)
		}
	}
}

// paid is the sum of the payments.
func (b *bill) paid() (paid int64) {
	for _, p := range b.sale.Payments {
		paid += p.Amount
	}
	return paid
}
