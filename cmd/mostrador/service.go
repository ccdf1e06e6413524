package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/kardianos/service"
	"github.com/spf13/cobra"

	"mostrador/agent"
)

const serviceName = "mostrador"

// serviceConfig describes the service to whatever manages services here.
// executable runs with arguments; dataDir is written to.
func serviceConfig(executable, configPath, dataDir string) *service.Config {
	arguments := []string{"-c", configPath, "run"}
	return &service.Config{
		Name:        serviceName,
		DisplayName: "Mostrador",
		Description: "Orders onto paper, sales to the cloud",
		Executable:  executable,
		Arguments:   arguments,
		Option: service.KeyValue{
			"SystemdScript": systemdUnit(executable, arguments, dataDir, filepath.Dir(configPath)),
			// launchd starts nothing at boot, and starts nothing again, unless told.
			"RunAtLoad":    true,
			"KeepAlive":    true,
			"LogOutput":    true,
			"LogDirectory": "/usr/local/var/log",
			// Windows starts nothing again unless told. It counts an end without a
			// stop as a failure, so the daemon ends itself that way.
			"OnFailure":              "restart",
			"OnFailureDelayDuration": "2s",
			"OnFailureResetPeriod":   3600,
		},
	}
}

// A controller does one thing to the service.
type controller func(context.Context, service.Service) error

// quick is a controller of what waits for nothing.
func quick(do func(service.Service) error) controller {
	return func(_ context.Context, s service.Service) error { return do(s) }
}

// answering waits until the daemon answers after something was done to its
// service. A manager calls a service started when its process is; a person
// means one that works.
func (a *app) answering(do func(service.Service) error) controller {
	return func(ctx context.Context, s service.Service) error {
		if err := do(s); err != nil {
			return err
		}
		return a.awaitDaemon(ctx, s)
	}
}

func (a *app) serviceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "service", Short: "Install Mostrador as a service of this machine, and control it", Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	verb := func(use, short, done string, checked bool, do controller) {
		cmd.AddCommand(&cobra.Command{
			Use: use, Short: short, Args: usage(cobra.NoArgs),
			RunE: func(c *cobra.Command, _ []string) error { return a.controlService(c.Context(), use, done, checked, do) },
		})
	}
	verb("install", "Install the service; it starts with the machine", "The service is installed. Start it with: mostrador service start", true, quick(a.installService))
	verb("uninstall", "Stop and remove the service; configuration and data stay", "The service is gone. Configuration and data are still there.", false, quick(uninstallService))
	verb("start", "Start the service", "The service runs.", true, a.answering(service.Service.Start))
	verb("stop", "Stop the service until the next start of the machine", "The service has stopped.", false, quick(service.Service.Stop))
	verb("restart", "Restart the service, so that it reads its configuration again", "The service runs.", true, a.answering(service.Service.Restart))
	cmd.AddCommand(&cobra.Command{
		Use: "status", Short: "Say whether the service is installed and runs", Args: usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return a.serviceStatus() },
	})
	return cmd
}

// controlService does one thing to the service. checked: only with a right
// configuration, because a service that cannot start would stand there instead.
func (a *app) controlService(ctx context.Context, verb, done string, checked bool, do controller) error {
	if runtime.GOOS != "windows" && os.Geteuid() != 0 {
		return fmt.Errorf("service %s needs the rights of an administrator: sudo mostrador service %s", verb, verb)
	}
	if checked {
		if _, err := a.loadConfig(); err != nil {
			return err
		}
	}
	s, err := a.newService()
	if err != nil {
		return err
	}
	if verb != "install" && stateOf(s).State == "not-installed" {
		return errNotInstalled // the library does not tell why systemctl refuses
	}
	if err := do(ctx, s); err != nil {
		return serviceError(verb, err)
	}
	return a.show(map[string]string{"service": serviceName, "done": verb}, func(w io.Writer) { fmt.Fprintln(w, done) })
}

// newService finds the manager of this machine's services.
func (a *app) newService() (service.Service, error) {
	if runtime.GOOS == "linux" && service.Platform() != "linux-systemd" {
		return nil, fmt.Errorf("this machine is not run by systemd: let its own service manager start mostrador -c %s run", a.configPath)
	}
	executable, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	path, err := filepath.Abs(a.configPath)
	if err != nil {
		return nil, fmt.Errorf("find the configuration: %w", err)
	}
	dataDir := ""
	if cfg, err := a.parseConfig(); err == nil {
		dataDir = cfg.Terminal.DataDir
	}
	s, err := service.New(nil, serviceConfig(executable, path, dataDir))
	if err != nil {
		return nil, fmt.Errorf("find the service manager: %w", err)
	}
	return s, nil
}

