package uplink_test

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

var terminals = []uplinktest.Login{
	{Store: "lima-01", Terminal: "caja-1", Password: "uno"},
	{Store: "lima-01", Terminal: "caja-2", Password: "dos"},
	{Store: "quito-01", Terminal: "caja-1", Password: "tres"},
	{Store: "cusco-01", Terminal: "caja-1", Password: "cuatro", Account: "sur"},
}

// The files of packaging/fleet, as they are: the server accepts them, a terminal
// does its work over them, and reaches nothing that is not its own.
func TestFleetConfiguration(t *testing.T) {
	certs := uplinktest.MakeCertificates(t, time.Now().Add(-time.Hour))
	cluster := uplinktest.NATS(t, uplinktest.ClusterOptions{Terminals: terminals, Sync: "always", Certificates: &certs})
	for i := range uplinktest.Nodes {
		if err := cluster.Check(i); err != nil {
			t.Errorf("nats-server -t: %v", err)
		}
	}
	if n := cluster.Stream("$MQTT_msgs").Config.Replicas; n != 3 {
		t.Errorf("messages have %d replicas, wanted 3", n)
	}
	backend := uplinktest.SubscribeTLS(t, cluster.BackendURL(1), "backend", certs.CA)

	set := settings(cluster.URL(0))
	set.CAFile, set.Username, set.Password = certs.CA, "lima-01_caja-1", "uno"
	set.Heartbeat = time.Hour // what else comes to the backend is counted
	st, d := openStore(t), newDesk()
	u, _ := start(t, set, st, d)
	connected(t, u)
	emit(t, st, 100)
	backend.WaitEvents("sales", 100, patience)
	drained(t, st)
	backend.WaitEvents("timeline", int(sent(t, st, store.StreamTimeline)), patience)
	backend.Publish(prefix+"/down/orders", order(1))
	d.wait(t, "an order", func() bool { return len(d.unique()) == 1 })

	t.Run("accounts", func(t *testing.T) { staysInItsAccount(t, cluster, certs.CA, backend) })
	t.Run("subscriptions", func(t *testing.T) {
		if limits := cluster.Limits(0); limits.DefaultMaxConsumers != -1 {
			t.Errorf("a stream has %d consumers at most: that many subscriptions, and no more", limits.DefaultMaxConsumers)
		}
	})

	client := terminal(t, cluster.Addr(2), certs.CA, "lima-01_caja-2", "dos")
	t.Run("subscribe", func(t *testing.T) { reachesNoTopic(t, client) })
	t.Run("publish", func(t *testing.T) { writesNoTopic(t, client, backend) })
	t.Run("log in", func(t *testing.T) {
		o := terminalOptions(t, cluster.Addr(2), certs.CA, "lima-01_caja-2", "uno")
		token := mqtt.NewClient(o).Connect()
		if !token.WaitTimeout(patience) || token.Error() == nil {
			t.Error("a terminal got in with another's password")
		}
		if err := cluster.TryNATS("lima-01_caja-2", "dos"); err == nil {
			t.Error("a terminal got in where only the backend is to be")
		}
	})
	backend.Check()
}

// staysInItsAccount: what a terminal of another account sends comes to the
// backend's user there, and to nobody else's.
func staysInItsAccount(t *testing.T, cluster *uplinktest.Cluster, ca string, other *uplinktest.Consumer) {
	const topic = "mostrador/v1/cusco-01/caja-1/up/sales"
	arrived := make(chan string, 10)
	backend := connect(t, terminalOptions(t, cluster.Addr(0), ca, uplinktest.BackendUser("sur"), cluster.BackendPassword()).SetClientID("backend-sur"))
	token := backend.Subscribe("mostrador/v1/+/+/up/+", 1, func(_ mqtt.Client, m mqtt.Message) { arrived <- m.Topic() })
	if !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("the backend cannot subscribe in its account: %v", token.Error())
	}
	before := other.Report().Messages
	client := terminal(t, cluster.Addr(2), ca, "cusco-01_caja-1", "cuatro")
	if token := client.Publish(topic, 1, false, "{}"); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("no acknowledgement in an account: %v", token.Error())
	}
	select {
	case got := <-arrived:
		if got != topic {
			t.Errorf("%s arrived, wanted %s", got, topic)
		}
	case <-time.After(patience):
		t.Error("nothing arrived at the backend of the account")
	}
	if n := other.Report().Messages - before; n != 0 {
		t.Errorf("%d messages came out of an account", n)
	}
}

