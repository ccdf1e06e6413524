//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// An ask is an order as a customer made it, with what must be read on paper.
// The expectation is built beside the payload, not by the agent's own parser.
type ask struct {
	number  string
	id      string
	kind    string // delivery, go, serve
	payload []byte // the downlink message
	// lines that must be on the customer's ticket; each station's comanda holds
	// those of its own.
	lines []askLine
	// words that must be on the slip (delivery), the receipt, every comanda.
	slip, receipt, comanda []string
}

type askLine struct {
	amount    int
	name      string
	note      string
	station   string // where it must be made
	modifiers []askModifier
}

type askModifier struct{ name, station string }

// stations are the tickets that the order must have, by station. A modifier
// that another station makes is made for each of its line.
func (k ask) stations() map[string][]string {
	want := map[string][]string{}
	for _, l := range k.lines {
		want[l.station] = append(want[l.station], counted(l.amount, l.name), l.name, l.note)
		for _, m := range l.modifiers {
			want[m.station] = append(want[m.station], m.name)
			if m.station != l.station {
				want[m.station] = append(want[m.station], counted(l.amount, m.name))
			}
		}
	}
	return want
}

// counted is how a paper begins a line, blanks left out: 2Lomo.
func counted(amount int, name string) string {
	return fmt.Sprint(amount) + strings.Fields(name)[0]
}

// A kitchen makes asks: its own random source, one number after the other.
type kitchenMenu struct {
	rand     *rand.Rand
	currency string
	n        int
}

var menuNames = []struct{ id, name, station string }{
	{"CARNE-1", "Lomo saltado al wok con ají", "parrilla"},
	{"CARNE-2", "Anticuchos de corazón", "parrilla"},
	{"POLLO-1", "Pollo a la brasa ¼ con ensalada", "parrilla"},
	{"POLLO-2", "Pechuga rellena Niño Jesús", "parrilla"},
	{"BEBIDA-1", "Chicha morada 1 L", "barra"},
	{"BEBIDA-2", "Café cortado à l’ancienne", "barra"},
	{"POSTRE-1", "Crème brûlée de lúcuma", "barra"},
	{"SIN-ID", "Empanada de queso y jamón", "barra"},
}

var menuNotes = []string{"", "", "¡Sin cebolla!", "Bien cocido, por favor", "Alergia: maní"}

// ask makes the next order of a kind.
func (m *kitchenMenu) ask(t testing.TB, kind string) ask {
	t.Helper()
	m.n++
	k := ask{number: fmt.Sprintf("%d", 70000+m.n), id: fmt.Sprintf("e2e-%s-%d", m.currency, m.n), kind: kind}
	var items []map[string]any
	total := 0
	for range 1 + m.rand.IntN(4) {
		item, line, price := m.item()
		items, k.lines = append(items, item), append(k.lines, line)
		total += price
	}
	order := m.order(k, items, total)
	message := map[string]any{
		"provider": "justo", "received_at": time.Now().UTC().Format(time.RFC3339), "headers": map[string]string{},
	}
	// The bare order and the webhook's envelope must read the same.
	if m.n%3 == 0 {
		message["body"] = order
	} else {
		message["body"] = map[string]any{"type": "newOrder", "date": order["createdAt"], "data": map[string]any{"order": order}}
	}
	payload, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	k.payload = payload
	k.receipt = []string{k.number, "Núñez"}
	k.comanda = []string{k.number}
	switch kind {
	case "delivery":
		k.slip = []string{k.number, "Av. Ficticia 742", "+51 900 111 222", "Timbre roto, llamar"}
	case "serve":
		k.comanda = append(k.comanda, "12")
	}
	return k
}

func (m *kitchenMenu) item() (map[string]any, askLine, int) {
	dish := menuNames[m.rand.IntN(len(menuNames))]
	line := askLine{amount: 1 + m.rand.IntN(3), name: dish.name, station: dish.station,
		note: menuNotes[m.rand.IntN(len(menuNotes))]}
	price := 1000 * (1 + m.rand.IntN(40))
	item := map[string]any{
		"product": map[string]any{"_id": "p-" + dish.id, "externalId": dish.id, "name": dish.name},
		"amount":  line.amount, "unitPrice": price, "baseUnitPrice": price, "comment": line.note,
	}
	switch m.rand.IntN(3) {
	case 0: // the shape of today
		line.modifiers = []askModifier{{"Salsa criolla", dish.station}, {"Inca Kola 500 ml", "barra"}}
		item["modifiers"] = []map[string]any{
			{"modifierId": "m1", "name": "Salsa", "options": []map[string]any{
				{"optionId": "o1", "name": "Salsa criolla", "price": 0, "externalId": "SALSA-1"}}},
			{"modifierId": "m2", "name": "Bebida", "options": []map[string]any{
				{"optionId": "o2", "name": "Inca Kola 500 ml", "price": 0, "externalId": "BEBIDA-9"}}},
		}
	case 1: // the legacy shape
		line.modifiers = []askModifier{{"Término medio", dish.station}}
		item["options"] = []map[string]any{{"title": "Cocción", "selections": []string{"Término medio"},
			"selectionsPrices": []int{0}, "selectionsExternalIds": []string{"TERMINO-2"}}}
	}
	return item, line, price * line.amount
}

func (m *kitchenMenu) order(k ask, items []map[string]any, total int) map[string]any {
	order := map[string]any{
		"_id": k.id, "code": k.number, "fullCode": "J-" + k.number, "orderStatus": "pending",
		"deliveryType": k.kind, "channel": "web-" + k.kind, "source": "web", "isScheduled": false,
		"createdAt": time.Now().UTC().Format(time.RFC3339Nano),
		"buyerName": "Begoña Núñez", "phone": "+51 900 111 222", "address": nil,
		"store":       map[string]any{"_id": "s1", "externalId": "x1", "name": "La Brasa de Ñusta"},
		"paymentType": "cash", "cashAmount": total + 50000, "items": items,
		"itemsPrice": total, "deliveryFee": 0, "totalPrice": total, "tipAmount": 0, "amountToPay": total,
	}
	switch k.kind {
	case "delivery":
		order["address"] = map[string]any{"address": "Av. Ficticia 742", "addressSecondary": "Piso 3",
			"comment": "Timbre roto, llamar", "location": map[string]any{"lat": -12.05, "lng": -77.04}}
	case "serve":
		order["tableNumber"] = 12
	}
	return order
}
