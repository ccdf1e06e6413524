package spool

import (
	"strings"
	"testing"
	"time"

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
