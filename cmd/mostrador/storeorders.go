package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"mostrador/agent/claim"
	"mostrador/agent/command"
	"mostrador/agent/config"
	"mostrador/agent/integration"
	"mostrador/agent/order"
	"mostrador/agent/storeorder"
	"mostrador/agent/uplink"
	"mostrador/store"
)

// shared is this terminal's part in the orders of the store as a whole; without
// a Keeper it takes none.
type shared struct{ *storeorder.Keeper }

// takeStoreOrders makes it part of the line to the cloud.
func takeStoreOrders(cfg *config.Config, cloud *uplink.Settings, st *store.Store, router *integration.Router, acks *order.Acks, log *slog.Logger) (shared, error) {
	if cfg.Terminal.StoreOrders == "no" || cfg.Uplink.Broker == "" {
		return shared{}, nil
	}
	set := storeorder.Settings{Terminal: cfg.Terminal.ID, Role: claim.Role(cfg.Terminal.StoreOrders), TakeoverAfter: cfg.Terminal.TakeoverAfter}
	keeper, err := storeorder.New(st, set, router, acks, log)
	if err != nil {
		return shared{}, err
	}
	cloud.StoreOrders, cloud.StoreHandler = cfg.Terminal.StoreOrders, keeper
	cloud.Heartbeat = min(time.Minute, claim.Heartbeat(set.TakeoverAfter))
	return shared{keeper}, nil
}

func (s shared) run(ctx context.Context) error {
	if s.Keeper == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.Run(ctx)
}

// status is nil where this terminal takes none.
func (s shared) status() *storeorder.Status {
	if s.Keeper == nil {
		return nil
	}
	now := s.Status()
	return &now
}

// A lineStatus is how the line stands, and with it the orders of the store.
type lineStatus struct {
	uplink.Status
	StoreOrders *storeorder.Status `json:"store_orders,omitempty"`
}

// sharedSource tells the doctor of the store's orders.
func sharedSource(s shared) command.Source {
	return command.Source{
		Name:  "store-orders.json",
		Read:  func() (any, error) { return s.status(), nil },
		Check: func() []command.Check { return checkShared(s.status()) },
	}
}

func checkShared(s *storeorder.Status) []command.Check {
	if s == nil {
		return nil
	}
	check := command.Check{Name: "pedidos del local", State: command.Fine, Text: "los toma " + s.Holder}
	stuck := 0
	for _, o := range s.Open {
		if o.State == claim.Waiting || o.State == claim.Claiming {
			stuck++
		}
	}
	switch {
	case !s.Listening:
		check.State, check.Text = command.Warning, "sin conexión o sin permiso del corredor: los que lleguen esperan allá"
		check.Advice = "Vea mostrador uplink status; el corredor debe dejar leer y escribir lo que dice docs/mqtt.md. Si aquí no llegan pedidos para todo el local: store_orders = \"no\""
	case stuck > 0:
		check.State, check.Text = command.Warning, fmt.Sprintf("los toma %s; %d esperan a que se acuerde quién los imprime", s.Holder, stuck)
		check.Advice = "Se resuelve solo en poco más que takeover_after; vea mostrador orders store"
	}
	return []command.Check{check}
}

// storeOrdersCommand lists what is addressed to the store as a whole.
func (a *app) storeOrdersCommand() *cobra.Command {
	return &cobra.Command{
		Use: "store", Short: "Say who prints the orders that are addressed to the whole store, and which are not on paper yet", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := a.client()
			if err != nil {
				return err
			}
			var line lineStatus
			if err := client.Get(c.Context(), "/v1/uplink", &line); err != nil {
				return exitOf(err)
			}
			return a.show(line.StoreOrders, func(w io.Writer) { a.writeStoreOrders(w, line.StoreOrders) })
		},
	}
}

func (a *app) writeStoreOrders(w io.Writer, s *storeorder.Status) {
	writeHolder(w, s)
	if s == nil {
		return
	}
	rows := make([]string, len(s.Others))
	for i, o := range s.Others {
		rows[i] = row(o.Terminal, roleWord(o.Role), silenceWord(o))
	}
	table(w, "Este terminal no sabe de otro que los tome.", "OTRO TERMINAL\tPAPEL\tSEÑALES", rows)
	rows = make([]string, len(s.Open))
	for i, o := range s.Open {
		rows[i] = row(o.Order, stateWord(o), a.when(o.Since))
	}
	table(w, "Ninguno espera salir en papel.", "PEDIDO\tESTADO\tDESDE", rows)
}

// writeHolder says who takes the orders of the store.
func writeHolder(w io.Writer, s *storeorder.Status) {
	switch {
	case s == nil:
		fmt.Fprintln(w, "Este terminal no toma pedidos dirigidos a todo el local (store_orders, o sin corredor).")
	case !s.Listening:
		fmt.Fprintln(w, "Pedidos del local: sin conexión o sin permiso del corredor; los que lleguen esperan allá.")
	default:
		fmt.Fprintf(w, "Pedidos del local: los toma %s (este terminal: %s)\n", printable(s.Holder), roleWord(s.Role))
	}
}

func roleWord(r claim.Role) string {
	if r == claim.Holder {
		return "titular"
	}
	return "suplente"
}

func silenceWord(o storeorder.Other) string {
	switch {
	case o.Heard:
		return "presente"
	case o.HeardAgo > 0:
		return "callado hace " + o.HeardAgo.Round(time.Second).String()
	}
	return "callado desde que este terminal arrancó"
}

func stateWord(o storeorder.Open) string {
	text := map[claim.State]string{
		claim.Waiting: "nadie lo toma todavía", claim.Claiming: "este terminal lo pide", claim.Taken: "lo imprime este terminal",
		claim.Theirs: "es de " + o.Owner,
	}[o.State]
	if o.Doubt != "" {
		text += ", POSIBLE DUPLICADO"
	}
	return text
}
