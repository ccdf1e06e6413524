//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/agent"
	"mostrador/agent/command"
	"mostrador/agent/config"
	"mostrador/agent/device"
	"mostrador/agent/integration"
	"mostrador/agent/order"
	"mostrador/agent/spool"
	"mostrador/drivers"
	"mostrador/printer/profile"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// eveningConfig is a restaurant of four printers of three makers, which prove
// their tickets in three ways.
const eveningConfig = `
[terminal]
store = "lima-01"
id = "caja-1"
locale = "es-PE"
currency = "PEN"
timezone = "America/Lima"
business_day_starts = "05:00"
data_dir = %q

[uplink]
broker = "mqtt://broker.invalid:1883"

[[printer]]
name = "cocina"
port = "evening://cocina"
profile = "TM-T20II"
paper = "80mm"
fallback = ["parrilla", "caja"]
alarms_to = ["caja", "barra"]

[[printer]]
name = "parrilla"
port = "evening://parrilla"
profile = "SRP-350III"
paper = "80mm"
fallback = ["cocina", "caja"]
alarms_to = ["caja", "barra"]

[[printer]]
name = "barra"
port = "evening://barra"
profile = "XP-N160II"
paper = "80mm"
fallback = ["caja", "cocina"]
alarms_to = ["caja"]

[[printer]]
name = "caja"
port = "evening://caja"
profile = "TM-T88V"
paper = "58mm"
fallback = ["barra"]
alarms_to = ["barra"]

[[station]]
name = "cocina"
printers = ["cocina"]
products = ["POLLO-*", "SOPA-*"]
default = true

[[station]]
name = "parrilla"
printers = ["parrilla"]
products = ["CARNE-*"]

[[station]]
name = "barra"
printers = ["barra"]
products = ["BEBIDA-*", "POSTRE-*"]

[tickets]
header = ["La Brasa de Ñusta", "Jr. Las Palmeras 210, Lima", "RUC 20000000001"]
receipt = { printers = ["caja"] }
delivery = { printers = ["caja"] }

[[integration]]
provider = "justo"
nickname = "Justo Centro"
accept = "automatic"
`

// eveningPrinters are those of the configuration, in its order.
func eveningPrinters() []string { return []string{"cocina", "parrilla", "barra", "caja"} }

// A house is the agent over real parts, put together as wire does, without the
// two that speak to a network; its printers are virtual.
type house struct {
	*testing.T
	dir     string
	cfg     *config.Config
	clock   *store.Clock // one machine's, over restarts of the agent
	zone    *time.Location
	scheme  drivers.Scheme
	presses map[string]*press

	store    *store.Store // nil while the agent is stopped
	router   *integration.Router
	commands *command.Commands
	jobs     <-chan struct{} // tells that tickets have changed
	downs    []mishap        // when the agent was stopped
	halt     func()
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{T: t, dir: t.TempDir(), clock: store.NewClock(), presses: map[string]*press{}}
	scheme := drivers.Scheme{
		Name: "evening", Example: "evening://cocina", Check: func(*url.URL) error { return nil },
		Open: func(_ context.Context, u *url.URL) (drivers.Port, error) { return h.presses[u.Host].open(), nil },
	}
	cfg, err := config.Parse("evening.toml", fmt.Appendf(nil, eveningConfig, h.dir), known(append(schemes(), scheme)))
	if err != nil {
		t.Fatal(err)
	}
	h.cfg, h.zone = cfg, cfg.Terminal.Location()
	for i, p := range cfg.Printers {
		model, _ := profile.Lookup(p.Profile)
		h.presses[p.Name] = newPress(t, p.Name, model, p.Paper, uint64(i))
	}
	h.scheme = scheme
	h.boot()
	return h
}

// boot opens the store and starts the parts, as assemble and wire do.
func (h *house) boot() {
	h.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	st, err := store.Open(filepath.Join(h.dir, storeName), store.Options{Identity: "lima-01/caja-1", Log: log, Clock: h.clock})
	must(h, err)
	spooling, err := spoolSettings(h.cfg, opener([]drivers.Scheme{h.scheme}), log)
	must(h, err)
	spooler, err := spool.New(st, spooling, log)
	must(h, err)
	integrations, err := integrationSettings(h.cfg)
	must(h, err)
	intake := order.NewIntake(st, orderRules(h.cfg), spool.Evidence, log)
	acks := order.NewAcks(st, log)
	h.router, err = integration.NewRouter(st, intake, acks, providers(), integrations, log)
	must(h, err)
	h.store = st
	if n := len(h.downs); n > 0 {
		h.downs[n-1].till = time.Now()
	}
	jobs, unwatch := st.Watch(store.TopicJobs)
	h.jobs = jobs
	h.commands = command.New(st, intake, spooler, device.New(st, nil, log), nil, aboutOf(h.cfg))
	parts := agent.New(log,
		agent.Part{Name: "spool", Run: spooler.Run},
		agent.Part{Name: "orders", Run: intake.Run},
		agent.Part{Name: "acknowledgements", Run: acks.Run},
	)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- parts.Run(ctx) }()
	h.halt = func() {
		h.downs = append(h.downs, mishap{printer: "agent", from: time.Now()})
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			h.Errorf("the agent ended with %v", err)
		}
		unwatch()
		must(h, st.Close())
		h.store, h.router, h.commands, h.halt = nil, nil, nil, nil
	}
}

