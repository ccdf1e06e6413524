package main

import (
	"encoding/json"
	"fmt"
	"time"
)

// A demoDish is one product of the demo's restaurant.
type demoDish struct {
	id, name, note string
	price          int
	options        []demoOption
}

type demoOption struct {
	group, id, name string
	price           int
}

func demoMenu() []demoDish {
	return []demoDish{
		{id: "POLLO-ENTERO", name: "Pollo a la brasa entero", price: 72,
			options: []demoOption{{"Guarnición", "PAPAS", "Papas fritas grandes", 0}, {"Salsas", "AJI", "Ají de la casa", 2}}},
		{id: "CARNE-LOMO", name: "Lomo saltado", note: "Sin cebolla, por favor", price: 38},
		{id: "COMBO-MENU", name: "Menú anticucho", price: 34,
			options: []demoOption{{"Bebida", "BEBIDA-CHICHA", "Chicha morada 500 ml", 0}, {"Término", "TRES-CUARTOS", "Tres cuartos", 0}}},
		{id: "CARNE-ANTICUCHO", name: "Anticuchos de corazón", note: "¡Bien dorados!", price: 29},
		{id: "BEBIDA-PISCO", name: "Pisco sour clásico", price: 24},
		{id: "BEBIDA-LIMONADA", name: "Limonada frozen", price: 14},
		{id: "POSTRE-SUSPIRO", name: "Suspiro a la limeña", price: 16},
		{id: "POLLO-CHAUFA", name: "Arroz chaufa de pollo", price: 27},
	}
}

// demoOrder is the nth order of the demo as the relay hands it down: the shape
// of Justo's webhook, with people and places that do not exist.
func demoOrder(n int, now time.Time) []byte {
	people := []struct{ name, phone, street, flat, comment string }{
		{"María Núñez Ibáñez", "+51 900 000 001", "Av. Los Jazmínes 123", "Dpto. 402, torre B", "Portón verde frente al parque; el timbre no suena"},
		{"José Peña", "+51 900 000 002", "Jr. Ficticio 45", "", "Dejar con el conserje"},
		{"Zoë Müller", "+51 900 000 003", "Calle Señal 9", "Casa 3", ""},
	}
	who := people[n%len(people)]
	kind := []string{"delivery", "delivery", "go", "serve"}[n%4]
	items, itemsPrice := demoItems(n)
	fee := 0
	order := map[string]any{
		"_id": fmt.Sprintf("demo-%d-%04d", now.Unix(), n), "code": fmt.Sprintf("%d", 48213+n),
		"fullCode": fmt.Sprintf("J-%d", 48213+n), "orderStatus": "pending", "deliveryType": kind,
		"channel": "web-delivery", "source": []string{"web", "rappi", "pedidosya"}[n%3], "isScheduled": false,
		"createdAt": now.UTC().Format(time.RFC3339), "buyerName": who.name, "phone": who.phone, "address": nil,
		"store":       map[string]any{"_id": "demo-store", "externalId": "lima-01", "name": "La Brasa de Ñusta"},
		"paymentType": "cash", "items": items, "itemsPrice": itemsPrice,
	}
	switch kind {
	case "delivery":
		fee = 6
		order["address"] = map[string]any{"address": who.street, "addressSecondary": who.flat, "comment": who.comment,
			"location": map[string]any{"lat": -12.1, "lng": -77.03}}
	case "serve":
		order["tableNumber"] = n%12 + 1
	}
	total := itemsPrice + fee
	order["deliveryFee"], order["totalPrice"], order["tipAmount"], order["amountToPay"] = fee, total, 0, total
	order["cashAmount"] = (total/50 + 1) * 50
	body := map[string]any{"type": "newOrder", "date": now.UTC().Format(time.RFC3339Nano), "data": map[string]any{"order": order}}
	message, err := json.Marshal(map[string]any{
		"provider": "justo", "received_at": now.UTC().Format(time.RFC3339Nano), "headers": map[string]string{}, "body": body,
	})
	if err != nil {
		panic(err) // maps of plain values
	}
	return message
}

// demoItems picks dishes so that grill and bar both have work.
func demoItems(n int) (items []map[string]any, total int) {
	menu := demoMenu()
	for i := range 3 + n%3 {
		d := menu[(2*n+i*3)%len(menu)]
		amount := 1 + (n+i)%2
		var modifiers []map[string]any
		price := d.price
		for _, o := range d.options {
			price += o.price
			modifiers = append(modifiers, map[string]any{"modifierId": o.group, "name": o.group, "options": []map[string]any{
				{"optionId": o.id, "externalId": o.id, "name": o.name, "price": o.price},
			}})
		}
		items = append(items, map[string]any{
			"product": map[string]any{"_id": "p-" + d.id, "externalId": d.id, "name": d.name},
			"amount":  amount, "unitPrice": price, "baseUnitPrice": d.price, "comment": d.note, "modifiers": modifiers,
		})
		total += amount * price
	}
	return items, total
}
