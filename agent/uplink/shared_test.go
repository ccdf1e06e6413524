package uplink_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
)

// A partner is a StoreHandler that notes what happens, in its order.
type partner struct {
	mu    sync.Mutex
	notes []string
	beats int
	say   func([]byte)
}

func (p *partner) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

func (p *partner) StoreOrder(_ context.Context, payload []byte, retained bool, ack func() error) error {
	p.note("order %s %v", payload, retained)
	return ack()
}

func (p *partner) Claim(_ context.Context, payload []byte, ack func() error) error {
	p.note("claim %s", payload)
	return ack()
}

func (p *partner) Peer(terminal, storeOrders string, online, retained bool) {
	p.note("peer %s %q online %v retained %v", terminal, storeOrders, online, retained)
}

func (p *partner) Connected(say func([]byte)) {
	p.note("connected")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.say = say
}

func (p *partner) CaughtUp() { p.note("caught up") }
func (p *partner) Lost()     { p.note("lost") }

func (p *partner) Beat(sent time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.beats++
}

func (p *partner) noted(what ...string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.notes, strings.Join(what, " "))
}

func (p *partner) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.notes)
}

// What is the store's comes in one order, this terminal's own birth and claims
// with it, and ends with the connection.
func TestStoreTopics(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Persistent: true})
	cloud := uplinktest.Subscribe(t, broker.Addr(), "backend")
	p, other := &partner{}, &partner{}
	one := settings(broker.URL())
	one.StoreOrders, one.StoreHandler, one.Heartbeat = "holder", p, 50*time.Millisecond
	u, _ := start(t, one, openStore(t), newDesk())
	connected(t, u)
	eventually(t, "its own birth", nil, func() bool { return p.noted("caught up") })
	if notes := p.all(); notes[0] != "connected" {
		t.Errorf("before it is connected: %v", notes)
	}

	two := one
	two.Terminal, two.StoreOrders, two.StoreHandler = "caja-2", "stand-in", other
	u2, stop := start(t, two, openStore(t), newDesk())
	connected(t, u2)
	eventually(t, "the neighbours", nil, func() bool {
		return p.noted(`peer caja-2 "stand-in" online true retained false`) && other.noted(`peer caja-1 "holder" online true retained true`)
	})

	cloud.Publish("mostrador/v1/lima-01/down/orders", []byte(`{"provider":"x","received_at":"2026-03-14T18:20:05Z","body":1}`))
	claim := `{"order":"x/1","word":"claim","by":"caja-1","role":"holder"}`
	eventually(t, "the order", nil, func() bool {
		return p.noted("order", `{"provider":"x","received_at":"2026-03-14T18:20:05Z","body":1}`, "false")
	})
	p.say([]byte(claim))
	eventually(t, "the claim at both", nil, func() bool { return p.noted("claim", claim) && other.noted("claim", claim) })
	p.mu.Lock()
	beats := p.beats
	p.mu.Unlock()
	if beats == 0 {
		t.Error("no heartbeat was told")
	}

	stop()
	eventually(t, "the goodbye", nil, func() bool { return p.noted(`peer caja-2 "stand-in" online false retained false`) })
	if notes := other.all(); notes[len(notes)-1] != "lost" {
		t.Errorf("after the end: %v", notes[len(notes)-1])
	}

	// One that takes part no more gets nothing of it, though its session lives.
	two.StoreOrders, two.StoreHandler = "", nil
	u2, _ = start(t, two, openStore(t), newDesk())
	connected(t, u2)
	eventually(t, "a terminal that takes none", nil, func() bool { return p.noted(`peer caja-2 "" online true retained false`) })
	eventually(t, "the end of its subscription", nil, func() bool { return strings.Contains(broker.Log(), "UNSUBSCRIBE from lima-01_caja-2") })

	broker.Kill()
	eventually(t, "the loss", nil, func() bool { return p.noted("lost") })
	broker.Start()
	eventually(t, "a new life", nil, func() bool {
		n := 0
		for _, note := range p.all() {
			if note == "caught up" {
				n++
			}
		}
		return n >= 2
	})
	if faults := cloud.Report().Faults(); len(faults) > 0 {
		t.Error(faults)
	}
}

var _ uplink.StoreHandler = (*partner)(nil)
