package order

import (
	"fmt"
	"slices"

	"mostrador/store"
)

// A dish is an item of a comanda, and the order's line that it came from, by
// the channel's id, empty where there is none.
type dish struct {
	line string
	item store.Item
}

// dishesOf are a comanda's items with the ids of their lines.
func dishesOf(items []store.Item, o *store.Order) []dish {
	out := make([]dish, 0, len(items))
	for _, it := range items {
		d := dish{item: it}
		if it.Line >= 0 && it.Line < len(o.Lines) {
			d.line = o.Lines[it.Line].ID
		}
		if d.line != "" && it.Parent != "" { // a choice that is made elsewhere
			d.line += "\x00" + it.Group + "\x00" + it.Name
		}
		out = append(out, d)
	}
	return out
}

// made is what there is to cook, in one text: the same dish, the same text, in
// whatever order its choices were listed.
func (d dish) made() string {
	return plain(d.item.Quantity) + "|" + d.kind() + fmt.Sprintf("|%q", d.item.Note)
}

// kind is the dish without how many and without its note.
func (d dish) kind() string {
	return fmt.Sprintf("%s|%q", d.name(), choicesOf(d.item.Modifiers))
}

func (d dish) name() string { return fmt.Sprintf("%q|%q|%q", d.item.Name, d.item.Group, d.item.Parent) }

func choicesOf(items []store.Item) []string {
	out := make([]string, 0, len(items))
	for _, it := range items {
		out = append(out, fmt.Sprintf("%s|%q|%q|%q|%q", plain(it.Quantity), it.Group, it.Name, it.Note, choicesOf(it.Modifiers)))
	}
	slices.Sort(out)
	return out
}

func sameDishes(a, b []dish) bool {
	if len(a) != len(b) {
		return false
	}
	return slices.Equal(sorted(a), sorted(b))
}

func sorted(dishes []dish) []string {
	out := make([]string, 0, len(dishes))
	for _, d := range dishes {
		out = append(out, d.made())
	}
	slices.Sort(out)
	return out
}

// differences lists what is to be made otherwise: what is not to be made any
// more, then what is made another way (was, now), then what is new. unchanged
// counts the dishes that stay.
func differences(known, want []dish) (items []store.Item, unchanged int) {
	p := pairing{known: known, want: want, taken: make([]bool, len(known)), of: make([]int, len(want))}
	for i := range p.of {
		p.of[i] = nobody
	}
	p.pair(dish.made)
	same := slices.Clone(p.of)
	p.pair(func(d dish) string { return d.line })
	p.pair(dish.kind)
	p.pair(dish.name)
	for n, d := range known {
		if !p.taken[n] {
			items = append(items, different(d, store.DifferenceRemoved))
		}
	}
	var added []store.Item
	for i, d := range want {
		switch {
		case same[i] != nobody:
			unchanged++
		case p.of[i] == nobody:
			added = append(added, different(d, store.DifferenceAdded))
		default:
			items = append(items, different(known[p.of[i]], store.DifferenceWas), different(d, store.DifferenceNow))
		}
	}
	return append(items, added...), unchanged
}

// A pairing finds for each dish that is wanted the one that it was before.
type pairing struct {
	known, want []dish
	taken       []bool // by the index of known
	of          []int  // by the index of want: the index of known, or nobody
}

const nobody = -1

// pair joins those that are the same by key, the first with the first; an empty
// key is nobody's. Each key is made once, as an order may have hundreds of dishes.
func (p *pairing) pair(key func(dish) string) {
	left := map[string][]int{}
	for n, d := range p.known {
		if !p.taken[n] {
			k := key(d)
			left[k] = append(left[k], n)
		}
	}
	for i, d := range p.want {
		if p.of[i] != nobody {
			continue
		}
		k := key(d)
		if k == "" || len(left[k]) == 0 {
			continue
		}
		p.of[i], p.taken[left[k][0]] = left[k][0], true
		left[k] = left[k][1:]
	}
}

func different(d dish, how store.Difference) store.Item {
	d.item.Difference = how
	return d.item
}

// applyDifferences is what is to be made after a change ticket.
func applyDifferences(known, change []dish) []dish {
	gone := map[string]int{} // how many of each are made no more
	var added []dish
	for _, d := range change {
		switch d.item.Difference {
		case store.DifferenceRemoved, store.DifferenceWas:
			gone[d.made()]++
		default:
			d.item.Difference = ""
			added = append(added, d)
		}
	}
	var out []dish
	for _, d := range known {
		if made := d.made(); gone[made] > 0 {
			gone[made]--
			continue
		}
		out = append(out, d)
	}
	return append(out, added...)
}

// itemsOf are the dishes as a ticket lists them.
func itemsOf(dishes []dish) []store.Item {
	out := make([]store.Item, 0, len(dishes))
	for _, d := range dishes {
		out = append(out, d.item)
	}
	return out
}
