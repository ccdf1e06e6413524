package store

import "time"

// An Order is what a channel asked a restaurant to make, as the terminal
// understood it. Every amount is in minor units of Currency.
type Order struct {
	// ID is a UUIDv7, the order's name towards the cloud. Seq is its number on
	// this terminal, by commit, from 1.
	ID  string `json:"id"`
	Seq uint64 `json:"seq"`
	// Key says which order of which integration this is.
	Key OrderKey `json:"key"`
	// Revision counts what changed since the order came, from 1. Hash is the
	// hash of what matters in this revision: the same hash, the same order.
	Revision int    `json:"revision"`
	Hash     string `json:"hash"`
	// Dated is the channel's own date of this revision, zero where it sends
	// none. A payload that is older than what is known is only logged.
	Dated time.Time `json:"dated,omitzero"`

	// The order list of the customer's own system (providers.md, Intüipos).
	// Transaction is the channel's transaction number, or else the order's own
	// number on this terminal.
	Transaction  string    `json:"transaction"`
	PointOfSale  string    `json:"point_of_sale"`
	Invoice      Invoice   `json:"invoice"`
	PlacedAt     time.Time `json:"placed_at"` // the order date, by the channel
	Observations string    `json:"observations,omitempty"`
	Number       string    `json:"number"` // what people call it
	Origin       string    `json:"origin"` // where the customer ordered: web, rappi, pedidosya, …

	Status Status `json:"status"`
	// StatusRaw is the channel's own word, kept where Status does not say it.
	StatusRaw string `json:"status_raw,omitempty"`
	// ChannelState is what the channel knows of our answer.
	ChannelState ChannelState `json:"channel_state,omitempty"`

	Kind      OrderKind `json:"kind"`
	Table     string    `json:"table,omitempty"`
	Scheduled bool      `json:"scheduled,omitempty"`
	// DueAt is when the customer expects it, zero for as soon as possible.
	DueAt time.Time `json:"due_at,omitzero"`
	// ReadyStations are those whose share of the order is ready, as far as they
	// have said so. ReadyAt is when the whole order became ready here.
	ReadyStations []string `json:"ready_stations,omitempty"`
	ReadyAt       Moment   `json:"ready_at,omitzero"`
	// HeldUntil is when a scheduled order's tickets are released, zero when
	// they already are.
	HeldUntil time.Time `json:"held_until,omitzero"`

	Customer Customer `json:"customer"`
	Address  *Address `json:"address,omitempty"`
	Lines    []Line   `json:"lines"`
	Currency string   `json:"currency"` // ISO 4217
	Totals   Totals   `json:"totals"`
	Payment  Payment  `json:"payment"`
	Coupon   string   `json:"coupon,omitempty"`
	// Courier is what the channel says of the delivery, free text; CourierURL
	// tracks it. ManagedDelivery: the channel sends its own courier.
	Courier         string `json:"courier,omitempty"`
	CourierURL      string `json:"courier_url,omitempty"`
	ManagedDelivery bool   `json:"managed_delivery,omitempty"`

	// Flags are what was odd in this order and must be seen on paper and page.
	Flags []Flag `json:"flags,omitempty"`
	// Raw names the payload as it came (Tx.Raw).
	Raw        uint64 `json:"raw,omitempty"`
	ReceivedAt Moment `json:"received_at"`
	ChangedAt  Moment `json:"changed_at"`
}

// OrderKey tells orders apart: one order of one integration, whatever name the
// store goes by.
type OrderKey struct {
	// Provider is justo, …; Nickname the integration's name in the configuration.
	Provider string `json:"provider"`
	Nickname string `json:"nickname"`
	// ChannelID is the channel's own id of the order.
	ChannelID string `json:"channel_id"`
}

// Status is how far an order has come. It only moves up by rank, except to
// cancelled or rejected.
type Status string

// The statuses, lowest rank first.
const (
	Received   Status = "received"
	Accepted   Status = "accepted"
	Preparing  Status = "preparing"
	Ready      Status = "ready"
	Dispatched Status = "dispatched"
	Completed  Status = "completed"
	Cancelled  Status = "cancelled"
	Rejected   Status = "rejected"
)

// ChannelState is what the channel knows of our answer to an order.
type ChannelState string

