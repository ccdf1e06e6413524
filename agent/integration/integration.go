// Package integration connects delivery channels: the contract of a provider,
// and the router that takes what a channel sent, finds out whose it is, has it
// read, and hands it to order intake. One folder below it holds each provider;
// cmd lists them.
package integration

import (
	"time"

	"mostrador/agent/order"
)

// A Provider reads what one channel or system sends. It keeps no state and
// touches nothing: the same arrival gives the same answer.
type Provider interface {
	// Name as the configuration has it, such as justo.
	Name() string
	// Stores are the ids by which a payload names the channel's store, all of
	// them, or none where it names none or cannot be read. They tell which of
	// several integrations of the provider a payload is for.
	Stores(Arrival) []string
	// Parse reads one payload. What is odd becomes a flag; what cannot be read
	// is an *Unreadable. Text need not be cleaned, that is order intake's part.
	Parse(Arrival, Settings) (order.Draft, error)
}

// An Arrival is a payload as it came. It is hostile until read.
type Arrival struct {
	// ReceivedAt is when the relay got it, by the relay's clock.
	ReceivedAt time.Time
	// Headers of the request that brought it; their names are in lower case.
	Headers map[string]string
	Body    []byte
	// Exact: Body is byte for byte what the channel sent, so that a signature
	// that does not fit is a forgery. Otherwise a relay may have written the
	// same JSON anew.
	Exact bool
}

// Settings are what the configuration says of one integration.
type Settings struct {
	// Provider and Nickname identify it.
	Provider, Nickname string
	// Currency (ISO 4217) of amounts that come without one.
	Currency string
	// Location of times that come without a zone; nil: UTC.
	Location *time.Location
	Accept   order.Acceptance
	// Stores are the channel's ids of the stores whose orders are taken here;
	// empty: all.
	Stores []string
	// WebhookSecret that payloads are signed with; empty: not checked.
	WebhookSecret []byte
}

// Zone is Location, or UTC.
func (s Settings) Zone() *time.Location {
	if s.Location == nil {
		return time.UTC
	}
	return s.Location
}

// Unreadable says why a payload cannot be taken. Code is for programs; Text is
// for people, and goes on after "…: ".
type Unreadable struct {
	Code string
	Text string
}

// The codes of Unreadable. Providers may have more.
const (
	NotJSON          = "not_json"
	TooLarge         = "too_large"
	TooDeep          = "too_deep"
	NoID             = "no_id"
	WrongType        = "wrong_type"
	NoBody           = "no_body"
	UnknownProvider  = "unknown_provider"
	UnknownStore     = "unknown_store"
	AmbiguousStore   = "ambiguous_store"
	BadSignature     = "bad_signature"
	UnsupportedEvent = "unsupported_event" // understood, and not an order
	Invalid          = "invalid"
	Crashed          = "crashed"
)

func (e *Unreadable) Error() string { return "unreadable (" + e.Code + "): " + e.Text }
