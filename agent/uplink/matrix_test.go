package uplink_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

// TestMatrix holds every broker against every fault: what the till has committed
// is with the backend, each event once after its deduplication, without a gap
// and in order. The backend acknowledges (acknowledged_by = "backend"), because
// that is the setting in which no broker's loss is ours. Under make matrix the
// table goes into docs/uplink.md.
func TestMatrix(t *testing.T) {
	sales, offline := 150, 2_000
	if proof() {
		sales, offline = 5_000, 100_000
	}
	backlog := threeDaysOffline(t, offline)
	worlds := []struct {
		name string
		make func(*testing.T) *world
	}{{"mosquitto", mosquittoWorld}, {"batches", batchWorld}, {"NATS", natsWorld}, {"mochi", mochiWorld}}
	columns := make([]column, len(worlds))
	t.Run("of", func(t *testing.T) { // which waits for all of them
		for i, world := range worlds {
			t.Run(world.name, func(t *testing.T) {
				t.Parallel() // most of the time they wait
				columns[i] = world.make(t).suffer(t, sales, offline, backlog)
			})
		}
	})
	writeMatrix(t, columns)
}

// A column is what became of one broker's faults, by the fault's name.
type column struct {
	name  string
	cells map[string]string
}

// suffer lives through every fault, one after the other.
func (w *world) suffer(t *testing.T, sales, offline int, backlog string) column {
	c := column{w.name, map[string]string{}}
	for _, f := range faults {
		if f.cluster && w.killNode == nil {
			c.cells[f.name] = "–"
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			w.t = t
			c.cells[f.name] = w.live(f, sales)
		})
	}
	t.Run("72 h offline", func(t *testing.T) {
		w.t = t
		c.cells[offlineFault] = w.drain(backlog, offline)
	})
	w.end()
	if n := w.backend.Report().Batches; (n > 0) != w.set.Batch {
		t.Errorf("%s: %d batches", w.name, n)
	}
	return c
}

const (
	matrixPatience = 5 * time.Minute
	offlineFault   = "72 simulated hours offline"
)

// A fault is what happens while the till sells.
type fault struct {
	name    string
	cluster bool // makes sense with several nodes only
	do      func(w *world)
}

var faults = []fault{
	{"outage of the line, three times", false, func(w *world) {
		for range 3 {
			w.line.Cut()
			w.pass(300 * time.Millisecond)
			w.connects(w.line.Restore)
		}
	}},
	{"a line that loses all acknowledgements, then breaks", false, func(w *world) {
		w.line.SetFlow(uplinktest.Through, uplinktest.Lost)
		w.pass(300 * time.Millisecond)
		w.line.Drop()
		w.line.Restore()
	}},
	{"broker restarted", false, func(w *world) { w.stopBroker(); w.startBroker() }},
	{"broker killed (kill -9)", false, func(w *world) { w.killBroker(); w.startBroker() }},
	{"agent killed (kill -9), five times", false, func(w *world) {
		for range 5 {
			w.till.kill()
			w.connects(w.till.start)
		}
	}},
	{"both sessions lost at the broker", false, func(w *world) {
		w.line.Cut()
		w.forget(w.tillID)
		asked := w.backend.Subscriptions()
		w.forget(w.backendID)
		w.subscribed(asked + 1) // before that a broker keeps nothing for it
		w.line.Restore()
	}},
	{"slow consumer (5 ms an event)", false, func(w *world) {
		w.backend.Slow(5 * time.Millisecond)
		w.pass(time.Second)
		w.backend.Slow(0)
	}},
	{"one node of three killed (kill -9)", true, func(w *world) { w.killNode(); w.till.reached(w.target); w.arrived(w.target); w.startBroker() }},
}

// A world is a broker with a till at the end of a line and a backend.
type world struct {
	t         *testing.T
	name      string
	set       tillConfig
	line      *uplinktest.Line
	till      *till
	tillID    string
	backend   *uplinktest.Consumer
	backendID string
	login     string // user:password@ of a client that purges sessions
	target    int64  // sales that there should be
	// loose: the broker itself may deliver out of order after a fault, to a
	// consumer that was away.
	loose bool

	stopBroker, killBroker, startBroker func()
	killNode                            func() // nil: there is one only
}

func newWorld(t *testing.T, name string, line *uplinktest.Line, user, password, backend string) *world {
	return makeWorld(t, name, line, tillConfig{Terminal: "caja-1", Broker: line.URL(), Username: user, Password: password}, backend)
}

func makeWorld(t *testing.T, name string, line *uplinktest.Line, set tillConfig, backend string) *world {
	set.AcknowledgedBy = "backend"
	w := &world{t: t, name: name, set: set, line: line, tillID: "lima-01_caja-1", backendID: "matrix-backend", login: backend}
	w.backend = uplinktest.Subscribe(t, backend, w.backendID)
	w.backend.Answer()
	w.till = newTill(t, filepath.Join(t.TempDir(), "mostrador.db"), set)
	w.till.start()
	return w
}

