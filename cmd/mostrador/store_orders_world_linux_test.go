package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mostrador/agent/storeorder"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/drivers/drivertest"
	"mostrador/store"
)

// storeTakeover is takeover_after of these tests' terminals.
const storeTakeover = 2 * time.Second

// A sharedStore is a store with two terminals, each a process in a network
// namespace of its own with a printer of its own, and one broker.
type sharedStore struct {
	t         *testing.T
	number    int // of this one among those that live at the same time
	rand      *rand.Rand
	broker    *uplinktest.Broker
	port      string // where the broker listens to the namespaces
	cloud     *uplinktest.Consumer
	terminals []*sharedTerminal // the holder first
	menu      *kitchenMenu

	asks    []ask
	unsent  []ask                // while the broker is down
	sent    map[string]time.Time // by number
	settled time.Time            // when the last thing was broken or mended

	mu    sync.Mutex
	first map[string]time.Time // paper, by the order's number
}

type sharedTerminal struct {
	id, role string
	space    string // its namespace
	link     string // the end of its cable that is not in it
	config   string
	log      *os.File
	printer  *paperPrinter
	process  *exec.Cmd
}

func newSharedStore(t *testing.T, number int, r *rand.Rand) *sharedStore {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test cuts terminals off with network namespaces (ip netns), which needs root")
	}
	_, port, err := net.SplitHostPort(uplinktest.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	s := &sharedStore{t: t, number: number, rand: r, port: port, sent: map[string]time.Time{}, first: map[string]time.Time{},
		menu: &kitchenMenu{rand: r, currency: "PEN"}}
	s.broker = uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Persistent: true, Lines: []string{"listener " + port + " 0.0.0.0"}})
	s.cloud = uplinktest.Subscribe(t, s.broker.Addr(), "backend")
	for i, role := range []string{"holder", "stand-in"} {
		s.terminals = append(s.terminals, s.terminal(i+1, role))
	}
	ctx, stop := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { s.watch(ctx) })
	t.Cleanup(func() { stop(); watching.Wait() })
	for _, one := range s.terminals {
		s.start(one)
	}
	for _, one := range s.terminals {
		s.eventually(30*time.Second, one.id+" to listen", func() bool { st, ok := s.status(one); return ok && st.Listening && len(st.Others) == 1 })
	}
	s.settled = time.Now()
	return s
}

func (s *sharedStore) ip(args ...string) {
	s.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		s.t.Fatalf("ip %s: %v: %s (network namespaces need root, iproute2 and a kernel that has them)", strings.Join(args, " "), err, out)
	}
}

// terminal makes one, with a cable from its namespace to the broker's.
func (s *sharedStore) terminal(n int, role string) *sharedTerminal {
	s.t.Helper()
	tag := fmt.Sprintf("%d%c%d", os.Getpid()%100000, 'a'+s.number, n)
	one := &sharedTerminal{id: fmt.Sprintf("caja-%d", n), role: role, space: "ms" + tag, link: "mv" + tag}
	net := fmt.Sprintf("10.78.%d", 2*s.number+n)
	s.ip("netns", "add", one.space)
	s.t.Cleanup(func() { exec.Command("ip", "netns", "del", one.space).Run() })
	s.ip("-n", one.space, "link", "add", "eth0", "type", "veth", "peer", "name", one.link, "netns", "1")
	s.ip("addr", "add", net+".1/24", "dev", one.link)
	s.ip("link", "set", one.link, "up")
	s.ip("-n", one.space, "link", "set", "lo", "up")
	s.ip("-n", one.space, "addr", "add", net+".2/24", "dev", "eth0")
	s.ip("-n", one.space, "link", "set", "eth0", "up")

	dir := s.t.TempDir()
	line := drivertest.NewPTY(s.t)
	one.printer = newPaperPrinter(s.t, line, "80mm", 0)
	one.config = filepath.Join(dir, "mostrador.toml")
	text := fmt.Sprintf(`
[terminal]
store = "lima-01"
id = %q
locale = "es-PE"
currency = "PEN"
timezone = "America/Lima"
data_dir = %q
store_orders = %q
takeover_after = %q

[uplink]
broker = "mqtt://%s.1:%s"

[buffer]
max_size = "64MiB"

[[printer]]
name = "caja"
port = "%s?baud=115200"
profile = "TM-T20II"
paper = "80mm"

[[station]]
name = "barra"
printers = ["caja"]
default = true

[tickets]
receipt = { unknown = "copy" }
comanda = { unknown = "copy" }

[[integration]]
provider = "justo"
nickname = "Justo Centro"
`, one.id, filepath.Join(dir, "data"), role, storeTakeover, net, s.port, line.Address("serial"))
	if err := os.WriteFile(one.config, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "daemon.log"))
	if err != nil {
		s.t.Fatal(err)
	}
	one.log = log
	s.t.Cleanup(func() {
		s.kill(one)
		log.Close()
		if s.t.Failed() {
			text, _ := os.ReadFile(log.Name())
			s.t.Logf("%s's last words:\n%s", one.id, text[max(0, len(text)-6000):])
		}
	})
	return one
}

