package justo

import (
	"fmt"
	"strings"

	"mostrador/agent/integration"
	"mostrador/agent/order"
	"mostrador/store"
)

func wrongType(what string) error {
	return &integration.Unreadable{Code: integration.WrongType, Text: "no se entiende su campo " + what}
}

// items reads the lines. Something in them that is of another type than
// documented stops the order: half a dish is worse than a call.
func (r *reader) items() error {
	list, ok := r.in.order.List("items")
	if !ok {
		return wrongType("items")
	}
	if len(list) > order.MaxLines {
		return &integration.Unreadable{Code: integration.Invalid, Text: fmt.Sprintf("tiene %d líneas; el máximo es %d", len(list), order.MaxLines)}
	}
	seen := map[string]int{}
	for i, v := range list {
		in, ok := v.(map[string]any)
		if !ok {
			return wrongType(fmt.Sprintf("items[%d]", i))
		}
		l, err := r.line(in)
		if err != nil {
			return err
		}
		if l.ID == "" { // lines have no id of their own in the older generations
			seen[l.ProductID]++
			l.ID = fmt.Sprintf("%s#%d", l.ProductID, seen[l.ProductID])
		}
		r.o.Lines = append(r.o.Lines, l)
	}
	if len(list) == 0 {
		r.flag("no_items", "el pedido no tiene productos")
	}
	return nil
}

func (r *reader) line(in integration.Object) (store.Line, error) {
	product := in.Object("product")
	l := store.Line{
		ID: in.Text("_id", "id"), ProductID: product.Text("_id", "id"), ExternalID: product.Text("externalId"),
		Name: product.Text("name"), Category: category(product), Note: in.Text("comment"),
	}
	if l.ProductID == "" {
		l.ProductID = in.Text("productId", "product")
	}
	if l.ExternalID == "" {
		l.ExternalID = in.Text("externalId")
	}
	if l.Name == "" {
		l.Name = in.Text("name", "productName")
	}
	if strings.TrimSpace(l.Name) == "" {
		l.Name = strings.TrimSpace(order.Nameless + " " + l.ExternalID)
		r.flag("name_missing", "hay un producto sin nombre: véalo en la aplicación de Justo")
	}
	name, _ := order.Clean(l.Name, 60)
	var err error
	if l.Quantity, err = r.quantity(in, name); err != nil {
		return l, err
	}
	l.Unit, _ = r.amounts.Read(in, "unitPrice", "baseUnitPrice")
	l.Modifiers, err = r.choices(in, "items", 1)
	return l, err
}

// category of a product; where it stands is not public.
func category(product integration.Object) string {
	if name := product.Object("category").Text("name", "externalId"); name != "" {
		return name
	}
	return product.Text("category", "categoryName")
}

// choices reads the modifiers of a line or of a choice: groups in modifiers[],
// or the legacy shape in options[]. Where both stand, the legacy one adds only
// what the other does not have.
func (r *reader) choices(in integration.Object, path string, depth int) ([]store.Modifier, error) {
	if depth > order.MaxDepth {
		return nil, &integration.Unreadable{Code: integration.TooDeep, Text: fmt.Sprintf("sus modificadores se anidan más de %d niveles", order.MaxDepth)}
	}
	out, err := r.groups(in, "modifiers", path, depth)
	if err != nil {
		return nil, err
	}
	legacy, err := r.groups(in, "options", path, depth)
	if err != nil || len(out) == 0 {
		return legacy, err
	}
	known := map[string]bool{}
	for _, m := range out {
		known[sameChoice(m)] = true
	}
	for _, m := range legacy {
		if !known[sameChoice(m)] {
			out = append(out, m)
		}
	}
	return out, nil
}

func sameChoice(m store.Modifier) string { return strings.ToLower(strings.TrimSpace(m.Name)) }