func mosquittoWorld(t *testing.T) *world { return mosquittoWith(t, "mosquitto", false) }

// batchWorld is mosquitto with a till that packs what waits.
func batchWorld(t *testing.T) *world { return mosquittoWith(t, "mosquitto, in batches", true) }

func mosquittoWith(t *testing.T, name string, batch bool) *world {
	b := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Persistent: true})
	line := uplinktest.NewLine(t, b.Addr())
	w := makeWorld(t, name, line, tillConfig{Terminal: "caja-1", Broker: line.URL(), Batch: batch}, b.URL())
	w.stopBroker, w.killBroker, w.startBroker = b.Stop, b.Kill, b.Start
	return w
}

func mochiWorld(t *testing.T) *world {
	b := uplinktest.Mochi(t)
	w := newWorld(t, "mochi (in memory)", uplinktest.NewLine(t, b.Addr()), "", "", "mqtt://"+b.Addr())
	w.stopBroker, w.killBroker = b.Stop, b.Kill
	w.startBroker = func() { // it has forgotten the backend, and keeps nothing for it until it is back
		asked := w.backend.Subscriptions()
		w.line.Cut()
		b.Start()
		w.subscribed(asked + 1)
		w.line.Restore()
	}
	w.loose = true
	return w
}

func natsWorld(t *testing.T) *world {
	c := uplinktest.NATS(t, uplinktest.ClusterOptions{Terminals: []uplinktest.Login{
		{Store: "lima-01", Terminal: "caja-1", Password: "secreto"}, {Store: "lima-01", Terminal: "caja-2", Password: "secreto"},
	}})
	front := c.Front(1) // the backend has no node of its own
	backend := strings.Replace(c.BackendURL(0), c.Addr(0), front.Addr(), 1)
	w := newWorld(t, "NATS JetStream, three nodes", c.Front(0), "lima-01_caja-1", "secreto", backend)
	w.loose = true
	each := func(do func(int)) func() {
		return func() {
			for i := range uplinktest.Nodes {
				do(i)
			}
		}
	}
	down := map[int]bool{}
	w.stopBroker, w.killBroker = each(func(i int) { c.Stop(i); down[i] = true }), each(func(i int) { c.Kill(i); down[i] = true })
	w.startBroker = func() {
		for i := range down {
			c.Start(i)
		}
		clear(down)
		c.WaitReady()
	}
	w.killNode = func() {
		leader := c.Leader("$MQTT_msgs")
		down[leader] = true
		c.Kill(leader)
	}
	return w
}

func (w *world) end() { w.till.stop() }

// live makes sales, has the fault happen amid them, and says what came of it.
func (w *world) live(f fault, sales int) string {
	w.t.Helper()
	before, twice := int64(w.backend.Through("sales")), w.backend.Duplicates()
	if before != w.target {
		w.t.Fatalf("%d of %d sales are there before the fault", before, w.target)
	}
	w.target += int64(sales)
	w.till.sell(sales)
	w.arrived(before + int64(sales)/10) // it is in full flight
	begun := time.Now()
	f.do(w)
	w.refill()
	w.arrived(w.target)
	return w.verdict(sales, twice, time.Since(begun))
}

// refill has the sales made that a till was told of when it was killed.
func (w *world) refill() {
	w.t.Helper()
	if made := w.till.sold.Load(); strings.Contains(w.t.Name(), "agent_killed") && made < w.target {
		w.till.sell(int(w.target - made))
	}
	w.till.reached(w.target)
}

// verdict fails the test where something is lost, changed or out of order.
func (w *world) verdict(sales, twice int, took time.Duration) string {
	w.t.Helper()
	r := w.backend.Report()
	for _, fault := range append(append(r.Changed, r.Invalid...), r.Gaps...) {
		w.t.Error(fault)
	}
	if !w.loose {
		for _, fault := range r.Disorder {
			w.t.Error(fault)
		}
	}
	if w.t.Failed() {
		return "FAILED"
	}
	text := fmt.Sprintf("%d of %d", sales, sales)
	if again := r.Duplicates - twice; again > 0 {
		text += fmt.Sprintf(", %d came again", again)
	}
	if late := len(r.Disorder); late > 0 {
		text += fmt.Sprintf(", %d so far out of order by the broker", late)
	}
	w.t.Logf("%s: %s, after %v", w.name, text, took.Round(time.Millisecond))
	return text
}

// drain has a till with a backlog go up, as it is.
func (w *world) drain(backlog string, sales int) string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "mostrador.db")
	copyFile(w.t, path, backlog)
	set := w.set
	set.Terminal = "caja-2"
	if set.Username != "" {
		set.Username = "lima-01_caja-2"
	}
	begun, twice := time.Now(), w.backend.Duplicates()
	w.target += int64(sales)
	x := newTill(w.t, path, set)
	x.start()
	w.arrived(w.target)
	x.stop()
	return w.verdict(sales, twice, time.Since(begun))
}

