package store

import (
	"encoding/json"
	"time"
)

// A Stream is one ordered series of events; it is also the last level of its
// MQTT topic.
type Stream string

// The streams of the uplink (DESIGN.md section 7, docs/mqtt.md).
const (
	StreamSales    Stream = "sales"
	StreamOrders   Stream = "orders"
	StreamTickets  Stream = "tickets"
	StreamDevices  Stream = "devices"
	StreamTimeline Stream = "timeline"
	StreamRequests Stream = "requests"
	StreamResults  Stream = "results"
)

// Streams are all of them.
func Streams() []Stream {
	return []Stream{StreamSales, StreamOrders, StreamTickets, StreamDevices,
		StreamTimeline, StreamRequests, StreamResults}
}

// An Event is an entry of the outbox. It is written once and never changed, so
// that sending it again sends the same bytes.
type Event struct {
	// Position in the outbox of its stream on this terminal, from 1, never
	// reused. It orders events across epochs.
	Position uint64 `json:"position"`
	Stream   Stream `json:"stream"`
	// ID is a UUIDv7. Source is /mostrador/{store}/{terminal}/{stream}.
	ID     string `json:"id"`
	Source string `json:"source"`
	// Type such as mostrador.sale.v1.
	Type string `json:"type"`
	// Epoch and Sequence: gap-free from 1 within (Source, Epoch).
	Epoch    string          `json:"epoch"`
	Sequence uint64          `json:"sequence"`
	Time     time.Time       `json:"time"`
	Data     json.RawMessage `json:"data"`
}

// An Entry of the transaction log: what the terminal did, in the order it did
// it. Each is also an event of the timeline.
type Entry struct {
	Seq uint64 `json:"seq"`
	At  Moment `json:"at"`
	// Kind for programs: order.received, order.unreadable, ticket.printed,
	// device.opened, store.full, …
	Kind string `json:"kind"`
	// Subject is what it is about: an order's id, a ticket's, a device's name.
	Subject string `json:"subject,omitempty"`
	// Text for people, in the terminal's language.
	Text string `json:"text"`
	// Severity: info, warning or alarm.
	Severity Severity `json:"severity"`
	// Raw names a payload that was kept (Tx.Raw), 0 for none.
	Raw uint64 `json:"raw,omitempty"`
	// Code is what a scanner read, of an entry of kind scan.….
	Code string `json:"code,omitempty"`
}

// Severity is how much an entry matters to people.
type Severity string

// The severities.
const (
	Info    Severity = "info"
	Warning Severity = "warning"
	Alarm   Severity = "alarm"
)
