package main

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"mostrador/agent/command"
	"mostrador/agent/web"
	"mostrador/printer/profile"
	"mostrador/printer/virtual"
	"mostrador/store"
)

func (a *app) tapCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "tap", Short: "The receipts that a tap sees: teach it to read them, and look at those that it could not", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	unread := &cobra.Command{Use: "unread", Short: "The receipts that could not be read as a sale", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	p, all := page{}, false
	list := &cobra.Command{Use: "list", Short: "List the newest unread receipts", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.listUnread(c, p, all) }}
	p.flags(list)
	list.Flags().BoolVar(&all, "all", false, "also those that were read or dismissed since")
	view := unreadView{paper: "80mm"}
	show := &cobra.Command{Use: "show RECEIPT", Short: "Show an unread receipt: why it was not read, and what stands on it", Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return a.showUnread(c, args[0], view) }}
	show.Flags().StringVar(&view.png, "png", "", "write a picture of the paper to `FILE`")
	show.Flags().BoolVar(&view.bytes, "bytes", false, "write the bytes that the POS sent, for tap learn")
	show.Flags().StringVar(&view.paper, "paper", view.paper, "paper for --png: 80mm or 58mm")
	dismiss := &cobra.Command{Use: "dismiss RECEIPT", Short: "Say that an unread receipt is no sale", Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return a.dismissUnread(c, args[0]) }}
	unread.AddCommand(list, show, dismiss)
	cmd.AddCommand(a.learnCommand(), unread)
	return cmd
}

// unreadWords are the states for staff.
var unreadWords = map[store.UnreadState]string{
	store.Unread: "sin leer", store.UnreadRead: "leído después", store.UnreadDismissed: "descartado",
}

func (a *app) listUnread(c *cobra.Command, p page, all bool) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	more := url.Values{}
	if all {
		more.Set("all", "true")
	}
	var receipts []*store.UnreadReceipt
	if err := client.Get(c.Context(), "/v1/unread"+p.query(more), &receipts); err != nil {
		return exitOf(err)
	}
	return a.show(receipts, func(w io.Writer) {
		rows := make([]string, len(receipts))
		for i, u := range receipts {
			rows[i] = row(u.Seq, u.Source, u.At.Wall.In(a.terminal.Location()).Format("2006-01-02 15:04"), unreadWords[u.State], short(u.Cause, 80))
		}
		table(w, "No hay recibos sin leer.", "RECIBO\tORIGEN\tHORA\tESTADO\tMOTIVO", rows)
	})
}

// An unreadView is how an unread receipt is to be shown.
type unreadView struct {
	png, paper string
	bytes      bool
}

func (a *app) showUnread(c *cobra.Command, name string, v unreadView) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	var u command.UnreadReceipt
	if err := client.Get(c.Context(), "/v1/unread/"+url.PathEscape(name), &u); err != nil {
		return exitOf(err)
	}
	if (v.bytes || v.png != "") && len(u.Stream) == 0 {
		return fmt.Errorf("the bytes of receipt %d are not kept any more; its text is: mostrador tap unread show %d", u.Seq, u.Seq)
	}
	switch {
	case v.bytes:
		_, err := a.stdout.Write(u.Stream)
		return err
	case v.png != "":
		return a.drawUnread(u, v)
	}
	return a.show(&u, func(w io.Writer) { writeUnread(w, &u) })
}

func writeUnread(w io.Writer, u *command.UnreadReceipt) {
	fmt.Fprintf(w, "recibo %d de %s: %s\n  motivo: %s\n", u.Seq, printable(u.Source), unreadWords[u.State], printable(u.Cause))
	if u.Sale != "" {
		fmt.Fprintf(w, "  venta %s\n", printable(u.Sale))
	}
	fmt.Fprintln(w, frame("papel", u.Text))
}

// drawUnread draws the paper as a printer would print it.
func (a *app) drawUnread(u command.UnreadReceipt, v unreadView) error {
	model, _ := profile.Lookup("generic")
	paper, found := model.Papers[v.paper]
	if !found {
		return wrongUse("paper %q: it is 80mm or 58mm", v.paper)
	}
	p := virtual.New(model, paper, virtual.Options{Silent: true})
	defer p.Close()
	if _, err := p.Write(u.Stream); err != nil {
		return err
	}
	sheet := p.Current()
	if all := p.Papers(); len(all) > 0 {
		sheet = all[0]
	}
	var png bytes.Buffer
	if err := sheet.PNG(&png); err != nil {
		return err
	}
	if err := os.WriteFile(v.png, png.Bytes(), 0o644); err != nil {
		return err
	}
	return a.show(map[string]any{"receipt": u.Seq, "png": v.png}, func(w io.Writer) { fmt.Fprintln(w, v.png) })
}

func (a *app) dismissUnread(c *cobra.Command, name string) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	var u command.UnreadReceipt
	if err := client.Post(c.Context(), "/v1/unread/"+url.PathEscape(name)+"/dismiss", web.ActionRequest{Who: whoami()}, &u); err != nil {
		return exitOf(err)
	}
	return a.show(&u, func(w io.Writer) { writeUnread(w, &u) })
}
