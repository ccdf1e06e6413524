//go:build linux

package spool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"mostrador/drivers"
	"mostrador/printer"
	"mostrador/printer/virtual"
)

// The process test runs this test binary again as an agent that prints what its
// store holds, and kills itself (SIGKILL) where it is told to. The printer and
// the judge are in the process that runs the test, which then runs an agent of
// its own over the same store.
const doomedEnv = "MOSTRADOR_EVERY_BYTE"

// A doom is what the agent that will be killed is told.
type doom struct {
	Level  string `json:"level"`
	Store  string `json:"store"`
	Socket string `json:"socket"`
	At     place  `json:"at"`
	N      int    `json:"n"`
}

// realTiming suits a machine that is busy with many cases: it waits long for
// answers, and not for what will never come.
func realTiming() printer.Timing {
	return printer.Timing{Probe: time.Second, Reply: 5 * time.Second, Stuck: 20 * time.Second, Stall: 40 * time.Second}
}

// runDoomed is the agent that is killed. It returns only when it was not.
func runDoomed(t *testing.T, spec string) {
	var d doom
	if err := json.Unmarshal([]byte(spec), &d); err != nil {
		t.Fatal(err)
	}
	trigger := newTrigger(step{d.At, d.N, func() {
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {}
	}})
	render, err := everyByteRenderer()
	if err != nil {
		t.Fatal(err)
	}
	open := func(ctx context.Context) (drivers.Port, error) {
		conn, err := dial(ctx, d.Socket)
		if err != nil {
			return nil, err
		}
		return &cutPort{conn, trigger}, nil
	}
	r, err := beginTrial(render, d.Store, nil, trigger.commit, everyByteSettings(d.level().model(t, mechanism), realTiming(), open))
	if err != nil {
		t.Fatal(err)
	}
	if err := awaitRealRest(r, func() bool { return true }); err != nil {
		t.Error(err)
	}
	if err := r.end(); err != nil {
		t.Error(err)
	}
	said, err := json.Marshal(trigger.counts())
	if err == nil {
		err = os.WriteFile(d.Store+".count", said, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}

func dial(ctx context.Context, socket string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "unix", socket)
}

// mechanism is how fast paper goes in real time at least, in mm/s: a ticket
// stays in the printer's buffer for some milliseconds.
const mechanism = 2000

func (d doom) level() level {
	for _, l := range levels() {
		if l.name == d.Level {
			return l
		}
	}
	panic("there is no level " + d.Level)
}

// awaitRealRest is awaitRest in real time.
func awaitRealRest(r *trial, printed func() bool) error {
	for start := time.Now(); time.Since(start) < 10*time.Minute; {
		if rest, err := atRest(r.st); err != nil || rest && printed() {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("tickets still wait after 10 minutes")
}

// A shop is where processes are killed: a printer behind a socket.
type shop struct {
	socket  string
	machine *virtual.Printer
	probed  chan struct{} // a token: all that was sent on earlier lines was read
	close   func()
}

// openShop serves connections one after the other, in their order.
func openShop(t *testing.T, l level, socket string) (*shop, error) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	m := l.model(t, mechanism)
	s := &shop{
		socket: socket, probed: make(chan struct{}, 1),
		machine: virtual.New(m, m.Papers["80mm"], virtual.Options{Speed: mechanism + mechanism/2, Keep: 1000}),
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if conn.RemoteAddr().String() == s.probe() {
				s.probed <- struct{}{}
			} else {
				_ = s.machine.ServeConn(ctx, conn) // it ends with the line
			}
			conn.Close()
		}
	}()
	s.close = func() {
		cancel()
		listener.Close()
		<-ended
		s.machine.Close()
	}
	return s, nil
}

func (s *shop) probe() string { return s.socket + ".probe" }

// drain waits until everything that was ever sent has been printed.
func (s *shop) drain() error {
	conn, err := net.DialUnix("unix", &net.UnixAddr{Name: s.probe(), Net: "unix"}, &net.UnixAddr{Name: s.socket, Net: "unix"})
	if err != nil {
		return err
	}
	defer os.Remove(s.probe())
	defer conn.Close()
	select {
	case <-s.probed:
	case <-time.After(10 * time.Minute):
		return errors.New("the printer does not come to its last line")
	}
	for range 60_000 {
		if s.machine.Buffered() == 0 {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("the printer does not come to its end")
}

// doomed runs an agent until it is killed; fired is false where it came to its
// end.
func doomed(d doom) (fired bool, err error) {
	exe, err := os.Executable()
	if err != nil {
		return false, err
	}
	spec, err := json.Marshal(d)
	if err != nil {
		return false, err
	}
	cmd := exec.Command(exe, "-test.run=^TestEveryByte$")
	cmd.Env = append(os.Environ(), doomedEnv+"="+string(spec), "GOMAXPROCS=2")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("%+v: %w\n%s", d, err, said.String())
	}
	return false, nil
}

// newShopGround seeds a store whose printer has been met, and has a process
// print it undisturbed.
func newShopGround(t *testing.T, render *renderer, l level) *ground {
	t.Helper()
	g := &ground{level: l, render: render, dir: memoryDir(t)}
	known := l.abilities()
	g.plant = func(path string) error { return seed(path, &known) }
	g.tend(t)
	path := g.fresh(t)
	shop, err := openShop(t, l, path+".socket")
	if err != nil {
		t.Fatal(err)
	}
	defer shop.close()
	if _, err := doomed(doom{Level: l.name, Store: path, Socket: shop.socket}); err != nil {
		t.Fatal(err)
	}
	if err := shop.drain(); err != nil {
		t.Fatal(err)
	}
	if g.ref, err = newReference(shop.machine.Papers()); err != nil {
		t.Fatal(err)
	}
	said, err := os.ReadFile(path + ".count")
	if err == nil {
		err = json.Unmarshal(said, &g.length)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// kill kills an agent and counts what came of it, once another one has printed
// what was left. Where it was not killed it counts nothing.
func (g *ground) kill(t *testing.T, c cut) (v tally, story string, err error) {
	g.tend(t)
	path := g.fresh(t)
	defer os.RemoveAll(filepath.Dir(path))
	shop, err := openShop(t, g.level, path+".socket")
	if err != nil {
		return v, "", err
	}
	defer shop.close()
	fired, err := doomed(doom{g.level.name, path, shop.socket, c.at, c.n})
	if err != nil || !fired {
		return v, "", err
	}
	open := func(ctx context.Context) (drivers.Port, error) { return dial(ctx, shop.socket) }
	r, err := beginTrial(g.render, path, nil, nil, everyByteSettings(g.level.model(t, mechanism), realTiming(), open))
	if err != nil {
		return v, "", err
	}
	defer r.st.Close()
	err = awaitRealRest(r, func() bool { return shop.machine.Buffered() == 0 })
	if stopped := r.stop(); err == nil {
		err = stopped
	}
	if err == nil {
		err = shop.drain()
	}
	if err == nil {
		v, err = judge(r.st, shop.machine.Papers(), g.ref, g.level.proof)
	}
	if v.faults() > 0 {
		story = fmt.Sprintf("%s, %v: %+v%s", g.level.name, c, v, tell(r.st, shop.machine))
	}
	return v, story, err
}
