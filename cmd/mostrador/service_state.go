package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/kardianos/service"

	"mostrador/agent/command"
)

// A serviceState is what service status --json answers.
type serviceState struct {
	Service string `json:"service"`
	// State is running, stopped, failed, not-installed or unknown. A service
	// that ends by itself and is started again and again has failed.
	State   string `json:"state"`
	Manager string `json:"manager"`
	// Restarts counts how often the manager has started it again by itself
	// since somebody started it. Only systemd tells.
	Restarts int    `json:"restarts,omitempty"`
	Cause    string `json:"cause,omitempty"`
}

func (a *app) serviceStatus() error {
	s, err := a.newService()
	if err != nil {
		return err
	}
	state := stateOf(s)
	state.Manager = s.Platform()
	if err := a.show(state, state.write); err != nil {
		return err
	}
	switch state.State {
	case "running":
		return nil
	case "not-installed":
		return &exitError{code: exitNotFound}
	default:
		return &exitError{code: exitNotRunning}
	}
}

func (s serviceState) write(w io.Writer) {
	fmt.Fprintf(w, "%s: %s (%s)\n", s.Service, s.State, s.Manager)
	if s.Restarts > 0 {
		fmt.Fprintf(w, "It ended by itself and was started again: %s.\n", count(s.Restarts, "time"))
	}
	if s.Cause != "" {
		fmt.Fprintln(w, s.Cause)
	}
}

// stateOf asks the manager of this machine's services.
func stateOf(s service.Service) serviceState {
	if s.Platform() == "linux-systemd" {
		out, err := exec.Command("systemctl", "show", "--property=LoadState,ActiveState,SubState,NRestarts", serviceName+".service").CombinedOutput()
		if err != nil {
			return serviceState{Service: serviceName, State: "unknown", Cause: strings.TrimSpace(string(out))}
		}
		return systemdState(string(out))
	}
	return stateFrom(s.Status())
}

// systemdState reads what systemctl show tells of a unit. The library takes a
// service that fails over and over for a running one, and one that is about to
// stop for none.
func systemdState(shown string) serviceState {
	properties := map[string]string{}
	for line := range strings.Lines(shown) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		properties[name] = value
	}
	state := serviceState{Service: serviceName, State: "unknown"}
	state.Restarts, _ = strconv.Atoi(properties["NRestarts"]) // older ones than 235 do not tell
	active, sub := properties["ActiveState"], properties["SubState"]
	switch {
	case properties["LoadState"] == "not-found" && active != "active":
		state.State = "not-installed"
	case active == "failed" || sub == "auto-restart" || sub == "auto-restart-queued":
		state.State, state.Cause = "failed", logHint()
	case active == "active" || active == "activating" || active == "reloading":
		state.State = "running"
	case active == "inactive" || active == "deactivating":
		state.State = "stopped"
	default:
		state.Cause = fmt.Sprintf("systemd calls it %s, %s", active, sub)
	}
	return state
}

// stateFrom is the state by what the library tells.
func stateFrom(status service.Status, err error) serviceState {
	state := serviceState{Service: serviceName, State: "unknown"}
	switch {
	case errors.Is(err, service.ErrNotInstalled):
		state.State = "not-installed"
	case err != nil:
		state.Cause = err.Error()
	case status == service.StatusRunning:
		state.State = "running"
	case status == service.StatusStopped:
		state.State = "stopped"
	}
	return state
}

// logHint says where the log of the service is.
func logHint() string {
	switch runtime.GOOS {
	case "linux":
		return "journalctl -u mostrador shows why"
	case "windows":
		return "mostrador.log in the data folder shows why"
	default:
		return "its log in /usr/local/var/log shows why"
	}
}

// How long a daemon may take until it answers, and how often it is asked. The
// longest part is opening a large store.
const (
	answerTimeout = 20 * time.Second
	answerPause   = 100 * time.Millisecond
)

// errNoAnswer: the service was started, and nothing works.
var errNoAnswer = errors.New("the service was started and does not answer")

// awaitDaemon returns when the daemon answers that runs by this configuration,
// or when its service has ended by itself twice.
func (a *app) awaitDaemon(ctx context.Context, s service.Service) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	for {
		err := a.askDaemon(ctx)
		if err == nil {
			return nil
		}
		if state := stateOf(s); state.State == "failed" && state.Restarts > 0 {
			return fmt.Errorf("%w: it ends by itself; %s", errNoAnswer, logHint())
		}
		select {
		case <-time.After(answerPause):
		case <-ctx.Done():
			return fmt.Errorf("%w (%w); %s", errNoAnswer, err, logHint())
		}
	}
}

func (a *app) askDaemon(ctx context.Context) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	return client.Get(ctx, "/v1/about", &command.About{})
}
