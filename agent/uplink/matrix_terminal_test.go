package uplink_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mostrador/agent/uplink"
	"mostrador/store"
)

// A till is a terminal in a process of its own, so that it can be killed: the
// real store and the real uplink, and a seller who is told how many sales to
// make. The test's own program becomes one where tillSettings is set.
type till struct {
	t    *testing.T
	path string // of the store
	set  tillConfig
	cmd  *exec.Cmd
	in   io.WriteCloser
	done sync.WaitGroup
	sold atomic.Int64 // the last sale that the process has committed
	log  *os.File
}

const tillSettings, tillStore = "UPLINK_TEST_TILL", "UPLINK_TEST_STORE"

// A tillConfig is what of the settings goes to the process.
type tillConfig struct {
	Terminal, Broker, Username, Password string
	AcknowledgedBy                       string
	Batch                                bool
}

func (c tillConfig) settings() uplink.Settings {
	return uplink.Settings{
		Store: "lima-01", Terminal: c.Terminal, Version: "0.0.0-test", Broker: c.Broker, Username: c.Username, Password: c.Password,
		AcknowledgedBy: c.AcknowledgedBy, Batch: c.Batch, KeepSent: time.Hour, RetryMin: 50 * time.Millisecond, RetryMax: time.Second,
	}
}

// serveTill is the till's process; it returns at once in every other one.
func serveTill() {
	text := os.Getenv(tillSettings)
	if text == "" {
		return
	}
	if err := runTill(text, os.Getenv(tillStore)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func runTill(settings, path string) error {
	var told tillConfig
	if err := json.Unmarshal([]byte(settings), &told); err != nil {
		return err
	}
	set := told.settings()
	st, err := store.Open(path, store.Options{Identity: set.Store + "/" + set.Terminal})
	if err != nil {
		return err
	}
	u := uplink.New(set, st, newDesk(), slog.New(slog.NewTextHandler(os.Stderr, nil)))
	ctx, stop := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { _ = u.Run(ctx) })
	err = sell(st, os.Stdin)
	stop()
	work.Wait()
	if closed := st.Close(); err == nil {
		err = closed
	}
	return err
}

// sell makes as many sales as each line of in says, each on disk before its
// number is written.
func sell(st *store.Store, in io.Reader) error {
	last := func() (n uint64) {
		_ = st.View(func(tx *store.Tx) error { n = tx.Last(store.StreamSales); return nil })
		return n
	}
	fmt.Println(last())
	for lines := bufio.NewScanner(in); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		for range n {
			if err := st.Update(func(tx *store.Tx) error {
				_, err := tx.Emit(store.StreamSales, "mostrador.sale.v1", sale(tx.Now(), int(tx.Last(store.StreamSales))))
				return err
			}); err != nil {
				return err
			}
			fmt.Println(last())
		}
	}
	return nil
}

func newTill(t *testing.T, path string, set tillConfig) *till {
	log, err := os.CreateTemp(t.TempDir(), "till-*.log")
	if err != nil {
		t.Fatal(err)
	}
	x := &till{t: t, path: path, set: set, log: log}
	t.Cleanup(func() { x.kill(); log.Close() })
	return x
}

// start starts the process and waits until it sells.
func (x *till) start() {
	x.t.Helper()
	text, err := json.Marshal(x.set)
	if err != nil {
		x.t.Fatal(err)
	}
	x.cmd = exec.Command(os.Args[0])
	x.cmd.Env = append(os.Environ(), tillSettings+"="+string(text), tillStore+"="+x.path)
	x.cmd.Stderr = x.log
	out, err := x.cmd.StdoutPipe()
	if err != nil {
		x.t.Fatal(err)
	}
	if x.in, err = x.cmd.StdinPipe(); err != nil {
		x.t.Fatal(err)
	}
	if err := x.cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	up := make(chan struct{})
	x.done.Go(func() {
		ready := sync.OnceFunc(func() { close(up) })
		defer ready()
		for lines := bufio.NewScanner(out); lines.Scan(); ready() {
			if n, err := strconv.ParseInt(strings.TrimSpace(lines.Text()), 10, 64); err == nil {
				x.sold.Store(n)
			}
		}
	})
	<-up
}

// sell has n sales made, while the test goes on.
func (x *till) sell(n int) {
	x.t.Helper()
	if _, err := fmt.Fprintln(x.in, n); err != nil {
		x.t.Errorf("the till takes no orders: %v\n%s", err, x.tail())
	}
}

// kill ends the process as a power cut of it would (kill -9).
func (x *till) kill() { x.end(func() { _ = x.cmd.Process.Signal(syscall.SIGKILL) }) }

// stop ends it in order.
func (x *till) stop() { x.end(func() { x.in.Close() }) }

func (x *till) end(how func()) {
	if x.cmd == nil {
		return
	}
	how()
	x.done.Wait()
	_ = x.cmd.Wait()
	x.cmd = nil
}

// tail is the end of what the process has said.
func (x *till) tail() string {
	b, _ := os.ReadFile(x.log.Name())
	return string(b[max(0, len(b)-4000):])
}

// reached waits until the till has made its sales up to a number.
func (x *till) reached(n int64) {
	x.t.Helper()
	deadline := time.Now().Add(matrixPatience)
	for x.sold.Load() < n {
		if time.Now().After(deadline) {
			x.t.Fatalf("the till has sold %d of %d\n%s", x.sold.Load(), n, x.tail())
		}
		time.Sleep(5 * time.Millisecond)
	}
}
