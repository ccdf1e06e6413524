package main

import (
	"io"

	"github.com/spf13/cobra"

	"mostrador/store"
)

func (a *app) salesCommand() *cobra.Command {
	sales := &cobra.Command{Use: "sales", Short: "The sales of the POS devices", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	var p page
	list := &cobra.Command{
		Use: "list", Short: "List the newest sales", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.listSales(c, p) },
	}
	p.flags(list)
	sales.AddCommand(list)
	return sales
}

func (a *app) listSales(c *cobra.Command, p page) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	var sales []*store.Sale
	if err := client.Get(c.Context(), "/v1/sales"+p.query(nil), &sales); err != nil {
		return exitOf(err)
	}
	return a.show(sales, func(w io.Writer) {
		rows := make([]string, len(sales))
		for i, s := range sales {
			rows[i] = row(s.Seq, s.Source, s.Receipt, s.BusinessDate, a.when(s.ClosedAt),
				len(s.Lines), a.money(s.Total, s.Currency))
		}
		table(w, "No hay ventas todavía.", "VENTA\tFUENTE\tRECIBO\tDÍA\tCERRADA\tLÍNEAS\tTOTAL", rows)
	})
}
