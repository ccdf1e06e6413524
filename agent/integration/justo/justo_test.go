package justo

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mostrador/agent/integration"
	"mostrador/agent/integration/providertest"
	"mostrador/agent/order"
	"mostrador/store"
)

// samples are the fixtures; a name says its currency.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d fixtures: %v", len(files), err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".json")] = b
	}
	return out
}

func settings(name string) integration.Settings {
	s := integration.Settings{Provider: Name, Nickname: "Justo Centro", Currency: "CLP"}
	for _, c := range []string{"PEN", "COP", "EUR"} {
		if strings.Contains(name, strings.ToLower(c)) {
			s.Currency = c
		}
	}
	return s
}

func parse(t *testing.T, name string) store.Order {
	t.Helper()
	d, err := New().Parse(integration.Arrival{Body: samples(t)[name]}, settings(name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	order.Tidy(&d.Order)
	return d.Order
}

// sketch writes the lines of an order: 2 Name 14490=28980 "note" [Group: 1 Choice 0 (…)].
func sketch(o store.Order) string {
	var b strings.Builder
	for _, l := range o.Lines {
		fmt.Fprintf(&b, "%s %s %d=%d", l.Quantity, l.Name, l.Unit, l.Total)
		if l.Note != "" {
			fmt.Fprintf(&b, " %q", l.Note)
		}
		b.WriteString(sketchModifiers(l.Modifiers) + "\n")
	}
	return b.String()
}

func sketchModifiers(ms []store.Modifier) string {
	if len(ms) == 0 {
		return ""
	}
	var words []string
	for _, m := range ms {
		words = append(words, fmt.Sprintf("%s: %s %s %d%s", m.Group, m.Quantity, m.Name, m.Price, sketchModifiers(m.Modifiers)))
	}
	return " [" + strings.Join(words, "; ") + "]"
}

func flags(o store.Order) string {
	var codes []string
	for _, f := range o.Flags {
		codes = append(codes, f.Code)
	}
	return strings.Join(codes, " ")
}

func TestFixtures(t *testing.T) {
	for _, c := range []struct {
		name, number string
		kind         store.OrderKind
		table        string
		status       store.Status
		total, toPay int64
		paid         bool
		flags        string
		lines        string
	}{
		{"delivery_clp", "48213", store.Delivery, "", store.Received, 35470, 36470, true, "",
			"2 Lomo a lo pobre 12990=28980 \"uno sin huevo\" [Término: 1 A punto 0; Bebida: 1 Jugo de maracuyá 1500]\n" +
				"1 Ensalada chilena 4500=4500 [Aderezo: 1 Limón y ají 0]\n"},
		{"pickup_pen", "1077", store.Pickup, "", store.Received, 5480, 5480, false, "",
			"1 Ceviche clásico 3850=4100 \"sin ají, por favor\" [Guarnición: 1 Choclo 0; Guarnición: 1 Camote glaseado 250]\n2 Inca Kola 500 ml 690=1380\n"},
		{"table_eur", "B12", store.Table, "Terraza 4", store.Received, 4960, 4960, false, "",
			"2 Croquetas de jamón ibérico 980=1960\n1 Pulpo a la gallega 1950=2070 \"poco pimentón\" [Pan: 1 Pan de pueblo 120]\n3 Caña doble 310=930\n"},
		{"delivery_cop_legacy", "90211", store.Delivery, "", store.Received, 6190000, 6190000, false, "",
			"2 Arepa de choclo rellena 1850000=5600000 [Relleno: 1 Carne desmechada 300000; Relleno: 1 Hogao 0; Bebida: 1 Limonada de coco 650000]\n"},
		{"bare_pickup_clp", "7", store.Pickup, "", store.Received, 18490, 18490, false, "",
			"1 Lomo a lo pobre 12990=12990\n1 Pisco sour 5500=5500\n"},
		{"table_clp_inferred", "M-31", store.Table, "Mesa 12", store.Accepted, 8100, 8100, false, "",
			"1 Ensalada chilena 4500=4500\n2 Agua mineral con gas 1800=3600\n"},
		{"scheduled_pen", "1081", store.Delivery, "", store.Received, 9850, 9850, true, "",
			"1 Pollo a la brasa entero 7200=7600 [Papas: 1 Papas nativas 400]\n1 Chicha morada 1 L 1400=1400\n"},
		{"status_preparing_clp", "48213", store.Delivery, "", store.Preparing, 35470, 36470, true, "", sketch(parse(t, "delivery_clp"))},
		{"items_updated_clp", "48213", store.Delivery, "", store.Received, 26480, 27480, true, "",
			"1 Lomo a lo pobre 12990=14490 \"uno sin huevo\" [Término: 1 A punto 0; Bebida: 1 Jugo de maracuyá 1500]\n" +
				"1 Ensalada chilena 4500=4500 [Aderezo: 1 Limón y ají 0]\n1 Pisco sour 5500=5500\n"},
		{"cancelled_clp", "48213", store.Delivery, "", store.Cancelled, 35470, 36470, true, "", sketch(parse(t, "delivery_clp"))},
		{"ecommerce_created_eur", "W-204", store.Delivery, "", store.Received, 2589, 2739, true, "",
			"1 Tortilla de patatas 1240=1240 \"jugosa\" [Cebolla: 1 Con cebolla 0]\n2 Gazpacho andaluz 525=1050\n"},
		{"nested_combo_cop", "90215", store.Pickup, "", store.Received, 7100000, 7100000, false, "",
			"1 Combo familiar 6200000=7100000 [Principal: 1 Bandeja paisa 0 [Huevo: 1 Huevo frito 0; Carne: 1 Chicharrón 200000 [Punto: 1 Bien tostado 0]]; " +
				"Bebidas: 1 Gaseosa 1.5 L 0; Bebidas: 2 Jugo de lulo 350000]\n"},
		{"encrypted_address_clp", "48220", store.Delivery, "", store.Received, 9990, 9990, true, "address_encrypted", "1 Pollo a las brasas 9990=9990\n"},
		{"rappi_cop_odd", "R-5521", store.Delivery, "", "", 2990000, 2990000, true, "status_unknown sums_disagree negative_price",
			"1 Sancocho de gallina 2890000=2690000 [Descuento: 1 Promo almuerzo -200000]\n"},
		{"coupon_pen", "1090", store.Delivery, "", store.Received, 7630, 8130, false, "", "2 Ceviche clásico 3850=7700\n"},
		{"table_eur_legacy", "B13", store.Table, "9", store.Received, 3080, 3080, false, "",
			"2 Menú del día 1490=3080 \"alérgico a los frutos secos\" [Primero: 1 Salmorejo 0; Segundo: 1 Bacalao al pil-pil 0; Café: 1 Café con leche 50]\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := parse(t, c.name)
			if o.Number != c.number || o.Kind != c.kind || o.Table != c.table || o.Status != c.status {
				t.Errorf("number %q, %s, table %q, status %q", o.Number, o.Kind, o.Table, o.Status)
			}
			if o.Totals.Total != c.total || o.Totals.ToPay != c.toPay || o.Payment.Paid != c.paid {
				t.Errorf("total %d, to pay %d, paid %v", o.Totals.Total, o.Totals.ToPay, o.Payment.Paid)
			}
			if got := flags(o); got != c.flags {
				t.Errorf("flags %q: %v", got, o.Flags)
			}
			if got := sketch(o); got != c.lines {
				t.Errorf("lines:\n%swant:\n%s", got, c.lines)
			}
		})
	}
}

// The fields that stand beside the lines.
func TestFields(t *testing.T) {
	o := parse(t, "delivery_clp")
	if o.PointOfSale != "Parrilla Ñuñoa" || o.Origin != "web" || !o.PlacedAt.Equal(time.Date(2026, 3, 6, 23, 41, 7, 120e6, time.UTC)) ||
		o.Customer.Phone != "+56 9 5555 0101" || o.Address.Secondary != "Depto 81, torre B" || o.Address.Lat != "-33.4543" ||
		o.Payment.CardLast4 != "4242" || o.Lines[0].ExternalID != "CARNE-01" || o.Invoice.State != store.InvoiceNone {
		t.Errorf("delivery: %+v", o)
	}
	o = parse(t, "pickup_pen")
	if !o.Payment.Cash || o.Payment.CashGiven != 10000 || o.Address != nil {
		t.Errorf("pick-up: %+v", o)
	}
	o = parse(t, "bare_pickup_clp")
	if o.Payment.Method != "Transferencia" || o.Customer.Phone != "56955550105" || o.Customer.Email != "" || o.Coupon != "" || o.Scheduled ||
		!o.DueAt.IsZero() || !o.Dated.IsZero() || o.PlacedAt.IsZero() || o.Lines[0].Note != "" {
		t.Errorf("bare: %+v", o)
	}
	o = parse(t, "scheduled_pen")
	if !o.Scheduled || !o.DueAt.Equal(time.Date(2099, 3, 8, 0, 30, 0, 0, time.UTC)) {
		t.Errorf("scheduled: %+v", o)
	}
	o = parse(t, "encrypted_address_clp")
	if o.Address == nil || o.Address.Street != "" || o.Address.Comment != "Dejar en conserjería" || o.Courier != "pickup_enroute" ||
		o.CourierURL != "https://track.example.com/u/14" || !o.ManagedDelivery {
		t.Errorf("encrypted: %+v %+v", o, o.Address)
	}
	o = parse(t, "coupon_pen")
	if o.Totals.Discount != 770 || o.Coupon != "MARZO10" || o.Observations != "Tocar fuerte" || o.Invoice.State != store.InvoiceRequested ||
		o.Invoice.Kind != "boleta" || o.Invoice.BuyerTaxID != "20100000001" || o.Totals.Tip != 500 {
		t.Errorf("coupon: %+v", o)
	}
	d, err := New().Parse(integration.Arrival{Body: samples(t)["status_near_to_finish_clp"]}, settings("clp"))
	if err != nil || !d.StatusOnly || d.Order.Status != store.Ready || d.Order.Key.ChannelID != "JuOrdCLP0000000001" {
		t.Errorf("near to finish: %+v, %v", d, err)
	}
	if got := New().Stores(integration.Arrival{Body: samples(t)["delivery_clp"]}); strings.Join(got, " ") != "st5CLsantiago01 scl-01" {
		t.Errorf("stores %q", got)
	}
}

func TestConformance(t *testing.T) {
	for _, currency := range []string{"clp", "pen", "cop", "eur"} {
		some := map[string][]byte{}
		for name, body := range samples(t) {
			if strings.Contains(name, currency) && !strings.HasPrefix(name, "status_near") && name != "rappi_cop_odd" {
				some[name] = body
			}
		}
		t.Run(currency, func(t *testing.T) {
			providertest.Run(t, New(), providertest.Suite{
				Settings: settings(currency), Samples: some,
				Change: editor(t, func(_, o map[string]any) { item(o)["amount"] = 17 }),
				Rename: func(b []byte, n string) []byte {
					return editor(t, func(_, o map[string]any) { item(o)["product"].(map[string]any)["name"] = n })(b)
				},
				Status:    func(b []byte, w string) []byte { return setStatus(t, b, w) },
				Dated:     func(b []byte, at time.Time) []byte { return setDate(t, b, at) },
				WithoutID: editor(t, func(_, o map[string]any) { delete(o, "_id"); delete(o, "id") }),
				Statuses: map[string]store.Status{
					"pending": store.Received, "waiting": store.Accepted, "preparing": store.Preparing, "nearToFinish": store.Ready,
					"delivering": store.Dispatched, "done": store.Completed, "cancelled": store.Cancelled,
				},
			})
		})
	}
}

func item(o map[string]any) map[string]any { return o["items"].([]any)[0].(map[string]any) }

// editor returns a function that edits a payload's envelope and order.
func editor(t testing.TB, edit func(outer, o map[string]any)) func([]byte) []byte {
	return func(body []byte) []byte {
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		var outer map[string]any
		if err := d.Decode(&outer); err != nil {
			t.Fatal(err)
		}
		o := outer
		if data, ok := o["data"].(map[string]any); ok {
			o = data
		}
		if in, ok := o["order"].(map[string]any); ok {
			o = in
		}
		edit(outer, o)
		out, err := json.Marshal(outer)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func setStatus(t *testing.T, body []byte, word string) []byte {
	return editor(t, func(outer, o map[string]any) {
		o["orderStatus"] = word
		if outer["newOrderStatus"] != nil {
			outer["newOrderStatus"] = word
		}
	})(body)
}

func setDate(t *testing.T, body []byte, at time.Time) []byte {
	return editor(t, func(outer, o map[string]any) {
		outer["date"] = at.Format(time.RFC3339)
		if outer["data"] == nil { // a bare order
			outer["updatedAt"] = at.Format(time.RFC3339)
		}
	})(body)
}

func TestSignature(t *testing.T) {
	body, secret := samples(t)["delivery_clp"], []byte("secreto")
	mac := hmac.New(sha1.New, secret)
	mac.Write(body)
	right := hex.EncodeToString(mac.Sum(nil))
	for _, c := range []struct {
		name, signature string
		exact           bool
		code, flags     string
	}{
		{"right", right, true, "", ""},
		{"upper case", strings.ToUpper(right), true, "", ""},
		{"prefix", "sha1=" + right, true, "", ""},
		{"upper prefix", "SHA1=" + strings.ToUpper(right), true, "", ""},
		{"right although perhaps rewritten", right, false, "", ""},
		{"wrong", strings.Repeat("0", 40), true, integration.BadSignature, ""},
		{"short", right[:38], true, integration.BadSignature, ""},
		{"missing", "", true, integration.BadSignature, ""},
		{"wrong but perhaps rewritten", strings.Repeat("0", 40), false, "", "signature_unverified"},
		{"missing and perhaps rewritten", "", false, "", "signature_unverified"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := settings("clp")
			s.WebhookSecret = secret
			a := integration.Arrival{Body: body, Exact: c.exact, Headers: map[string]string{signatureHeader: c.signature}}
			d, err := New().Parse(a, s)
			var bad *integration.Unreadable
			if errors.As(err, &bad) != (c.code != "") || (bad != nil && bad.Code != c.code) {
				t.Fatalf("error %v", err)
			}
			if got := flags(d.Order); got != c.flags {
				t.Errorf("flags %q", got)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, body := range samples(f) {
		f.Add(body)
	}
	f.Add([]byte(`{"_id":1,"items":[{"product":"x","amount":"1e9","unitPrice":"-0.001","options":[{"title":null,"selections":[null,{},"a"],"selectionsPrices":[[]]}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if integration.CheckNesting(body) != nil {
			return // the router refuses it before
		}
		a := integration.Arrival{Body: body, Exact: true}
		New().Stores(a)
		d, err := New().Parse(a, settings("clp"))
		var bad *integration.Unreadable
		switch {
		case errors.As(err, &bad):
			if bad.Code == "" || bad.Text == "" {
				t.Fatalf("%+v says nothing", bad)
			}
		case err != nil:
			t.Fatalf("not an Unreadable: %v", err)
		default:
			order.Tidy(&d.Order)
			if d.Order.Key.ChannelID != "" {
				if _, err := json.Marshal(d.Order); err != nil {
					t.Fatalf("cannot be stored: %v", err)
				}
			}
		}
	})
}
