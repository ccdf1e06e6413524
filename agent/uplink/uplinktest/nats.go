package uplinktest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Nodes is how many nodes a Cluster has: what packaging/fleet describes.
const Nodes = 3

// A Login is a terminal that the cluster knows. Account is that of NATS which it
// is in, empty for the usual one.
type Login struct{ Store, Terminal, Password, Account string }

// ClusterOptions say how a cluster is set up. The zero value is plain TCP on
// loopback, lima-01/caja-1 alone may log in, and writes reach the disk within
// ten seconds: the tests kill processes, not machines.
type ClusterOptions struct {
	Terminals []Login
	// Sync is sync_interval, such as "always".
	Sync string
	// Certificates, when set, make the MQTT side speak TLS.
	Certificates *Certificates
	// Profile has the nodes answer at Cluster.Profile.
	Profile bool
	// Dir is where the nodes keep their data, each in a folder of its own; empty:
	// on the disk, until the test ends.
	Dir string
}

// A Cluster is three real nodes of NATS JetStream that speak MQTT, on free
// ports of loopback, with the configuration of packaging/fleet. Nodes keep
// their ports over Stop, Kill and Start, and end with the test.
type Cluster struct {
	t     testing.TB
	opts  ClusterOptions
	nodes [Nodes]*natsNode
}

// A natsNode is one process of a cluster.
type natsNode struct {
	process
	dir                             string
	clients, cluster, monitor, mqtt string // host:port
	profile                         string // the same, or empty
}

// passwords of the accounts that are not terminals.
const backendPassword, adminPassword = "backend-secreto", "admin-secreto"

// NATS starts a cluster with the stream and the durable consumer of
// packaging/fleet and waits until it serves. Without the server on this machine
// packaging/peers/nats/build makes it.
func NATS(t testing.TB, opts ClusterOptions) *Cluster {
	t.Helper()
	root := moduleRoot(t)
	out, err := exec.Command(filepath.Join(root, "packaging/peers/nats/build")).Output()
	if err != nil {
		t.Fatalf("this test needs nats-server: run packaging/install-tools (make test does): %v", err)
	}
	if len(opts.Terminals) == 0 {
		opts.Terminals = []Login{{Store: "lima-01", Terminal: "caja-1", Password: "secreto"}}
	}
	if opts.Sync == "" {
		opts.Sync = "10s"
	}
	c := &Cluster{t: t, opts: opts}
	for i := range c.nodes {
		c.nodes[i] = &natsNode{
			process: process{t: t, path: strings.TrimSpace(string(out)), name: fmt.Sprintf("nats-%d", i+1)},
			dir:     opts.dir(t, i),
			clients: FreeAddress(t), cluster: FreeAddress(t), monitor: FreeAddress(t), mqtt: FreeAddress(t),
		}
	}
	for i := range c.nodes {
		c.configure(i, root)
		t.Cleanup(c.nodes[i].Kill)
		c.Start(i)
	}
	c.WaitReady()
	c.deploy(root)
	return c
}

func (o ClusterOptions) dir(t testing.TB, i int) string {
	if o.Dir == "" {
		return t.TempDir()
	}
	dir := filepath.Join(o.Dir, fmt.Sprintf("node-%d", i+1))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	docs, err := Docs()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(docs)
}

// configure gives a node its copy of packaging/fleet.
func (c *Cluster) configure(i int, root string) {
	c.t.Helper()
	n := c.nodes[i]
	file := func(name string) string { return filepath.Join(n.dir, name) }
	for _, name := range []string{"node.conf", "mqtt-tls.conf"} {
		text, err := os.ReadFile(filepath.Join(root, "packaging/fleet", name))
		n.must(err)
		if c.opts.Profile && name == "node.conf" {
			n.profile = FreeAddress(c.t)
			_, port, _ := net.SplitHostPort(n.profile)
			text = fmt.Appendf(text, "\nprof_port: %s\n", port)
		}
		if name == "mqtt-tls.conf" && c.opts.Certificates == nil {
			text = []byte("# plain, for a test\n")
		}
		n.must(os.WriteFile(file(name), text, 0o600))
	}
	access := exec.Command(filepath.Join(root, "packaging/fleet/make-access"))
	access.Env = append(os.Environ(), "BACKEND_PASSWORD="+backendPassword, "ADMIN_PASSWORD="+adminPassword)
	var lines strings.Builder
	for _, l := range c.opts.Terminals {
		fmt.Fprintln(&lines, l.Store, l.Terminal, l.Password, l.Account)
	}
	access.Stdin = strings.NewReader(lines.String())
	text, err := access.Output()
	n.must(err)
	n.must(os.WriteFile(file("access.conf"), text, 0o600))

	var routes []string
	for j, other := range c.nodes {
		if j != i {
			routes = append(routes, "nats://"+other.cluster)
		}
	}
	list, err := json.Marshal(routes)
	n.must(err)
	n.args = []string{"-c", file("node.conf")}
	n.env = []string{
		"MOSTRADOR_NODE=" + n.name, "MOSTRADOR_CLIENTS=" + n.clients, "MOSTRADOR_MONITOR=" + n.monitor,
		"MOSTRADOR_CLUSTER=" + n.cluster, "MOSTRADOR_ROUTES=" + string(list), "MOSTRADOR_MQTT=" + n.mqtt,
		"MOSTRADOR_DATA=" + file("data"), "MOSTRADOR_SYNC=" + c.opts.Sync,
	}
	if certs := c.opts.Certificates; certs != nil {
		n.env = append(n.env, "MOSTRADOR_CERT="+certs.ServerCert, "MOSTRADOR_KEY="+certs.ServerKey)
	}
}

