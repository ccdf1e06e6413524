//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/drivers/drivertest"
	"mostrador/printer/profile"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// daemonFolder is where daemonBinary is; TestMain takes it away.
var daemonFolder = filepath.Join(os.TempDir(), fmt.Sprintf("mostrador-e2e-%d", os.Getpid()))

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(daemonFolder)
	os.Exit(code)
}

// daemonBinary is the real command, built once for all tests of this package.
var daemonBinary = sync.OnceValues(func() (string, error) {
	if err := os.MkdirAll(daemonFolder, 0o700); err != nil {
		return "", err
	}
	name := filepath.Join(daemonFolder, "mostrador")
	out, err := exec.Command("go", "build", "-o", name, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the daemon: %w\n%s", err, out)
	}
	return name, nil
})

// A counter is a restaurant's counter with everything on it: the daemon as a
// process, a mosquitto, a backend that listens, a kitchen printer on a serial
// line, a till printer on TCP, a cash register on another serial line.
type counter struct {
	t        *testing.T
	dir      string
	dataDir  string
	config   string
	broker   *uplinktest.Broker
	cloud    *uplinktest.Consumer
	kitchen  *paperPrinter
	till     *paperPrinter
	register *testRegister

	binary string // the command that runs
	daemon *exec.Cmd
	log    *os.File
}

// counterOptions are what tests vary.
type counterOptions struct {
	locale, currency string
	// paced: the printers take as long as a serial line at 19,200 baud.
	paced bool
	// copyAll: every kind of ticket that was cut off is printed once more, so
	// that a test can ask for all paper without a person.
	copyAll bool
	// byHand: a person accepts the orders.
	byHand bool
	// dataDir is where the daemon keeps its data; empty: with all else.
	dataDir string
}

func newCounter(t *testing.T, o counterOptions) *counter {
	t.Helper()
	binary, err := daemonBinary()
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{t: t, dir: t.TempDir(), binary: binary, broker: uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Persistent: true})}
	c.cloud = uplinktest.Subscribe(t, c.broker.Addr(), "backend")
	if c.dataDir = o.dataDir; c.dataDir == "" {
		c.dataDir = filepath.Join(c.dir, "data")
	}
	line, network, journal := drivertest.NewPTY(t), drivertest.NewTCP(t), drivertest.NewPTY(t)
	pace := 0
	if o.paced {
		pace = 19200
	}
	c.kitchen = newPaperPrinter(t, line, "80mm", pace)
	c.till = newPaperPrinter(t, network, "58mm", pace)
	c.register = newTestRegister(t, journal)
	c.config = c.writeConfig(o, line.Address("serial"), "tcp://"+network.Addr(), journal.Address("serial"))
	log, err := os.Create(filepath.Join(c.dir, "daemon.log"))
	if err != nil {
		t.Fatal(err)
	}
	c.log = log
	t.Cleanup(func() {
		c.kill()
		log.Close()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("the daemon's last words:\n%s", text[max(0, len(text)-8000):])
		}
	})
	return c
}

