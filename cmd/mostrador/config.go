package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	_ "time/tzdata" // Windows and small terminals have no data base of time zones

	"github.com/spf13/cobra"

	"mostrador/agent/config"
	"mostrador/agent/spool/ticket"
	"mostrador/drivers"
	"mostrador/drivers/serialport"
	"mostrador/printer/profile"
)

// defaultConfigPath is where the platform keeps the configuration.
func defaultConfigPath() string {
	switch runtime.GOOS {
	case "windows":
		root := os.Getenv("ProgramData")
		if root == "" {
			root = `C:\ProgramData`
		}
		return filepath.Join(root, "Mostrador", "mostrador.toml")
	case "darwin", "freebsd":
		return "/usr/local/etc/mostrador/mostrador.toml"
	default:
		return "/etc/mostrador/mostrador.toml"
	}
}

// loadConfig reads the configuration that -c names, and checks every file that
// it names.
func (a *app) loadConfig() (*config.Config, error) {
	return a.explain(func() (*config.Config, error) { return config.Load(a.configPath, known(schemes())) })
}

// explain says what a person can do when the configuration cannot be read.
func (a *app) explain(read func() (*config.Config, error)) (*config.Config, error) {
	cfg, err := read()
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("there is no configuration %s: write one, or name another with -c FILE", a.configPath)
	case errors.Is(err, os.ErrPermission):
		return nil, notAllowed(err)
	}
	if faults, ok := errors.AsType[*config.Faults](err); ok {
		return nil, fmt.Errorf("the configuration has %s:\n%w", count(len(faults.List), "fault"), faults)
	}
	return cfg, err
}

// parseConfig reads the configuration and nothing that it names: enough to find
// the daemon, also for a person who may not read its secrets.
func (a *app) parseConfig() (*config.Config, error) {
	return a.explain(func() (*config.Config, error) {
		src, err := os.ReadFile(a.configPath)
		if err != nil {
			return nil, err
		}
		return config.Parse(a.configPath, src, known(schemes()))
	})
}

// known is what a configuration may name in this build, with ports as the ways
// to reach hardware.
func known(ports []drivers.Scheme) config.Known {
	k := config.Known{
		Schemes:  map[string]func(*url.URL) error{},
		Address:  drivers.ParseAddress,
		Profiles: map[string][]string{},
		Drivers:  map[string]func(config.Device) error{},

		Advise: stableName("/"), Templates: ticket.CheckTemplates, Logo: ticket.CheckLogo,
	}
	for _, scheme := range ports {
		k.Schemes[scheme.Name] = scheme.Check
	}
	for _, name := range profile.Names() {
		model, _ := profile.Lookup(name)
		k.Profiles[name] = slices.Sorted(maps.Keys(model.Papers))
	}
	for _, provider := range providers() {
		k.Providers = append(k.Providers, provider.Name())
	}
	for name, driver := range deviceDrivers() {
		k.Drivers[name] = func(d config.Device) error {
			_, err := driver(d)
			return err
		}
	}
	return k
}

// stableName recommends the name of a serial adapter that stays the same; root is
// the folder that sys and dev are in.
func stableName(root string) func(*url.URL) (problem, mend string) {
	return func(u *url.URL) (problem, mend string) {
		if u.Scheme != "serial" {
			return "", ""
		}
		better := serialport.Stable(root, u.Path)
		if better == "" {
			return "", ""
		}
		stays := *u
		stays.Path = better
		return u.Path + " may be another adapter after the next start", "write " + stays.String()
	}
}

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Short: "Check and show the configuration", Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "check", Short: "Say everything that is wrong with the configuration, line by line", Args: usage(cobra.NoArgs),
			RunE: func(*cobra.Command, []string) error { return a.checkConfig() },
		},
		&cobra.Command{
			Use: "show", Short: "Show the configuration in effect, with its defaults and without secrets", Args: usage(cobra.NoArgs),
			RunE: func(*cobra.Command, []string) error { return a.showConfig() },
		},
		&cobra.Command{
			Use: "schema", Short: "Write the JSON Schema of the configuration, for editors", Args: usage(cobra.NoArgs),
			RunE: func(*cobra.Command, []string) error {
				_, err := a.stdout.Write(config.Schema(known(schemes())))
				return err
			},
		},
	)
	return cmd
}

// A checkResult is what config check --json answers.
type checkResult struct {
	File     string         `json:"file"`
	OK       bool           `json:"ok"`
	Faults   []config.Fault `json:"faults"`
	Warnings []config.Fault `json:"warnings"`
}

func (a *app) checkConfig() error {
	cfg, err := a.loadConfig()
	result := checkResult{File: a.configPath, OK: err == nil, Faults: []config.Fault{}, Warnings: []config.Fault{}}
	if faults, ok := errors.AsType[*config.Faults](err); ok {
		result.Faults = faults.List
	} else if err != nil {
		return err
	}
	if cfg != nil {
		result.Warnings = append(result.Warnings, cfg.Warnings...)
	}
	err = a.show(result, result.write)
	if err == nil && !result.OK {
		return &exitError{code: exitFailed}
	}
	return err
}

func (r checkResult) write(w io.Writer) {
	for _, fault := range r.Faults {
		fmt.Fprintf(w, "%s:%s\n", r.File, fault)
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(w, "%s:%s (a warning)\n", r.File, warning)
	}
	if r.OK {
		fmt.Fprintf(w, "%s is right.\n", r.File)
		return
	}
	fmt.Fprintf(w, "%s in %s.\n", count(len(r.Faults), "fault"), r.File)
}

func (a *app) showConfig() error {
	cfg, err := a.parseConfig()
	if err != nil {
		return err
	}
	return a.show(config.Effective(cfg), func(w io.Writer) { w.Write(config.Show(cfg)) })
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
