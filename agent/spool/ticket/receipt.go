package ticket

import (
	"strings"
	"unicode/utf8"

	"mostrador/store"
)

// receiptView is the customer's ticket. It is no fiscal document and says so.
type receiptView struct {
	baseView
	Restaurant string
	Header     []string // below the name
	Date       string
	Items      []receiptItem
	Sums       []sumView
	Total      string
	After      []sumView // the tip, and what is to pay with it
	Pay        payView
	Disagree   bool
	Invoice    string
	TaxID      string
	Track      string
	Logo       string // a PNG in base64
	By         string // who asked for it
}

type receiptItem struct {
	Quantity, Name, Amount string
	Choices                []string
	Note                   string
}

type sumView struct {
	Word, Amount string
	Strong       bool
}

func (r *Renderer) receipt(in Input) receiptView {
	o := in.Order
	c := clipperFor(lineRunes(o))
	v := receiptView{
		baseView: r.base(in, c), Restaurant: r.restaurant(o, c), Date: r.date(o), Pay: r.pay(o, c),
		Total: r.money(o, o.Totals.Total), Logo: r.logo, By: c.short(in.Job.By), TaxID: c.short(o.Invoice.BuyerTaxID),
	}
	if len(r.settings.Header) > 1 {
		v.Header = r.settings.Header[1:]
	}
	if strings.HasPrefix(o.CourierURL, "https://") && len(o.CourierURL) <= 300 {
		v.Track = o.CourierURL
	}
	r.receiptLines(o, c, &v)
	r.sums(o, c, &v)
	v.Invoice = r.invoiceWords(o, c)
	v.Flags = flags(o, c, true)
	for _, f := range o.Flags {
		v.Disagree = v.Disagree || strings.HasPrefix(f.Code, "sums")
	}
	v.Cut = c.cut
	return v
}

func (r *Renderer) date(o *store.Order) string {
	if !o.PlacedAt.IsZero() {
		return r.format(o.PlacedAt, r.words.Date)
	}
	return r.format(o.ReceivedAt.Wall, r.words.Date)
}

// besideAmount is how many runes of a name fill a row of the narrowest paper
// beside an amount, as smallRow and bigRow are for a row of its own.
func besideAmount(amount string) int {
	return max((2*smallRow-utf8.RuneCountInString(amount))/2, 3)
}

func (r *Renderer) receiptLines(o *store.Order, c *clipper, v *receiptView) {
	for i, l := range o.Lines {
		if c.full() {
			v.More = len(o.Lines) - i
			break
		}
		item := receiptItem{Quantity: l.Quantity.String(), Amount: r.money(o, l.Total), Note: c.extra(l.Note, smallRow)}
		item.Name = c.line(l.Name, besideAmount(item.Amount))
		if len(item.Quantity) > 2 {
			item.Quantity, item.Name = "", item.Quantity+" × "+item.Name
		}
		item.Choices = r.priced(o, l.Modifiers, c, "+ ", &v.More)
		v.Items = append(v.Items, item)
	}
}

// priced are modifiers with what they cost, each before its own. Their prices
// are part of the line's amount.
func (r *Renderer) priced(o *store.Order, ms []store.Modifier, c *clipper, lead string, more *int) []string {
	var out []string
	for _, m := range ms {
		if c.full() {
			*more++
			continue
		}
		text := lead
		if !m.Quantity.Equal(store.Units(1)) {
			text += m.Quantity.String() + " "
		}
		text += c.clip(m.Name, c.most)
		if m.Price != 0 {
			if cost, err := m.Quantity.Times(m.Price); err == nil {
				text += " (" + r.money(o, cost) + ")"
			}
		}
		c.spend(text, smallRow)
		out = append(append(out, text), r.priced(o, m.Modifiers, c, "  "+lead, more)...)
	}
	return out
}

// sums are the amounts above and below the total. Only what is not zero is
// shown, and the subtotal only where something is added to it.
func (r *Renderer) sums(o *store.Order, c *clipper, v *receiptView) {
	t := o.Totals
	discount := r.words.Discount
	if o.Coupon != "" {
		discount += " (" + c.short(o.Coupon) + ")"
	}
	if t.Items != t.Total || t.Discount != 0 {
		v.Sums = append(v.Sums, sumView{Word: r.words.Subtotal, Amount: r.money(o, t.Items)})
	}
	for _, s := range []struct {
		word   string
		amount int64
	}{{discount, -t.Discount}, {r.words.DeliveryFee, t.Delivery}, {r.words.Service, t.Service}} {
		if s.amount != 0 {
			v.Sums = append(v.Sums, sumView{Word: s.word, Amount: r.money(o, s.amount)})
		}
	}
	if t.Tip != 0 || toPay(o) != t.Total {
		if t.Tip != 0 {
			v.After = append(v.After, sumView{Word: r.words.Tip, Amount: r.money(o, t.Tip)})
		}
		v.After = append(v.After, sumView{r.words.ToPay, r.money(o, toPay(o)), true})
	}
}

// invoiceWords are what is known of the fiscal document, in the country's words.
func (r *Renderer) invoiceWords(o *store.Order, c *clipper) string {
	inv := o.Invoice
	name := inv.Kind
	if name == "" {
		name = r.words.Invoice
	}
	switch {
	case inv.Number != "":
		return c.short(name + " " + inv.Number)
	case inv.State == store.InvoiceRequested || inv.BuyerTaxID != "":
		if inv.Kind != "" {
			return c.short(r.words.Requested + ": " + inv.Kind)
		}
		return r.words.InvoiceRequested
	}
	return ""
}
