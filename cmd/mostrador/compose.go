package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"mostrador/agent"
	"mostrador/agent/command"
	"mostrador/agent/config"
	"mostrador/agent/device"
	"mostrador/agent/integration"
	"mostrador/agent/order"
	"mostrador/agent/spool"
	"mostrador/agent/uplink"
	"mostrador/agent/web"
	"mostrador/drivers"
	"mostrador/store"
)

// A daemon is the whole agent, assembled and not started.
type daemon struct {
	store      *store.Store
	supervisor *agent.Supervisor
	commands   *command.Commands
}

// assemble opens the store of a configuration and wires the parts over it.
func assemble(cfg *config.Config, ports []drivers.Scheme, h host, log *slog.Logger) (*daemon, error) {
	path, err := prepareDataDir(cfg.Terminal.DataDir)
	if err != nil {
		return nil, err
	}
	options := storeOptions(cfg)
	options.Log = log.With("part", "store")
	st, err := store.Open(path, options)
	if err != nil {
		return nil, whyClosed(err, cfg.Terminal.DataDir)
	}
	d, err := wire(cfg, ports, h, st, log)
	if err != nil {
		st.Close()
		return nil, err
	}
	return d, nil
}

func storeOptions(cfg *config.Config) store.Options {
	return store.Options{
		Identity: cfg.Terminal.Store + "/" + cfg.Terminal.ID,
		MaxSize:  int64(cfg.Buffer.MaxSize),
		Machine:  machineMarks(),
	}
}

// wire makes the parts, lowest first: each is stopped before those that it
// leans on.
func wire(cfg *config.Config, ports []drivers.Scheme, h host, st *store.Store, log *slog.Logger) (*daemon, error) {
	part := func(name string) *slog.Logger { return log.With("part", name) }
	open := opener(ports)

	spooling, err := spoolSettings(cfg, open, part("spool"))
	if err != nil {
		return nil, err
	}
	followPrinters(&spooling, st, part("spool"))
	spooler, err := spool.New(st, spooling, part("spool"))
	if err != nil {
		return nil, err
	}
	integrations, err := integrationSettings(cfg)
	if err != nil {
		return nil, err
	}
	intake := order.NewIntake(st, orderRules(cfg), spool.Evidence, part("orders"))
	acks := order.NewAcks(st, part("orders"))
	router, err := integration.NewRouter(st, intake, acks, providers(), integrations, part("integrations"))
	if err != nil {
		return nil, err
	}
	listened, err := deviceConfigs(cfg, open, st, intake)
	if err != nil {
		return nil, err
	}
	devices := device.New(st, listened, part("devices"))
	cloud, err := uplinkSettings(cfg)
	if err != nil {
		return nil, err
	}
	down := &downlink{Router: router}
	cloud.Config = func() *uplink.ConfigState { return configState(down.Desk) }
	shared, err := takeStoreOrders(cfg, &cloud, st, router, acks, part("store orders"))
	if err != nil {
		return nil, err
	}
	line := uplink.New(cloud, st, down, part("uplink"))
	commands := command.New(st, intake, spooler, devices, cloudLine{line, shared}, aboutOf(cfg))
	d := &daemon{store: st, commands: commands}
	parts := func() []agent.Status { return d.supervisor.Status() }
	commands.Knows(append(h.sources(cfg, line, parts), sharedSource(shared))...)
	machine := h.machine(line, parts)
	commands.Runs(machine)
	if h.configPath != "" {
		tried := func(e *uplink.LineError) {
			part("pairing").Warn("pairing goes on", "reason", e.What, "advice", e.Advice)
		}
		commands.Pairs(pairingOf(h.configPath, tried, command.PutOnTrial(cfg)))
	}
	down.Desk = command.NewDesk(commands, acks, machine,
		command.Configuration{Path: h.configPath, Running: cfg, Known: known(ports)}, part("commands"))
	server := web.New(commands, cfg.Terminal.DataDir, part("web"))
	d.supervisor = agent.New(log,
		agent.Part{Name: "store", Run: func(ctx context.Context) error { return keepWriting(ctx, st, part("store")) }},
		agent.Part{Name: "spool", Run: spooler.Run},
		agent.Part{Name: "orders", Run: intake.Run},
		agent.Part{Name: "acknowledgements", Run: acks.Run},
		agent.Part{Name: "store orders", Run: shared.run},
		agent.Part{Name: "devices", Run: devices.Run},
		agent.Part{Name: "commands", Run: down.Desk.Run},
		agent.Part{Name: "uplink", Run: line.Run},
		agent.Part{Name: "web", Run: server.Run},
	)
	return d, nil
}

// aboutOf says which agent a configuration makes.
func aboutOf(cfg *config.Config) command.About {
	return command.About{
		Version: version, Store: cfg.Terminal.Store, Terminal: cfg.Terminal.ID,
		Currency: cfg.Terminal.Currency, Locale: cfg.Terminal.Locale, Timezone: cfg.Terminal.Timezone,
		Location: cfg.Terminal.Location(), DayStarts: time.Duration(cfg.Terminal.BusinessDayStarts) * time.Minute,
	}
}

// recoverEvery is how often a store that holds something in memory tries to
// write it.
const recoverEvery = 3 * time.Second

// tellEvery is how often the log says at most that it still cannot.
const tellEvery = time.Minute

// compactEvery is how often the store is looked at for space to give back.
const compactEvery = time.Minute

// keepWriting writes what a full disk has kept in memory, and has the store take
// everything again, as soon as it can. It also gives back to the disk what has
// become free.
func keepWriting(ctx context.Context, st *store.Store, log *slog.Logger) error {
	changed, stop := st.Watch(store.TopicHealth)
	defer stop()
	var again <-chan time.Time // runs on whatever changes meanwhile
	var told time.Time
	compact := time.NewTicker(compactEvery)
	defer compact.Stop()
	for {
		if h := st.Health(); again == nil && (h.InMemory || h.Full) {
			again = time.After(recoverEvery)
		}
		select {
		case <-changed:
		case <-again:
			again = nil
			if err := st.Recover(); err != nil && time.Since(told) >= tellEvery {
				told = time.Now()
				log.Error("orders are held in memory: the disk is full; make room on it", "error", err)
			}
		case <-compact.C:
			if err := st.CompactIfDue(ctx); err != nil && ctx.Err() == nil {
				log.Warn("the store keeps more of the disk than it needs", "error", err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A portOpener gives the function that reaches the hardware behind a port URL.
type portOpener func(port string) func(context.Context) (drivers.Port, error)

func opener(ports []drivers.Scheme) portOpener {
	return func(port string) func(context.Context) (drivers.Port, error) {
		return func(ctx context.Context) (drivers.Port, error) {
			u, err := drivers.ParseAddress(port)
			if err != nil {
				return nil, err
			}
			for _, s := range ports {
				if s.Name == u.Scheme {
					return s.Open(ctx, u)
				}
			}
			return nil, fmt.Errorf("port %s: this build knows no %s://", port, u.Scheme)
		}
	}
}