// groups reads a list whose entries are groups of either shape, or choices
// without a group.
func (r *reader) groups(in integration.Object, field, path string, depth int) ([]store.Modifier, error) {
	path += "." + field
	list, ok := in.List(field)
	if !ok {
		return nil, wrongType(path)
	}
	var out []store.Modifier
	for _, v := range list {
		if v == nil {
			continue
		}
		var ms []store.Modifier
		g, ok := v.(map[string]any)
		if !ok {
			return nil, wrongType(path)
		}
		ms, err := r.group(g, path, depth)
		if err != nil {
			return nil, err
		}
		out = append(out, ms...)
	}
	return out, nil
}

func (r *reader) group(g integration.Object, path string, depth int) ([]store.Modifier, error) {
	title := g.Text("title", "name")
	if g["selections"] != nil {
		return r.selections(g, title, path, depth)
	}
	options, ok := g.List("options")
	if !ok {
		return nil, wrongType(path + ".options")
	}
	if len(options) == 0 {
		if _, isGroup := g["options"]; isGroup || g.Text("modifierId") != "" || title == "" {
			return nil, nil // a group in which nothing was chosen
		}
		m, err := r.choice(g, "", nil, path, depth)
		return []store.Modifier{m}, err
	}
	var out []store.Modifier
	for _, v := range options {
		o, ok := v.(map[string]any)
		switch {
		case v == nil:
			continue
		case !ok:
			return nil, wrongType(path + ".options")
		case o["selections"] != nil: // the legacy shape within the new one
			ms, err := r.group(o, path+".options", depth+1)
			if err != nil {
				return nil, err
			}
			for i := range ms {
				if ms[i].Group == "" {
					ms[i].Group = title
				}
			}
			out = append(out, ms...)
			continue
		}
		m, err := r.choice(o, title, g.Object("countByExternalId"), path, depth)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// choice reads one option. counts are the group's countByExternalId, where that
// is a table of how often each was chosen.
func (r *reader) choice(o integration.Object, group string, counts integration.Object, path string, depth int) (store.Modifier, error) {
	m := store.Modifier{
		ID: o.Text("optionId", "_id", "id"), ExternalID: o.Text("externalId"),
		Group: group, Name: o.Text("name", "title"), Quantity: store.Units(1),
	}
	if m.Name == "" {
		m.Name = strings.TrimSpace("OPCIÓN SIN NOMBRE " + m.ExternalID)
		r.flag("name_missing", "hay una opción sin nombre: véala en la aplicación de Justo")
	}
	m.Price, _ = r.amounts.Read(o, "price")
	name, _ := order.Clean(m.Name, 60)
	var err error
	switch {
	case o.Has("amount") || o.Has("quantity"):
		if m.Quantity, err = r.quantity(o, name); err != nil {
			return m, err
		}
	case counts.Has(m.ExternalID):
		if m.Quantity, err = store.ParseQuantity(counts.Text(m.ExternalID)); err != nil {
			return m, wrongType(path + ".countByExternalId")
		}
	}
	m.Modifiers, err = r.choices(o, path, depth+1)
	return m, err
}

// selections reads a legacy group: parallel lists of names, prices and ids. A
// selection that is an object is read as an option.
func (r *reader) selections(g integration.Object, title, path string, depth int) ([]store.Modifier, error) {
	list, ok := g.List("selections")
	if !ok {
		if text := g.Text("selections"); text != "" {
			list, ok = []any{text}, true
		}
	}
	prices, okPrices := g.List("selectionsPrices")
	ids, okIDs := g.List("selectionsExternalIds")
	if !ok || !okPrices || !okIDs {
		return nil, wrongType(path + ".selections")
	}
	var out []store.Modifier
	for i, v := range list {
		if v == nil {
			continue
		}
		if o, isObject := v.(map[string]any); isObject {
			m, err := r.choice(o, title, nil, path, depth)
			if err != nil {
				return nil, err
			}
			out = append(out, m)
			continue
		}
		one := integration.Object{"name": v}
		if i < len(prices) {
			one["price"] = prices[i]
		}
		if i < len(ids) {
			one["externalId"] = ids[i]
		}
		if one.Text("name") == "" {
			if _, isList := v.([]any); isList || v == true {
				return nil, wrongType(path + ".selections")
			}
			continue // "null" and the like: nothing was chosen
		}
		m, err := r.choice(one, title, nil, path, depth)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}
