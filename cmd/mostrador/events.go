package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mostrador/agent/web"
	"mostrador/store"
)

func (a *app) eventsCommand() *cobra.Command {
	p, follow := page{}, false
	cmd := &cobra.Command{
		Use: "events", Short: "What happened: orders, tickets, printers, devices and people; --follow goes on", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := a.client()
			if err != nil {
				return err
			}
			if follow {
				return a.followEvents(c.Context(), client)
			}
			return a.listEvents(c.Context(), client, p)
		},
	}
	p.flags(cmd)
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "tell each thing as it happens, until Ctrl-C; with --json one line each")
	return cmd
}

// listEvents shows the newest events, the last one at the end.
func (a *app) listEvents(ctx context.Context, client *web.Client, p page) error {
	var entries []store.Entry
	if err := client.Get(ctx, "/v1/events"+p.query(nil), &entries); err != nil {
		return exitOf(err)
	}
	return a.show(entries, func(w io.Writer) {
		if len(entries) == 0 {
			fmt.Fprintln(w, "Todavía no ha pasado nada.")
		}
		for i := len(entries) - 1; i >= 0; i-- {
			fmt.Fprintln(w, a.eventLine(entries[i]))
		}
	})
}

func (a *app) followEvents(ctx context.Context, client *web.Client) error {
	err := client.Events(ctx, nil, func(e store.Entry) error {
		if a.json {
			return json.NewEncoder(a.stdout).Encode(e)
		}
		_, err := fmt.Fprintln(a.stdout, a.eventLine(e))
		return err
	})
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil // Ctrl-C is how this ends
	}
	return exitOf(err)
}

// eventLine is one event as people read it: when, how bad, what.
func (a *app) eventLine(e store.Entry) string {
	sign := map[store.Severity]string{store.Warning: "aviso  ", store.Alarm: "ALARMA "}[e.Severity]
	return fmt.Sprintf("%s  %s%s", e.At.Wall.In(a.terminal.Location()).Format("02/01 15:04:05"), sign, printable(e.Text))
}
