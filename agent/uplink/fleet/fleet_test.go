//go:build linux

package fleet_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mostrador/agent/uplink/fleet"
	"mostrador/agent/uplink/uplinktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A plan is how large a fleet is and what happens to it.
type plan struct {
	terminals int
	rate      float64
	duration  time.Duration
	ramp      float64
	kills     int
	sync      string
	accounts  int
	profiles  string // folder for the nodes' profiles, or empty
	onDisk    bool   // the nodes' data, all on one
}

// perAccount is how many terminals docs/fleet.md has in an account.
const perAccount = 250

// thePlan is small in make test; make fleet says what it wants.
func thePlan(t *testing.T) plan {
	if os.Getenv("MOSTRADOR_FLEET") == "" {
		return plan{terminals: 40, rate: 40, duration: 15 * time.Second, ramp: 40, kills: 1, sync: "10s", accounts: 2}
	}
	p := plan{sync: "10s", profiles: os.Getenv("MOSTRADOR_FLEET_PROFILES"), onDisk: os.Getenv("MOSTRADOR_FLEET_DISK") != ""}
	number := func(name string, usual float64) float64 {
		text := os.Getenv(name)
		if text == "" {
			return usual
		}
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatalf("%s=%s is no number", name, text)
		}
		return n
	}
	p.terminals = int(number("MOSTRADOR_FLEET", 2500))
	p.rate = number("MOSTRADOR_FLEET_RATE", 500)
	p.kills = int(number("MOSTRADOR_FLEET_KILLS", 4))
	p.ramp = number("MOSTRADOR_FLEET_RAMP", 25)
	p.accounts = int(number("MOSTRADOR_FLEET_ACCOUNTS", math.Ceil(float64(p.terminals)/perAccount)))
	p.duration = time.Duration(number("MOSTRADOR_FLEET_MINUTES", 10) * float64(time.Minute))
	if s := os.Getenv("MOSTRADOR_FLEET_SYNC"); s != "" {
		p.sync = s
	}
	return p
}

// A fleet sells at a steady rate on the cluster of packaging/fleet while nodes
// die and come back: nothing that a terminal was acknowledged is missing. Under
// make fleet the outcome goes into docs/fleet.md.
func TestFleetHolds(t *testing.T) {
	p := thePlan(t)
	var logins []uplinktest.Login
	for n := range p.terminals {
		store, terminal := fleet.Name(n)
		logins = append(logins, uplinktest.Login{
			Store: store, Terminal: terminal, Password: "secreto-" + store, Account: fleet.AccountName(n, p.accounts),
		})
	}
	options := uplinktest.ClusterOptions{Terminals: logins, Sync: p.sync, Profile: p.profiles != ""}
	if !p.onDisk {
		options.Dir = memory(t)
	}
	cluster := uplinktest.NATS(t, options)
	meter := newMeter(cluster)
	emitting := make(chan struct{})
	var once sync.Once
	set := fleet.Settings{
		Terminals: p.terminals, Rate: p.rate, Duration: p.duration, Ramp: p.ramp, Patience: 15 * time.Minute, Seed: 1,
		Username: "{store}_{terminal}", Password: "secreto-{store}",
		Dir: filepath.Join(memory(t), "stores"), Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Progress: func(r fleet.Report) {
			t.Logf("%d of %d connected; %d emitted, %d arrived, %d under way, %d waiting; p99 %.0f ms; %s %s",
				r.Connected, r.Terminals, r.Emitted, r.Arrived, r.Underway, r.Waiting, r.P99, meter.take(), r.Complaint)
			if r.Emitted > 0 {
				once.Do(func() { close(emitting) })
			}
		},
	}
	for _, account := range cluster.Accounts() {
		set.Backends = append(set.Backends, fleet.Account{Username: uplinktest.BackendUser(account), Password: cluster.BackendPassword()})
	}
	for i := range uplinktest.Nodes {
		set.Brokers = append(set.Brokers, cluster.URL(i))
	}

	type outcome struct {
		report fleet.Report
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		r, err := fleet.Run(t.Context(), set)
		done <- outcome{r, err}
	}()
	var result outcome
	select {
	case <-emitting:
		var profiles sync.WaitGroup
		if p.profiles != "" {
			profiles.Go(func() { profile(t, cluster, p.profiles) })
		}
		kill(t, cluster, p)
		profiles.Wait()
		result = <-done
	case result = <-done:
	}
	if result.err != nil {
		t.Errorf("the fleet did not hold: %v", result.err)
	}
	r := result.report
	t.Logf("%+v", r)
	if r.Emitted < int(0.9*p.rate*p.duration.Seconds()) || r.Underway != 0 || r.Waiting != 0 || r.Failed != 0 || r.Arrived != r.Emitted {
		t.Errorf("of %d events %d arrived; %d lost, %d waiting, %d not stored", r.Emitted, r.Arrived, r.Underway, r.Waiting, r.Failed)
	}
	if r.Connections <= p.terminals {
		t.Error("no terminal has lost its node: nothing was tried")
	}
	record(t, p, r, meter)
}

