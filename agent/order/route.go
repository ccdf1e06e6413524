package order

import (
	"fmt"
	"strings"

	"mostrador/store"
)

// A Comanda is what one station has to make of one order.
type Comanda struct {
	Station Station
	Items   []store.Item
}

// A router knows which station takes what.
type router struct {
	matchers []matcher
	// fallback takes what nobody matches; usable is false without a printer.
	fallback int // index into stations
	stations []Station
	usable   bool
	// marks: unmatched lines are worth a word, as they could be elsewhere.
	marks bool
}

func newRouter(r Rules) router {
	def, ok := r.defaultStation()
	out := router{stations: r.Stations, usable: ok, marks: len(r.Stations) > 1}
	if len(r.Stations) == 0 {
		out.stations = []Station{def}
	}
	for i, s := range out.stations {
		out.matchers = append(out.matchers, newMatcher(s))
		if s.Name == def.Name {
			out.fallback = i
		}
	}
	return out
}

// Route divides an order's lines among the stations, in the order of the
// configuration. Each line goes to exactly one: to the first that matches it,
// else to the default one, where it is marked unmatched (unless that is the
// only station). A modifier that another station matches on its own, such as
// the drink of a combo, goes there with what is nested below it, names its
// line as Parent, counts for all of the line (2 combos: 2 drinks), and is not
// repeated on the line's own comanda: every thing to make stands on exactly one
// paper. A modifier that no station matches stays with its line.
func (r Rules) Route(o *store.Order) []Comanda { return newRouter(r).route(o) }

func (r router) route(o *store.Order) []Comanda {
	if !r.usable {
		return nil
	}
	w := &routing{router: r, items: make([][]store.Item, len(r.stations))}
	for i := range o.Lines {
		w.line(i, &o.Lines[i])
	}
	var out []Comanda
	for i, items := range w.items {
		if len(items) > 0 {
			out = append(out, Comanda{r.stations[i], items})
		}
	}
	return out
}

// routing is the routing of one order under way.
type routing struct {
	router
	items [][]store.Item // by station
}

func (w *routing) line(n int, l *store.Line) {
	at, matched := w.fallback, false
	for i := range w.matchers {
		if w.matchers[i].line(l) {
			at, matched = i, true
			break
		}
	}
	item := store.Item{
		Line: n, Quantity: l.Quantity, Name: l.Name, Note: l.Note,
		Unmatched: !matched && w.marks,
	}
	// The line stands before what was split off it, also at its own station.
	slot := len(w.items[at])
	w.items[at] = append(w.items[at], item)
	w.items[at][slot].Modifiers = w.modifiers(l.Modifiers, at, n, l.Name, l.Quantity)
}

// modifiers returns those that stay at station at, and puts the others where
// they belong. each is how many of the whole list are ordered.
func (w *routing) modifiers(ms []store.Modifier, at, line int, parent string, each store.Quantity) []store.Item {
	var stay []store.Item
	for i := range ms {
		m := &ms[i]
		to := w.modifierStation(m, at)
		total := multiply(each, m.Quantity)
		item := store.Item{Line: line, Quantity: m.Quantity, Name: m.Name, Group: m.Group}
		if to == at {
			item.Modifiers = w.modifiers(m.Modifiers, at, line, parent, total)
			stay = append(stay, item)
			continue
		}
		item.Quantity, item.Parent = total, parent
		slot := len(w.items[to])
		w.items[to] = append(w.items[to], item)
		w.items[to][slot].Modifiers = w.modifiers(m.Modifiers, to, line, parent, total)
	}
	return stay
}

// multiply returns a × b, or b alone where the product would be too long to be
// read again.
func multiply(a, b store.Quantity) store.Quantity {
	product := a.Mul(b)
	if _, err := store.ParseQuantity(product.String()); err != nil {
		return b
	}
	return product
}

// modifierStation is the first station that matches the modifier, or the one
// where its line is.
func (w *routing) modifierStation(m *store.Modifier, at int) int {
	for i := range w.matchers {
		if w.matchers[i].modifier(m) {
			return i
		}
	}
	return at
}

// unmatched names the lines that no station takes.
func unmatched(cs []Comanda) string {
	var names []string
	for _, c := range cs {
		for _, it := range c.Items {
			if it.Unmatched {
				names = append(names, it.Name)
			}
		}
	}
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" y %d más", len(names)-most)
	}
	return strings.Join(names, ", ")
}
