package uplinktest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mostrador/agent/uplink/uplinktest"
)

const timeline = "mostrador/v1/lima-01/caja-1/up/timeline"

// The consumer must find what it is there to find, or tests that use it show
// nothing.
func TestConsumerFindsFaults(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := uplinktest.Subscribe(t, broker.Addr(), "backend")
	good := example(t, "cloudevent")
	event := func(sequence int) []byte {
		numbered := strings.Replace(good, fmt.Sprintf("%020d", 42), fmt.Sprintf("%020d", sequence), 1)
		return []byte(strings.Replace(numbered, "019580a0-6c3e-7b1a-9a55-3f1f8f0c2b10", fmt.Sprintf("019580a0-6c3e-7b1a-9a55-%012d", sequence), 1))
	}
	send := func(payload []byte) {
		n := backend.Report().Messages
		backend.Publish(timeline, payload)
		backend.Wait(30*time.Second, "the message", func() bool { return backend.Report().Messages > n })
	}
	expect := func(what string, list []string, n int) {
		t.Helper()
		if len(list) != n {
			t.Errorf("%s: %d instead of %d: %v", what, len(list), n, list)
		}
	}
	send(event(1))
	send(event(2))
	send(event(2))
	r := backend.Report()
	expect("faults of a good series", r.Faults(), 0)
	if r.Duplicates != 1 || len(backend.Events("timeline")) != 2 {
		t.Errorf("%d duplicates", r.Duplicates)
	}
	send([]byte(strings.Replace(string(event(2)), "order.received", "order.revised", 1)))
	expect("changed", backend.Report().Changed, 1)
	send(event(5))
	expect("gaps", backend.Report().Gaps, 1)
	send(event(4))
	expect("disorder", backend.Report().Disorder, 1)
	send(event(3))
	expect("gaps after all came", backend.Report().Gaps, 0)
	send([]byte(strings.Replace(string(event(6)), `"severity"`, `"severety"`, 1)))
	expect("invalid", backend.Report().Invalid, 1)
	send([]byte("no JSON"))
	expect("invalid", backend.Report().Invalid, 2)
}

// What a gap event names counts as there: the backend acknowledges past it.
func TestConsumerCountsWhatWasDropped(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	backend := uplinktest.Subscribe(t, broker.Addr(), "backend")
	message := func(sequence int, typ, data string) []byte {
		return fmt.Appendf(nil, `{"specversion":"1.0","id":"019580a0-6c3e-7b1a-9a55-%012d","source":"/mostrador/lima-01/caja-1/devices","type":%q,
			"time":"2026-03-14T18:20:05Z","datacontenttype":"application/json","epoch":"9f86d081884c7d65","sequence":"%020d","data":%s}`, sequence, typ, sequence, data)
	}
	device := func(sequence int) []byte {
		return message(sequence, "mostrador.device.v1", `{"device":"cocina","kind":"printer","state":"ready",
			"since":{"wall":"2026-03-14T18:20:05Z","boot":"7b6f1c0e-2f2f-4bb5-9d3c-0a8f0a3f3c11","uptime_ns":1,"synced":true}}`)
	}
	for _, payload := range [][]byte{device(1), device(2), device(6)} {
		backend.Publish("mostrador/v1/lima-01/caja-1/up/devices", payload)
	}
	backend.WaitEvents("devices", 3, 30*time.Second)
	if r := backend.Report(); len(r.Gaps) != 1 || backend.Through("devices") != 2 {
		t.Fatalf("through %d, %v", backend.Through("devices"), r)
	}
	gap := `{"stream":"devices","epoch":"9f86d081884c7d65","from":"00000000000000000003","through":"00000000000000000005","reason":"No queda espacio en el terminal"}`
	backend.Publish("mostrador/v1/lima-01/caja-1/up/devices", message(7, "mostrador.gap.v1", gap))
	backend.WaitEvents("devices", 4, 30*time.Second)
	backend.Check()
	if n := backend.Through("devices"); n != 7 {
		t.Errorf("through %d, wanted 7", n)
	}
}

// A consumer that was away gets what it missed, and a new one what it asks for.
func TestConsumerIsDurable(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Persistent: true})
	uplinktest.Subscribe(t, broker.Addr(), "backend").Close()
	other := uplinktest.Subscribe(t, broker.Addr(), "other")
	other.Publish(timeline, []byte(strings.Replace(example(t, "cloudevent"), "0042", "0001", 1)))
	broker.Stop()
	broker.Start()
	uplinktest.Subscribe(t, broker.Addr(), "backend").WaitEvents("timeline", 1, 30*time.Second)
	other.WaitEvents("timeline", 1, 30*time.Second)
	other.Check()
}
