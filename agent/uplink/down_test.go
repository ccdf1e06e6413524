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

func payloads(n int) (out []string) {
	for i := range n {
		out = append(out, string(order(i)))
	}
	return out
}

// Orders arrive in order, also those that were sent before the first connection
// of this process, and results beside them.
func TestOrdersComeDown(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	st, d := openStore(t), newDesk()
	u, stop := start(t, settings(broker.URL()), st, d)
	connected(t, u)
	for i := range 50 {
		backend.Publish(prefix+"/down/orders", order(i))
	}
	d.wait(t, "50 orders", func() bool { return len(d.unique()) == 50 })
	stop()
	for i := range 50 {
		backend.Publish(prefix+"/down/orders", order(50+i))
	}
	backend.Publish(prefix+"/down/results", []byte(`{"request":"x"}`))
	u, _ = start(t, settings(broker.URL()), st, d)
	d.wait(t, "100 orders and a result", func() bool { return len(d.unique()) == 101 })
	if got, want := d.unique(), append(payloads(100), `result {"request":"x"}`); !slices.Equal(got, want) {
		t.Errorf("taken: %v", got)
	}
	connected(t, u) // orders come before the connection is through
	if s := u.Status(); !s.Resumed || s.LastTaken.IsZero() {
		t.Errorf("status: %+v", s)
	}
}

// An order that the Handler does not take is neither lost nor acknowledged, and
// those behind it wait for their turn.
func TestHandlerErrorIsRetried(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	d := newDesk()
	d.refuse = func(payload string, times int) error {
		switch {
		case payload == string(order(3)) && times <= 2:
			return errRefused
		case payload == string(order(7)) && times == 1:
			panic("a payload that nobody thought of")
		}
		return nil
	}
	u, _ := start(t, settings(broker.URL()), openStore(t), d)
	connected(t, u)
	for i := range 10 {
		backend.Publish(prefix+"/down/orders", order(i))
	}
	d.wait(t, "10 orders", func() bool { return len(d.unique()) == 10 })
	if got := d.unique(); !slices.Equal(got, payloads(10)) {
		t.Errorf("taken: %v", got)
	}
	if n := len(d.calls()); n != 13 {
		t.Errorf("%d calls of the handler instead of 13: a hot loop?", n)
	}
}

// While the Handler takes nothing, events go up all the same; the process that
// comes next gets the order from the broker.
func TestRefusedOrderStaysWithTheBroker(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	st, d := openStore(t), newDesk()
	d.refuse = func(string, int) error { return errRefused }
	u, stop := start(t, settings(broker.URL()), st, d)
	connected(t, u)
	backend.Publish(prefix+"/down/orders", order(1))
	d.wait(t, "a call", func() bool { return len(d.calls()) > 0 })
	emit(t, st, 20)
	backend.WaitEvents("sales", 20, patience)
	stop()
	if n := len(d.calls()); n > 5 {
		t.Errorf("%d calls in the time of a few: a hot loop", n)
	}
	d = newDesk()
	start(t, settings(broker.URL()), st, d)
	d.wait(t, "the order again", func() bool { return len(d.unique()) == 1 })
}

// An acknowledgement may come later and from elsewhere; without it the order
// comes again on the next connection, and one that comes too late says so.
func TestLateAcknowledgement(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	line := uplinktest.NewLine(t, broker.Addr())
	d := &lateDesk{acks: make(chan func() error, 100)}
	u, _ := start(t, settings(line.URL()), openStore(t), d)
	connected(t, u)
	backend.Publish(prefix+"/down/orders", order(1))
	first := <-d.acks
	line.Drop()
	second := <-d.acks // the order again
	if err := first(); err == nil {
		t.Error("an acknowledgement on a connection that has gone was taken for good")
	}
	if err := second(); err != nil {
		t.Errorf("late acknowledgement: %v", err)
	}
	backend.Publish(prefix+"/down/orders", order(2))
	third := <-d.acks
	if err := third(); err != nil {
		t.Error(err)
	}
	eventually(t, "both acknowledgements at the broker", nil, func() bool {
		return strings.Count(broker.Log(), "Received PUBACK from lima-01_caja-1") == 2
	})
	line.Drop()
	eventually(t, "a third connection", nil, func() bool { return line.Connections() >= 3 && u.Status().Connected })
	backend.Publish(prefix+"/down/orders", order(3))
	<-d.acks
	if got := d.calls(); !slices.Equal(got, []string{string(order(1)), string(order(1)), string(order(2)), string(order(3))}) {
		t.Errorf("offered: %v", got)
	}
}

type lateDesk struct {
	uplink.Handler // nothing else comes
	acks           chan func() error
	mu             sync.Mutex
	seen           []string
}

func (d *lateDesk) Order(_ context.Context, payload []byte, ack func() error) error {
	d.mu.Lock()
	d.seen = append(d.seen, string(payload))
	d.mu.Unlock()
	d.acks <- ack
	return nil
}

func (d *lateDesk) calls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.seen)
}

