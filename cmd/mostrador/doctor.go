package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"mostrador/agent/command"
	"mostrador/agent/config"
	"mostrador/agent/web"
)

func (a *app) doctorCommand() *cobra.Command {
	bundle := ""
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look at everything that can be wrong here, and pack it for support", Args: usage(cobra.NoArgs),
		Long: "Look at everything that can be wrong with this terminal, and say what to do about it.\n" +
			"It ends with 1 where something is at fault. The file of --bundle holds no secrets, and no names,\n" +
			"addresses or orders of customers.",
		RunE: func(c *cobra.Command, _ []string) error { return a.doctor(c.Context(), bundle) },
	}
	cmd.Flags().StringVar(&bundle, "bundle", "", "write what support needs into this `FILE` (ZIP)")
	return cmd
}

func (a *app) doctor(ctx context.Context, bundle string) error {
	checks, packed, err := a.examine(ctx, bundle != "")
	if err != nil {
		return err
	}
	if bundle != "" {
		if err := os.WriteFile(bundle, packed.Base64, 0o600); err != nil {
			return fmt.Errorf("write the bundle: %w", err)
		}
	}
	if err := a.show(checks, func(w io.Writer) { writeChecks(w, checks, bundle) }); err != nil {
		return err
	}
	for _, c := range checks {
		if c.State == command.Fault {
			return &exitError{code: exitFailed}
		}
	}
	return nil
}

// examine asks the daemon, or, where none answers, looks at what can be seen
// without it.
func (a *app) examine(ctx context.Context, pack bool) (checks []command.Check, packed *command.Bundle, err error) {
	client, err := a.client()
	if err == nil {
		err = client.Get(ctx, "/v1/doctor", &checks)
	}
	if err == nil && pack {
		err = client.Get(ctx, "/v1/doctor/bundle", &packed)
	}
	if err == nil || errors.Is(err, os.ErrPermission) {
		return checks, packed, exitOf(err)
	}
	checks = a.withoutDaemon(err)
	if pack {
		packed, err = command.Pack(ctx, "mostrador.zip", a.offlineSources(checks)...)
		return checks, packed, err
	}
	return checks, nil, nil
}

// withoutDaemon is what can be said when no daemon answers.
func (a *app) withoutDaemon(cause error) []command.Check {
	checks := []command.Check{{Name: "configuración", State: command.Fine, Text: a.configPath}}
	if _, err := a.loadConfig(); err != nil {
		checks[0] = command.Check{Name: "configuración", State: command.Fault, Text: err.Error(), Advice: "mostrador config check"}
	}
	agent := command.Check{Name: "agente", State: command.Fault, Text: cause.Error()}
	if errors.Is(cause, web.ErrNotRunning) {
		agent.Text, agent.Advice = "no está en marcha", "mostrador service start"
	}
	if checks[0].State == command.Fine || errors.Is(cause, web.ErrNotRunning) {
		checks = append(checks, agent)
	}
	return checks
}

func (a *app) offlineSources(checks []command.Check) []command.Source {
	return []command.Source{
		{Name: "about.json", Read: func() (any, error) { return map[string]string{"version": version}, nil }},
		{Name: "doctor.json", Read: func() (any, error) { return checks, nil }},
		{Name: "mostrador.toml", Read: func() (any, error) {
			cfg, err := a.parseConfig()
			if err != nil {
				return nil, err
			}
			return config.Show(cfg), nil
		}},
	}
}

func writeChecks(w io.Writer, checks []command.Check, bundle string) {
	rows := make([]string, 0, len(checks))
	for _, c := range checks {
		rows = append(rows, row(checkWord(c.State), c.Name, c.Text))
		if c.Advice != "" {
			rows = append(rows, row("", "", "→ "+c.Advice))
		}
	}
	table(w, "No hay nada que revisar.", "ESTADO\tQUÉ\tDETALLE", rows)
	if bundle != "" {
		fmt.Fprintf(w, "Para soporte: %s\n", printable(bundle))
	}
}

func checkWord(s command.CheckState) string {
	switch s {
	case command.Fine:
		return "bien"
	case command.Warning:
		return "atención"
	}
	return "FALLA"
}
