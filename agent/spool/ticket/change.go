package ticket

import (
	"strings"

	"mostrador/store"
)

// changeView tells a station what is different from the papers that it has.
type changeView struct {
	baseView
	Station string
	Part    string
	Also    string
	// Facts that changed beside the dishes: another table, hour or note.
	Facts []factView
	// Sections of dishes: to leave, to make otherwise, to make besides.
	Sections  []sectionView
	Unchanged int // dishes that stay as they are
}

// A factView is something of the whole order, as it is now and was before.
type factView struct{ Word, Now, Before string }

// A sectionView is dishes of which the same is to be done.
type sectionView struct {
	Title string
	Gone  bool // not to be made
	Items []changedView
}

// A changedView is a dish as it is now, and in one line as it was before.
type changedView struct {
	itemView
	Before string
}

func (r *Renderer) change(in Input) changeView {
	j := in.Job
	c := clipperFor(itemRunes(j.Items))
	v := changeView{
		baseView: r.base(in, c), Station: strings.ToUpper(c.short(j.Station)), Part: r.part(j),
		Also: c.long(strings.Join(j.Others, ", ")), Facts: r.facts(in, c), Unchanged: j.Unchanged,
	}
	var was *store.Item
	for i := range j.Items {
		it := &j.Items[i]
		switch {
		case c.full():
			v.More++
		case it.Difference == store.DifferenceWas:
			was = it
		case it.Difference == store.DifferenceRemoved:
			v.put(r.words.Remove, true, changedView{itemView: r.item(*it, c, &v.More)})
		case it.Difference == store.DifferenceNow:
			now := changedView{itemView: r.item(*it, c, &v.More)}
			if was != nil {
				now.Before = c.line(oneLine(*was), smallRow)
			}
			v.put(r.words.Now, false, now)
			was = nil
		default:
			v.put(r.words.Add, false, changedView{itemView: r.item(*it, c, &v.More)})
		}
	}
	v.Cut = c.cut
	return v
}

// put adds a dish to the section that is under way, or to a new one.
func (v *changeView) put(title string, gone bool, item changedView) {
	if n := len(v.Sections); n == 0 || v.Sections[n-1].Title != title {
		v.Sections = append(v.Sections, sectionView{Title: title, Gone: gone})
	}
	last := &v.Sections[len(v.Sections)-1]
	last.Items = append(last.Items, item)
}

// facts are those that changed since the paper that this one follows.
func (r *Renderer) facts(in Input, c *clipper) []factView {
	if in.Before == nil {
		return nil
	}
	var out []factView
	add := func(word, before, now, none string) {
		if before == now {
			return
		}
		if now == "" {
			now = none
		}
		out = append(out, factView{word, c.long(now), c.long(before)})
	}
	add("#", number(in.Before), number(in.Order), "")
	add("", r.kind(in.Before), r.kind(in.Order), "")
	add(r.words.Due, r.due(in.Before), r.due(in.Order), r.words.ASAP)
	add(r.words.Note, in.Before.Observations, in.Order.Observations, r.words.Nothing)
	return out
}

// oneLine is a dish in one line: 2 × Lomo saltado (bien cocido): sin sal.
func oneLine(it store.Item) string {
	text := it.Quantity.String() + " × " + it.Name
	if choices := joinItems(it.Modifiers); choices != "" {
		text += " (" + choices + ")"
	}
	if it.Note != "" {
		text += ": " + it.Note
	}
	return text
}

func joinItems(items []store.Item) string {
	var words []string
	for _, m := range items {
		if len(words) > 40 {
			return strings.Join(words, ", ") + ", …"
		}
		word := m.Name
		if !m.Quantity.Equal(store.Units(1)) {
			word = m.Quantity.String() + noBreak + word
		}
		if inner := joinItems(m.Modifiers); inner != "" {
			word += " (" + inner + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// voidView tells a station or a courier to stop.
type voidView struct {
	baseView
	Station string // empty: the courier's
	Stop    string
	Items   []itemView
	Reason  string
	Street  string
}

func (r *Renderer) void(in Input) voidView {
	j, o := in.Job, in.Order
	c := clipperFor(itemRunes(j.Items))
	v := voidView{
		baseView: r.base(in, c), Station: strings.ToUpper(c.short(j.Station)), Stop: r.words.Stop, Reason: r.words.NotNeeded,
	}
	if slip := in.Followed != nil && in.Followed.Kind == store.DeliveryTicket; slip {
		v.Stop = r.words.StopDelivery
		if o.Address != nil {
			v.Street = c.long(o.Address.Street)
		}
	}
	switch o.Status {
	case store.Cancelled:
		v.Reason = r.words.OrderCancelled
	case store.Rejected:
		v.Reason = r.words.OrderRejected
	}
	for _, it := range j.Items {
		if c.full() {
			v.More++
			continue
		}
		v.Items = append(v.Items, r.item(it, c, &v.More))
	}
	v.Cut = c.cut
	return v
}