// The line breaks again and again while orders come; none is lost.
func TestOrdersOverABreakingLine(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	line := uplinktest.NewLine(t, broker.Addr())
	d := newDesk()
	u, _ := start(t, settings(line.URL()), openStore(t), d)
	connected(t, u)
	for i := range 200 {
		backend.Publish(prefix+"/down/orders", order(i))
		if i%40 == 20 {
			line.Drop()
		}
	}
	d.wait(t, "200 orders", func() bool { return len(d.unique()) == 200 })
	got := d.unique()
	slices.Sort(got)
	want := payloads(200)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Error("not the orders that were sent")
	}
}

// A broker that has forgotten the session is asked anew.
func TestSessionLost(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	st, d := openStore(t), newDesk()
	u, _ := start(t, settings(broker.URL()), st, d)
	connected(t, u)
	broker.Kill()
	eventually(t, "the loss", nil, func() bool { return !u.Status().Connected })
	broker.Start()
	eventually(t, "the subscription", nil, func() bool {
		return strings.Count(broker.Log(), "Received SUBSCRIBE") == 2
	})
	consumer(t, broker).Publish(prefix+"/down/orders", order(1))
	d.wait(t, "the order", func() bool { return len(d.unique()) == 1 })
}

// Birth, heartbeat, goodbye and last will.
func TestState(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	line := uplinktest.NewLine(t, broker.Addr())
	st := openStore(t)
	set := settings(line.URL())
	set.Heartbeat = 300 * time.Millisecond
	_, stop := start(t, set, st, newDesk())
	is := func(status, reason string, session uint64) func() bool {
		return func() bool {
			all := backend.States()
			if len(all) == 0 {
				return false
			}
			var s uplink.State
			all[len(all)-1].Into(t, &s)
			return s.Status == status && s.Reason == reason && s.Session == session &&
				s.Boot == 1 && s.Epoch == st.Opening().Epoch && s.Version == "0.0.0-test"
		}
	}
	backend.Wait(patience, "the birth", is("online", "", 1))
	before := len(backend.States())
	backend.Wait(patience, "two heartbeats", func() bool { return len(backend.States()) >= before+2 })
	line.Cut()
	backend.Wait(patience, "the last will", is("offline", "lost", 1))
	line.Restore()
	// How many connections were tried meanwhile is not known.
	eventually(t, "the second birth", nil, func() bool {
		var s uplink.State
		all := backend.States()
		all[len(all)-1].Into(t, &s)
		return s.Status == "online" && s.Session > 1
	})
	stop()
	var last uplink.State
	backend.Wait(patience, "the goodbye", func() bool {
		all := backend.States()
		all[len(all)-1].Into(t, &last)
		return last.Status == "offline"
	})
	if last.Reason != "stopped" {
		t.Errorf("an orderly stop was told as %s", last.Reason)
	}
	backend.Check()
	uplinktest.SameShape(t, "mostrador.state.v1", uplink.State{})
	uplinktest.SameShape(t, uplink.WithheldType, uplink.Withheld{})
}

// However close to a heartbeat it is stopped, the last that is told is the goodbye:
// no will follows it.
func TestGoodbyeIsTheLastState(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	st := openStore(t)
	set := settings(broker.URL())
	set.Heartbeat = time.Millisecond
	for round := range 30 {
		u, stop := start(t, set, st, newDesk())
		connected(t, u)
		stop()
		late := uplinktest.Subscribe(t, broker.URL(), fmt.Sprint("late-", round))
		late.Wait(patience, "the state", func() bool { return len(late.States()) > 0 })
		var s uplink.State
		if late.States()[0].Into(t, &s); s.Status != "offline" || s.Reason != "stopped" {
			t.Fatalf("stop %d leaves %s %s", round, s.Status, s.Reason)
		}
		late.Close()
	}
}

// A state that a late subscriber finds is the last one.
func TestStateIsRetained(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	u, _ := start(t, settings(broker.URL()), openStore(t), newDesk())
	connected(t, u)
	backend := consumer(t, broker)
	backend.Wait(patience, "the birth", func() bool { return len(backend.States()) > 0 })
}

// Far more orders than the broker leaves unacknowledged, and a Handler that is
// slow: nothing is lost, nothing grows without bound.
func TestManyOrders(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Lines: []string{"max_inflight_messages 0"}})
	backend := consumer(t, broker)
	const n = 3000
	hold := make(chan struct{})
	d := newDesk()
	d.refuse = func(string, int) error { <-hold; return nil }
	u, _ := start(t, settings(broker.URL()), openStore(t), d)
	connected(t, u)
	for i := range n {
		backend.Publish(prefix+"/down/orders", order(i))
	}
	close(hold)
	d.wait(t, fmt.Sprint(n, " orders"), func() bool { return len(d.unique()) == n })
	got := d.unique()
	for i, p := range payloads(n) {
		if got[i] != p {
			t.Errorf("place %d: %s instead of %s", i, got[i], p)
			break
		}
	}
	if u.Status().Session < 2 {
		t.Error("the inbox never overflowed: this test shows nothing")
	}
}
