package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"mostrador/agent"
	"mostrador/agent/command"
	"mostrador/agent/config"
	"mostrador/agent/integration"
	"mostrador/agent/uplink"
	"mostrador/store"
)

// A host is the process that a daemon lives in, as far as the daemon may ask
// something of it. The zero value grants nothing.
type host struct {
	// configPath is the file that the daemon runs by, and that the cloud may
	// replace.
	configPath string
	// restart has the daemon stop in order and a new one start; it returns at once.
	restart func(why string)
	level   *slog.LevelVar
	tail    *logTail
}

// A restartError ends a daemon that is to start again.
type restartError struct{ why string }

func (e *restartError) Error() string { return "starting again " + e.why }

// downlink is where everything goes that comes down.
type downlink struct {
	*integration.Router
	*command.Desk
}

// machine is what the desk may ask of the host and of the parts.
func (h host) machine(line *uplink.Uplink, parts func() []agent.Status) command.Machine {
	m := command.Machine{
		Restart:   h.restart,
		Up:        func() (bool, string) { return isUp(line.Status(), parts()) },
		CloudTime: func(now store.Moment) (time.Time, bool) { return cloudTime(line.Status().ServerClock, now) },
	}
	if h.level != nil {
		m.SetLogLevel = h.level.Set
	}
	return m
}

// cloudTime is the time by the backend's clock, where that was compared with the
// terminal's in this boot.
func cloudTime(c *uplink.ServerClock, now store.Moment) (time.Time, bool) {
	if c == nil || c.At.Boot != now.Boot {
		return time.Time{}, false
	}
	return c.Time.Add(now.Uptime - c.At.Uptime), true
}

// isUp reports whether an agent works and is connected.
func isUp(line uplink.Status, parts []agent.Status) (ok bool, why string) {
	for _, p := range parts {
		if p.State == agent.Failing || p.State == agent.Hanging {
			return false, fmt.Sprintf("%s is %s: %s", p.Name, p.State, p.LastError)
		}
	}
	if !line.Connected {
		why := "not connected"
		if line.LastError != "" {
			why += ": " + line.LastError
		}
		return false, why
	}
	return true, ""
}

// configState is what the state message tells of pushed configurations.
func configState(d *command.Desk) *uplink.ConfigState {
	desired, reported, result, edited, ok := d.ConfigState()
	if !ok {
		return nil
	}
	return &uplink.ConfigState{Desired: desired, Reported: reported, Result: result, Edited: edited}
}

// sources are what only the composition knows of the agent, for the doctor.
func (h host) sources(cfg *config.Config, line *uplink.Uplink, parts func() []agent.Status) []command.Source {
	all := []command.Source{
		{Name: "parts.json", Read: func() (any, error) { return parts(), nil }, Check: func() []command.Check { return checkParts(parts()) }},
		{Name: "mostrador.toml", Read: func() (any, error) { return config.Show(cfg), nil }, Check: func() []command.Check { return checkLine(line.Status()) }},
	}
	if h.tail != nil {
		all = append(all, command.Source{Name: "log.txt", Read: func() (any, error) { return h.tail.text(), nil }})
	}
	return all
}

func checkParts(parts []agent.Status) (out []command.Check) {
	for _, p := range parts {
		if p.State == agent.Failing || p.State == agent.Hanging {
			out = append(out, command.Check{Name: "parte " + p.Name, State: command.Fault,
				Text: fmt.Sprintf("%s: %s", p.State, p.LastError), Advice: "mostrador service restart; si sigue igual, mande a soporte el archivo de mostrador doctor --bundle"})
		}
	}
	return out
}

func checkLine(s uplink.Status) (out []command.Check) {
	check := command.Check{Name: "nube", State: command.Fine, Text: "conectado a " + s.Broker}
	switch {
	case s.Broker == "":
		check.State, check.Text, check.Advice = command.Warning, "no hay corredor configurado", "Escriba broker en [uplink], o siga sin nube"
	case !s.Connected:
		check.State, check.Text, check.Advice = command.Fault, "sin conexión: "+s.LastError, s.Advice
	}
	out = append(out, check)
	for _, n := range s.Notices {
		out = append(out, command.Check{Name: "nube", State: command.Warning, Text: n})
	}
	if n := len(s.Withheld); n > 0 {
		x := s.Withheld[0]
		out = append(out, command.Check{Name: "nube", State: command.Warning, Advice: withheldAdvice,
			Text: fmt.Sprintf("%d eventos son demasiado grandes para el corredor y quedan aquí; el primero: %s %d (%s, %d bytes)", n, x.Stream, x.Sequence, x.Type, x.Bytes)})
	}
	return out
}

// tailSize is how much of the log the doctor gets, in bytes.
const tailSize = 64 << 10

// A logTail keeps the end of what is written to it.
type logTail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *logTail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if extra := len(t.kept) - tailSize; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	return len(p), nil
}

// text is what is kept, from the first whole line on.
func (t *logTail) text() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := bytes.Clone(t.kept)
	if first := bytes.IndexByte(out, '\n'); len(out) == tailSize && first >= 0 {
		out = out[first+1:]
	}
	return out
}

// daemons runs one daemon after the other, each by the configuration as it is
// when that starts.
type daemons struct {
	app   *app
	log   *slog.Logger
	level *slog.LevelVar
	tail  *logTail
	begin slog.Level // of each daemon
}

// newDaemons reads where the log goes to from the configuration.
func (a *app) newDaemons(cfg *config.Config, level slog.Level) *daemons {
	d := &daemons{app: a, level: new(slog.LevelVar), tail: &logTail{}, begin: level}
	d.level.Set(level)
	to := io.MultiWriter(a.logWriter(cfg.Terminal.DataDir), d.tail)
	d.log = slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: d.level}))
	return d
}

// run lives until ctx ends, or a daemon ends by itself.
func (d *daemons) run(ctx context.Context) error {
	for {
		again, err := d.once(ctx)
		if err != nil || !again {
			return err
		}
	}
}

// once runs one daemon, and reports whether another is to follow. A file that
// is on trial and does not even start is taken back.
func (d *daemons) once(ctx context.Context) (again bool, err error) {
	d.level.Set(d.begin)
	cfg, trial, err := d.app.startConfig()
	if err != nil {
		return false, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	running, err := start(cfg, host{
		configPath: d.app.configPath, level: d.level, tail: d.tail,
		restart: func(why string) {
			d.log.Info("mostrador starts again", "why", why)
			stop(&restartError{why})
		},
	}, d.log)
	if err != nil && trial != nil {
		d.log.Error("the configuration on trial does not start", "version", trial.Version, "error", err)
		return true, config.RollBack(d.app.configPath, "it does not start: "+err.Error())
	}
	if err != nil {
		return false, err
	}
	restore := boundMemory()
	err = running.run(ctx)
	restore()
	d.log.Info("mostrador has stopped", "error", err)
	_, again = errors.AsType[*restartError](context.Cause(ctx))
	return again && err == nil, err
}

// startConfig reads the configuration for a start: one that is on trial is
// counted, and taken back where it cannot even be read.
func (a *app) startConfig() (*config.Config, *config.Trial, error) {
	trial, trialErr := config.StartTrial(a.configPath)
	cfg, err := a.loadConfig()
	if err != nil && trial != nil {
		if back := config.RollBack(a.configPath, err.Error()); back != nil {
			return nil, nil, errors.Join(err, back)
		}
		cfg, err = a.loadConfig()
		return cfg, nil, err
	}
	return cfg, trial, errors.Join(err, trialErr)
}