func (c *counter) writeConfig(o counterOptions, kitchen, till, register string) string {
	c.t.Helper()
	unknown, accept := "", "automatic"
	if o.byHand {
		accept = "manual"
	}
	if o.copyAll {
		unknown = "\n[tickets]\nreceipt = { unknown = \"copy\", printers = [\"caja\"] }\ndelivery = { unknown = \"copy\" }\ncomanda = { unknown = \"copy\" }\n"
	}
	text := fmt.Sprintf(`
[terminal]
store = "lima-01"
id = "caja-1"
locale = %q
currency = %q
timezone = "America/Lima"
business_day_starts = "05:00"
data_dir = %q

[uplink]
broker = %q

[buffer]
max_size = "64MiB"

[[printer]]
name = "cocina"
port = "%s?baud=19200"
profile = "TM-T20II"
paper = "80mm"

[[printer]]
name = "caja"
port = %q
profile = "TM-T88V"
paper = "58mm"

[[station]]
name = "parrilla"
printers = ["cocina"]
products = ["CARNE-*", "POLLO-*"]

[[station]]
name = "barra"
printers = ["caja"]
products = ["BEBIDA-*"]
default = true
%s
[[device]]
name = "registradora"
driver = "register"
port = "%s?baud=9600"
profile = "journal-columns"
ack = "06"

[[integration]]
provider = "justo"
nickname = "Justo Centro"
accept = %q
`, o.locale, o.currency, c.dataDir, c.broker.URL(), kitchen, till, unknown, register, accept)
	name := filepath.Join(c.dir, "mostrador.toml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return name
}

// start starts the daemon and waits until it listens to the cloud: what a
// broker takes for a terminal that it has never seen is for nobody.
func (c *counter) start() {
	c.t.Helper()
	c.launch()
	c.eventually(time.Minute, "the daemon to connect", func() bool {
		out, _, err := c.try("uplink", "status", "--json")
		var line uplink.Status
		return err == nil && json.Unmarshal([]byte(out), &line) == nil && line.Connected
	})
}

// launch starts the daemon's process.
func (c *counter) launch() {
	c.t.Helper()
	c.daemon = exec.Command(c.binary, "-c", c.config, "run")
	c.daemon.Stdout, c.daemon.Stderr = c.log, c.log
	if err := c.daemon.Start(); err != nil {
		c.t.Fatal(err)
	}
}

// kill ends the daemon as a power cut would end it.
func (c *counter) kill() {
	if c.daemon == nil {
		return
	}
	c.daemon.Process.Signal(syscall.SIGKILL)
	c.daemon.Wait()
	c.daemon = nil
}

// stop ends the daemon as the service manager would, and wants a clean end.
func (c *counter) stop() {
	c.t.Helper()
	c.daemon.Process.Signal(syscall.SIGTERM)
	if err := c.daemon.Wait(); err != nil {
		c.t.Errorf("the daemon did not stop cleanly: %v", err)
	}
	c.daemon = nil
}

// try runs a verb of the command beside the daemon.
func (c *counter) try(args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	code := execute(c.t.Context(), append([]string{"-c", c.config}, args...), strings.NewReader(""), &out, &errs)
	if code != exitDone {
		err = fmt.Errorf("mostrador %s: exit code %d: %s", strings.Join(args, " "), code, errs.String())
	}
	return out.String(), errs.String(), err
}

// ask runs a verb with --json and reads its answer.
func (c *counter) ask(into any, args ...string) {
	c.t.Helper()
	out, _, err := c.try(append(args, "--json")...)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		c.t.Fatalf("mostrador %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// order hands an order down as the backend's relay does.
func (c *counter) order(payload []byte) {
	c.t.Helper()
	c.cloud.Publish("mostrador/v1/lima-01/caja-1/down/orders", payload)
}

// tickets are all jobs of the store, newest first.
func (c *counter) tickets() (jobs []store.Job) {
	c.t.Helper()
	for before := uint64(0); ; {
		var page []store.Job
		c.ask(&page, "tickets", "list", "-n", "1000", "--before", fmt.Sprint(before))
		jobs = append(jobs, page...)
		if len(page) < 1000 {
			return jobs
		}
		before = page[len(page)-1].Seq
	}
}

// eventually waits until ok holds.
func (c *counter) eventually(limit time.Duration, what string, ok func() bool) {
	c.t.Helper()
	deadline := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(deadline) {
			c.t.Fatalf("waited %v for %s", limit, what)
		}
		time.Sleep(50 * time.Millisecond) // other processes work; their answers are all there is
	}
}

// A paperPrinter is a virtual printer at the far end of a real line. It keeps
// what is in its buffer and on its paper when the line is cut.
type paperPrinter struct {
	*virtual.Printer
	peer drivertest.Peer
}

func newPaperPrinter(t *testing.T, peer drivertest.Peer, paper string, pace int) *paperPrinter {
	t.Helper()
	model, ok := profile.Lookup("TM-T20II")
	if !ok {
		t.Fatal("TM-T20II is not known")
	}
	p := &paperPrinter{peer: peer}
	p.Printer = virtual.New(model, model.Papers[paper], virtual.Options{PaceBaud: pace, Keep: 100_000})
	ctx, stop := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() { p.serve(ctx) })
	t.Cleanup(func() {
		stop()
		peer.Unplug()
		serving.Wait()
	})
	return p
}

// serve speaks with whoever is on the line, and waits while it is unplugged.
func (p *paperPrinter) serve(ctx context.Context) {
	for ctx.Err() == nil {
		if err := p.ServeConn(ctx, p.peer); err == nil {
			continue
		}
		select {
		case <-time.After(5 * time.Millisecond): // unplugged: the test will plug it in
		case <-ctx.Done():
		}
	}
}

// cut takes the line away and brings it back a moment later.
func (p *paperPrinter) cut(t *testing.T, r *rand.Rand) {
	t.Helper()
	if err := p.peer.Unplug(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(r.IntN(80)) * time.Millisecond) // how long the fault lasts
	if err := p.peer.Plug(); err != nil {
		t.Fatal(err)
	}
}
