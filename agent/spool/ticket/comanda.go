package ticket

import (
	"strings"

	"mostrador/store"
)

// comandaView is one station's share of an order.
type comandaView struct {
	baseView
	Station string
	Part    string // 1 de 2, where there are several
	Also    string // the other stations
	Items   []itemView
	Count   string // of the dishes, where every quantity is a whole one
}

// An itemView is a line of a comanda.
type itemView struct {
	// Quantity stands beside the name where it is short, else before it.
	Quantity, LongQuantity string
	// Several: more than one, easily missed.
	Several   bool
	Name      string
	Note      string
	Parent    string
	Unmatched bool
	Choices   []choiceView
}

// A choiceView is a modifier; Deep ones belong to the choice above them.
type choiceView struct {
	Quantity, Group, Name, Note string
	Deep                        bool
}

func (r *Renderer) comanda(in Input) comandaView {
	j := in.Job
	c := clipperFor(itemRunes(j.Items))
	v := comandaView{baseView: r.base(in, c), Station: strings.ToUpper(c.short(j.Station)), Part: r.part(j)}
	if j.Parts > 1 {
		v.Also = c.long(strings.Join(j.Others, ", "))
	}
	v.Flags = flags(in.Order, c, false)
	total := store.Units(0)
	for _, it := range j.Items {
		total = total.Sub(it.Quantity.Mul(store.Units(-1)))
		if c.full() {
			v.More++
			continue
		}
		v.Items = append(v.Items, r.item(it, c, &v.More))
	}
	if count := total.String(); len(j.Items) > 1 && !strings.Contains(count, ".") {
		v.Count = count
	}
	v.Cut = c.cut
	return v
}

func (r *Renderer) item(it store.Item, c *clipper, more *int) itemView {
	v := itemView{
		Name: c.line(it.Name, bigRow), Note: c.extra(it.Note, bigRow), Parent: c.extra(it.Parent, smallRow), Unmatched: it.Unmatched,
		Several: !it.Quantity.Equal(store.Units(1)),
	}
	if q := it.Quantity.String(); len(q) <= 2 {
		v.Quantity = q
	} else {
		v.LongQuantity = q
	}
	c.rows -= 2 // a gap, and that no station takes it
	v.Choices = choices(it.Modifiers, c, false, more)
	return v
}

// choices are the modifiers of an item in one list, each before its own.
func choices(ms []store.Item, c *clipper, deep bool, more *int) []choiceView {
	var out []choiceView
	for _, m := range ms {
		if c.full() {
			*more += 1 + countItems(m.Modifiers)
			continue
		}
		choice := choiceView{Group: c.extra(m.Group, smallRow), Name: c.line(m.Name, smallRow), Note: c.extra(m.Note, bigRow), Deep: deep}
		if !m.Quantity.Equal(store.Units(1)) {
			choice.Quantity = m.Quantity.String()
		}
		out = append(append(out, choice), choices(m.Modifiers, c, true, more)...)
	}
	return out
}

func countItems(items []store.Item) int {
	n := len(items)
	for _, it := range items {
		n += countItems(it.Modifiers)
	}
	return n
}
