package command

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"mostrador/store"
)

// An OrderRow is one line of the order list. Its first eight fields are those
// of the customer's own system.
type OrderRow struct {
	Transaction  string             `json:"transaction"`
	PointOfSale  string             `json:"point_of_sale"`
	Invoice      string             `json:"invoice_number"`
	PlacedAt     string             `json:"order_date"` // RFC 3339, empty when the channel sends none
	Observations string             `json:"observations"`
	InvoiceState store.InvoiceState `json:"invoice_state"`
	Number       string             `json:"order_number"`
	Origin       string             `json:"origin"`

	Seq          uint64             `json:"seq"`
	ID           string             `json:"id"`
	Provider     string             `json:"provider"`
	Integration  string             `json:"integration"`
	Kind         store.OrderKind    `json:"kind"`
	Status       store.Status       `json:"status"`
	ChannelState store.ChannelState `json:"channel_state"`
	Revision     int                `json:"revision"`
	Customer     string             `json:"customer"`
	Total        int64              `json:"total"` // minor units of Currency
	Currency     string             `json:"currency"`
	HeldUntil    string             `json:"held_until,omitempty"`
	Flags        []store.Flag       `json:"flags,omitempty"`
}

// OrderDetail is one order with its tickets.
type OrderDetail struct {
	Order   *store.Order `json:"order"`
	Tickets []*store.Job `json:"tickets"`
}

// Orders lists a page of the orders, the newest first.
func (c *Commands) Orders(p Page) ([]OrderRow, error) {
	orders, err := list(c.store, p, (*store.Tx).Orders,
		func(o *store.Order) uint64 { return o.Seq }, func(*store.Order) bool { return true })
	if err != nil {
		return nil, err
	}
	rows := make([]OrderRow, len(orders))
	for i, o := range orders {
		rows[i] = rowOf(o)
	}
	return rows, nil
}

func rowOf(o *store.Order) OrderRow {
	row := OrderRow{
		Transaction: o.Transaction, PointOfSale: o.PointOfSale, Invoice: o.Invoice.Number,
		Observations: o.Observations, InvoiceState: o.Invoice.State, Number: o.Number, Origin: o.Origin,
		Seq: o.Seq, ID: o.ID, Provider: o.Key.Provider, Integration: o.Key.Nickname,
		Kind: o.Kind, Status: o.Status, ChannelState: o.ChannelState, Revision: o.Revision,
		Customer: o.Customer.Name, Total: o.Totals.Total, Currency: o.Currency, Flags: o.Flags,
	}
	if !o.PlacedAt.IsZero() {
		row.PlacedAt = o.PlacedAt.Format(time.RFC3339)
	}
	if !o.HeldUntil.IsZero() {
		row.HeldUntil = o.HeldUntil.Format(time.RFC3339)
	}
	return row
}

// Order finds one order by its number on this terminal, its id, the channel's
// id, or the number that people call it by (the newest of that number).
func (c *Commands) Order(name string) (OrderDetail, error) {
	var d OrderDetail
	err := c.store.View(func(tx *store.Tx) error {
		o, err := findOrder(tx, name)
		if err != nil {
			return err
		}
		jobs, err := tx.JobsOf(o.Seq)
		if jobs == nil {
			jobs = []*store.Job{}
		}
		d = OrderDetail{o, jobs}
		return err
	})
	return d, plain(err)
}

// findOrder looks through what people may type for an order. The order's own
// words win over this terminal's count: staff read them from the paper.
func findOrder(tx *store.Tx, name string) (*store.Order, error) {
	if o, err := tx.OrderByID(name); err == nil {
		return o, nil
	}
	for o, err := range tx.Orders() {
		if err != nil {
			return nil, err
		}
		if slices.Contains([]string{o.Number, "#" + o.Number, o.Key.ChannelID, o.Transaction}, name) && name != "" && name != "#" {
			return o, nil
		}
	}
	if seq, ok := seqOf(name); ok {
		if o, err := tx.Order(seq); !errors.Is(err, store.ErrNotFound) {
			return o, err
		}
	}
	return nil, fmt.Errorf("%w: order %q", ErrNotFound, name)
}

// Accept, Reject and Release act on an order for a person.
func (c *Commands) Accept(name, who string) (OrderDetail, error) {
	return c.onOrder(name, func(seq uint64) error { return c.orders.Accept(seq, who) })
}

// Reject tells the channel that the order is not taken, and why.
func (c *Commands) Reject(name, reason, who string) (OrderDetail, error) {
	return c.onOrder(name, func(seq uint64) error { return c.orders.Reject(seq, reason, who) })
}

// Release prints a scheduled order now.
func (c *Commands) Release(name, who string) (OrderDetail, error) {
	return c.onOrder(name, func(seq uint64) error { return c.orders.Release(seq, who) })
}

// Ready marks an order as ready to leave, and tells its channel.
func (c *Commands) Ready(name, who string) (OrderDetail, error) {
	return c.onOrder(name, func(seq uint64) error { return c.orders.Ready(seq, who) })
}

// Dispatch marks an order as gone, and tells its channel.
func (c *Commands) Dispatch(name, who string) (OrderDetail, error) {
	return c.onOrder(name, func(seq uint64) error { return c.orders.Dispatch(seq, who) })
}

// Precheck prints the bill before payment; a further one counts as a copy.
func (c *Commands) Precheck(name, who string) (OrderDetail, error) {
	return c.onOrder(name, func(seq uint64) error {
		_, err := c.orders.Precheck(seq, who)
		return err
	})
}

// ReprintOrder prints once more, marked, each ticket that is the order's last
// word and is on paper, or may be.
func (c *Commands) ReprintOrder(name, who string) (OrderDetail, error) {
	return c.onOrder(name, func(seq uint64) error {
		again, err := c.lastWords(seq)
		if err == nil && len(again) == 0 {
			err = fmt.Errorf("%w: no ticket of the order is on paper yet", ErrRefused)
		}
		if err != nil {
			return err
		}
		for _, job := range again {
			if _, err := c.spool.Reprint(job, who); err != nil {
				return err
			}
		}
		return nil
	})
}

// lastWords are the papers of an order that say together what holds: of each
// ticket the last whole one, and what changed it since; or its void.
func (c *Commands) lastWords(order uint64) (papers []uint64, err error) {
	err = c.store.View(func(tx *store.Tx) error {
		jobs, err := tx.JobsOf(order)
		papers = standing(jobs)
		return err
	})
	return papers, err
}

// standing sorts out the papers that still say something. jobs are all of one
// order, by Seq.
func standing(jobs []*store.Job) (papers []uint64) {
	type paper struct {
		kind    store.TicketKind
		station string
		copy    int
	}
	of := map[uint64]paper{} // which ticket a job says something of
	says := map[paper][]uint64{}
	for _, j := range jobs {
		if j.CopyOf != 0 || j.State != store.JobPrinted && j.State != store.JobUnknown {
			continue
		}
		at, follows := of[j.Follows]
		if !follows {
			at = paper{j.Kind, j.Station, j.Copy}
		}
		of[j.Seq] = at
		if j.Kind != store.ChangeTicket {
			says[at] = nil
		}
		says[at] = append(says[at], j.Seq)
	}
	for _, seqs := range says {
		papers = append(papers, seqs...)
	}
	slices.Sort(papers)
	return papers
}

func (c *Commands) onOrder(name string, act func(seq uint64) error) (OrderDetail, error) {
	d, err := c.Order(name)
	if err != nil {
		return d, err
	}
	if err := act(d.Order.Seq); err != nil {
		return d, plain(err)
	}
	return c.Order(d.Order.ID)
}
