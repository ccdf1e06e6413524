package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"mostrador/agent/command"
	"mostrador/agent/spool"
	"mostrador/agent/web"
	"mostrador/store"
)

func (a *app) printersCommand() *cobra.Command {
	printers := &cobra.Command{Use: "printers", Short: "The printers: how they are, and what a person can do", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	list := &cobra.Command{
		Use: "list", Short: "List the printers as they are now", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.listPrinters(c) },
	}
	test := &cobra.Command{
		Use: "test PRINTER", Short: "Print the test ticket", Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			var j store.Job
			return a.actOnPrinter(c, args[0], "test", web.ActionRequest{}, &j, func(w io.Writer) { writeTicket(w, &j) })
		},
	}
	move := &cobra.Command{
		Use: "move FROM TO", Short: "Have what waits for one printer come out of another", Args: usage(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			var m command.Moved
			return a.actOnPrinter(c, args[0], "move", web.ActionRequest{To: args[1]}, &m, func(w io.Writer) {
				fmt.Fprintf(w, "%d tickets pasan de %s a %s.\n", m.Tickets, printable(m.From), printable(m.To))
			})
		},
	}
	printers.AddCommand(list, a.probeCommand(), test, move,
		a.printerAction("pause", "Let a printer print nothing until it is resumed", true),
		a.printerAction("resume", "Let a paused printer print again", false),
		a.printerAction("forget", "Forget what is known of a printer that was replaced, and meet it anew", false),
		a.printerAction("drawer", "Open the cash drawer on a printer", true),
	)
	return printers
}

// printerAction is a verb that leaves a printer in another state.
func (a *app) printerAction(action, about string, why bool) *cobra.Command {
	var in web.ActionRequest
	cmd := &cobra.Command{
		Use: action + " PRINTER", Short: about, Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			var s spool.State
			return a.actOnPrinter(c, args[0], action, in, &s, func(w io.Writer) { writePrinter(w, s) })
		},
	}
	if why {
		cmd.Flags().StringVar(&in.Reason, "reason", "", "why, for the log")
	}
	return cmd
}

func (a *app) actOnPrinter(c *cobra.Command, name, action string, in web.ActionRequest, out any, text func(io.Writer)) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	in.Who = whoami()
	if err := client.Post(c.Context(), "/v1/printers/"+url.PathEscape(name)+"/"+action, in, out); err != nil {
		return exitOf(err)
	}
	return a.show(out, text)
}

func (a *app) listPrinters(c *cobra.Command) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	var states []spool.State
	if err := client.Get(c.Context(), "/v1/printers", &states); err != nil {
		return exitOf(err)
	}
	return a.show(states, func(w io.Writer) {
		rows := make([]string, len(states))
		for i, s := range states {
			rows[i] = row(s.Printer, stateWords(s.State), s.Waiting, orDash(a.when(s.Oldest.Wall)), provesWords(s.Proof),
				s.Profile, s.Paper, s.Port, orDash(short(s.Cause, 60)))
		}
		table(w, "No hay impresoras en la configuración.", "IMPRESORA\tESTADO\tESPERAN\tDESDE\tPRUEBA\tMODELO\tPAPEL\tPUERTO\tMOTIVO", rows)
	})
}

// writePrinter shows one printer in full.
func writePrinter(w io.Writer, s spool.State) {
	fmt.Fprintf(w, "%s: %s", printable(s.Printer), stateWords(s.State))
	if s.Cause != "" {
		fmt.Fprintf(w, " (%s)", printable(s.Cause))
	}
	fmt.Fprintf(w, "\n  puerto   %s\n  modelo   %s, papel %s\n  prueba   %s\n", printable(s.Port), printable(s.Profile), s.Paper, provesWords(s.Proof))
	if says := strings.TrimSpace(s.Abilities.Maker + " " + s.Abilities.Model); says != "" {
		fmt.Fprintf(w, "  dice ser %s\n", printable(says))
	}
	if words := map[string]string{"open": "abierto", "closed": "cerrado"}[s.Drawer]; words != "" {
		fmt.Fprintf(w, "  cajón    %s\n", words)
	}
	if s.Wire != nil && s.Wire.Any() {
		fmt.Fprintf(w, "  línea    %s\n", wireWords(*s.Wire))
	}
	if s.Waiting > 0 {
		fmt.Fprintf(w, "  esperan  %d tickets\n", s.Waiting)
	}
}

func stateWords(c spool.Condition) string {
	words, ok := map[spool.Condition]string{
		spool.Opening: "abriendo", spool.Ready: "lista", spool.Printing: "imprimiendo", spool.Blocked: "detenida",
		spool.Paused: "en pausa", spool.Absent: "no responde", spool.Failing: "fallo del agente",
	}[c]
	if !ok {
		return string(c)
	}
	return words
}

// provesWords say how a printer can show that a ticket is on paper.
func provesWords(p store.Proof) string {
	switch p {
	case store.ProofProcessID:
		return "confirma cada ticket por su número"
	case store.ProofFence:
		return "confirma el final de cada ticket"
	case store.ProofStatus:
		return "solo dice si está bien"
	case store.ProofTransport:
		return "no puede confirmar nada"
	}
	return "no se sabe aún"
}

// notRunning reports whether no agent runs by this configuration.
func notRunning(err error) bool { return errors.Is(err, web.ErrNotRunning) }
