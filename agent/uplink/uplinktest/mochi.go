package uplinktest

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"

	"github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// mochiAddress, when set, has a test's own program be a broker.
const mochiAddress = "UPLINKTEST_MOCHI"

// A Memory is a broker that keeps everything in memory (mochi), in a process of
// its own so that it can be killed: sessions, queues and retained messages end
// with it. It keeps its port over Stop, Kill and Start, and ends with the test.
type Memory struct {
	process
	addr string
}

// Mochi starts one. The test's TestMain must call ServeMochi first.
func Mochi(t testing.TB) *Memory {
	t.Helper()
	addr := FreeAddress(t)
	b := &Memory{addr: addr, process: process{t: t, path: os.Args[0], name: "mochi", env: []string{mochiAddress + "=" + addr}}}
	b.Start()
	t.Cleanup(b.Kill)
	return b
}

// Addr is host:port.
func (b *Memory) Addr() string { return b.addr }

// Start starts the broker again on its port, and waits until it listens.
func (b *Memory) Start() {
	b.t.Helper()
	b.start(b.addr)
}

// ServeMochi is the broker's process; it returns at once in every other one.
func ServeMochi() {
	addr := os.Getenv(mochiAddress)
	if addr == "" {
		return
	}
	fmt.Fprintln(os.Stderr, serveMochi(addr))
	os.Exit(1)
}

// serveMochi goes on until the process is ended.
func serveMochi(addr string) error {
	capabilities := mqtt.NewDefaultServerCapabilities()
	capabilities.MaximumClientWritesPending = 1 << 20 // past it messages are dropped
	server := mqtt.New(&mqtt.Options{Capabilities: capabilities, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := server.AddHook(new(openDoor), nil); err != nil {
		return err
	}
	if err := server.AddListener(listeners.NewTCP(listeners.Config{ID: "tcp", Address: addr})); err != nil {
		return err
	}
	if err := server.Serve(); err != nil {
		return err
	}
	select {}
}

// An openDoor lets everybody in.
type openDoor struct{ mqtt.HookBase }

// ID names the hook.
func (*openDoor) ID() string { return "open" }

// Provides says which questions it answers.
func (*openDoor) Provides(b byte) bool {
	return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck
}

// OnConnectAuthenticate lets every client in.
func (*openDoor) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

// OnACLCheck lets it do everything.
func (*openDoor) OnACLCheck(*mqtt.Client, string, bool) bool { return true }
