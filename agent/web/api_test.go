package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mostrador/agent/command"
	"mostrador/agent/device"
	"mostrador/agent/order"
	"mostrador/agent/spool"
	"mostrador/drivers"
	"mostrador/printer"
	"mostrador/printer/profile"
	"mostrador/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// orders takes note of what was asked of it.
type orders struct{ asked []string }

func (o *orders) Accept(uint64, string) error {
	o.asked = append(o.asked, "accept")
	return nil
}
func (o *orders) Reject(_ uint64, reason, _ string) error {
	o.asked = append(o.asked, "reject "+reason)
	return nil
}
func (o *orders) Release(uint64, string) error { return store.ErrNotFound }
func (o *orders) Ready(_ uint64, who string) error {
	o.asked = append(o.asked, "ready "+who)
	return nil
}

func (o *orders) Dispatch(_ uint64, who string) error {
	o.asked = append(o.asked, "dispatch "+who)
	return nil
}

func (o *orders) Precheck(_ uint64, who string) (*store.Job, error) {
	if who == "" {
		return nil, order.ErrRefused
	}
	o.asked = append(o.asked, "precheck "+who)
	return &store.Job{}, nil
}

// serve runs the local API over a store with one order, its unknown ticket and
// a printer that is not there.
func serve(t *testing.T, loopback bool) (*Client, *store.Store, *orders) {
	t.Helper()
	dir := t.TempDir()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	st, err := store.Open(filepath.Join(dir, "mostrador.db"), store.Options{Identity: "s/t", Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	model, _ := profile.Lookup("generic")
	sp, err := spool.New(st, spool.Settings{Printers: []spool.Printer{{
		Name: "caja", Profile: model, Paper: "80mm", Timing: printer.DefaultTiming(),
		Open: func(context.Context) (drivers.Port, error) { return nil, drivers.ErrAbsent },
	}}}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.UpdateVital(plant); err != nil {
		t.Fatal(err)
	}
	asked := &orders{}
	commands := command.New(st, asked, sp, device.New(st, []device.Config{{Name: "balanza", Kind: "scale"}}, quiet), line{}, command.About{Version: "test"})
	server := New(commands, dir, quiet)
	server.loopback = loopback
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the server ended with %v", err)
		}
	})
	return connect(t, dir, loopback), st, asked
}

func plant(tx *store.Tx) error {
	o := &store.Order{Key: store.OrderKey{Provider: "justo", Nickname: "Centro", ChannelID: "abc"},
		Number: "48213", Transaction: "1", Revision: 1, Status: store.Received, Currency: "PEN", Lines: []store.Line{}}
	if err := tx.PutOrder(o); err != nil {
		return err
	}
	return tx.PutJob(&store.Job{Kind: store.ReceiptTicket, Order: o.Seq, OrderID: o.ID, Revision: 1,
		Printer: "caja", MeantFor: "caja", Copy: 1, State: store.JobUnknown, QueuedAt: tx.Now()})
}

