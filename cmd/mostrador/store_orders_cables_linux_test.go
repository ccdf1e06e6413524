package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mostrador/agent/uplink/uplinktest"
)

// cables are two network namespaces, each with a cable to a mosquitto.
type cables struct {
	t      *testing.T
	number int // of this one among those that live at the same time
	broker *uplinktest.Broker
	port   string // where the broker listens to the namespaces
}

func newCables(t *testing.T, number int) *cables {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test cuts terminals off with network namespaces (ip netns), which needs root")
	}
	_, port, err := net.SplitHostPort(uplinktest.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	return &cables{t: t, number: number, port: port,
		broker: uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Persistent: true, Lines: []string{"listener " + port + " 0.0.0.0"}})}
}

func (c *cables) backend() *uplinktest.Consumer {
	return uplinktest.Subscribe(c.t, c.broker.Addr(), "backend")
}

// tag is in the names of terminal m's namespace and cable.
func (c *cables) tag(m int) string {
	return fmt.Sprintf("%d%c%d", os.Getpid()%100000, 'a'+c.number, m+1)
}

func (c *cables) line(m int, _ string) (uplink string, by []string) {
	c.t.Helper()
	space, link := "ms"+c.tag(m), "mv"+c.tag(m)
	net := fmt.Sprintf("10.78.%d", 2*c.number+m+1)
	c.ip("netns", "add", space)
	c.t.Cleanup(func() {
		// The cable goes at once so, and with its namespace only some time later: the
		// next one has the same name.
		exec.Command("ip", "link", "del", link).Run()
		exec.Command("ip", "netns", "del", space).Run()
	})
	c.ip("-n", space, "link", "add", "eth0", "type", "veth", "peer", "name", link, "netns", "1")
	c.ip("addr", "add", net+".1/24", "dev", link)
	c.ip("link", "set", link, "up")
	c.ip("-n", space, "link", "set", "lo", "up")
	c.ip("-n", space, "addr", "add", net+".2/24", "dev", "eth0")
	c.ip("-n", space, "link", "set", "eth0", "up")
	return fmt.Sprintf("broker = \"mqtt://%s.1:%s\"", net, c.port), []string{"ip", "netns", "exec", space}
}

func (c *cables) ip(args ...string) {
	c.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		c.t.Fatalf("ip %s: %v: %s (network namespaces need root, iproute2 and a kernel that has them)", strings.Join(args, " "), err, out)
	}
}

func (c *cables) cut(m int)               { c.ip("link", "set", "mv"+c.tag(m), "down") }
func (c *cables) mend(m int)              { c.ip("link", "set", "mv"+c.tag(m), "up") }
func (c *cables) crash()                  { c.broker.Kill() }
func (c *cables) restart()                { c.broker.Start() }
func (c *cables) serves() bool            { return c.broker.Running() }
func (c *cables) recovery() time.Duration { return 0 }
