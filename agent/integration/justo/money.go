package justo

import (
	"fmt"
	"strings"

	"mostrador/agent/integration"
	"mostrador/store"
)

// totals are the order's sums as Justo sent them.
func (r *reader) totals() {
	in, t := r.in.order, &r.o.Totals
	t.Items, _ = r.amounts.Read(in, "itemsPrice")
	t.Delivery, _ = r.amounts.Read(in, "deliveryFee")
	t.Service, _ = r.amounts.Read(in, "serviceFee")
	t.Discount, _ = r.amounts.Read(in, "totalDiscount", "couponDiscount")
	t.Tip, _ = r.amounts.Read(in, "tipAmount")
	t.Total, _ = r.amounts.Read(in, "totalPrice")
	t.ToPay, _ = r.amounts.Read(in, "amountToPay")
	if !in.Has("amountToPay") {
		t.ToPay = t.Total + t.Tip
	}
}

// checkSums flags sums that do not come out as Justo documents them:
// totalPrice = itemsPrice + deliveryFee (a service fee may stand beside it),
// amountToPay = totalPrice + tipAmount. The amounts stay as they came.
func (r *reader) checkSums() {
	in, t := r.in.order, r.o.Totals
	var wrong []string
	if sum := t.Items + t.Delivery; in.Has("itemsPrice") && in.Has("totalPrice") && t.Total != sum && t.Total != sum+t.Service {
		wrong = append(wrong, "productos + envío no dan el total")
	}
	if in.Has("amountToPay") && t.ToPay != t.Total+t.Tip {
		wrong = append(wrong, "total + propina no dan lo que se paga")
	}
	if r.lineTotals() {
		wrong = append(wrong, "las líneas no dan los productos")
	}
	if len(wrong) > 0 {
		r.flag("sums_disagree", "las sumas del canal no cuadran: "+strings.Join(wrong, "; "))
	}
}

// lineTotals sets what each line costs. It is not public whether unitPrice
// holds the modifiers' prices; the order's own sum decides, and where it fits
// neither way, wrong is true, unless a discount explains it.
func (r *reader) lineTotals() (wrong bool) {
	base, _ := r.amounts.Read(r.in.order, "baseItemsPrice")
	var alone, withModifiers int64
	for i := range r.o.Lines {
		l := &r.o.Lines[i]
		alone += r.times(l, l.Unit)
		withModifiers += r.times(l, l.Unit+modifierPrice(l.Modifiers))
	}
	fits := func(sum int64) bool { return sum == r.o.Totals.Items || (base != 0 && sum == base) }
	add := !fits(alone) && fits(withModifiers)
	for i := range r.o.Lines {
		l := &r.o.Lines[i]
		unit := l.Unit
		if add {
			unit += modifierPrice(l.Modifiers)
		}
		l.Total = r.times(l, unit)
	}
	return r.in.order.Has("itemsPrice") && r.o.Totals.Discount == 0 && !fits(alone) && !fits(withModifiers)
}

func (r *reader) times(l *store.Line, unit int64) int64 {
	total, err := l.Quantity.Times(unit)
	if err != nil {
		r.amounts.Overflow("el total de una línea")
		return 0
	}
	return total
}

// modifierPrice is what the modifiers of one unit of a line cost.
func modifierPrice(ms []store.Modifier) int64 {
	var sum int64
	for _, m := range ms {
		price, err := m.Quantity.Times(m.Price + modifierPrice(m.Modifiers))
		if err == nil {
			sum += price
		}
	}
	return sum
}

// payment: cash is collected; what is paid in the store or otherwise is still
// to be paid; any other word is a way of paying online, which is paid unless
// the transaction says something else.
func (r *reader) payment() {
	in, tx := r.in.order, r.in.order.Object("transaction")
	p := &r.o.Payment
	p.Method = in.Text("paymentType")
	word := strings.ToLower(p.Method)
	if other := in.Text("otherPaymentType"); word == "other" && other != "" {
		p.Method = other
	}
	p.CashGiven, _ = r.amounts.Read(in, "cashAmount")
	p.CardLast4 = tx.Text("cardLast4")
	switch word {
	case "cash":
		p.Cash = true
	case "", "false", "instore", "other":
	default:
		p.Paid = settled(tx)
	}
	if in.Has("amountToPay") && r.o.Totals.ToPay == 0 {
		p.Paid = true // nothing is left to collect
	}
}

// settled reports whether an online transaction went through, as far as its
// status says otherwise.
func settled(tx integration.Object) bool {
	switch strings.ToLower(tx.Text("status")) {
	case "pending", "in_process", "inprocess", "processing", "created", "rejected", "failed", "error",
		"cancelled", "canceled", "refunded", "expired", "declined", "unpaid":
		return false
	}
	return true
}

// invoice takes what orderParams say of a fiscal document. Their names are not
// public; these are the words of the countries.
func (r *reader) invoice() {
	params := r.in.order.Object("orderParams")
	if list, ok := r.in.order["orderParams"].([]any); ok {
		params = pairs(list)
	}
	inv := &r.o.Invoice
	inv.State = store.InvoiceNone
	inv.BuyerTaxID = params.Text("buyerTaxId", "taxId", "tax_id", "rut", "ruc", "nit", "cif", "nif", "rfc")
	inv.Kind = params.Text("documentType", "invoiceType", "tipoDocumento")
	inv.Number = params.Text("invoiceNumber", "documentNumber")
	switch {
	case inv.Number != "":
		inv.State = store.InvoiceIssued
	case inv.BuyerTaxID != "" || inv.Kind != "":
		inv.State = store.InvoiceRequested
	}
}

// pairs reads a list of {key or name, value}.
func pairs(list []any) integration.Object {
	out := integration.Object{}
	for _, v := range list {
		if o, ok := v.(map[string]any); ok {
			if name := integration.Object(o).Text("key", "name"); name != "" {
				out[name] = o["value"]
			}
		}
	}
	return out
}

// quantity reads how many; none at all means one, and is said.
func (r *reader) quantity(o integration.Object, of string) (store.Quantity, error) {
	text := o.Text("amount", "quantity")
	if text == "" && o["amount"] == nil && o["quantity"] == nil {
		r.flag("quantity_missing", "línea sin cantidad, cuenta como 1: "+of)
		return store.Units(1), nil
	}
	q, err := store.ParseQuantity(text)
	if err != nil {
		return q, &integration.Unreadable{Code: integration.WrongType, Text: fmt.Sprintf("la cantidad de %q no es un número", of)}
	}
	return q, nil
}