func (a *app) installService(s service.Service) error {
	if runtime.GOOS == "linux" {
		executable, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
		if err := reachable(executable); err != nil {
			return err
		}
		if err := addServiceUser("/"); err != nil {
			return err
		}
		if cfg, err := a.parseConfig(); err == nil {
			if err := handOver(cfg.Terminal.DataDir); err != nil {
				return err
			}
		}
		if err := usableForService(executable, a.configPath); err != nil {
			return err
		}
	}
	return s.Install()
}

// usableForService lets the service's user check the configuration: it must be
// able to read the file, and the secrets that it names.
func usableForService(executable, configPath string) error {
	out, err := exec.Command("runuser", "-u", serviceName, "--", executable, "-c", configPath, "config", "check").CombinedOutput()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil // a system without it; the log of the service will tell
	case err != nil:
		return fmt.Errorf("the service runs as the user %s, who cannot use the configuration:\n%s", serviceName, strings.TrimSpace(string(out)))
	}
	return nil
}

// reachable says whether a service user may run a program where it lies.
func reachable(executable string) error {
	for path := executable; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
		if info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("%s is closed to other users, and the service runs as one: put mostrador into /usr/local/bin first", path)
		}
		if path == filepath.Dir(path) {
			return nil
		}
	}
}

func uninstallService(s service.Service) error {
	if status, _ := s.Status(); status == service.StatusRunning {
		if err := s.Stop(); err != nil {
			return fmt.Errorf("stop the service first: %w", err)
		}
	}
	return s.Uninstall()
}

// errNotInstalled is the answer to every verb but install where there is no
// service.
var errNotInstalled = &exitError{exitNotFound, errors.New("the service is not installed: mostrador service install")}

// serviceError says what a person can do about what a service manager said.
func serviceError(verb string, err error) error {
	switch {
	case errors.Is(err, errNoAnswer):
		return err
	case errors.Is(err, service.ErrNotInstalled):
		return errNotInstalled
	case strings.Contains(err.Error(), "already exists"):
		return errors.New("the service is installed already: mostrador service uninstall removes it")
	case errors.Is(err, os.ErrPermission), strings.Contains(err.Error(), "Access is denied"):
		return fmt.Errorf("service %s needs the rights of an administrator: %w", verb, err)
	}
	return fmt.Errorf("service %s: %w; %s", verb, err, logHint())
}

// runAsService runs the daemon as the platform's service manager wants it.
// Windows has a protocol for that; elsewhere a service is a program that ends
// on SIGTERM, which has ended ctx then.
func runAsService(ctx context.Context, run func(context.Context) error) error {
	if runtime.GOOS != "windows" || service.Interactive() {
		return run(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &windowsProgram{ctx: ctx, cancel: cancel, run: run, done: make(chan error, 1), exit: os.Exit}
	s, err := service.New(p, &service.Config{Name: serviceName})
	if err != nil {
		return fmt.Errorf("speak with the service manager: %w", err)
	}
	return s.Run()
}

// windowsProgram is the daemon under the Windows service manager, which calls
// Start and Stop and expects both to return soon.
type windowsProgram struct {
	ctx    context.Context
	cancel context.CancelFunc
	run    func(context.Context) error
	done   chan error
	exit   func(code int)
}

// Start lets the daemon run. One that ends unasked takes the process with it:
// only so does the manager start it again.
func (p *windowsProgram) Start(service.Service) error {
	go func() {
		err := p.run(p.ctx)
		if p.ctx.Err() == nil {
			p.exit(exitFailed)
		}
		p.done <- err
	}()
	return nil
}

// Stop ends the daemon and waits for it: the supervisor bounds how long that
// takes.
func (p *windowsProgram) Stop(service.Service) error {
	p.cancel()
	select {
	case err := <-p.done:
		return err
	case <-timeAfterStop():
		return fmt.Errorf("the daemon did not stop within %s", agent.StopTimeout)
	}
}
