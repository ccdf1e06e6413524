package uplink

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// A StoreHandler takes part in which terminal prints the orders that are
// addressed to the store as a whole. StoreOrder, Claim and Peer are called like a
// Handler, one at a time and in the order of arrival.
type StoreHandler interface {
	// StoreOrder takes a message of the store's down/orders, Claim one of its
	// up/claims, under the rules of Handler.
	StoreOrder(ctx context.Context, payload []byte, retained bool, ack func() error) error
	Claim(ctx context.Context, payload []byte, ack func() error) error
	// Peer takes the state of another terminal of the store: whether it is
	// online, and its State.StoreOrders.
	Peer(terminal, storeOrders string, online, retained bool)
	// Connected: what is the store's comes on this connection; say publishes on
	// up/claims and does not wait. CaughtUp: what had waited at the broker has
	// come. Beat: the broker has acknowledged a state that was sent then. Lost
	// ends what Connected began.
	Connected(say func(claim []byte))
	CaughtUp()
	Beat(sent time.Time)
	Lost()
}

// shared is where the topics of the store as a whole begin.
func (s *session) shared() string { return "mostrador/v1/" + s.u.set.Store }

// storeTopics are what is the store's, one by one.
func (s *session) storeTopics() []string {
	return []string{s.shared() + "/down/orders", s.shared() + "/up/claims", s.shared() + "/+/state"}
}

// subscribeStore asks for what is the store's. One subscription for all of it
// comes first: then a cluster, too, hands it on in one order. It returns what is
// not granted.
func (s *session) subscribeStore() (refused []string, err error) {
	if s.u.set.StoreHandler == nil {
		return nil, nil
	}
	if all, err := s.askAll(&s.u.storeAll, s.shared()+"/+/+", s.storeTopics()); err != nil || all {
		return nil, err
	}
	granted, err := s.ask(s.storeTopics()...)
	if err != nil {
		return nil, err
	}
	for _, topic := range s.storeTopics() {
		if !granted[topic] {
			refused = append(refused, topic)
		}
	}
	return refused, nil
}

// join has the handler take part while the connection lasts. It comes before the
// birth, so that nothing of that comes back unseen.
func (s *session) join(granted bool) {
	h := s.u.set.StoreHandler
	if h == nil || !granted {
		return
	}
	topic := s.shared() + "/up/claims"
	h.Connected(func(claim []byte) { s.client.Publish(topic, 1, false, claim) })
	s.joined = true
}

// handleStore takes a message of the store as a whole; ours is false for one
// that is none.
func (s *session) handleStore(m mqtt.Message, ack func() error) (ours bool, err error) {
	last, ok := strings.CutPrefix(m.Topic(), s.shared()+"/")
	if !ok || strings.Count(last, "/") != 1 {
		return false, nil
	}
	h := s.u.set.StoreHandler
	if h == nil { // the broker remembers that this terminal once took part
		s.client.Unsubscribe(append(s.storeTopics(), s.shared()+"/+/+")...)
		return true, ack()
	}
	switch last {
	case "down/orders":
		return true, h.StoreOrder(s.ctx, m.Payload(), m.Retained(), ack)
	case "up/claims":
		return true, h.Claim(s.ctx, m.Payload(), ack)
	}
	if terminal, ok := strings.CutSuffix(last, "/state"); ok {
		s.heardState(terminal, m)
	}
	return true, ack()
}

// heardState reads what a terminal of the store says of itself, this one
// included: its own state comes back behind all that had waited before it.
func (s *session) heardState(terminal string, m mqtt.Message) {
	var told struct {
		Data State `json:"data"`
	}
	if err := json.Unmarshal(m.Payload(), &told); err != nil && len(m.Payload()) > 0 {
		s.u.log.Warn("a terminal's state cannot be read", "terminal", terminal, "error", err)
		return
	}
	d, online := told.Data, told.Data.Status == "online"
	if terminal != s.u.set.Terminal {
		// A state that was taken away is a terminal's that is gone for good.
		s.u.set.StoreHandler.Peer(terminal, d.StoreOrders, online || len(m.Payload()) == 0, m.Retained())
		return
	}
	opening := s.u.store.Opening()
	if online && !m.Retained() && d.Epoch == opening.Epoch && d.Boot == opening.Boots && d.Session == s.number {
		s.u.set.StoreHandler.CaughtUp()
	}
}

// beatOnce publishes a state and tells the handler when the broker has it.
func (s *session) beatOnce(until context.Context, limit time.Duration) error {
	sent := time.Now()
	if err := s.tell(until, limit); err != nil {
		return err
	}
	if s.joined {
		s.u.set.StoreHandler.Beat(sent)
	}
	return nil
}
