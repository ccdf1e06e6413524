package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mostrador/agent/uplink"
)

func (a *app) uplinkCommand() *cobra.Command {
	line := &cobra.Command{Use: "uplink", Short: "The line to the cloud", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	line.AddCommand(&cobra.Command{
		Use: "status", Short: "Say how the line stands and what waits for it", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.showUplink(c) },
	})
	return line
}

func (a *app) showUplink(c *cobra.Command) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	var s uplink.Status
	if err := client.Get(c.Context(), "/v1/uplink", &s); err != nil {
		return exitOf(err)
	}
	return a.show(s, func(w io.Writer) { a.writeUplink(w, s) })
}

func (a *app) writeUplink(w io.Writer, s uplink.Status) {
	switch {
	case s.Broker == "":
		fmt.Fprintln(w, "Sin corredor configurado ([uplink] broker): todo queda en este terminal.")
	case s.Connected:
		fmt.Fprintf(w, "Conectado a %s desde %s\n", printable(s.Broker), a.when(s.Since))
	default:
		fmt.Fprintf(w, "Sin conexión con %s: %s\n", printable(s.Broker), printable(s.LastError))
		if s.Advice != "" {
			fmt.Fprintln(w, " ", printable(s.Advice))
		}
	}
	rows := make([]string, len(s.Waiting))
	for i, x := range s.Waiting {
		rows[i] = row(x.Stream, x.Count, orDash(a.when(x.Oldest)))
	}
	table(w, "No espera nada.", "FLUJO\tESPERAN\tDESDE", rows)
	for _, n := range s.Notices {
		fmt.Fprintln(w, "Aviso:", printable(n))
	}
}
