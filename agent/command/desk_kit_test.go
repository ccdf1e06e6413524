package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mostrador/agent/config"
	"mostrador/agent/order"
	"mostrador/agent/spool"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/drivers"
	"mostrador/store"
)

// A terminal is a Desk with what stands behind it; the process around it is
// told of, not there.
type terminal struct {
	*testing.T
	*Desk
	st       *store.Store
	path     string // of the store
	config   Configuration
	clock    *store.Clock
	restarts []string
	levels   []slog.Level
	up       atomic.Bool
	stop     func()
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	w := &terminal{T: t, path: filepath.Join(t.TempDir(), "db"), clock: store.NewClock()}
	w.boot()
	return w
}

// boot ends the process, if there is one, and starts the next over the same store.
func (w *terminal) boot() {
	w.Helper()
	if w.st != nil {
		w.no(w.st.Close())
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	st, err := store.Open(w.path, store.Options{Identity: "lima-01/caja-1", Log: quiet, Clock: w.clock})
	w.no(err)
	w.Cleanup(func() { st.Close() })
	var printers []spool.Printer
	for _, name := range []string{"cocina", "caja"} {
		printers = append(printers, spool.Printer{Name: name,
			Open: func(context.Context) (drivers.Port, error) { return nil, errors.New("unplugged") }})
	}
	sp, err := spool.New(st, spool.Settings{Printers: printers}, quiet)
	w.no(err)
	w.st = st
	w.Desk = NewDesk(New(st, nil, sp, nil, aLine{}, About{Store: "lima-01", Terminal: "caja-1"}), order.NewAcks(st, quiet), Machine{
		Restart:     func(why string) { w.restarts = append(w.restarts, why) },
		SetLogLevel: func(l slog.Level) { w.levels = append(w.levels, l) },
		Up:          func() (bool, string) { return w.up.Load(), "not connected" },
	}, w.config, quiet)
}

func (w *terminal) no(err error) {
	if err != nil {
		w.Helper()
		w.Fatal(err)
	}
}

// aLine is down, and has sent 40 sales.
type aLine struct{}

func (aLine) State() any { return map[string]bool{"connected": false} }

func (aLine) Renew() (any, error) { return nil, ErrRefused }

func (aLine) Flush(map[string]uint64) (any, error) { return nil, nil }

func (aLine) Withheld() (any, error) { return []any{}, nil }

func (aLine) WithheldMessage(string, uint64) ([]byte, error) { return nil, ErrNotFound }

func (aLine) Discard(string, uint64, string, string) error { return ErrNotFound }

func (aLine) Replay(stream, epoch string, from uint64, _ string) (any, error) {
	if from > 40 {
		return nil, fmt.Errorf("%w: nothing to send again", ErrRefused)
	}
	return map[string]any{"stream": stream, "epoch": "9f86d081884c7d65", "from": from, "count": 41 - from, "missing": 0}, nil
}

// send hands a message down and wants it acknowledged once.
func (w *terminal) send(take func(context.Context, []byte, func() error) error, payload string) {
	w.Helper()
	acks := 0
	w.no(take(w.Context(), []byte(payload), func() error { acks++; return nil }))
	if acks != 1 {
		w.Fatalf("acknowledged %d times: %s", acks, payload)
	}
}

// command sends one that is in time, has it done, and returns the answer.
func (w *terminal) command(id, name, arguments string) Result {
	w.Helper()
	w.send(w.Command, w.written(id, name, arguments, time.Hour))
	w.work(w.Context())
	return w.last()
}

// written is a command as the cloud writes it now.
func (w *terminal) written(id, name, arguments string, ttl time.Duration) string {
	now := w.now().Wall
	return fmt.Sprintf(`{"id":%q,"command":%q,"issued_at":%q,"expires_at":%q,"by":"ana","arguments":%s}`,
		id, name, now.Format(time.RFC3339Nano), now.Add(ttl).Format(time.RFC3339Nano), arguments)
}

// results are all answers, which obey the contract.
func (w *terminal) results() (all []Result) {
	w.Helper()
	contract, err := uplinktest.LoadContract()
	w.no(err)
	w.no(w.st.View(func(tx *store.Tx) error {
		for e, err := range tx.Unsent(store.StreamResults, 0) {
			if err != nil {
				return err
			}
			if err := contract.Check(e.Type, e.Data); err != nil {
				w.Error(err)
			}
			var r Result
			if err := json.Unmarshal(e.Data, &r); err != nil {
				return err
			}
			all = append(all, r)
		}
		return nil
	}))
	return all
}

func (w *terminal) last() Result {
	w.Helper()
	all := w.results()
	if len(all) == 0 {
		w.Fatal("there is no answer")
	}
	return all[len(all)-1]
}

// printedOrder is an order with one ticket that is on paper.
func (w *terminal) printedOrder(number string) {
	w.Helper()
	_, err := w.st.UpdateVital(func(tx *store.Tx) error {
		o := &store.Order{Key: store.OrderKey{Provider: "justo", Nickname: "Centro", ChannelID: "c-" + number}, Number: number, Revision: 1, Status: store.Accepted, Currency: "PEN"}
		if err := tx.PutOrder(o); err != nil {
			return err
		}
		return tx.PutJob(&store.Job{Kind: store.ComandaTicket, Order: o.Seq, OrderID: o.ID, Revision: 1, Printer: "cocina", MeantFor: "cocina",
			Copy: 1, State: store.JobPrinted, QueuedAt: tx.Now()})
	})
	w.no(err)
}

func (w *terminal) jobs() int {
	w.Helper()
	jobs, err := w.commands.Tickets("", Page{})
	w.no(err)
	return len(jobs)
}

func (w *terminal) read() string {
	w.Helper()
	text, err := os.ReadFile(w.config.Path)
	w.no(err)
	return string(text)
}

// start boots, counts the start as the process does, and runs the desk until halt.
func (w *terminal) start() {
	w.Helper()
	w.boot()
	_, err := config.StartTrial(w.config.Path)
	w.no(err)
	ctx, cancel := context.WithCancel(w.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = w.Desk.Run(ctx) })
	w.stop = func() { cancel(); running.Wait() }
}

func (w *terminal) halt() { w.stop() }
