package uplink_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"mostrador/agent/uplink/uplinktest"
)

// TestDrain measures how fast a backlog goes up, beside a bare publisher, and
// beside a mosquitto bridge with persistence that does the same work; and what
// each has lost when it was killed (kill -9) with the backlog in it. It asserts
// what is lost of ours, never a rate. Under make drain the table goes into
// docs/uplink.md.
func TestDrain(t *testing.T) {
	events, rounds, far, peers := 1_000, 1, 300, 100
	if proof() {
		events, rounds, far, peers = 40_000, 7, 6_000, 2_000
	}
	near, distant := measureDrain(t, 0, events, rounds), measureDrain(t, 50*time.Millisecond, far, 1)
	rows := [][]string{
		{"bare pipelined publishing (paho)", fmt.Sprintf("%.0f", near.bare), fmt.Sprintf("%.0f", distant.bare), "all of it: nothing is stored"},
		ours(t, near, distant, peers).row("the outbox, × bare: " + fmt.Sprintf("%.2f (to reach: 0.90)", near.ratio)),
		overBridge(t, "mosquitto bridge, persistence true", nil, peers).row(""),
		overBridge(t, "mosquitto bridge, and autosave_on_changes, max_queued_messages 0",
			[]string{"autosave_on_changes true", "autosave_interval 1", "max_queued_messages 0"}, peers).row(""),
	}
	text := fmt.Sprintf("%d events of 600 B, QoS 1, window %d; medians of %d rounds; at 100 ms %d events. To reach at 100 ms: 400/s.\n\n", events, benchWindow, rounds, far) +
		"| | events/s | events/s at a round trip of 100 ms | lost under kill -9 with the broker away |\n|---|---|---|---|\n"
	for _, row := range rows {
		text += "| " + strings.Join(row, " | ") + " |\n"
	}
	writeBlock(t, "drain", text)
}

// A carrier is one way to bring messages up, as it was measured.
type carrier struct {
	name             string
	near, distant    string
	accepted, gotten int
	note             string
}

func (c carrier) row(more string) []string {
	lost := fmt.Sprintf("%d of %d", c.accepted-c.gotten, c.accepted)
	if c.note != "" {
		lost += " (" + c.note + ")"
	}
	if more != "" {
		return []string{c.name + "; " + more, c.near, c.distant, lost}
	}
	return []string{c.name, c.near, c.distant, lost}
}

// ours is the till: it sells while the broker is away, is killed, and started
// again.
func ours(t *testing.T, near, distant rates, n int) carrier {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Persistent: true})
	counted := count(t, broker.Addr(), "mostrador/v1/+/+/up/sales")
	line := uplinktest.NewLine(t, broker.Addr())
	line.Cut()
	x := newTill(t, filepath.Join(t.TempDir(), "mostrador.db"), tillConfig{Terminal: "caja-1", Broker: line.URL()})
	x.start()
	x.sell(n)
	x.reached(int64(n) / 2)
	x.kill()
	x.start()
	accepted := int(x.sold.Load())
	line.Restore()
	counted.reach(t, accepted)
	x.stop()
	c := carrier{"Mostrador", fmt.Sprintf("%.0f", near.ours), fmt.Sprintf("%.0f", distant.ours), accepted, counted.different(), "killed while selling"}
	if c.accepted != c.gotten {
		t.Errorf("%d of %d sales are missing", c.accepted-c.gotten, c.accepted)
	}
	return c
}

// overBridge is a local mosquitto that carries what it accepts to a remote one.
func overBridge(t *testing.T, name string, lines []string, n int) carrier {
	remote := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Persistent: true, Lines: []string{"log_type none"}})
	far := uplinktest.NewLine(t, remote.Addr())
	local := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Bare: true, Lines: append([]string{
		"log_type none", "persistence true", "max_inflight_messages 64",
		"connection cloud", "address " + far.Addr(), "topic bare/# out 1", "cleansession false", "restart_timeout 1",
		"bridge_protocol_version mqttv311", "remote_clientid bridge", "notifications false",
	}, lines...)})
	counted := count(t, remote.Addr(), "bare/up/+")
	c := carrier{name: name, accepted: n}

	rate := func() string {
		before := counted.n.Load()
		far.Cut()
		publishBare(t, local.Addr(), "bare/up/rate", n, 600)
		far.Restore()
		counted.moves(t, before)
		begun, from := time.Now(), counted.n.Load()
		counted.settle()
		if took := counted.last().Sub(begun); took > 0 && counted.n.Load() > from {
			return fmt.Sprintf("%.0f", float64(counted.n.Load()-from)/took.Seconds())
		}
		return "at once"
	}
	c.near = rate()
	far.SetDelay(50 * time.Millisecond)
	c.distant = rate()
	far.SetDelay(0)

	far.Cut()
	begun := time.Now()
	publishBare(t, local.Addr(), "bare/up/kept", n, 600)
	c.note = fmt.Sprintf("accepted at %.0f/s", float64(n)/time.Since(begun).Seconds())
	before := counted.n.Load()
	local.Kill()
	local.Start()
	far.Restore()
	counted.settle()
	c.gotten = int(counted.n.Load() - before)
	return c
}

// A counter counts what arrives at a broker.
type arrivals struct {
	n    atomic.Int64
	seen atomic.Int64 // nanoseconds, of the last one
	ids  chan string
	uniq map[string]bool
}

func count(t *testing.T, addr, filter string) *arrivals {
	a := &arrivals{uniq: map[string]bool{}, ids: make(chan string, 1<<17)}
	o := mqtt.NewClientOptions().AddBroker("tcp://" + addr).SetClientID("count").SetCleanSession(false).SetAutoReconnect(true)
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
		a.seen.Store(time.Now().UnixNano())
		a.n.Add(1)
		if _, rest, ok := strings.Cut(string(m.Payload()), `"id":"`); ok {
			a.ids <- rest[:36]
		}
	})
	client := mqtt.NewClient(o)
	if token := client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	if token := client.Subscribe(filter, 1, nil); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	t.Cleanup(func() { client.Disconnect(100) })
	return a
}

// different is how many events came, each once.
func (a *arrivals) different() int {
	for {
		select {
		case id := <-a.ids:
			a.uniq[id] = true
		default:
			return len(a.uniq)
		}
	}
}

func (a *arrivals) last() time.Time { return time.Unix(0, a.seen.Load()) }

func (a *arrivals) reach(t *testing.T, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d events", n), nil, func() bool { return a.different() >= n })
}

func (a *arrivals) moves(t *testing.T, from int64) {
	t.Helper()
	eventually(t, "the first event", nil, func() bool { return a.n.Load() > from })
}

// settle waits until nothing has come for some seconds: what a peer has lost
// does not come at all.
func (a *arrivals) settle() {
	begun, quiet := time.Now(), 3*time.Second
	if proof() {
		quiet = 15 * time.Second
	}
	for time.Since(begun) < quiet || time.Since(a.last()) < quiet {
		time.Sleep(50 * time.Millisecond)
	}
}