// Check has the server itself check a node's configuration (nats-server -t).
func (c *Cluster) Check(i int) error {
	n := c.nodes[i]
	cmd := exec.Command(n.path, append([]string{"-t"}, n.args...)...)
	cmd.Env = append(os.Environ(), n.env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// Addr is host:port of a node's MQTT side, 0 to Nodes-1.
func (c *Cluster) Addr(i int) string { return c.nodes[i].mqtt }

// URL is the address of a node for [uplink] broker.
func (c *Cluster) URL(i int) string {
	if c.opts.Certificates != nil {
		return "tls://" + c.Addr(i)
	}
	return "mqtt://" + c.Addr(i)
}

// BackendPassword is that of the user backend.
func (c *Cluster) BackendPassword() string { return backendPassword }

// BackendURL is the address of a node's MQTT side with the backend's login, for
// Subscribe.
func (c *Cluster) BackendURL(i int) string { return c.backendURL(i, "") }

func (c *Cluster) backendURL(i int, account string) string {
	return "mqtt://" + BackendUser(account) + ":" + url.QueryEscape(backendPassword) + "@" + c.Addr(i)
}

// BackendUser is the backend's user in an account, empty for the usual one.
func BackendUser(account string) string {
	if account == "" {
		return "backend"
	}
	return "backend." + account
}

// Accounts are those that the terminals are in, each once.
func (c *Cluster) Accounts() (accounts []string) {
	for _, l := range c.opts.Terminals {
		if !slices.Contains(accounts, l.Account) {
			accounts = append(accounts, l.Account)
		}
	}
	return accounts
}

// Profile is where a node gives its profiles (net/http/pprof), empty without
// ClusterOptions.Profile.
func (c *Cluster) Profile(i int) string { return c.nodes[i].profile }

// Front is a Line to the first node that answers, starting with first: what the
// several addresses of one host name, or a balancer, are to a deployed agent.
func (c *Cluster) Front(first int) *Line {
	var targets []string
	for i := range c.nodes {
		targets = append(targets, c.nodes[(first+i)%Nodes].mqtt)
	}
	return NewLine(c.t, targets...)
}

// Start starts a node and waits until it listens for MQTT.
func (c *Cluster) Start(i int) {
	c.t.Helper()
	c.nodes[i].start(c.nodes[i].monitor)
}

// Kill ends a node as a power cut of its machine would (kill -9).
func (c *Cluster) Kill(i int) { c.nodes[i].Kill() }

// Stop ends a node in order.
func (c *Cluster) Stop(i int) { c.nodes[i].Stop() }

// Freeze stops a node's process and Thaw lets it go on: connections stay and
// nothing answers.
func (c *Cluster) Freeze(i int) { c.nodes[i].Freeze() }

// Thaw undoes Freeze.
func (c *Cluster) Thaw(i int) { c.nodes[i].Thaw() }

// Log is what a node has said since the test began.
func (c *Cluster) Log(i int) string { return c.nodes[i].Log() }

// clusterPatience is how long a cluster may take to elect and to catch up.
const clusterPatience = 90 * time.Second

// PID is a node's process, 0 when it does not run.
func (c *Cluster) PID(i int) int {
	if cmd := c.nodes[i].running(); cmd != nil {
		return cmd.Process.Pid
	}
	return 0
}

// WaitReady waits until every node that runs takes part and is current.
func (c *Cluster) WaitReady() {
	c.t.Helper()
	for i, n := range c.nodes {
		if n.running() == nil {
			continue
		}
		var err error
		for deadline := time.Now().Add(clusterPatience); ; time.Sleep(50 * time.Millisecond) {
			if err = n.healthy(); err == nil {
				break
			}
			if time.Now().After(deadline) {
				c.t.Fatalf("%s is not ready after %v: %v\n%s", n.name, clusterPatience, err, c.Log(i))
			}
		}
		c.waitMQTT(n)
	}
}

// waitMQTT: a node opens its MQTT port some moments after the others.
func (c *Cluster) waitMQTT(n *natsNode) {
	c.t.Helper()
	for deadline := time.Now().Add(clusterPatience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", n.mqtt, time.Second)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s does not listen for MQTT: %v", n.name, err)
		}
	}
}

// Limits are what a node allows JetStream.
type Limits struct {
	// DefaultMaxConsumers of a stream, -1 for any number.
	DefaultMaxConsumers int `json:"default_max_consumers"`
}

// Limits asks a node for them.
func (c *Cluster) Limits(i int) Limits {
	c.t.Helper()
	var varz struct {
		JetStream struct{ Limits Limits }
	}
	for deadline := time.Now().Add(clusterPatience); ; time.Sleep(100 * time.Millisecond) {
		err := c.nodes[i].ask("/varz", &varz)
		if err == nil {
			return varz.JetStream.Limits
		}
		if time.Now().After(deadline) {
			c.nodes[i].must(err)
		}
	}
}

// healthy asks the node itself.
func (n *natsNode) healthy() error { return n.ask("/healthz", &struct{}{}) }

// ask reads what a node tells about itself.
func (n *natsNode) ask(path string, answer any) error {
	client := http.Client{Timeout: 2 * time.Second}
	defer client.CloseIdleConnections()
	resp, err := client.Get("http://" + n.monitor + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}
