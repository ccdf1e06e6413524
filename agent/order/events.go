package order

import (
	"time"

	"mostrador/store"
)

// The types of the events that this package emits.
const (
	EventType   = "mostrador.order.v1"   // on store.StreamOrders
	RequestType = "mostrador.request.v1" // on store.StreamRequests
)

// A Change is what an order's event tells of.
type Change string

// The changes.
const (
	ChangeReceived  Change = "received"
	ChangeRevised   Change = "revised"  // something that matters is different
	ChangeAccepted  Change = "accepted" // by a person; an automatic one is within received
	ChangeStatus    Change = "status"   // it got further
	ChangeCancelled Change = "cancelled"
	ChangeRejected  Change = "rejected"
	ChangeReleased  Change = "released" // a scheduled order went to the kitchen
	ChangeChannel   Change = "channel"  // the channel answered
	ChangeUpdated   Change = "updated"  // courier, invoice number and the like

	// Never in an event: what a payload that changes nothing came to.
	ChangeNone    Change = "none"    // known already
	ChangeOlder   Change = "older"   // older than what is known
	ChangeUnknown Change = "unknown" // a status of an order that is not known
)

// An Event is the data of mostrador.order.v1.
type Event struct {
	Order  *store.Order `json:"order"`
	Change Change       `json:"change"`
}

// A Request is the data of mostrador.request.v1: what a channel must be told
// and this terminal cannot tell it itself. It is answered on down/results.
type Request struct {
	ID          string             `json:"id"` // UUIDv7
	ExpiresAt   time.Time          `json:"expires_at"`
	Integration RequestIntegration `json:"integration"`
	Order       RequestOrder       `json:"order"`
	Action      Action             `json:"action"`
	Reason      string             `json:"reason,omitempty"`
}

// A RequestIntegration says through which integration to tell.
type RequestIntegration struct {
	Provider string `json:"provider"`
	Nickname string `json:"nickname"`
}

// A RequestOrder says which order a request is about.
type RequestOrder struct {
	ID        string `json:"id"`
	ChannelID string `json:"channel_id"`
	Number    string `json:"number"`
}

// An Action is what a channel is told of an order.
type Action string

// The actions.
const (
	ActionAccept   Action = "accept"
	ActionReject   Action = "reject"
	ActionReady    Action = "ready"
	ActionDispatch Action = "dispatch"
)
