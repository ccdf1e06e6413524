package ticket

import (
	"fmt"
	"testing"
	"time"

	"mostrador/store"
)

// A sample is one order as a channel sent it, and the jobs it gave.
type sample struct {
	settings Settings
	order    *store.Order
	jobs     map[string]*store.Job
	original *store.Job
	followed *store.Job
	before   *store.Order
}

// input is what a renderer gets of a job of the sample.
func (s sample) input(job *store.Job) Input {
	in := Input{Job: job, Order: s.order, Printer: Printer{"cocina", "TM-T20III", "80mm", store.ProofFence}}
	if job.CopyOf != 0 {
		in.Original = s.original
	}
	if job.Follows != 0 {
		in.Followed, in.Before = s.followed, s.before
	}
	if job.Order == cancelledOrder {
		o := *s.order
		o.Status, in.Order = store.Cancelled, &o
	}
	return in
}

// cancelledOrder is the number of the sample's order as it is cancelled.
const cancelledOrder = 9

func quantity(t testing.TB, text string) store.Quantity {
	t.Helper()
	q, err := store.ParseQuantity(text)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t time.Time) store.Moment { return store.Moment{Wall: t, Boot: "b", Synced: true} }

func samples(t testing.TB) map[string]sample {
	return map[string]sample{
		"es-PE": limaDelivery(t), "es-CL": santiagoTable(t), "en": dublinPickup(t),
		"fr": abroad(t, "fr", "EUR", "Café de la Gare", "Steak tartare aux câpres", "sans oignon", "Crème brûlée"),
		"it": abroad(t, "it", "EUR", "Trattoria da Peppe", "Tagliatelle al ragù", "senza formaggio", "Tiramisù"),
		"uk": abroad(t, "uk", "UAH", "Їдальня «Щастя»", "Вареники з вишнею", "без сметани", "Борщ із пампушками"),
	}
}