// reachesNoTopic: nothing but its own, its store's, and its neighbours' state.
func reachesNoTopic(t *testing.T, client mqtt.Client) {
	forbidden := []string{
		"mostrador/v1/lima-01/caja-1/down/orders", "mostrador/v1/lima-01/caja-1/down/+", "mostrador/v1/lima-01/caja-1/up/sales",
		"mostrador/v1/quito-01/caja-1/down/orders", "mostrador/v1/quito-01/caja-1/state", "mostrador/v1/quito-01/down/orders",
		"mostrador/v1/quito-01/up/claims", "mostrador/v1/quito-01/+/+", "mostrador/v1/+/+/up/+", "mostrador/v1/+/+/state", "mostrador/v1/lima-01/+/down/+",
		"mostrador/v1/lima-01/#", "mostrador/#", "#", "+/#", "$MQTT/sub/#", "$MQTT/sub/+", "$MQTT/msgs/#", "$JS/API/#", "$SYS/#", "_INBOX/#",
	}
	allowed := []string{
		"mostrador/v1/lima-01/caja-2/down/+", "mostrador/v1/lima-01/down/orders", "mostrador/v1/lima-01/up/claims", "mostrador/v1/lima-01/+/state",
		"mostrador/v1/lima-01/+/+",
	}
	for _, topic := range append(forbidden, allowed...) {
		granted, want := grants(t, client, topic), slices.Contains(allowed, topic)
		// A cluster under load may refuse what is allowed, for a while.
		for end := time.Now().Add(patience); want && !granted && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			granted = grants(t, client, topic)
		}
		if granted != want {
			t.Errorf("subscription of %s: granted %v, wanted %v", topic, granted, want)
		}
	}
}

func grants(t *testing.T, client mqtt.Client, topic string) bool {
	t.Helper()
	token := client.Subscribe(topic, 1, nil)
	if !token.WaitTimeout(patience) {
		t.Fatalf("no answer to a subscription of %s", topic)
	}
	return token.(*mqtt.SubscribeToken).Result()[topic] != 0x80
}

// writesNoTopic: what it publishes elsewhere reaches nobody, although the server
// acknowledges it, as MQTT 3.1.1 allows.
func writesNoTopic(t *testing.T, client mqtt.Client, backend *uplinktest.Consumer) {
	before := backend.Report().Messages
	for _, topic := range []string{
		"mostrador/v1/lima-01/caja-1/up/sales", "mostrador/v1/lima-01/caja-1/state", "mostrador/v1/quito-01/caja-1/up/sales",
		"mostrador/v1/lima-01/caja-2/down/orders", "$MQTT/msgs/mostrador/v1/lima-01/caja-1/up/sales", "$JS/API/STREAM/DELETE/MOSTRADOR_HISTORY",
	} {
		client.Publish(topic, 1, false, []byte("not mine")).WaitTimeout(patience)
	}
	// What is its own comes after all of that.
	client.Publish("mostrador/v1/lima-01/caja-2/state", 1, true, stateOf("caja-2")).WaitTimeout(patience)
	backend.Wait(patience, "a state of caja-2", func() bool {
		return slices.ContainsFunc(backend.States(), func(e uplinktest.Event) bool { return strings.Contains(e.Topic, "/caja-2/") })
	})
	if n := backend.Report().Messages - before; n != 1 {
		t.Errorf("%d messages came of one that was allowed", n)
	}
}

