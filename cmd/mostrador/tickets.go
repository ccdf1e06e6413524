package main

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"mostrador/agent/spool"
	"mostrador/agent/web"
	"mostrador/store"
)

func (a *app) ticketsCommand() *cobra.Command {
	tickets := &cobra.Command{Use: "tickets", Short: "The tickets, printed and waiting", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	p, state := page{}, ""
	list := &cobra.Command{
		Use: "list", Short: "List the newest tickets", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.listTickets(c, p, state) },
	}
	p.flags(list)
	list.Flags().StringVar(&state, "state", "", "only those queued, sending, printed, not_printed, unknown, expired, replaced or cancelled")
	show := &cobra.Command{
		Use: "show TICKET", Short: "Show one ticket with its attempts: by its number or id", Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return a.showTicket(c, args[0]) },
	}
	printed, notPrinted := false, false
	settle := a.ticketAction("settle", "Say what you saw of a ticket whose outcome is unknown", func() (web.ActionRequest, error) {
		if printed == notPrinted {
			return web.ActionRequest{}, wrongUse("say what you saw: --printed or --not-printed")
		}
		return web.ActionRequest{Who: whoami(), Printed: printed}, nil
	})
	settle.Flags().BoolVar(&printed, "printed", false, "the whole ticket is on paper")
	settle.Flags().BoolVar(&notPrinted, "not-printed", false, "it is not")
	byHand := func() (web.ActionRequest, error) { return web.ActionRequest{Who: whoami()}, nil }
	tickets.AddCommand(list, show,
		a.ticketAction("retry", "Print a ticket again that is not known to be on paper", byHand),
		a.ticketAction("cancel", "Take back a ticket that still waits", byHand),
		a.ticketAction("reprint", "Print a ticket once more that is on paper, marked REIMPRESIÓN", byHand),
		settle,
		a.reportCommand(),
		a.templateCommand(),
	)
	return tickets
}

func (a *app) listTickets(c *cobra.Command, p page, state string) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	var jobs []*store.Job
	if err := client.Get(c.Context(), "/v1/tickets"+p.query(url.Values{"state": {state}}), &jobs); err != nil {
		return exitOf(err)
	}
	return a.show(jobs, func(w io.Writer) {
		rows := make([]string, len(jobs))
		for i, j := range jobs {
			rows[i] = row(j.Seq, spool.KindWords(j.Kind), orDash(j.OrderNumber), orDash(j.Station), j.Printer, j.Copy,
				spool.StateWords(j), orDash(marksWords(j.Marks)), orDash(short(j.Cause, 50)))
		}
		table(w, "No hay tickets todavía.", "TICKET\tTIPO\tPEDIDO\tESTACIÓN\tIMPRESORA\tCOPIA\tESTADO\tMARCAS\tMOTIVO", rows)
	})
}

func ticketLine(j *store.Job) string {
	line := fmt.Sprintf("ticket %d: %s", j.Seq, spool.KindWords(j.Kind))
	if j.Station != "" {
		line += " " + j.Station
	}
	line += fmt.Sprintf(" en %s, copia %d: %s", j.Printer, j.Copy, spool.StateWords(j))
	if j.Cause != "" {
		line += " (" + j.Cause + ")"
	}
	return printable(line)
}

func (a *app) showTicket(c *cobra.Command, name string) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	var j store.Job
	if err := client.Get(c.Context(), "/v1/tickets/"+url.PathEscape(name), &j); err != nil {
		return exitOf(err)
	}
	return a.show(&j, func(w io.Writer) { writeTicket(w, &j) })
}

func writeTicket(w io.Writer, j *store.Job) {
	fmt.Fprintln(w, ticketLine(j))
	if j.OrderNumber != "" {
		fmt.Fprintf(w, "  pedido %s, revisión %d\n", printable(j.OrderNumber), j.Revision)
	}
	if len(j.Marks) > 0 {
		fmt.Fprintln(w, "  marcas:", marksWords(j.Marks))
	}
	if len(j.Attempts) == 0 {
		fmt.Fprintln(w, "  todavía sin intentos")
	}
	n := 0
	for _, t := range j.Attempts {
		n += 1 + t.Before
		sent := fmt.Sprintf("%d de %d bytes", t.Sent, t.Bytes)
		if t.Outcome == store.OutcomeUnknown && t.Sent == 0 {
			sent = fmt.Sprintf("no se sabe cuántos de %d bytes", t.Bytes) // the agent was cut off, too
		}
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  intento %d en %s: %s (prueba: %s), %s %s",
			n, printable(t.Printer), outcomeWords(t), orDash(string(t.Proof)), sent, printable(t.Cause)), " "))
	}
}

func (a *app) ticketAction(action, about string, body func() (web.ActionRequest, error)) *cobra.Command {
	return &cobra.Command{
		Use: action + " TICKET", Short: about, Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			in, err := body()
			if err != nil {
				return err
			}
			client, err := a.client()
			if err != nil {
				return err
			}
			var j store.Job
			if err := client.Post(c.Context(), "/v1/tickets/"+url.PathEscape(args[0])+"/"+action, in, &j); err != nil {
				return exitOf(err)
			}
			return a.show(&j, func(w io.Writer) { writeTicket(w, &j) })
		},
	}
}
