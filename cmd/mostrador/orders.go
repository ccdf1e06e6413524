package main

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mostrador/agent/command"
	"mostrador/agent/order"
	"mostrador/agent/web"
	"mostrador/store"
)

func (a *app) ordersCommand() *cobra.Command {
	orders := &cobra.Command{Use: "orders", Short: "The orders that this terminal has taken", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	var p page
	list := &cobra.Command{
		Use: "list", Short: "List the newest orders", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.listOrders(c, p) },
	}
	p.flags(list)
	show := &cobra.Command{
		Use: "show ORDER", Short: "Show one order: by its number, id, or the channel's id", Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return a.showOrder(c, args[0]) },
	}
	reason := ""
	reject := a.orderAction("reject", "Refuse an order and tell its channel why", func() web.ActionRequest {
		return web.ActionRequest{Who: whoami(), Reason: reason}
	})
	reject.Flags().StringVar(&reason, "reason", "", "what the customer is told")
	byHand := func() web.ActionRequest { return web.ActionRequest{Who: whoami()} }
	orders.AddCommand(list, show, a.storeOrdersCommand(),
		a.orderAction("accept", "Accept an order that waits for it", byHand),
		reject,
		a.orderAction("ready", "Mark an order as ready to leave, and tell its channel", byHand),
		a.orderAction("dispatch", "Mark an order as gone, and tell its channel", byHand),
		a.orderAction("release", "Print a scheduled order now", byHand),
		a.orderAction("precheck", "Print the bill before payment", byHand),
		a.orderAction("reprint", "Print once more what is on paper of an order, marked REIMPRESIÓN", byHand),
	)
	return orders
}

func (a *app) listOrders(c *cobra.Command, p page) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	var orders []command.OrderRow
	if err := client.Get(c.Context(), "/v1/orders"+p.query(nil), &orders); err != nil {
		return exitOf(err)
	}
	return a.show(orders, func(w io.Writer) {
		rows := make([]string, len(orders))
		for i, o := range orders {
			placed, _ := time.Parse(time.RFC3339, o.PlacedAt) // empty: none
			rows[i] = row(short(o.Transaction, 14), short(o.PointOfSale, 24), orDash(short(o.Invoice, 14)), orDash(a.when(placed)),
				short(o.Number, 12), short(o.Origin, 14), order.KindWords(o.Kind), order.StatusWords(o.Status),
				orDash(channelWords(o.ChannelState)), a.money(o.Total, o.Currency),
				invoiceWords(o.InvoiceState), orDash(short(o.Observations, 24)))
		}
		table(w, "No hay pedidos todavía.",
			"TRANSACCIÓN\tPUNTO DE VENTA\tFACTURA\tFECHA\tPEDIDO\tORIGEN\tTIPO\tESTADO\tCANAL\tTOTAL\tEST. FACTURA\tOBSERVACIONES", rows)
	})
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func (a *app) showOrder(c *cobra.Command, name string) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	var d command.OrderDetail
	if err := client.Get(c.Context(), "/v1/orders/"+url.PathEscape(name), &d); err != nil {
		return exitOf(err)
	}
	return a.show(d, func(w io.Writer) { a.writeOrder(w, d) })
}

func (a *app) orderAction(action, about string, body func() web.ActionRequest) *cobra.Command {
	return &cobra.Command{
		Use: action + " ORDER", Short: about, Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := a.client()
			if err != nil {
				return err
			}
			var d command.OrderDetail
			if err := client.Post(c.Context(), "/v1/orders/"+url.PathEscape(args[0])+"/"+action, body(), &d); err != nil {
				return exitOf(err)
			}
			return a.show(d, func(w io.Writer) { a.writeOrder(w, d) })
		},
	}
}

// writeOrder shows an order as a person reads it at the counter.
func (a *app) writeOrder(w io.Writer, d command.OrderDetail) {
	o := d.Order
	say := func(label string, value any) {
		if text := printable(fmt.Sprint(value)); text != "" {
			fmt.Fprintf(w, "%-16s %s\n", label, text)
		}
	}
	money := func(minor int64) string { return a.money(minor, o.Currency) }
	say("Pedido", fmt.Sprintf("%s (%s, %s, revisión %d)", o.Number, order.KindWords(o.Kind), order.StatusWords(o.Status), o.Revision))
	say("Origen", fmt.Sprintf("%s, %s %s", o.Origin, o.Key.Provider, o.Key.Nickname))
	say("Canal", channelWords(o.ChannelState))
	if o.Status != store.Ready {
		say("Ya listo en", strings.Join(o.ReadyStations, ", "))
	}
	say("Id", o.ID)
	say("Cliente", o.Customer.Name+" "+o.Customer.Phone)
	if o.Address != nil {
		say("Dirección", o.Address.Street+" "+o.Address.Secondary)
		say("Referencia", o.Address.Comment)
	}
	say("Mesa", o.Table)
	say("Para", a.when(o.DueAt))
	say("Retenido hasta", a.when(o.HeldUntil))
	for _, l := range o.Lines {
		fmt.Fprintf(w, "  %s × %s  %s\n", l.Quantity, printable(l.Name), money(l.Total))
		writeModifiers(w, l.Modifiers, "      ")
		if l.Note != "" {
			fmt.Fprintf(w, "      » %s\n", printable(l.Note))
		}
	}
	say("Total", money(o.Totals.Total))
	say("A pagar", money(o.Totals.ToPay))
	say("Observaciones", o.Observations)
	for _, f := range o.Flags {
		say("Atención", f.Text)
	}
	for _, j := range d.Tickets {
		fmt.Fprintln(w, " ", ticketLine(j))
	}
}

func writeModifiers(w io.Writer, ms []store.Modifier, indent string) {
	for _, m := range ms {
		fmt.Fprintf(w, "%s%s × %s\n", indent, m.Quantity, printable(m.Name))
		writeModifiers(w, m.Modifiers, indent+"  ")
	}
}