// limaDelivery is paid in cash at the door, cut off in the middle of its first
// comanda, and came out at another printer.
func limaDelivery(t testing.TB) sample {
	one, came := store.Units(1), time.Date(2026, 3, 2, 0, 12, 40, 0, time.UTC)
	o := &store.Order{
		ID: "01957b1c-6a31-7c1e-9d5e-2f8a3b4c5d6e", Key: store.OrderKey{Provider: "justo", Nickname: "Justo Centro", ChannelID: "x"},
		Number: "#48213", Origin: "rappi", Kind: store.Delivery, PlacedAt: came, ReceivedAt: at(came),
		Customer: store.Customer{Name: "María Fernández Núñez", Phone: "+51 987 654 321"},
		Address: &store.Address{
			Street: "Av. José Larco 1301, Miraflores", Secondary: "Dpto. 502, torre B",
			Comment: "Portón verde.\nNo tocar el timbre: bebé durmiendo", Lat: "-12.1319", Lng: "-77.0306",
		},
		Currency: "PEN", Observations: "Sin cubiertos, por favor",
		Lines: []store.Line{
			{Name: "Lomo saltado a la criolla", Quantity: store.Units(2), Total: 7800, Note: "uno sin cebolla", Modifiers: []store.Modifier{
				{Group: "Término", Name: "Tres cuartos", Quantity: one},
				{Group: "Extras", Name: "Huevo frito", Quantity: store.Units(2), Price: 300},
			}},
			{Name: "Combo familiar de pollo a la brasa con papas", Quantity: one, Total: 6500, Modifiers: []store.Modifier{
				{Group: "Bebida", Name: "Inca Kola 1,5 l", Quantity: one, Modifiers: []store.Modifier{{Name: "Helada", Quantity: one}}},
				{Name: "Ají extra", Quantity: store.Units(3), Price: 50},
			}},
			{Name: "Anticuchos", Quantity: store.Units(12), Total: 2400},
			{Name: "Queso fresco (kg)", Quantity: quantity(t, "0.350"), Total: 1225},
		},
		Totals:  store.Totals{Items: 17925, Delivery: 700, Discount: 1000, Service: 0, Tip: 500, Total: 17625, ToPay: 18125},
		Payment: store.Payment{Method: "cash", Cash: true, CashGiven: 20000}, Coupon: "MARZO10",
		Invoice: store.Invoice{Kind: "Boleta", State: store.InvoiceRequested, BuyerTaxID: "10456789012"},
		Flags:   []store.Flag{{Code: "unmatched_station", Text: "sin estación propia: Queso fresco (kg)"}},
	}
	items := []store.Item{
		{Quantity: store.Units(2), Name: "Lomo saltado a la criolla", Note: "uno sin cebolla", Modifiers: []store.Item{
			{Group: "Término", Name: "Tres cuartos", Quantity: one}, {Group: "Extras", Name: "Huevo frito", Quantity: store.Units(2)}}},
		{Quantity: one, Name: "Combo familiar de pollo a la brasa con papas", Modifiers: []store.Item{
			{Name: "Ají extra", Quantity: store.Units(3)}}},
		{Quantity: store.Units(12), Name: "Anticuchos"},
		{Quantity: quantity(t, "0.350"), Name: "Queso fresco (kg)", Unmatched: true},
	}
	drink := []store.Item{{Quantity: one, Name: "Inca Kola 1,5 l", Group: "Bebida", Parent: "Combo familiar de pollo a la brasa con papas", Modifiers: []store.Item{{Name: "Helada", Quantity: one}}}}
	return sample{
		settings: Settings{Locale: "es-PE", Zone: zone(t, "America/Lima"), Header: []string{"El Fogón de Ñañez", "Av. José Pardo 620, Miraflores", "RUC 20512345678 · Tel. 01 445 6789"}},
		order:    o,
		followed: &store.Job{Kind: store.ComandaTicket, State: store.JobUnknown, Attempts: []store.Attempt{{Printer: "cocina", Started: at(came.Add(65 * time.Second))}}},
		before:   &store.Order{Number: "#48213", Kind: store.Delivery, DueAt: came.Add(time.Hour), ReceivedAt: at(came)},
		original: &store.Job{Attempts: []store.Attempt{{Printer: "cocina", Started: at(came.Add(65 * time.Second))}}},
		jobs: map[string]*store.Job{
			"comanda":      {Kind: store.ComandaTicket, Station: "parrilla", Part: 1, Parts: 2, Others: []string{"barra"}, Items: items, Copy: 1},
			"comanda-bar":  {Kind: store.ComandaTicket, Station: "barra", Part: 2, Parts: 2, Others: []string{"parrilla"}, Items: drink, Copy: 2, CopyOf: 7, MeantFor: "barra", Marks: []store.Mark{store.MarkPossibleDuplicate, store.MarkBackupCopy, store.MarkTimeUnconfirmed}},
			"delivery":     {Kind: store.DeliveryTicket, Copy: 1},
			"receipt":      {Kind: store.ReceiptTicket, Copy: 1},
			"receipt-copy": {Kind: store.ReceiptTicket, Copy: 3, By: "Rosa", Marks: []store.Mark{store.MarkReprint}},
			"receipt-new":  {Kind: store.ReceiptTicket, Copy: 1, Revision: 3, Follows: 1},
			"comanda-late": {Kind: store.ComandaTicket, Station: "parrilla", Part: 1, Parts: 2, Others: []string{"barra"}, Items: items[:1], Copy: 1, Age: 23 * time.Minute, Marks: []store.Mark{store.MarkLate}},
			"comanda-new":  {Kind: store.ComandaTicket, Station: "parrilla", Part: 1, Parts: 2, Others: []string{"barra"}, Items: items[:1], Copy: 1, Revision: 2, Follows: 1, Marks: []store.Mark{store.MarkPossibleDuplicate}},
			"change":       {Kind: store.ChangeTicket, Station: "parrilla", Part: 1, Parts: 2, Others: []string{"barra"}, Items: changes(t, items), Unchanged: 1, Copy: 1, Revision: 3, Follows: 1},
			"void":         {Kind: store.VoidTicket, Station: "parrilla", Items: items, Copy: 1, Revision: 1, Follows: 1, Order: cancelledOrder},
			"invoice":      {Kind: store.InvoiceTicket, Copy: 1, Invoice: &store.Invoice{Kind: "Boleta de venta", Number: "B001-00004711", State: store.InvoiceIssued, BuyerTaxID: "10456789012", Code: "20512345678|03|B001|4711|26.89|176.25|2026-03-01|1|45678901|"}},
			"precheck":     {Kind: store.PrecheckTicket, Copy: 2, By: "Rosa"},
			"digest":       {Kind: store.DigestTicket, Digest: outage(came)},
			"report":       {Kind: store.ReportTicket, By: "Rosa", QueuedAt: at(came.Add(4 * time.Hour)), Report: evening(came)},
			"test":         {Kind: store.TestTicket, ID: "01957b1c-6a31-7c1e-9d5e-2f8a3b4c5d71", Printer: "cocina", By: "Rosa", QueuedAt: at(came)},
		},
	}
}