// arrived waits until the backend has so many sales without a gap.
func (w *world) arrived(n int64) {
	w.t.Helper()
	deadline := time.Now().Add(matrixPatience)
	for int64(w.backend.Through("sales")) < n {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: %d of %d sales have come, %d are made\n%s", w.name, w.backend.Through("sales"), n, w.till.sold.Load(), w.till.tail())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// pass lets the fault last.
func (w *world) pass(d time.Duration) { time.Sleep(d) }

// subscribed waits until the backend has been granted its subscriptions n times.
func (w *world) subscribed(n int64) {
	w.t.Helper()
	for deadline := time.Now().Add(matrixPatience); w.backend.Subscriptions() < n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: the backend does not come back", w.name)
		}
	}
}

// connects does what lets the till connect, and waits until its line carries a
// connection, as its birth says.
func (w *world) connects(let func()) {
	w.t.Helper()
	n := len(w.backend.States())
	let()
	deadline := time.Now().Add(matrixPatience)
	for {
		states := w.backend.States()
		for _, e := range states[min(n, len(states)):] {
			if strings.Contains(string(e.Raw), `"status":"online"`) {
				return
			}
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: the till does not come back\n%s", w.name, w.till.tail())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// forget makes the broker drop a client's session.
func (w *world) forget(clientID string) {
	w.t.Helper()
	o := mqtt.NewClientOptions().AddBroker("tcp://" + strings.TrimPrefix(w.login, "mqtt://"))
	o.SetClientID(clientID).SetCleanSession(true).SetAutoReconnect(false)
	if clientID == w.tillID && w.set.Username != "" {
		o.SetUsername(w.set.Username).SetPassword(w.set.Password)
		host := w.login[strings.LastIndex(w.login, "@")+1:]
		o.Servers = nil
		o.AddBroker("tcp://" + host)
	}
	client := mqtt.NewClient(o)
	if token := client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		w.t.Fatalf("forget %s: %v", clientID, token.Error())
	}
	client.Disconnect(100)
}

// threeDaysOffline is a store whose till has sold for 72 hours of its own clock
// while the real uplink found no broker, with a restart in each night.
func threeDaysOffline(t *testing.T, sales int) (path string) {
	path = filepath.Join(t.TempDir(), "offline.db")
	const nights, batch = 3, 20
	step := 72 * time.Hour * batch / time.Duration(sales)
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		for range nights {
			st, err := store.Open(path, store.Options{Identity: "lima-01/caja-2"})
			if err != nil {
				t.Fatal(err)
			}
			set := settings("mqtt://127.0.0.1:1")                                              // where nothing listens
			set.Terminal, set.RetryMin, set.RetryMax, set.KeepSent = "caja-2", 0, 0, time.Hour // as they are by default
			if !proof() {
				set.RetryMin, set.RetryMax = time.Minute, 10*time.Minute // each try takes a moment of this machine's
			}
			u := uplink.New(set, st, newDesk(), slog.New(slog.DiscardHandler))
			ctx, stop := context.WithCancel(t.Context())
			var work sync.WaitGroup
			work.Go(func() { _ = u.Run(ctx) })
			for done := 0; done < sales/nights+1; done += batch {
				time.Sleep(step)
				emitSalesFrom(t, st, batch, sales)
			}
			if s := u.Status(); s.Connected || s.LastError == "" {
				t.Errorf("offline: %+v", s)
			}
			stop()
			work.Wait()
			if err := st.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took < 71*time.Hour {
			t.Errorf("only %v have passed", took)
		}
	})
	return path
}

// emitSalesFrom makes n more sales, up to a number in all.
func emitSalesFrom(t *testing.T, st *store.Store, n, most int) {
	t.Helper()
	if err := st.Update(func(tx *store.Tx) error {
		for range min(n, most-int(tx.Last(store.StreamSales))) {
			if _, err := tx.Emit(store.StreamSales, "mostrador.sale.v1", sale(tx.Now(), int(tx.Last(store.StreamSales)))); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, to, from string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// writeMatrix shows the table, and under make matrix puts it into the page.
func writeMatrix(t *testing.T, brokers []column) {
	text := "| fault, amid sales |"
	for _, b := range brokers {
		text += " " + b.name + " |"
	}
	text += "\n|---|" + strings.Repeat("---|", len(brokers)) + "\n"
	for _, f := range append(slices.Clone(faults), fault{name: offlineFault}) {
		text += "| " + f.name
		for _, b := range brokers {
			text += " | " + b.cells[f.name]
		}
		text += " |\n"
	}
	writeBlock(t, "matrix", text)
}
