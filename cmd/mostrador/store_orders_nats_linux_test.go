package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mostrador/agent/uplink/uplinktest"
)

// TestStoreOrdersOnACluster is TestStoreOrdersThroughEveryOrderOfCuts where two
// subscribers may see messages in different order: three nodes of NATS, the holder
// on the first, the stand-in on the second, the backend on the third. To be cut off
// is to have one's node killed; with two of them nobody is served.
func TestStoreOrdersOnACluster(t *testing.T) {
	t.Parallel()
	r, seed := seeded(t)
	orders := cutOrders()
	r.Shuffle(len(orders), func(i, j int) { orders[i], orders[j] = orders[j], orders[i] })
	lives, abreast := 1, 1
	if proof() {
		lives, abreast = 30, 2
	}
	sum := &cutSum{seed: seed, block: "cluster", what: fmt.Sprintf("The same on three nodes of NATS JetStream, the holder on the first, the stand-in on the second, the backend on the third, `takeover_after` %v; the holder killed or its node, the stand-in killed or its node, the backend's node killed, beginning and ending in %d random orders", storeTakeover, lives)}
	dir := t.TempDir() // those of the lives have names that NATS does not read
	sum.liveThrough(t, orders, lives, abreast, func(t *testing.T, _, n int) hanging { return newNodes(t, filepath.Join(dir, fmt.Sprint(n))) })
	sum.report(t)
}

// nodes are those of a cluster: one for each terminal, and one for the backend.
type nodes struct {
	t       *testing.T
	cluster *uplinktest.Cluster
}

// backendNode is the backend's.
const backendNode = 2

func newNodes(t *testing.T, dir string) *nodes {
	var terminals []uplinktest.Login
	for m := range 2 {
		terminals = append(terminals, uplinktest.Login{Store: "lima-01", Terminal: terminalID(m), Password: "secreto"})
	}
	return &nodes{t: t, cluster: uplinktest.NATS(t, uplinktest.ClusterOptions{Terminals: terminals, Dir: dir})}
}

func (n *nodes) backend() *uplinktest.Consumer {
	return uplinktest.Subscribe(n.t, n.cluster.BackendURL(backendNode), "backend")
}

func (n *nodes) line(m int, dir string) (uplink string, by []string) {
	n.t.Helper()
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("secreto"), 0o600); err != nil {
		n.t.Fatal(err)
	}
	return fmt.Sprintf("broker = %q\nusername = %q\npassword_file = %q", n.cluster.URL(m), "lima-01_"+terminalID(m), password), nil
}

func (n *nodes) cut(m int)  { n.cluster.Kill(m) }
func (n *nodes) mend(m int) { n.cluster.Start(m) }
func (n *nodes) crash()     { n.cluster.Kill(backendNode) }
func (n *nodes) restart()   { n.cluster.Start(backendNode) }

// serves: two nodes of three are there, and the backend's is one.
func (n *nodes) serves() bool {
	running := 0
	for i := range uplinktest.Nodes {
		if n.cluster.PID(i) != 0 {
			running++
		}
	}
	return running > 1 && n.cluster.PID(backendNode) != 0
}

// recovery: leaders are elected, and what was not acknowledged comes again after 30
// s.
func (n *nodes) recovery() time.Duration { return time.Minute }
