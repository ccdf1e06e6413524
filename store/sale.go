package store

import "time"

// A Sale is what a POS device or an integration says was sold. Amounts are in
// minor units of Currency.
type Sale struct {
	// ID is a UUIDv7; Seq its number on this terminal, from 1.
	ID  string `json:"id"`
	Seq uint64 `json:"seq"`
	// Source is where it was heard, such as register/registradora; SourceID is
	// the source's own id of it: the same pair is the same sale.
	Source   string `json:"source"`
	SourceID string `json:"source_id"`

	Receipt     string `json:"receipt"`
	PointOfSale string `json:"point_of_sale,omitempty"`
	// BusinessDate is YYYY-MM-DD by the restaurant's own day.
	BusinessDate string        `json:"business_date"`
	ClosedAt     time.Time     `json:"closed_at"`
	Currency     string        `json:"currency"`
	Lines        []SaleLine    `json:"lines"`
	Payments     []SalePayment `json:"payments,omitempty"`
	// Total is what the sale came to, without Tip.
	Total int64 `json:"total"`
	Tip   int64 `json:"tip,omitempty"`
	// OrderRef is the order that this sale settles, as the source names it.
	OrderRef   string `json:"order_ref,omitempty"`
	Flags      []Flag `json:"flags,omitempty"`
	RecordedAt Moment `json:"recorded_at"`
}

// A SaleLine is one thing sold; a negative quantity is a void or a refund.
type SaleLine struct {
	ExternalID string     `json:"external_id,omitempty"` // PLU
	Name       string     `json:"name"`
	Quantity   Quantity   `json:"quantity"`
	Unit       int64      `json:"unit"`
	Total      int64      `json:"total"`
	Modifiers  []Modifier `json:"modifiers,omitempty"`
}

// A SalePayment is one way that a sale was paid.
type SalePayment struct {
	Method string `json:"method"`
	Amount int64  `json:"amount"`
}