func stateOf(terminal string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"019580a0-7d11-7c02-8b1f-6f1d2c3b4a64","source":"/mostrador/lima-01/%s/state","type":"mostrador.state.v1",
		"time":"2026-03-14T18:20:05Z","datacontenttype":"application/json","data":{"status":"online","epoch":"9f86d081884c7d65","boot":1,"session":1,
		"version":"0","started_at":"2026-03-14T11:02:00Z","clock":{"wall":"2026-03-14T18:20:05Z","boot":"7b6f1c0e-2f2f-4bb5-9d3c-0a8f0a3f3c11","uptime_ns":1,"synced":true}}}`, terminal)
}

func terminalOptions(t *testing.T, addr, ca, user, password string) *mqtt.ClientOptions {
	o := mqtt.NewClientOptions().AddBroker("tls://" + addr).SetClientID(user).SetUsername(user).SetPassword(password)
	return o.SetAutoReconnect(false).SetProtocolVersion(4).SetTLSConfig(uplinktest.Trust(t, ca))
}

// terminal is a bare client with a terminal's login.
func terminal(t *testing.T, addr, ca, user, password string) mqtt.Client {
	t.Helper()
	return connect(t, terminalOptions(t, addr, ca, user, password))
}

func connect(t *testing.T, o *mqtt.ClientOptions) mqtt.Client {
	t.Helper()
	client := mqtt.NewClient(o)
	if token := client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("connect: %v", token.Error())
	}
	t.Cleanup(func() { client.Disconnect(100) })
	return client
}

// The node that a terminal is connected with dies while sales go up: the front
// leads to another one, and nothing is missing, neither for a subscriber nor in
// the durable consumer.
func TestFleetNodeKilled(t *testing.T) {
	cluster := uplinktest.NATS(t, uplinktest.ClusterOptions{Terminals: terminals})
	front := cluster.Front(0)
	backend := uplinktest.Subscribe(t, cluster.BackendURL(1), "backend")
	set := settings(front.URL())
	set.Username, set.Password = "lima-01_caja-1", "uno"
	st := openStore(t)
	u, _ := start(t, set, st, newDesk())
	connected(t, u)

	const sales = 2000
	var producer sync.WaitGroup
	producer.Go(func() { emit(t, st, sales) })
	backend.WaitEvents("sales", sales/4, patience)
	cluster.Kill(0)
	producer.Wait()
	backend.WaitEvents("sales", sales, 3*patience)
	drained(t, st)
	cluster.Start(0)
	cluster.WaitReady()
	// A consumer whose leader died delivers late what it had under way, so here,
	// and only here, a first delivery may come after later ones: docs/fleet.md.
	r := backend.Report()
	t.Logf("%d messages, %d twice, %d late", r.Messages, r.Duplicates, len(r.Disorder))
	r.Disorder = nil
	for _, fault := range r.Faults() {
		t.Error(fault)
	}

	got := map[string]bool{}
	take := func() (again int) {
		bodies, again := cluster.Fetch(1000)
		for _, b := range bodies {
			var e uplinktest.Event
			e.Decode(t, b)
			got[e.Source+" "+e.Sequence] = true
		}
		return again
	}
	// A consumer whose leader moves answers late.
	for end := time.Now().Add(3 * patience); len(got) < 2*sales; take() { // and as many entries of the timeline
		if time.Now().After(end) {
			t.Fatalf("the durable consumer gave %d events, wanted %d", len(got), 2*sales)
		}
	}
	if again := take(); again > 0 {
		t.Errorf("%d messages come again although they were acknowledged", again)
	}
}

// What make-access does not understand it refuses, with the line.
func TestMakeAccessRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"lima-01 caja-1":                          "line 1: wanted STORE TERMINAL PASSWORD",
		"lima-01 caja-1 x norte y":                "line 1: wanted STORE TERMINAL PASSWORD",
		"lima-01 caja-1 x Norte":                  "an account is small letters",
		"lima-01 caja-1 x\nlima-01 caja-2 y sur":  "line 2: store lima-01 is in the account MOSTRADOR already",
		"Lima caja-1 x":                           "small letters",
		"lima-01 up x":                            "is not up or down",
		"lima.> caja-1 x":                         "small letters",
		"lima-01 caja-1 x\nlima-01 caja-1 y":      "line 2: terminal lima-01 caja-1 comes twice",
		"a " + strings.Repeat("a", 41) + " segno": "up to 40",
	} {
		cmd := exec.Command("../../packaging/fleet/make-access")
		cmd.Env = append(cmd.Environ(), "BACKEND_PASSWORD=a", "ADMIN_PASSWORD=b")
		cmd.Stdin = strings.NewReader(line + "\n")
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%q: %v, %s; wanted %q", line, err, out, want)
		}
	}
}
