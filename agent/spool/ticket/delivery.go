package ticket

import (
	"strconv"
	"strings"

	"mostrador/store"
)

// deliveryView is the slip that leaves with the courier.
type deliveryView struct {
	baseView
	Restaurant      string
	Street, Flat    string
	AddressComment  string
	NoAddress       bool
	Items           []slipItem
	Pay             payView
	Courier         string
	ManagedDelivery bool
	MapLink         string
}

// A slipItem is a line to check the bag by.
type slipItem struct {
	Quantity, Name string
	Choices        string // in one line
}

// payView is what is to be collected.
type payView struct {
	Paid   bool
	Amount string
	Method string
	// PaysWith and Change of cash; Short: what the customer pays with is not
	// enough, by Change.
	PaysWith, Change string
	Short            bool
}

func (r *Renderer) delivery(in Input) deliveryView {
	o := in.Order
	c := clipperFor(lineRunes(o))
	v := deliveryView{
		baseView: r.base(in, c), Restaurant: r.restaurant(o, c), Pay: r.pay(o, c),
		Courier: c.long(o.Courier), ManagedDelivery: o.ManagedDelivery, NoAddress: true,
	}
	if a := o.Address; a != nil {
		v.Street, v.Flat, v.AddressComment = c.long(a.Street), c.long(a.Secondary), c.long(a.Comment)
		v.NoAddress = strings.TrimSpace(a.Street) == ""
		v.MapLink = mapLink(a.Lat, a.Lng)
	}
	for i, l := range o.Lines {
		if c.full() {
			v.More = len(o.Lines) - i
			break
		}
		name := c.line(l.Name, smallRow)
		item := slipItem{Quantity: l.Quantity.String(), Name: name, Choices: c.extra(joinChoices(l.Modifiers), smallRow)}
		if len(item.Quantity) > 2 {
			item.Quantity, item.Name = "", item.Quantity+" × "+name
		}
		v.Items = append(v.Items, item)
	}
	v.Flags = append(flags(o, c, true), flags(o, c, false)...)
	v.Cut = c.cut
	return v
}

// restaurant is the name that heads a ticket.
func (r *Renderer) restaurant(o *store.Order, c *clipper) string {
	switch {
	case len(r.settings.Header) > 0:
		return c.short(r.settings.Header[0])
	case strings.TrimSpace(o.PointOfSale) != "":
		return c.short(o.PointOfSale)
	}
	return c.short(o.Key.Nickname)
}

// joinChoices writes modifiers in one line, up to what is left of clip's room.
func joinChoices(ms []store.Modifier) string {
	var words []string
	for _, m := range ms {
		if len(words) > 40 {
			return strings.Join(words, ", ") + ", …"
		}
		word := m.Name
		if !m.Quantity.Equal(store.Units(1)) {
			word = m.Quantity.String() + noBreak + word
		}
		if inner := joinChoices(m.Modifiers); inner != "" {
			word += " (" + inner + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func (r *Renderer) pay(o *store.Order, c *clipper) payView {
	toPay := toPay(o)
	v := payView{Paid: o.Payment.Paid, Amount: r.money(o, toPay), Method: r.method(o, c)}
	if given := o.Payment.CashGiven; given > 0 && !v.Paid {
		v.PaysWith, v.Change = r.money(o, given), r.money(o, given-toPay)
		if given < toPay {
			v.Change, v.Short = r.money(o, toPay-given), true
		}
	}
	return v
}

// toPay is what the customer owes, the tip included.
func toPay(o *store.Order) int64 {
	if o.Totals.ToPay != 0 {
		return o.Totals.ToPay
	}
	return o.Totals.Total + o.Totals.Tip
}

// method is how it is paid: cash and card in words, the rest as the channel
// calls it.
func (r *Renderer) method(o *store.Order, c *clipper) string {
	method := c.short(strings.TrimSpace(o.Payment.Method))
	switch {
	case o.Payment.Cash || strings.EqualFold(method, "cash"):
		method = r.words.Cash
	case strings.EqualFold(method, "card") || method == "" && o.Payment.CardLast4 != "":
		method = r.words.Card
	}
	if four := c.short(o.Payment.CardLast4); four != "" {
		method += " *" + four
	}
	return method
}

// mapLink leads a telephone to the address, where the channel knows its place.
func mapLink(lat, lng string) string {
	if !degrees(lat, 90) || !degrees(lng, 180) {
		return ""
	}
	return "https://maps.google.com/?q=" + lat + "," + lng
}

func degrees(s string, most float64) bool {
	if len(s) > 24 || strings.Trim(s, "-0123456789.") != "" {
		return false
	}
	f, err := strconv.ParseFloat(s, 64)
	return err == nil && f >= -most && f <= most && f != 0
}
