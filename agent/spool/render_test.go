package spool

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/agent/spool/ticket"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// A ticket comes out whose earlier paper, or whose order as it was then, is not
// stored any more: a change ticket says all that may have changed.
func TestTicketOfAForgottenPast(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		order := c.order(store.Order{Number: "7", Kind: store.Table, Table: "12", Observations: "sin apuro"})
		base := c.queue("cocina", store.ComandaTicket, "antes", ofOrder(order, "7"), func(j *store.Job) {
			j.Revision, j.State = 0, store.JobPrinted // a revision that nobody has kept
		})
		for name, alter := range map[string]func(*store.Job){
			"no earlier ticket":   func(j *store.Job) { j.Follows = 9999 },
			"no earlier revision": func(j *store.Job) { j.Follows = base },
			"no original":         func(j *store.Job) { j.Follows, j.CopyOf = 9999, 9998 },
		} {
			item := []store.Item{{Name: "Lomo", Quantity: store.Units(1), Difference: store.DifferenceAdded}}
			seq := c.queue("cocina", store.ChangeTicket, "", ofOrder(order, "7"), alter, func(j *store.Job) {
				j.Markup, j.Station, j.Items, j.Revision = "", "cocina", item, 1
			})
			c.pass(10 * time.Second)
			c.wantState(seq, store.JobPrinted)
			papers := c.papers("cocina")
			if paper := papers[len(papers)-1]; !strings.Contains(paper, "Lomo") || !strings.Contains(paper, "12") || !strings.Contains(paper, "sinapuro") || strings.Contains(paper, "antes:") {
				t.Errorf("%s: %s", name, paper)
			}
		}
	})
}

// A picture of an order's data that cannot be read is left out of the paper, and
// the log says so once.
func TestPictureLeftOutIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := openStore(t, filepath.Join(t.TempDir(), "db"))
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "comanda.receipt"), []byte("{image:{{.Number}}}\npedido {{.Number}}\n=\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		m := newMachine(t, "cocina", virtual.Options{})
		var log bytes.Buffer
		sp, err := New(st, Settings{
			Ticket:   ticket.Settings{Locale: "es-PE", Templates: dir},
			Printers: []Printer{{Name: "cocina", Open: m.open, Profile: model(t), Paper: "80mm"}},
		}, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		var last uint64
		if _, err := st.UpdateVital(func(tx *store.Tx) error {
			o := &store.Order{Number: "7", Revision: 1, Currency: "PEN"}
			if err := tx.PutOrder(o); err != nil {
				return err
			}
			fresh := store.Job{Kind: store.ComandaTicket, Order: o.Seq, Revision: 1, Printer: "cocina", MeantFor: "cocina", Copy: 1, State: store.JobQueued, QueuedAt: tx.Now()}
			again := fresh
			again.Attempts = []store.Attempt{{Printer: "cocina", Outcome: store.OutcomeNotPrinted}} // told with that one
			err := errors.Join(tx.PutJob(&fresh), tx.PutJob(&again))
			last = again.Seq
			return err
		}); err != nil {
			t.Fatal(err)
		}
		stop := run(t, sp)
		awaitState(t, st, last, store.JobPrinted)
		stop()
		if n := strings.Count(log.String(), "pictures=1"); n != 1 {
			t.Errorf("it is logged %d times: %s", n, log.String())
		}
	})
}
