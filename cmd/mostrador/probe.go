package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"mostrador/agent/spool"
	"mostrador/printer"
	"mostrador/printer/profile"
	"mostrador/store"
)

// probeTime bounds a probe: opening the port, and asking what is there.
const probeTime = 20 * time.Second

func (a *app) probeCommand() *cobra.Command {
	port := ""
	cmd := &cobra.Command{
		Use: "probe [PRINTER]", Short: "Find out what a printer answers, without printing: one of the configuration, or --port URL",
		Args: usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if (port == "") == (len(args) == 0) {
				return wrongUse("name a printer of the configuration, or give --port URL")
			}
			if port != "" {
				return a.probe(c.Context(), port, profile.Auto().Answers)
			}
			return a.probeNamed(c.Context(), args[0])
		},
	}
	cmd.Flags().StringVar(&port, "port", "", "the port's `URL`, such as tcp://192.168.1.50:9100")
	return cmd
}

// probeNamed asks the running agent, which holds the port; without one, the
// printer itself.
func (a *app) probeNamed(ctx context.Context, name string) error {
	cfg, err := a.parseConfig()
	if err != nil {
		return err
	}
	client, err := a.client()
	if err == nil {
		var s spool.State
		err = exitOf(client.Get(ctx, "/v1/printers/"+url.PathEscape(name), &s))
		if err == nil {
			return a.show(s, func(w io.Writer) { writePrinter(w, s) })
		}
	}
	if !notRunning(err) {
		return err
	}
	for _, p := range cfg.Printers {
		if p.Name == name {
			model, ok := profile.Lookup(p.Profile)
			if !ok {
				model = profile.Auto()
			}
			return a.probe(ctx, p.Port, model.Answers)
		}
	}
	return &exitError{exitNotFound, fmt.Errorf("the configuration has no printer %q", name)}
}

func (a *app) probe(ctx context.Context, port string, ask profile.Answers) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	line, err := opener(schemes())(port)(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", port, err)
	}
	defer line.Close()
	found, err := printer.Probe(ctx, line, ask)
	if err != nil {
		return fmt.Errorf("%s: %w", port, err)
	}
	return a.show(found, func(w io.Writer) { writeFindings(w, port, found) })
}

// writeFindings says what was found, and what could not be.
func writeFindings(w io.Writer, port string, f printer.Findings) {
	fmt.Fprintf(w, "%s\n  prueba   %s\n", printable(port), provesWords(store.Proof(f.Proof)))
	if says := f.Abilities.Maker + " " + f.Abilities.Model; says != " " {
		fmt.Fprintf(w, "  dice ser %s\n", printable(says))
	}
	switch f.Sure {
	case printer.Likely:
		fmt.Fprintf(w, "  modelo   %s: responde como ese modelo\n", f.Profile)
	case printer.Claimed:
		fmt.Fprintf(w, "  modelo   dice ser %s, pero no responde como ese modelo: será un clon; mire su papel y sus letras\n", f.Profile)
	}
	if f.Known {
		fmt.Fprintf(w, "  ahora    %s\n", spool.ConditionWords(f.Condition))
	}
	for _, gap := range f.Open {
		fmt.Fprintf(w, "  falta    %s\n", gapWords(gap))
	}
}

func gapWords(g printer.Gap) string {
	words, ok := map[printer.Gap]string{
		printer.GapSilent:   "no responde nada: no se sabe nada de ella",
		printer.GapBlocked:  "está detenida: lo demás se sabrá cuando imprima",
		printer.GapIdentity: "no dice qué es",
		printer.GapModel:    "dice ser un modelo que aquí no se conoce",
		printer.GapPaper:    "ninguna impresora dice su ancho de papel: mírelo y póngalo en paper",
	}[g]
	if !ok {
		return string(g)
	}
	return words
}