// changes are a dish that goes, one that is made otherwise, and a new one.
func changes(t testing.TB, items []store.Item) []store.Item {
	gone, was, now, added := items[1], items[0], items[0], items[2]
	gone.Difference, was.Difference, now.Difference, added.Difference = store.DifferenceRemoved, store.DifferenceWas, store.DifferenceNow, store.DifferenceAdded
	now.Quantity, now.Note = store.Units(3), "todos sin cebolla"
	return []store.Item{gone, was, now, added}
}

func outage(came time.Time) *store.Digest {
	return &store.Digest{Printer: "cocina", From: at(came.Add(-50 * time.Minute)), To: at(came), Cause: "sin papel",
		Waited: []store.DigestLine{
			{Kind: store.ComandaTicket, OrderNumber: "48211", Station: "parrilla", QueuedAt: at(came.Add(-30 * time.Minute)), Age: 30 * time.Minute},
			{Kind: store.ChangeTicket, OrderNumber: "48211", Station: "parrilla", QueuedAt: at(came.Add(-12 * time.Minute)), Age: 12 * time.Minute},
			{Kind: store.DeliveryTicket, OrderNumber: "#48212", QueuedAt: at(came.Add(-9 * time.Minute)), Age: 9 * time.Minute},
		},
		Expired: []store.DigestLine{
			{Kind: store.ComandaTicket, OrderNumber: "48207", Station: "parrilla", QueuedAt: at(came.Add(-49 * time.Minute)), Age: 49 * time.Minute, Open: true},
			{Kind: store.ReceiptTicket, OrderNumber: "48190", QueuedAt: at(came.Add(-26 * time.Hour)), Age: 26 * time.Hour},
		},
	}
}

func evening(came time.Time) *store.Report {
	soles := func(n int64) *int64 { return &n }
	return &store.Report{Title: "Cierre del día", From: came.Add(-8 * time.Hour), To: came.Add(4 * time.Hour), Currency: "PEN", Parts: []store.ReportPart{
		{Title: "Pedidos", Lines: []store.ReportLine{{Name: "rappi", Count: "48", Amount: soles(412350)}, {Name: "web", Count: "17", Amount: soles(98040)}, {Name: "Anulados", Count: "3", Amount: soles(-15450)}, {Name: "Total", Count: "62", Amount: soles(494940), Strong: true}}},
		{Title: "Papel", Lines: []store.ReportLine{{Name: "Impresos", Count: "241"}, {Name: "No se sabe", Count: "1", Strong: true}, {Name: "Vencidos", Count: "0"}}},
	}}
}