// connect waits until the API answers.
func connect(t *testing.T, dir string, loopback bool) *Client {
	t.Helper()
	make := NewClient
	if loopback {
		make = newLoopbackClient
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		c, err := make(dir)
		if err == nil {
			var about command.About
			if err = c.Get(t.Context(), "/v1/about", &about); err == nil {
				return c
			}
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestAPI(t *testing.T) {
	for name, loopback := range map[string]bool{"unix socket": false, "loopback": true} {
		t.Run(name, func(t *testing.T) {
			c, st, asked := serve(t, loopback)
			var list []command.OrderRow
			if err := c.Get(t.Context(), "/v1/orders", &list); err != nil || len(list) != 1 || list[0].Number != "48213" {
				t.Fatalf("orders: %v, %v", list, err)
			}
			for _, name := range []string{"48213", "%2348213", "abc", list[0].ID, "1"} {
				var d command.OrderDetail
				if err := c.Get(t.Context(), "/v1/orders/"+name, &d); err != nil || len(d.Tickets) != 1 {
					t.Errorf("order %s: %v, %v", name, d, err)
				}
			}
			var d command.OrderDetail
			if err := c.Post(t.Context(), "/v1/orders/48213/reject", ActionRequest{Reason: "cerrado"}, &d); err != nil {
				t.Error(err)
			}
			if err := c.Post(t.Context(), "/v1/orders/48213/precheck", ActionRequest{Who: "Ana"}, &d); err != nil || d.Order == nil {
				t.Error(err)
			}
			if want := []string{"reject cerrado", "precheck Ana"}; !slices.Equal(asked.asked, want) {
				t.Errorf("asked %q, want %q", asked.asked, want)
			}
			var j store.Job
			if err := c.Post(t.Context(), "/v1/tickets/1/settle", ActionRequest{Who: "Ana", Printed: true}, &j); err != nil || j.State != store.JobPrinted {
				t.Errorf("settle: %v, %v", j.State, err)
			}
			if err := c.Post(t.Context(), "/v1/print", PrintRequest{Printer: "caja", Markup: "Hola"}, &j); err != nil || j.State != store.JobQueued {
				t.Errorf("print: %v, %v", j.State, err)
			}
			var s spool.State
			if err := c.Post(t.Context(), "/v1/printers/caja/forget", ActionRequest{Who: "Ana"}, &s); err != nil || s.Printer != "caja" {
				t.Errorf("forget: %v, %v", s, err)
			}
			if err := st.View(func(tx *store.Tx) error { _, err := tx.Job(2); return err }); err != nil {
				t.Errorf("the printed document is no job: %v", err)
			}
		})
	}
}

func TestAPIRefuses(t *testing.T) {
	c, _, _ := serve(t, false)
	var none any
	tests := []struct {
		name string
		call func() error
		want error
		says string
	}{
		{"no such order", func() error { return c.Get(t.Context(), "/v1/orders/nope", &none) }, command.ErrNotFound, "nope"},
		{"no such ticket", func() error { return c.Get(t.Context(), "/v1/tickets/99", &none) }, command.ErrNotFound, ""},
		{"no such printer", func() error { return c.Post(t.Context(), "/v1/print", PrintRequest{Printer: "bar"}, &none) }, command.ErrNotFound, "caja"},
		{"forgetting no printer", func() error { return c.Post(t.Context(), "/v1/printers/bar/forget", ActionRequest{}, &none) }, command.ErrNotFound, "caja"},
		{"no such action", func() error { return c.Post(t.Context(), "/v1/tickets/1/burn", ActionRequest{}, &none) }, command.ErrNotFound, "burn"},
		{"bad markup", func() error {
			return c.Post(t.Context(), "/v1/print", PrintRequest{Printer: "caja", Markup: "{code:"}, &none)
		}, command.ErrWrong, "1"},
		{"giving up without a copy", func() error {
			return c.Post(t.Context(), "/v1/uplink/withheld/sales/4/discard", DiscardRequest{Who: "Ana"}, &none)
		}, command.ErrWrong, "copy"},
		{"giving up what is not withheld", func() error {
			return c.Post(t.Context(), "/v1/uplink/withheld/sales/4/discard", DiscardRequest{Who: "Ana", Copy: "a.jsonl"}, &none)
		}, command.ErrNotFound, ""},
		{"withheld at no position", func() error { return c.Get(t.Context(), "/v1/uplink/withheld/sales/x", &none) }, command.ErrWrong, "x"},
		{"too long a list", func() error { return c.Get(t.Context(), "/v1/sales?limit=100000", &none) }, command.ErrWrong, "1000"},
		{"a list of letters", func() error { return c.Get(t.Context(), "/v1/sales?limit=many", &none) }, command.ErrWrong, "many"},
		{"unknown fields", func() error {
			return c.Post(t.Context(), "/v1/print", map[string]string{"printr": "caja"}, &none)
		}, command.ErrWrong, "printr"},
		{"released by nobody", func() error { return c.Post(t.Context(), "/v1/orders/1/release", ActionRequest{}, &none) }, command.ErrNotFound, ""},
		{"a precheck that is refused", func() error { return c.Post(t.Context(), "/v1/orders/1/precheck", ActionRequest{}, &none) }, command.ErrRefused, "order"},
		{"cancelling what does not wait", func() error { return c.Post(t.Context(), "/v1/tickets/1/cancel", ActionRequest{}, &none) }, command.ErrRefused, "unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.call()
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want %v that says %q", err, tt.want, tt.says)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	var none any
	c, err := NewClient(t.TempDir())
	if err == nil {
		err = c.Get(t.Context(), "/v1/about", &none)
	}
	if !errors.Is(err, ErrNotRunning) {
		t.Errorf("error %v, want %v", err, ErrNotRunning)
	}
}

// A body without end is cut off, and the daemon lives on.
func TestHugeBody(t *testing.T) {
	c, _, _ := serve(t, false)
	var none any
	err := c.Post(t.Context(), "/v1/print", PrintRequest{Printer: "caja", Markup: strings.Repeat("x", 2*maxBody)}, &none)
	if err == nil {
		t.Error("a body above the bound was taken")
	}
	var about command.About
	if err := c.Get(t.Context(), "/v1/about", &about); err != nil {
		t.Error(err)
	}
}

// The token is for the owner of the data folder only.
func TestTokenFile(t *testing.T) {
	dir := t.TempDir()
	a := access{Address: "127.0.0.1:1", Token: "secret"}
	if err := a.write(dir); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, TokenName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	c, err := newLoopbackClient(dir)
	if err != nil || c.head.Get("Authorization") != "Bearer secret" {
		t.Errorf("client %v, %v", c, err)
	}
}

// A line that is down, and has sent 40 sales.
type line struct{}

func (line) State() any { return map[string]bool{"connected": false} }

func (line) Renew() (any, error) { return nil, command.ErrRefused }

func (line) Flush(map[string]uint64) (any, error) { return nil, nil }

func (line) Withheld() (any, error) { return []any{}, nil }

func (line) WithheldMessage(string, uint64) ([]byte, error) { return nil, command.ErrNotFound }

func (line) Discard(string, uint64, string, string) error { return command.ErrNotFound }

func (line) Replay(stream, epoch string, from uint64, _ string) (any, error) {
	if from > 40 {
		return nil, fmt.Errorf("%w: nothing to send again", command.ErrRefused)
	}
	return map[string]any{"stream": stream, "epoch": epoch, "from": from}, nil
}
