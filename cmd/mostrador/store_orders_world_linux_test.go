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
	"slices"
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

// A sharedStore is a store with two terminals, each a process with a printer of its
// own, and what they hang on.
type sharedStore struct {
	t         *testing.T
	rand      *rand.Rand
	hung      hanging
	cloud     *uplinktest.Consumer
	terminals []*sharedTerminal // the holder first
	menu      *kitchenMenu

	asks    []ask
	unsent  []ask                // while no broker serves
	sent    map[string]time.Time // by number
	settled time.Time            // when the last thing was broken or mended
	crashed bool                 // the backend must come back before it is served
	granted int64                // its subscriptions before the crash

	mu    sync.Mutex
	first map[string]time.Time // paper, by the order's number
}

// A hanging is what the two terminals of a store hang on: their lines, and the
// broker.
type hanging interface {
	backend() *uplinktest.Consumer
	// line prepares that of terminal m, 0 or 1: its part of [uplink], and what its
	// daemon is started by, if not directly.
	line(m int, dir string) (uplink string, by []string)
	cut(m int)
	mend(m int)
	crash()
	restart()
	// serves reports whether what a backend publishes is taken.
	serves() bool
	// recovery is how long a broker may take to serve once it has come back.
	recovery() time.Duration
}

type sharedTerminal struct {
	id, role string
	by       []string
	config   string
	log      *os.File
	printer  *paperPrinter
	process  *exec.Cmd
}

func newSharedStore(t *testing.T, hung hanging, r *rand.Rand) *sharedStore {
	t.Helper()
	s := &sharedStore{t: t, rand: r, hung: hung, cloud: hung.backend(), sent: map[string]time.Time{}, first: map[string]time.Time{},
		menu: &kitchenMenu{rand: r, currency: "PEN"}}
	for m, role := range []string{"holder", "stand-in"} {
		s.terminals = append(s.terminals, s.terminal(m, role))
	}
	ctx, stop := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { s.watch(ctx) })
	t.Cleanup(func() { stop(); watching.Wait() })
	for _, one := range s.terminals {
		s.start(one)
	}
	for _, one := range s.terminals {
		s.eventually(time.Minute+hung.recovery(), one.id+" to listen", func() bool { st, ok := s.status(one); return ok && st.Listening && len(st.Others) == 1 })
	}
	s.settled = time.Now()
	return s
}

// terminal makes one.
func (s *sharedStore) terminal(m int, role string) *sharedTerminal {
	s.t.Helper()
	one := &sharedTerminal{id: terminalID(m), role: role}
	dir := s.t.TempDir()
	line := drivertest.NewPTY(s.t)
	one.printer = newPaperPrinter(s.t, line, "80mm", 0)
	one.config = filepath.Join(dir, "mostrador.toml")
	var uplink string
	uplink, one.by = s.hung.line(m, dir)
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
%s

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
`, one.id, filepath.Join(dir, "data"), role, storeTakeover, uplink, line.Address("serial"))
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

func terminalID(m int) string { return fmt.Sprintf("caja-%d", m+1) }

func (s *sharedStore) start(one *sharedTerminal) {
	s.t.Helper()
	binary, err := daemonBinary()
	if err != nil {
		s.t.Fatal(err)
	}
	command := append(slices.Clone(one.by), binary, "-c", one.config, "run")
	one.process = exec.Command(command[0], command[1:]...)
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

// order has the backend address one to the store; it keeps it while no broker
// serves.
func (s *sharedStore) order() {
	k := s.menu.ask(s.t, "go")
	s.asks = append(s.asks, k)
	s.unsent = append(s.unsent, k)
	s.flush()
}

func (s *sharedStore) flush() {
	if !s.hung.serves() {
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
