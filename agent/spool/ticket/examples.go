package ticket

import (
	"time"

	"mostrador/store"
)

// examples are what templates of a kind are tried with: one with everything
// that there may be, and one with as little as possible.
func examples(kind store.TicketKind) []Input {
	came := time.Date(2026, 3, 2, 19, 12, 0, 0, time.UTC)
	at := store.Moment{Wall: came}
	full := Input{
		Job: &store.Job{
			ID: "01957b1c-6a31-7c1e-9d5e-2f8a3b4c5d6e", Kind: kind, Station: "cocina", Part: 1, Parts: 2, Others: []string{"barra"}, Items: exampleItems(),
			Copy: 2, Revision: 3, Follows: 1, By: "Rosa", Printer: "cocina", MeantFor: "caja", QueuedAt: at, Age: 23 * time.Minute, Unchanged: 2,
			Marks:   []store.Mark{store.MarkPossibleDuplicate, store.MarkBackupCopy, store.MarkReprint, store.MarkLate, store.MarkTimeUnconfirmed},
			Invoice: &store.Invoice{Kind: "Boleta", Number: "B001-7", State: store.InvoiceIssued, BuyerTaxID: "10456789012", Code: "20512345678|03|B001|7"},
			Digest:  exampleDigest(at), Report: exampleReport(came),
		},
		Order:    exampleOrder(at),
		Followed: &store.Job{Kind: store.ComandaTicket, State: store.JobUnknown, Attempts: []store.Attempt{{Printer: "cocina", Started: at}}},
		Before:   &store.Order{Number: "47", Kind: store.Table, Table: "9", Observations: "otra"},
		Paper:    "80mm", Printer: Printer{"cocina", "TM-T20III", "80mm", store.ProofFence},
	}
	none := Input{Job: &store.Job{Kind: kind, Digest: &store.Digest{}, Report: &store.Report{}}, Order: &store.Order{}}
	return []Input{full, none}
}

func exampleItems() []store.Item {
	one := store.Units(1)
	items := []store.Item{
		{Quantity: store.Units(2), Name: "Lomo saltado", Note: "sin cebolla", Difference: store.DifferenceRemoved},
		{Quantity: one, Name: "Anticuchos", Difference: store.DifferenceWas},
		{Quantity: store.Units(150), Name: "Anticuchos", Unmatched: true, Difference: store.DifferenceNow, Modifiers: []store.Item{
			{Group: "Término", Name: "Tres cuartos", Quantity: store.Units(2), Note: "bien", Modifiers: []store.Item{{Name: "Sal", Quantity: one}}},
		}},
		{Quantity: one, Name: "Chicha", Parent: "Combo", Difference: store.DifferenceAdded},
	}
	return items
}

func exampleOrder(at store.Moment) *store.Order {
	return &store.Order{
		ID: "01957b1c-6a31-7c1e-9d5e-2f8a3b4c5d6f", Key: store.OrderKey{Provider: "justo", Nickname: "Justo Centro", ChannelID: "x"},
		Number: "48213", Origin: "web", Kind: store.Delivery, Status: store.Cancelled, PlacedAt: at.Wall, ReceivedAt: at, DueAt: at.Wall.Add(time.Hour),
		Customer: store.Customer{Name: "María Núñez", Phone: "+51 987 654 321"}, Observations: "Sin cubiertos",
		Address:  &store.Address{Street: "Av. Larco 1301", Secondary: "Dpto. 502", Comment: "Portón verde", Lat: "-12.13", Lng: "-77.03"},
		Currency: "PEN", Coupon: "MARZO10", Courier: "en camino", CourierURL: "https://example.com/t", ManagedDelivery: true,
		Lines: []store.Line{
			{Name: "Lomo saltado", Quantity: store.Units(2), Total: 7800, Note: "sin cebolla", Modifiers: []store.Modifier{{Name: "Huevo", Quantity: store.Units(1), Price: 300}}},
			{Name: "Anticuchos", Quantity: store.Units(150), Total: 2400},
		},
		Totals:  store.Totals{Items: 10200, Delivery: 700, Service: 100, Discount: 1000, Tip: 500, Total: 10000, ToPay: 10500},
		Payment: store.Payment{Cash: true, CashGiven: 20000}, Invoice: store.Invoice{Kind: "Boleta", BuyerTaxID: "10456789012"},
		Flags: []store.Flag{{Code: "sums_disagree", Text: "las sumas no cuadran"}, {Code: "shortened", Text: "textos acortados"}},
	}
}

func exampleDigest(at store.Moment) *store.Digest {
	return &store.Digest{Printer: "cocina", From: at, To: at, Cause: "sin papel",
		Waited:  []store.DigestLine{{Kind: store.ComandaTicket, OrderNumber: "48213", Station: "cocina", QueuedAt: at, Age: 23 * time.Minute}},
		Expired: []store.DigestLine{{Kind: store.ReceiptTicket, OrderNumber: "48214", QueuedAt: at, Age: 5 * time.Hour, Open: true}}}
}

func exampleReport(came time.Time) *store.Report {
	amount := int64(123450)
	return &store.Report{Title: "Ventas del día", From: came, To: came, Currency: "PEN",
		Parts: []store.ReportPart{{Title: "Totales", Lines: []store.ReportLine{{Name: "Pedidos", Count: "12", Amount: &amount, Strong: true}, {Name: "Anulados", Count: "1"}}}}}
}