// abroad is a small delivery in another language.
func abroad(t testing.TB, locale, currency, house, dish, note, dessert string) sample {
	one, came := store.Units(1), time.Date(2026, 5, 4, 17, 41, 0, 0, time.UTC)
	o := &store.Order{
		ID: "01957b1c-6a31-7c1e-9d5e-2f8a3b4c5d72", Key: store.OrderKey{Provider: "justo", Nickname: house, ChannelID: "y"},
		Number: "512", Origin: "web", Kind: store.Delivery, PlacedAt: came, ReceivedAt: at(came), Currency: currency,
		Customer: store.Customer{Name: "Léa Шевченко", Phone: "+380 44 555 0100"},
		Address:  &store.Address{Street: "Rue de l'Église 7", Comment: note},
		Lines: []store.Line{
			{Name: dish, Quantity: store.Units(2), Total: 3180, Note: note},
			{Name: dessert, Quantity: one, Total: 850},
		},
		Totals: store.Totals{Items: 4030, Delivery: 290, Total: 4320, ToPay: 4320}, Payment: store.Payment{Cash: true, CashGiven: 5000},
		Invoice: store.Invoice{State: store.InvoiceRequested},
	}
	items := []store.Item{{Quantity: store.Units(2), Name: dish, Note: note}, {Quantity: one, Name: dessert, Modifiers: []store.Item{{Name: "+1", Quantity: store.Units(2)}}}, {Quantity: one, Name: dish}}
	before := *o
	before.Observations = note
	return sample{
		settings: Settings{Locale: locale, Zone: zone(t, "Europe/Kyiv"), Header: []string{house}},
		order:    o, before: &before,
		followed: &store.Job{Kind: store.ComandaTicket, State: store.JobPrinted},
		original: &store.Job{Attempts: []store.Attempt{{Printer: "bar", Started: at(came)}}},
		jobs: map[string]*store.Job{
			"comanda":  {Kind: store.ComandaTicket, Station: "bar", Part: 1, Parts: 2, Others: []string{"grill"}, Items: items[:2], Copy: 1, CopyOf: 1, Age: 95 * time.Minute, Marks: []store.Mark{store.MarkLate, store.MarkPossibleDuplicate}},
			"delivery": {Kind: store.DeliveryTicket, Copy: 1},
			"receipt":  {Kind: store.ReceiptTicket, Copy: 1},
			"change":   {Kind: store.ChangeTicket, Station: "bar", Items: changes(t, items), Unchanged: 1, Copy: 1, Revision: 2, Follows: 1},
			"void":     {Kind: store.VoidTicket, Station: "bar", Items: items[:2], Copy: 1, Follows: 1, Order: cancelledOrder},
		},
	}
}

// santiagoTable is a table's order in a currency without decimals, with sums
// that disagree.
func santiagoTable(t testing.TB) sample {
	one, came := store.Units(1), time.Date(2026, 9, 18, 17, 5, 0, 0, time.UTC)
	o := &store.Order{
		ID: "01957b1c-6a31-7c1e-9d5e-2f8a3b4c5d6f", Key: store.OrderKey{Provider: "justo", Nickname: "Justo Providencia", ChannelID: "A-9"},
		Number: "17", Kind: store.Table, Table: "12", PlacedAt: came, ReceivedAt: at(came), Currency: "CLP",
		Lines: []store.Line{
			{Name: "Empanada de pino", Quantity: store.Units(4), Total: 11600},
			{Name: "Pastel de choclo", Quantity: one, Total: 8900, Note: "bien caliente"},
		},
		Totals:  store.Totals{Items: 20500, Service: 2050, Total: 22000, ToPay: 22000},
		Payment: store.Payment{Method: "card", Paid: true, CardLast4: "4242"},
		Flags:   []store.Flag{{Code: "sums_disagree", Text: "artículos, envío y servicio dan $22.550; el canal dice $22.000"}},
	}
	items := []store.Item{{Quantity: store.Units(4), Name: "Empanada de pino"}, {Quantity: one, Name: "Pastel de choclo", Note: "bien caliente"}}
	return sample{
		settings: Settings{Locale: "es-CL", Zone: zone(t, "America/Santiago")},
		order:    o,
		jobs: map[string]*store.Job{
			"comanda":  {Kind: store.ComandaTicket, Station: "cocina", Part: 1, Parts: 1, Items: items, Copy: 1},
			"receipt":  {Kind: store.ReceiptTicket, Copy: 1},
			"invoice":  {Kind: store.InvoiceTicket, Copy: 1, Invoice: &store.Invoice{Kind: "Boleta electrónica", Number: "4711", State: store.InvoiceIssued, Code: "<TED>"}},
			"precheck": {Kind: store.PrecheckTicket, Copy: 1},
		},
	}
}

