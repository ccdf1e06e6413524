package uplink_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

func TestMain(m *testing.M) {
	uplinktest.ServeMochi()
	serveTill()
	goleak.VerifyTestMain(m)
}

const (
	patience = 60 * time.Second // for anything that should happen soon
	prefix   = "mostrador/v1/lima-01/caja-1"
)

func settings(broker string) uplink.Settings {
	return uplink.Settings{
		Store: "lima-01", Terminal: "caja-1", Version: "0.0.0-test", Broker: broker,
		RetryMin: 10 * time.Millisecond, RetryMax: 200 * time.Millisecond,
	}
}

func openStore(t testing.TB) *store.Store {
	t.Helper()
	return openStoreAt(t, filepath.Join(t.TempDir(), "mostrador.db"))
}

func openStoreAt(t testing.TB, path string) *store.Store {
	t.Helper()
	st, err := store.Open(path, store.Options{Identity: "lima-01/caja-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

// start runs an uplink until the test ends, or until stop is called.
func start(t testing.TB, set uplink.Settings, st *store.Store, h uplink.Handler) (u *uplink.Uplink, stop func()) {
	t.Helper()
	u = uplink.New(set, st, h, logger(t))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- u.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(patience):
			t.Error("Run does not return")
		}
	})
	t.Cleanup(stop)
	return u, stop
}

// logger writes to the test's own log.
func logger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// emit appends n entries to the timeline and n sales, a few per transaction.
func emit(t testing.TB, st *store.Store, n int) {
	t.Helper()
	for done := 0; done < n; {
		batch := min(50, n-done)
		if err := st.Update(func(tx *store.Tx) error {
			for i := range batch {
				if _, err := tx.Emit(store.StreamSales, "mostrador.sale.v1", sale(tx.Now(), done+i)); err != nil {
					return err
				}
				if err := tx.Log(store.Entry{Kind: "test.entry", Text: fmt.Sprint(done + i), Severity: store.Info}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		done += batch
	}
}

func sale(now store.Moment, n int) store.Sale {
	return store.Sale{
		ID: "019580a0-6c3e-7b1a-9a55-3f1f8f0c2b11", Seq: uint64(n + 1), Source: "register/caja", SourceID: fmt.Sprint(n),
		Receipt: fmt.Sprint(n), BusinessDate: "2026-03-14", ClosedAt: now.Wall, Currency: "PEN",
		Lines: []store.SaleLine{{Name: "Café", Quantity: store.Units(1), Unit: 650, Total: 650}},
		Total: 650, RecordedAt: now,
	}
}

// A desk is a Handler that remembers what it took: before it acknowledges, since
// the broker may have an acknowledgement whose fate the terminal does not know.
type desk struct {
	mu      sync.Mutex
	taken   []string // payloads that were not refused, each once
	offered []string // all calls
	refuse  func(payload string, times int) error
	seen    map[string]int
	known   map[string]bool
	news    chan struct{}
}

func newDesk() *desk {
	return &desk{news: make(chan struct{}, 1), seen: map[string]int{}, known: map[string]bool{}}
}

func (d *desk) Order(_ context.Context, payload []byte, ack func() error) error {
	return d.take(string(payload), ack)
}

func (d *desk) Result(_ context.Context, payload []byte, ack func() error) error {
	return d.take("result "+string(payload), ack)
}

func (d *desk) Command(_ context.Context, payload []byte, ack func() error) error {
	return d.take("command "+string(payload), ack)
}

func (d *desk) Config(_ context.Context, payload []byte, ack func() error) error {
	return d.take("config "+string(payload), ack)
}

func (d *desk) Catalogue(_ context.Context, payload []byte, ack func() error) error {
	return d.take("catalogue "+string(payload), ack)
}

func (d *desk) take(payload string, ack func() error) error {
	d.mu.Lock()
	d.offered = append(d.offered, payload)
	d.seen[payload]++
	times, refuse := d.seen[payload], d.refuse
	d.mu.Unlock()
	defer func() {
		select {
		case d.news <- struct{}{}:
		default:
		}
	}()
	if refuse != nil {
		if err := refuse(payload, times); err != nil {
			return err
		}
	}
	d.mu.Lock()
	if !d.known[payload] {
		d.known[payload] = true
		d.taken = append(d.taken, payload)
	}
	d.mu.Unlock()
	_ = ack() // in vain, it may come again
	return nil
}

// unique are the payloads that were taken, without repetitions.
func (d *desk) unique() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.taken)
}

func (d *desk) calls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.offered)
}

func (d *desk) wait(t testing.TB, what string, ok func() bool) {
	t.Helper()
	eventually(t, what, d.news, ok)
}

// eventually asks now and then, and at each token, until ok holds.
func eventually(t testing.TB, what string, token <-chan struct{}, ok func() bool) {
	t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-token:
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

func connected(t testing.TB, u *uplink.Uplink) {
	t.Helper()
	eventually(t, "a connection", nil, func() bool { return u.Status().Connected })
}

// drained waits until the store knows that everything has been acknowledged.
func drained(t testing.TB, st *store.Store) {
	t.Helper()
	eventually(t, "an empty outbox", nil, func() bool {
		empty := true
		if err := st.View(func(tx *store.Tx) error {
			for _, s := range store.Streams() {
				empty = empty && tx.Sent(s) == tx.Last(s)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return empty
	})
}

func order(n int) []byte {
	return fmt.Appendf(nil, `{"provider":"justo","received_at":"2026-03-14T18:19:41Z","body":{"n":%d}}`, n)
}

var errRefused = errors.New("the store is away")

func consumer(t testing.TB, b *uplinktest.Broker) *uplinktest.Consumer {
	return uplinktest.Subscribe(t, b.Addr(), "backend")
}
