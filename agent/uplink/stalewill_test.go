package uplink_test

import (
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
)

// A will of an old connection that the broker publishes after the birth of the
// new one does not fit that birth, so that nobody need believe it; and what is
// retained is the truth again with the next heartbeat.
func TestStaleWill(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := consumer(t, broker)
	line := uplinktest.NewLine(t, broker.Addr())
	set := settings(line.URL())
	set.Heartbeat = 500 * time.Millisecond
	u, _ := start(t, set, openStore(t), newDesk())
	connected(t, u)
	state := func(e uplinktest.Event) (s uplink.State) { e.Into(t, &s); return s }
	find := func(what string, from int, is func(uplink.State) bool) (uplinktest.Event, int) {
		t.Helper()
		var found uplinktest.Event
		at := -1
		backend.Wait(patience, what, func() bool {
			for i, e := range backend.States() {
				if i >= from && at < 0 && is(state(e)) {
					found, at = e, i
				}
			}
			return at >= 0
		})
		return found, at
	}
	line.Drop()
	will, at := find("the will", 0, func(s uplink.State) bool { return s.Reason == "lost" })
	birth, at := find("the next birth", at, func(s uplink.State) bool { return s.Status == "online" })
	old, now := state(will), state(birth)
	if old.Session >= now.Session || old.Boot != now.Boot || old.Epoch != now.Epoch {
		t.Fatalf("the will is of boot %d, session %d, and the birth of boot %d, session %d", old.Boot, old.Session, now.Boot, now.Session)
	}

	late := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://" + broker.Addr()).SetClientID("late"))
	if token := late.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer late.Disconnect(100)
	if token := late.Publish(prefix+"/state", 1, true, will.Raw); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	_, at = find("the stale will", at+1, func(s uplink.State) bool { return s.Status == "offline" })
	find("a heartbeat behind it", at, func(s uplink.State) bool { return s.Status == "online" && s.Session == now.Session })
	if s := u.Status(); !s.Connected || s.Session != now.Session {
		t.Errorf("the terminal itself: %+v", s)
	}
}