// dublinPickup is scheduled for another day and paid; its courier is unknown.
func dublinPickup(t testing.TB) sample {
	one, came := store.Units(1), time.Date(2026, 6, 30, 18, 30, 0, 0, time.UTC)
	o := &store.Order{
		ID: "01957b1c-6a31-7c1e-9d5e-2f8a3b4c5d70", Key: store.OrderKey{Provider: "justo", Nickname: "Justo Dublin", ChannelID: "ch-77"},
		Number: "WEB-2026-004711", Origin: "web", Kind: store.Pickup, Scheduled: true, DueAt: came.Add(20 * time.Hour),
		PlacedAt: came, ReceivedAt: at(came), Currency: "EUR", CourierURL: "https://track.example.com/o/WEB-2026-004711",
		Customer: store.Customer{Name: "Seán Ó Briain", Phone: "+353 1 555 0100"},
		Lines: []store.Line{
			{Name: "Fish & chips", Quantity: store.Units(2), Total: 3390, Modifiers: []store.Modifier{{Name: "Mushy peas", Quantity: one, Price: 250}}},
			{Name: "Crème brûlée", Quantity: one, Total: 750},
		},
		Totals:  store.Totals{Items: 4140, Total: 4140, ToPay: 4140},
		Payment: store.Payment{Method: "stripe", Paid: true},
	}
	items := []store.Item{
		{Quantity: store.Units(2), Name: "Fish & chips", Modifiers: []store.Item{{Name: "Mushy peas", Quantity: one}}},
		{Quantity: one, Name: "Crème brûlée"},
	}
	return sample{
		settings: Settings{Locale: "en", Zone: zone(t, "Europe/Dublin"), Header: []string{"The Copper Pot"}},
		order:    o,
		jobs: map[string]*store.Job{
			"comanda":  {Kind: store.ComandaTicket, Station: "kitchen", Part: 1, Parts: 1, Items: items, Copy: 2},
			"change":   {Kind: store.ChangeTicket, Station: "kitchen", Items: []store.Item{withDifference(items[1], store.DifferenceAdded)}, Unchanged: 1, Copy: 1, Revision: 2},
			"void":     {Kind: store.VoidTicket, Station: "kitchen", Items: items, Copy: 1, Revision: 2},
			"delivery": {Kind: store.DeliveryTicket, Copy: 1},
			"receipt":  {Kind: store.ReceiptTicket, Copy: 1},
		},
	}
}

func withDifference(it store.Item, how store.Difference) store.Item {
	it.Difference = how
	return it
}

// hostile fills every text of an order and its items.
func hostile(t testing.TB, text string, lines int) sample {
	s := limaDelivery(t)
	o := *s.order
	o.Number, o.Origin, o.Table, o.Observations, o.Coupon, o.Courier, o.CourierURL = text, text, text, text, text, text, text
	o.Customer = store.Customer{Name: text, Phone: text, Email: text}
	o.Address = &store.Address{Street: text, Secondary: text, Comment: text, Lat: text, Lng: text}
	o.Payment.Method, o.Payment.CardLast4 = text, text
	o.Invoice = store.Invoice{Kind: text, Number: text, BuyerTaxID: text}
	o.Flags = []store.Flag{{Code: text, Text: text}}
	o.Lines = nil
	var items []store.Item
	for i := range lines {
		o.Lines = append(o.Lines, store.Line{
			Name: text, Note: text, Quantity: quantity(t, fmt.Sprintf("%d.5", i)), Total: -1 << 60,
			Modifiers: []store.Modifier{{Group: text, Name: text, Quantity: store.Units(3), Price: 1 << 60, Modifiers: []store.Modifier{{Name: text}}}},
		})
		items = append(items, store.Item{
			Name: text, Note: text, Parent: text, Quantity: store.Units(int64(i)),
			Modifiers: []store.Item{{Group: text, Name: text, Note: text, Modifiers: []store.Item{{Name: text, Note: text}}}},
		})
	}
	s.order = &o
	s.jobs = map[string]*store.Job{
		"comanda":  {Kind: store.ComandaTicket, Station: text, Part: 1, Parts: 2, Others: []string{text}, Items: items, MeantFor: text, Marks: []store.Mark{store.MarkBackupCopy, store.MarkPossibleDuplicate, store.Mark(text)}},
		"delivery": {Kind: store.DeliveryTicket},
		"receipt":  {Kind: store.ReceiptTicket},
	}
	return s
}
