package justo

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"mostrador/agent/integration"
	"mostrador/agent/order"
	"mostrador/store"
)

// oddities are payloads that are not as documented, and what becomes of each.
var oddities = []struct {
	name  string
	edit  func(outer, o map[string]any)
	flag  string // expected among the flags
	code  string // of the Unreadable
	check func(store.Order) bool
}{
	{name: "negative price", edit: func(_, o map[string]any) { item(o)["unitPrice"] = -5 }, flag: "negative_price",
		check: func(o store.Order) bool { return o.Lines[0].Unit == -5 }},
	{name: "unreadable amount", edit: func(_, o map[string]any) { o["tipAmount"] = map[string]any{"amount": 3} }, flag: "amount_unreadable",
		check: func(o store.Order) bool { return o.Totals.Tip == 0 && o.Totals.Total == 35470 }},
	{name: "cents where there are none", edit: func(_, o map[string]any) { o["deliveryFee"] = json.Number("1990.5") }, flag: "amount_rounded",
		check: func(o store.Order) bool { return o.Totals.Delivery == 1991 }},
	{name: "an amount past int64", edit: func(_, o map[string]any) { o["totalPrice"] = json.Number("1e30") }, flag: "amount_unreadable"},
	{name: "an amount that would fill memory", edit: func(_, o map[string]any) { o["totalPrice"] = json.Number("1e999999999") }, flag: "amount_unreadable"},
	{name: "sum of the total", edit: func(_, o map[string]any) { o["totalPrice"] = 1; o["amountToPay"] = 1001 }, flag: "sums_disagree",
		check: func(o store.Order) bool { return o.Totals.Total == 1 }},
	{name: "sum to pay", edit: func(_, o map[string]any) { o["amountToPay"] = 1 }, flag: "sums_disagree"},
	{name: "sum of the lines", edit: func(_, o map[string]any) { item(o)["unitPrice"] = 1 }, flag: "sums_disagree"},
	{name: "no quantity", edit: func(_, o map[string]any) { delete(item(o), "amount") }, flag: "quantity_missing"},
	{name: "no name", edit: func(_, o map[string]any) { item(o)["product"] = map[string]any{"externalId": "CARNE-01"} }, flag: "name_missing",
		check: func(o store.Order) bool { return o.Lines[0].Name == "PRODUCTO SIN NOMBRE CARNE-01" }},
	{name: "no items", edit: func(_, o map[string]any) { o["items"] = []any{} }, flag: "no_items"},
	{name: "unknown way", edit: func(_, o map[string]any) { o["deliveryType"] = "drone" }, flag: "kind_unknown",
		check: func(o store.Order) bool { return o.Kind == store.Delivery }},
	{name: "table without a number", edit: func(_, o map[string]any) { o["deliveryType"] = "serve" }, flag: "table_missing"},
	{name: "scheduled for never", edit: func(_, o map[string]any) { o["isScheduled"] = "true"; o["deliverAt"] = "mañana" }, flag: "due_unknown"},
	{name: "time without a zone is the store's", edit: func(_, o map[string]any) { o["deliverAt"] = "2026-03-06 21:30" },
		check: func(o store.Order) bool { return o.DueAt.Equal(time.Date(2026, 3, 7, 0, 30, 0, 0, time.UTC)) }},
	{name: "a date of year 30000", edit: func(_, o map[string]any) { o["deliverAt"] = json.Number("900000000000000") },
		check: func(o store.Order) bool { return o.DueAt.IsZero() }},
	{name: "unpaid online", edit: func(_, o map[string]any) { o["transaction"] = map[string]any{"status": "pending"} },
		check: func(o store.Order) bool { return !o.Payment.Paid && !o.Payment.Cash }},
	{name: "legacy options beside modifiers count once", edit: func(_, o map[string]any) {
		item(o)["options"] = []any{map[string]any{"title": "Extra", "selections": []any{"a punto", "Palta"}}}
	}, check: func(o store.Order) bool {
		return sketchModifiers(o.Lines[0].Modifiers) == " [Término: 1 A punto 0; Bebida: 1 Jugo de maracuyá 1500; Extra: 1 Palta 0]"
	}},
	{name: "modifiers of another type", edit: func(_, o map[string]any) { item(o)["modifiers"] = "con todo" }, code: integration.WrongType},
	{name: "items of another type", edit: func(_, o map[string]any) { o["items"] = map[string]any{"a": 1} }, code: integration.WrongType},
	{name: "no items at all", edit: func(_, o map[string]any) { delete(o, "items") }, code: "no_items"},
	{name: "quantity in words", edit: func(_, o map[string]any) { item(o)["amount"] = "dos" }, code: integration.WrongType},
	{name: "id of another type", edit: func(_, o map[string]any) { o["_id"] = map[string]any{"$oid": "x"} }, code: integration.NoID},
	{name: "an event that is no order", edit: func(outer, _ map[string]any) {
		outer["type"] = "tabs.tab.closed"
		outer["data"] = map[string]any{"tab": 1}
	}, code: integration.UnsupportedEvent},
	{name: "the envelope's own id is not the order's", edit: func(outer, o map[string]any) { outer["id"] = "evt1"; delete(o, "_id") }, code: integration.NoID},
	{name: "modifiers without end", edit: func(_, o map[string]any) { item(o)["modifiers"] = nest(30) }, code: integration.TooDeep},
}

func TestOddities(t *testing.T) {
	base := samples(t)["delivery_clp"]
	for _, c := range oddities {
		t.Run(c.name, func(t *testing.T) {
			d, err := New().Parse(integration.Arrival{Body: editor(t, c.edit)(base)}, settings("clp"))
			var bad *integration.Unreadable
			if errors.As(err, &bad) {
				if bad.Code != c.code {
					t.Errorf("%v, want %q", err, c.code)
				}
				return
			}
			if err != nil || c.code != "" {
				t.Fatalf("error %v, want %q", err, c.code)
			}
			order.Tidy(&d.Order)
			if c.flag != "" && !order.HasFlag(&d.Order, c.flag) || c.flag == "" && len(d.Order.Flags) > 0 {
				t.Errorf("flags %v, want %q", d.Order.Flags, c.flag)
			}
			if c.check != nil && !c.check(d.Order) {
				t.Errorf("order %+v", d.Order)
			}
		})
	}
}

func nest(depth int) []any {
	o := map[string]any{"optionId": "o", "name": "más"}
	if depth > 0 {
		o["modifiers"] = nest(depth - 1)
	}
	return []any{map[string]any{"modifierId": "m", "name": "Nivel", "options": []any{o}}}
}
