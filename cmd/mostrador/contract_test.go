package main

import (
	"testing"

	"mostrador/agent/claim"
	"mostrador/agent/command"
	"mostrador/agent/order"
	"mostrador/agent/spool"
	"mostrador/agent/uplink/uplinktest"
)

// What the parts send is what the schemas say, field by field, both ways. The
// records of the store and of the uplink are held to theirs in uplinktest.
func TestEventsHaveTheShapeOfTheirSchemas(t *testing.T) {
	uplinktest.SameShape(t, order.EventType, order.Event{})
	uplinktest.SameShape(t, order.RequestType, order.Request{})
	uplinktest.SameShape(t, "mostrador.ticket.v1", spool.TicketEvent{})
	uplinktest.SameShape(t, command.ResultType, command.Result{})
	uplinktest.SameShape(t, "up.claims.v1", claim.Message{})
}