// The states of an answer; empty where the channel needs none.
const (
	ChannelPending   ChannelState = "pending"   // asked upstream, not answered yet
	ChannelConfirmed ChannelState = "confirmed" // the channel has taken our answer
	ChannelRefused   ChannelState = "refused"   // the channel has refused it
	// ChannelUnanswered: nobody has answered in time; an answer may still come.
	ChannelUnanswered ChannelState = "unanswered"
)

// OrderKind is how the customer gets the order.
type OrderKind string

// The kinds of orders.
const (
	Delivery OrderKind = "delivery"
	Pickup   OrderKind = "pickup"
	Table    OrderKind = "table"
)

// Invoice is the fiscal document of an order. The agent never issues one.
type Invoice struct {
	Kind       string       `json:"kind,omitempty"` // boleta, factura, …, in the country's word
	Number     string       `json:"number,omitempty"`
	State      InvoiceState `json:"state"`
	BuyerTaxID string       `json:"buyer_tax_id,omitempty"`
	// Code is what the issuer wants printed as a symbol.
	Code string `json:"code,omitempty"`
}

// InvoiceState is how far the issuer has come.
type InvoiceState string

// The states of an invoice.
const (
	InvoiceNone      InvoiceState = "none"
	InvoiceRequested InvoiceState = "requested"
	InvoiceIssued    InvoiceState = "issued"
	InvoiceRejected  InvoiceState = "rejected"
	InvoiceCancelled InvoiceState = "cancelled"
)

// Customer is who ordered.
type Customer struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
	Email string `json:"email,omitempty"`
}

// Address is where a delivery goes.
type Address struct {
	Street    string `json:"street,omitempty"`
	Secondary string `json:"secondary,omitempty"` // flat, floor, tower
	Comment   string `json:"comment,omitempty"`
	// Lat and Lng are decimal degrees as the channel wrote them, or empty.
	Lat string `json:"lat,omitempty"`
	Lng string `json:"lng,omitempty"`
}

// A Line is one thing ordered.
type Line struct {
	// ID is stable over revisions as far as the channel's ids are.
	ID         string `json:"id,omitempty"`
	ExternalID string `json:"external_id,omitempty"` // the restaurant's own id of the product
	ProductID  string `json:"product_id,omitempty"`  // the channel's
	Name       string `json:"name"`
	Category   string `json:"category,omitempty"`

	Quantity Quantity `json:"quantity"`
	// Unit is the price of one, without modifiers where the channel says so;
	// Total is what the whole line costs, modifiers included.
	Unit      int64      `json:"unit"`
	Total     int64      `json:"total"`
	Note      string     `json:"note,omitempty"`
	Modifiers []Modifier `json:"modifiers,omitempty"`
}

// A Modifier is one choice within a line; choices nest.
type Modifier struct {
	ExternalID string `json:"external_id,omitempty"`
	ID         string `json:"id,omitempty"`
	// Group is the name of the choice, such as "Bebida"; Name what was chosen.
	Group     string     `json:"group,omitempty"`
	Name      string     `json:"name"`
	Quantity  Quantity   `json:"quantity"`
	Price     int64      `json:"price"` // of one, may be zero
	Modifiers []Modifier `json:"modifiers,omitempty"`
}

// Totals are the sums as the channel sent them. Total does not hold the tip;
// ToPay does.
type Totals struct {
	Items    int64 `json:"items"`
	Delivery int64 `json:"delivery"`
	Service  int64 `json:"service"`
	Discount int64 `json:"discount"`
	Tip      int64 `json:"tip"`
	Total    int64 `json:"total"`
	ToPay    int64 `json:"to_pay"`
}

// Payment is how an order is paid.
type Payment struct {
	// Method is the channel's own word: cash, mercadoPagoCardMX, …
	Method string `json:"method,omitempty"`
	// Cash: to be collected in cash. Paid: nothing is left to collect.
	Cash bool `json:"cash,omitempty"`
	Paid bool `json:"paid"`
	// CashGiven is what the customer pays with, 0 when unknown.
	CashGiven int64  `json:"cash_given,omitempty"`
	CardLast4 string `json:"card_last4,omitempty"`
}

// A Flag is something odd in an order.
type Flag struct {
	// Code is for programs: sums_disagree, negative_price, status_unknown,
	// shortened, unmatched_station, …
	Code string `json:"code"`
	// Text is for people, in the terminal's language.
	Text string `json:"text"`
}