func (s *sharedStore) start(one *sharedTerminal) {
	s.t.Helper()
	binary, err := daemonBinary()
	if err != nil {
		s.t.Fatal(err)
	}
	one.process = exec.Command("ip", "netns", "exec", one.space, binary, "-c", one.config, "run")
	one.process.Stdout, one.process.Stderr = one.log, one.log
	if err := one.process.Start(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sharedStore) kill(one *sharedTerminal) {
	if one.process == nil {
		return
	}
	one.process.Process.Signal(syscall.SIGKILL)
	one.process.Wait()
	one.process = nil
}

// ask runs a verb of the command beside a terminal's daemon.
func (s *sharedStore) ask(one *sharedTerminal, into any, args ...string) bool {
	var out, errs bytes.Buffer
	code := execute(s.t.Context(), append([]string{"-c", one.config, "--json"}, args...), strings.NewReader(""), &out, &errs)
	return code == exitDone && json.Unmarshal(out.Bytes(), into) == nil
}

func (s *sharedStore) status(one *sharedTerminal) (st storeorder.Status, ok bool) {
	ok = s.ask(one, &st, "orders", "store")
	return st, ok
}

func (s *sharedStore) eventually(limit time.Duration, what string, ok func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited %v for %s", limit, what)
		}
		time.Sleep(50 * time.Millisecond) // other processes work; their answers are all there is
	}
}

// watch notes when the first paper of each order is out.
func (s *sharedStore) watch(ctx context.Context) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	seen := map[*sharedTerminal]int{}
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, one := range s.terminals {
				papers := one.printer.Papers()
				for _, p := range papers[seen[one]:] {
					s.noteFirst(squeeze(p.Text()), now)
				}
				seen[one] = len(papers)
			}
		}
	}
}

func (s *sharedStore) noteFirst(text string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for number := range s.sent {
		if _, ok := s.first[number]; !ok && strings.Contains(text, number) {
			s.first[number] = now
		}
	}
}

// order has the backend address one to the store; it keeps it while there is no
// broker.
func (s *sharedStore) order() {
	k := s.menu.ask(s.t, "go")
	s.asks = append(s.asks, k)
	s.unsent = append(s.unsent, k)
	s.flush()
}

func (s *sharedStore) flush() {
	if !s.broker.Running() {
		return
	}
	for _, k := range s.unsent {
		s.mu.Lock()
		s.sent[k.number] = time.Now()
		s.mu.Unlock()
		s.cloud.Publish("mostrador/v1/lima-01/down/orders", k.payload)
	}
	s.unsent = nil
}

// again has the backend send what no terminal has told of, as docs/mqtt.md asks
// for when a broker has crashed.
func (s *sharedStore) again() {
	told := map[string]bool{}
	for _, e := range s.cloud.Events("orders") {
		var data struct {
			Order store.Order `json:"order"`
		}
		e.Into(s.t, &data)
		told[data.Order.Number] = true
	}
	for _, k := range s.asks {
		if !told[k.number] && !s.sent[k.number].IsZero() {
			s.cloud.Publish("mostrador/v1/lima-01/down/orders", bytes.Replace(k.payload, []byte("{"), []byte(`{"again":true,`), 1))
		}
	}
}