// stop ends the agent, as the service manager does.
func (h *house) stop() {
	if h.halt != nil {
		h.halt()
	}
}

// take hands a payload over as the broker would.
func (h *house) take(payload []byte) {
	h.Helper()
	acked := false
	must(h, h.router.Order(h.Context(), payload, func() error { acked = true; return nil }))
	synctest.Wait()
	if !acked {
		h.Error("an order on a healthy disk was not acknowledged at once")
	}
}

func must(t interface {
	Helper()
	Fatal(...any)
}, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A piece is a paper that came out, with when and where.
type piece struct {
	virtual.Paper
	printer string
	at      time.Time
}

// A mishap is a fault that has happened to a printer.
type mishap struct {
	virtual.Fault
	printer    string
	from, till time.Time // till is zero while it lasts
}

// A press is one virtual printer with its line, which ends by halves as TCP does.
type press struct {
	*virtual.Printer
	name    string
	ctx     context.Context
	serving sync.WaitGroup

	mu      sync.Mutex
	pieces  []piece
	mishaps []mishap
}

func newPress(t *testing.T, name string, model profile.Profile, paper string, seed uint64) *press {
	ctx, cancel := context.WithCancel(context.Background())
	p := &press{name: name, ctx: ctx}
	p.Printer = virtual.New(model, model.Papers[paper], virtual.Options{
		Seed: seed, Speed: 100, Keep: 1,
		OnPaper: func(paper virtual.Paper) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.pieces = append(p.pieces, piece{paper, name, time.Now()})
		},
		OnFault: p.noteFault,
	})
	t.Cleanup(func() {
		cancel()
		p.serving.Wait()
		p.Close()
	})
	return p
}

func (p *press) noteFault(f virtual.Fault, state virtual.FaultState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch state {
	case virtual.Begun:
		p.mishaps = append(p.mishaps, mishap{Fault: f, printer: p.name, from: time.Now()})
	case virtual.Mended:
		for i := range p.mishaps {
			if m := &p.mishaps[i]; m.Kind == f.Kind && m.till.IsZero() {
				m.till = time.Now()
			}
		}
	}
}

// happened are the faults so far; out are the papers so far.
func (p *press) happened() []mishap {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]mishap(nil), p.mishaps...)
}

func (p *press) out() []piece {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]piece(nil), p.pieces...)
}

// open connects to the printer. One that is away ends the connection at once.
func (p *press) open() drivers.Port {
	toPrinter, fromAgent := net.Pipe()
	fromPrinter, toAgent := net.Pipe()
	near, far := &duplex{in: toAgent, out: fromAgent}, &duplex{in: toPrinter, out: fromPrinter}
	p.serving.Go(func() {
		defer far.Close()
		_ = p.ServeConn(p.ctx, far) // the agent's side hears of it when its line ends
	})
	return near
}

// A duplex is a line whose two directions end apart.
type duplex struct{ in, out net.Conn }

func (d *duplex) Read(b []byte) (int, error) {
	n, err := d.in.Read(b)
	return n, gone(err)
}

func (d *duplex) Write(b []byte) (int, error) {
	n, err := d.out.Write(b)
	return n, gone(err)
}

// gone is the end of a line as ports tell it.
func gone(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
		return fmt.Errorf("%w: %w", drivers.ErrGone, err)
	}
	return err
}

func (d *duplex) CloseWrite() error                  { return d.out.Close() }
func (d *duplex) Close() error                       { return errors.Join(d.in.Close(), d.out.Close()) }
func (d *duplex) SetReadDeadline(t time.Time) error  { return gone(d.in.SetReadDeadline(t)) }
func (d *duplex) SetWriteDeadline(t time.Time) error { return gone(d.out.SetWriteDeadline(t)) }
func (d *duplex) SetDeadline(t time.Time) error {
	return errors.Join(d.SetReadDeadline(t), d.SetWriteDeadline(t))
}
