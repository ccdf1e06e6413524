package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"

	"mostrador/agent/uplink"
	"mostrador/store"
)

// A terminal is one store with its uplink, as in an agent.
type terminal struct {
	fleet  *fleet
	set    uplink.Settings
	source string // of its events
	file   string
	store  *store.Store
	uplink *uplink.Uplink

	mu      sync.Mutex
	emitted []time.Time // when each event was due, by sequence from 1
	arrived []bool      // the same
	highest int         // sequence that has arrived
}

// storeSize is enough for what one terminal emits; a store of 2 GiB with its
// reserve, 5,000 times over, would not fit anywhere.
const storeSize, storeReserve = 16 << 20, 128 << 10

func (t *terminal) open(dir string) error {
	st, err := store.Open(t.path(dir), store.Options{
		Identity: t.set.Store + "/" + t.set.Terminal, MaxSize: storeSize, Reserve: storeReserve, Throwaway: true,
	})
	if err != nil {
		return err
	}
	u := uplink.New(t.set, st, nobody{}, slog.New(slog.DiscardHandler))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.store, t.uplink = st, u
	return nil
}

func (t *terminal) run(ctx context.Context) {
	if err := t.uplink.Run(ctx); err != nil {
		t.fleet.set.Log.Error("an uplink ended", "terminal", t.source, "error", err)
	}
	if err := t.store.Close(); err != nil {
		t.fleet.set.Log.Error("a store does not close", "terminal", t.source, "error", err)
	}
}

// nobody takes orders: the fleet sends none, and takes what others send it.
type nobody struct{ uplink.Handler }

func (nobody) Order(_ context.Context, _ []byte, ack func() error) error  { return ack() }
func (nobody) Result(_ context.Context, _ []byte, ack func() error) error { return ack() }

// emit commits one sale with its event, as a register's would be.
func (t *terminal) emit(due time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.emitted) + 1
	t.emitted, t.arrived = append(t.emitted, due), append(t.arrived, false)
	var at uint64
	err := t.store.Update(func(tx *store.Tx) error {
		event, err := tx.Emit(store.StreamSales, "mostrador.sale.v1", sale(tx.Now(), n))
		if err == nil {
			at = event.Position
		}
		return err
	})
	if err == nil && at != uint64(n) {
		err = fmt.Errorf("event %d has sequence %d", n, at)
	}
	if err != nil {
		t.emitted, t.arrived = t.emitted[:n-1], t.arrived[:n-1]
	}
	return err
}

// sale is of 600 bytes or so, as the sales of a register are.
func sale(now store.Moment, n int) store.Sale {
	return store.Sale{
		ID: fmt.Sprintf("019580a0-6c3e-7b1a-9a55-%012d", n), Seq: uint64(n), Source: "register/caja", SourceID: fmt.Sprint(n),
		Receipt: fmt.Sprintf("%06d", n), BusinessDate: now.Wall.UTC().Format(time.DateOnly), ClosedAt: now.Wall, Currency: "PEN",
		Lines: []store.SaleLine{
			{ExternalID: "CAFE-01", Name: "Café americano", Quantity: store.Units(1), Unit: 650, Total: 650},
			{ExternalID: "POLLO-14", Name: "1/4 de pollo a la brasa", Quantity: store.Units(1), Unit: 2450, Total: 2450},
		},
		Total: 3100, RecordedAt: now,
	}
}

// take records that an event has arrived, and says when it was due and whether
// it is the first of its kind and in order.
func (t *terminal) take(sequence int) (due time.Time, first, inOrder bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if sequence < 1 || sequence > len(t.emitted) {
		return time.Time{}, false, false
	}
	first, inOrder = !t.arrived[sequence-1], sequence > t.highest
	t.arrived[sequence-1] = true
	t.highest = max(t.highest, sequence)
	return t.emitted[sequence-1], first, inOrder
}

// count says how its events stand: lost are those that the broker has
// acknowledged and that have not arrived, waiting those that it has not.
func (t *terminal) count(r *Report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.uplink == nil {
		return
	}
	r.Emitted += len(t.emitted)
	missing := 0
	for _, here := range t.arrived {
		if !here {
			missing++
		}
	}
	s := t.uplink.Status()
	switch {
	case s.Connected:
		r.Connected++
	case r.Complaint == "" && s.LastError != "":
		r.Complaint = s.LastError + ". " + s.Advice
	}
	r.Connections += int(s.Session)
	for _, w := range s.Waiting {
		if w.Stream == store.StreamSales {
			waits := min(missing, int(w.Count))
			r.Waiting += waits
			missing -= waits
		}
	}
	r.Underway += missing
}

// dialer reaches the address, or any other of the brokers that answers, as where
// a name has several addresses.
func dialer(brokers []string) func(context.Context, string, string) (net.Conn, error) {
	var hosts []string
	for _, b := range brokers {
		if u, err := url.Parse(b); err == nil {
			hosts = append(hosts, u.Host)
		}
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		var dialer net.Dialer
		others := slices.DeleteFunc(slices.Clone(hosts), func(h string) bool { return h == address })
		rand.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
		var all error
		for _, host := range append([]string{address}, others...) {
			conn, err := dialer.DialContext(ctx, network, host)
			if err == nil {
				return conn, nil
			}
			all = errors.Join(all, err)
		}
		return nil, all
	}
}