// kill takes down one node after the other, each for a twentieth of the time.
func kill(t *testing.T, cluster *uplinktest.Cluster, p plan) {
	for n := range p.kills {
		pause(t, p.duration/time.Duration(p.kills+1)-p.duration/20)
		node := n % uplinktest.Nodes
		t.Logf("killing node %d", node+1)
		cluster.Kill(node)
		pause(t, p.duration/20)
		cluster.Start(node)
	}
}

// profile writes what each node does in half a minute, before any is killed, and
// what it has said, for go tool pprof and for reading.
func profile(t *testing.T, cluster *uplinktest.Cluster, dir string) {
	var nodes sync.WaitGroup
	defer nodes.Wait()
	for i := range uplinktest.Nodes {
		nodes.Go(func() {
			resp, err := http.Get("http://" + cluster.Profile(i) + "/debug/pprof/profile?seconds=30")
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("node-%d.pprof", i+1)), text, 0o600)
			}
			if err != nil {
				t.Error(err)
			}
		})
		t.Cleanup(func() {
			_ = os.WriteFile(filepath.Join(dir, fmt.Sprintf("node-%d.log", i+1)), []byte(cluster.Log(i)), 0o600)
		})
	}
}

// pause is the time between two faults, which belongs to the plan.
func pause(t *testing.T, d time.Duration) {
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

func memory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "mostrador-fleet-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// record writes the table of docs/fleet.md under make fleet.
func record(t *testing.T, p plan, r fleet.Report, m *meter) {
	load := m.take()
	where := "in memory"
	if p.onDisk {
		where = "on its disk"
	}
	table := fmt.Sprintf(`| what | measured |
|---|---|
| terminals, events a second in all, for | %d, %.0f, %v; seed 1 |
| cluster | three nodes on this one machine of %d cores, their data %s; %d accounts; replicas of streams and consumers 3; sync_interval %s |
| nodes killed (kill -9), each away for | %d, %v |
| connecting them all | %.0f s |
| events emitted, arrived | %d, %d |
| **lost** | **%d** |
| arrived twice, arrived late (behind a later one of their terminal) | %d, %d |
| arrivals while emitting | %.1f a second |
| latency, due to arrived: p50, p90, p99 | %.1f, %.1f, %.1f ms |
| latency p99.9, most (both in the time of a kill) | %.0f, %.0f ms |
| fewest connected at once, connections in all | %d, %d |
| load | %s |
`, p.terminals, p.rate, p.duration, runtime.NumCPU(), where, p.accounts, p.sync, p.kills, p.duration/20, r.ConnectSeconds, r.Emitted, r.Arrived,
		r.Underway, r.Twice, r.Late, r.Rate, r.P50, r.P90, r.P99, r.P999, r.Max, r.Fewest, r.Connections, load)
	t.Log(table)
	if os.Getenv("MOSTRADOR_FLEET") == "" || t.Failed() {
		return
	}
	uplinktest.WriteBlock(t, "fleet.md", "fleet", table)
}

// What cannot be is said before anything is started.
func TestFleetRefuses(t *testing.T) {
	good := fleet.Settings{Brokers: []string{"mqtt://127.0.0.1:1"}, Backends: []fleet.Account{{}}, Terminals: 1, Rate: 1, Ramp: 1, Duration: time.Second, Patience: time.Second, Dir: t.TempDir()}
	for want, change := range map[string]func(*fleet.Settings){
		"needs a broker":  func(s *fleet.Settings) { s.Brokers = nil },
		"needs a backend": func(s *fleet.Settings) { s.Backends = nil },
		"run several":     func(s *fleet.Settings) { s.Terminals = 100_000 },
		"events a second": func(s *fleet.Settings) { s.Rate = 0 },
		"ramp":            func(s *fleet.Settings) { s.Ramp = 0 },
		"longer than 0":   func(s *fleet.Settings) { s.Duration = 0 },
		"is not empty":    func(s *fleet.Settings) { s.Dir = "." },
		"cannot connect":  func(*fleet.Settings) {},
	} {
		set := good
		change(&set)
		if _, err := fleet.Run(context.Background(), set); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; wanted %q", err, want)
		}
	}
}
