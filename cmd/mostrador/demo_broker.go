package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// The demo's terminal.
const (
	demoStore    = "lima-01"
	demoTerminal = "caja-1"
)

// A demoBroker is an MQTT broker inside this process, on loopback.
type demoBroker struct {
	server    *mqtt.Server
	address   string
	connected chan struct{}
}

// orderTopic is where the demo's relay hands down its orders.
const orderTopic = "mostrador/v1/" + demoStore + "/" + demoTerminal + "/down/orders"

func startDemoBroker() (*demoBroker, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	b := &demoBroker{
		server: mqtt.New(&mqtt.Options{
			InlineClient: true,
			Logger:       slog.New(slog.NewTextHandler(io.Discard, nil)),
		}),
		address:   "mqtt://" + listener.Addr().String(),
		connected: make(chan struct{}),
	}
	listens := sync.OnceFunc(func() { close(b.connected) })
	door := &openDoor{subscribed: func() {
		if len(b.server.Topics.Subscribers(orderTopic).Subscriptions) > 0 {
			listens()
		}
	}}
	if err := b.server.AddHook(door, nil); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	if err := b.server.AddListener(listeners.NewNet("demo", listener)); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	if err := b.server.Serve(); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	return b, nil
}

// awaitTerminal waits until the terminal listens for orders.
func (b *demoBroker) awaitTerminal(ctx context.Context) bool {
	select {
	case <-b.connected:
		return true
	case <-ctx.Done():
		return false
	}
}

// order hands an order down to the terminal.
func (b *demoBroker) order(message []byte) error {
	return b.server.Publish(orderTopic, message, false, 1)
}

func (b *demoBroker) stop() { b.server.Close() }

// openDoor lets everybody on this machine in, and tells of subscriptions.
type openDoor struct {
	mqtt.HookBase
	subscribed func()
}

func (d *openDoor) ID() string { return "open-door" }

func (d *openDoor) Provides(b byte) bool {
	return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck || b == mqtt.OnSubscribed
}

func (d *openDoor) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

func (d *openDoor) OnACLCheck(*mqtt.Client, string, bool) bool { return true }

func (d *openDoor) OnSubscribed(*mqtt.Client, packets.Packet, []byte) { d.subscribed() }
