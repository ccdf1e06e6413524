//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// What the evening's restaurant makes. No name is within another.
var eveningMenu = []struct {
	id, name, station string
	price             int
}{
	{"POLLO-BRASA", "Pollo a la brasa", "cocina", 39}, {"POLLO-AJI", "Ají de gallina", "cocina", 31}, {"SOPA-CRIOLLA", "Sopa criolla", "cocina", 24},
	{"CARNE-LOMO", "Lomo saltado", "parrilla", 38}, {"CARNE-ANTI", "Anticuchos de corazón", "parrilla", 29}, {"CARNE-BIFE", "Bife ancho", "parrilla", 62},
	{"BEBIDA-CHICHA", "Chicha morada", "barra", 12}, {"BEBIDA-PISCO", "Pisco sour", "barra", 24}, {"POSTRE-SUSPIRO", "Suspiro limeño", "barra", 16},
}

var eveningNotes = []string{"", "", "sin sal", "bien caliente"}

// A plate is one line of an order: how many of a dish (its place on the menu),
// and how.
type plate struct {
	dish, many int
	note       string
}

// A guest is an order as its customer wants it, which the agent knows only by
// the payloads.
type guest struct {
	number, id, kind, source, table string
	at                              time.Time
	plates                          []plate
	// fate is what happens to the order after it was made: nothing, cancel or
	// change; moment is when that was.
	fate, moment string
	done         bool
}

// guests are an evening's: most of them between 20:00 and 21:30.
func guests(rng *rand.Rand, from time.Time, n int) []*guest {
	var all []*guest
	for range n {
		at := time.Duration(rng.Int64N(int64(290 * time.Minute)))
		if rng.IntN(2) == 0 {
			at = 2*time.Hour + time.Duration(rng.Int64N(int64(90*time.Minute)))
		}
		all = append(all, &guest{at: from.Add(at)})
	}
	slices.SortFunc(all, func(a, b *guest) int { return a.at.Compare(b.at) })
	for i, g := range all {
		if i%10 == 3 { // two at a blow
			g.at = all[i-1].at
		}
		g.number, g.id = fmt.Sprint(70001+i), fmt.Sprintf("evening-%03d", i)
		g.kind = []string{"delivery", "go", "serve", "delivery"}[rng.IntN(4)]
		g.source = []string{"web", "rappi", "pedidosya"}[rng.IntN(3)]
		if g.kind == "serve" {
			g.table = fmt.Sprint(1 + rng.IntN(12))
		}
		for _, dish := range rng.Perm(len(eveningMenu))[:1+rng.IntN(4)] {
			g.plates = append(g.plates, plate{dish, 1 + rng.IntN(3), eveningNotes[rng.IntN(len(eveningNotes))]})
		}
	}
	return all
}

// change has a guest want something else: more, less, another dish, another way.
func (g *guest) change(rng *rand.Rand) {
	g.plates = slices.Clone(g.plates)
	i := rng.IntN(len(g.plates))
	switch p := &g.plates[i]; rng.IntN(5) {
	case 0:
		p.many++
	case 1:
		if p.note == "" {
			p.note = "sin sal"
		} else {
			p.note, p.many = "", p.many+3 // never back to what it was
		}
	case 2:
		if len(g.plates) > 1 {
			g.plates = slices.Delete(g.plates, i, i+1)
			return
		}
		p.many += 2
	default:
		for _, dish := range rng.Perm(len(eveningMenu)) {
			if !slices.ContainsFunc(g.plates, func(p plate) bool { return p.dish == dish }) {
				g.plates = append(g.plates, plate{dish, 1 + rng.IntN(2), ""})
				return
			}
		}
	}
}

// wants is what each station has to make in the end.
func (g *guest) wants() map[string]map[string]string {
	all := map[string]map[string]string{}
	if g.fate == "cancel" {
		return all
	}
	for _, p := range g.plates {
		dish := eveningMenu[p.dish]
		if all[dish.station] == nil {
			all[dish.station] = map[string]string{}
		}
		all[dish.station][dish.name] = fmt.Sprint(p.many, " ", p.note)
	}
	return all
}

// payload is what the relay hands down: Justo's webhook of an event.
func (g *guest) payload(event, status string, now time.Time) []byte {
	items, sum := []map[string]any{}, 0
	for _, p := range g.plates {
		dish := eveningMenu[p.dish]
		items = append(items, map[string]any{
			"_id":     fmt.Sprintf("%s-line-%d", g.id, p.dish),
			"product": map[string]any{"_id": "p-" + dish.id, "externalId": dish.id, "name": dish.name},
			"amount":  p.many, "unitPrice": dish.price, "baseUnitPrice": dish.price, "comment": p.note, "modifiers": []any{},
		})
		sum += p.many * dish.price
	}
	order := map[string]any{
		"_id": g.id, "code": g.number, "orderStatus": status, "deliveryType": g.kind, "source": g.source,
		"createdAt": g.at.UTC().Format(time.RFC3339), "buyerName": "María Núñez", "phone": "+51 900 000 001", "address": nil,
		"store":       map[string]any{"_id": "demo-store", "externalId": "lima-01", "name": "La Brasa de Ñusta"},
		"paymentType": "cash", "items": items, "itemsPrice": sum, "totalPrice": sum, "tipAmount": 0, "amountToPay": sum, "deliveryFee": 0,
		"cashAmount": (sum/50 + 1) * 50,
	}
	switch g.kind {
	case "delivery":
		order["address"] = map[string]any{"address": "Av. Los Jazmínes 123", "addressSecondary": "Dpto. 402", "comment": "",
			"location": map[string]any{"lat": -12.1, "lng": -77.03}}
	case "serve":
		order["tableNumber"] = g.table
	}
	body := map[string]any{"type": event, "date": now.UTC().Format(time.RFC3339Nano), "data": map[string]any{"order": order}}
	message, err := json.Marshal(map[string]any{
		"provider": "justo", "received_at": now.UTC().Format(time.RFC3339Nano), "headers": map[string]string{}, "body": body,
	})
	if err != nil {
		panic(err) // maps of plain values
	}
	return message
}

// dishNames are those of the menu.
func dishNames() (names []string) {
	for _, d := range eveningMenu {
		names = append(names, d.name)
	}
	return names
}
