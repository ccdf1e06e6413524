package ticket

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/receipt"
	"mostrador/store"
)

// berlinReceipt is a usual receipt of some forty lines: 14 items of 12 to 30
// characters, six with umlauts or accents, four with a modifier and two with a
// note; seven sums, three lines of payment, and a QR code of 190 bytes.
func berlinReceipt(t testing.TB) sample {
	came := time.Date(2026, 3, 2, 18, 12, 40, 0, time.UTC)
	o := &store.Order{
		ID: "01957b1c-6a31-7c1e-9d5e-2f8a3b4c5d6e", Key: store.OrderKey{Provider: "justo", Nickname: "Justo Mitte", ChannelID: "x"},
		Number: "#48213", Origin: "web", Kind: store.Delivery, PlacedAt: came, ReceivedAt: at(came), Currency: "EUR", Coupon: "MARZO10",
		Customer:   store.Customer{Name: "Jürgen Groß"},
		Totals:     store.Totals{Items: 18130, Discount: 1000, Delivery: 350, Service: 200, Tip: 500, Total: 17680, ToPay: 18180},
		Payment:    store.Payment{Cash: true, CashGiven: 20000},
		CourierURL: "https://track.example.com/o/" + strings.Repeat("48213abcdef", 15)[:162],
	}
	for i, name := range []string{
		"Käsespätzle mit Röstzwiebeln", "Wiener Schnitzel groß", "Bratwurst mit Kraut", "Apfelschorle 0,5 l", "Kartoffelsalat",
		"Crème brûlée der Saison", "Menü des Tages", "Rinderroulade mit Rotkohl", "Gurkensalat mit Dill", "Süßkartoffel-Pommes",
		"Espresso doppio", "Mineralwasser 0,75 l", "Schwarzwälder Kirschtorte", "Brotkorb mit Butter",
	} {
		l := store.Line{Name: name, Quantity: store.Units(int64(1 + i%3)), Total: int64(790 + 85*i)}
		if i%4 == 0 {
			l.Modifiers = []store.Modifier{{Name: "Extra Soße", Quantity: store.Units(1), Price: 150}}
		}
		if i%6 == 1 && i < 12 {
			l.Note = "ohne Zitrone"
		}
		o.Lines = append(o.Lines, l)
	}
	return sample{
		settings: Settings{Locale: "es", Zone: zone(t, "Europe/Berlin"), Header: []string{"Café Müller & Söhne", "Torstraße 99", "10119 Berlin", "Tel. 030 5550199", "USt-IdNr. DE123456789"}},
		order:    o,
		jobs:     map[string]*store.Job{"receipt": {Kind: store.ReceiptTicket, Copy: 1}},
	}
}

// BenchmarkReceipt is the way of one receipt to its bytes, and its steps.
func BenchmarkReceipt(b *testing.B) {
	s := berlinReceipt(b)
	r, err := New(s.settings)
	if err != nil {
		b.Fatal(err)
	}
	p, in := lookup(b, "TM-T20II"), Input{Job: s.jobs["receipt"], Order: s.order}
	markup, err := r.templates[store.ReceiptTicket].Markup(r.receipt(in))
	if err != nil {
		b.Fatal(err)
	}
	doc := render(b, s, in.Job)
	page := set(b, doc, paper{"80mm", p})
	var out []byte
	steps := []struct {
		name string
		run  func() error
	}{
		{"view", func() error { r.receipt(in); return nil }},
		{"parse", func() error { _, err := receipt.Parse(markup); return err }},
		{"render", func() error { _, err := r.Render(in); return err }},
		{"layout", func() error { _, err := layout.Layout(doc, p, "80mm"); return err }},
		{"encode", func() (err error) { out, err = escpos.Encode(page, p, escpos.Options{}); return err }},
		{"whole", func() error {
			doc, err := r.Render(in)
			if err != nil {
				return err
			}
			page, err := layout.Layout(doc, p, "80mm")
			if err != nil {
				return err
			}
			out, err = escpos.Encode(page, p, escpos.Options{})
			return err
		}},
	}
	for _, step := range steps {
		b.Run(step.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := step.run(); err != nil {
					b.Fatal(err)
				}
			}
			if step.name == "whole" {
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
				b.ReportMetric(float64(len(out)), "bytes")
			}
		})
	}
	if testing.Verbose() {
		fmt.Println(layout.Text(page))
	}
}
