package command

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"mostrador/agent/device"
	"mostrador/agent/spool"
	"mostrador/store"
)

// counter is a store with orders, each with one ticket, behind its commands.
func counter(t *testing.T, numbers ...string) *Commands {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	st, err := store.Open(filepath.Join(t.TempDir(), "db"), store.Options{Identity: "s/t", Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	sp, err := spool.New(st, spool.Settings{}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	for i, number := range numbers {
		if _, err := st.UpdateVital(func(tx *store.Tx) error {
			o := &store.Order{Key: store.OrderKey{Provider: "justo", Nickname: "Centro", ChannelID: fmt.Sprintf("channel-%d", i)},
				Number: number, Revision: 1, Status: store.Received, Currency: "PEN"}
			if err := tx.PutOrder(o); err != nil {
				return err
			}
			state := store.JobPrinted
			if i%2 == 1 {
				state = store.JobUnknown
			}
			return tx.PutJob(&store.Job{Kind: store.ComandaTicket, Order: o.Seq, OrderID: o.ID, Revision: 1,
				Printer: "cocina", MeantFor: "cocina", Copy: 1, State: state, QueuedAt: tx.Now()})
		}); err != nil {
			t.Fatal(err)
		}
	}
	return New(st, nil, sp, device.New(st, nil, slog.New(slog.DiscardHandler)), nil, About{})
}

func TestPages(t *testing.T) {
	c := counter(t, "a", "b", "c", "d", "e")
	tests := []struct {
		page Page
		want []uint64
	}{
		{Page{}, []uint64{5, 4, 3, 2, 1}},
		{Page{Limit: 2}, []uint64{5, 4}},
		{Page{Limit: 2, Before: 4}, []uint64{3, 2}},
		{Page{Before: 1}, nil},
	}
	for _, tt := range tests {
		orders, err := c.Orders(tt.page)
		if err != nil {
			t.Fatal(err)
		}
		var got []uint64
		for _, o := range orders {
			got = append(got, o.Seq)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%+v: %v, want %v", tt.page, got, tt.want)
		}
	}
	for _, limit := range []int{-1, MaxList + 1} {
		if _, err := c.Orders(Page{Limit: limit}); !errors.Is(err, ErrWrong) {
			t.Errorf("limit %d: %v, want %v", limit, err, ErrWrong)
		}
	}
}

func TestTicketsOfAState(t *testing.T) {
	c := counter(t, "a", "b", "c", "d", "e")
	jobs, err := c.Tickets(store.JobUnknown, Page{Limit: 1})
	if err != nil || len(jobs) != 1 || jobs[0].Seq != 4 {
		t.Errorf("the newest unknown ticket: %v, %v", jobs, err)
	}
	jobs, err = c.Tickets(store.JobUnknown, Page{Before: 4})
	if err != nil || len(jobs) != 1 || jobs[0].Seq != 2 {
		t.Errorf("those before it: %v, %v", jobs, err)
	}
}

// What staff read on the paper wins over the terminal's own count.
func TestFindingAnOrder(t *testing.T) {
	c := counter(t, "48213", "1", "77", "77")
	tests := []struct {
		name string
		want uint64
	}{
		{"48213", 1}, {"#48213", 1}, {"channel-0", 1},
		{"1", 2},  // the number of the second, though the first is order 1 here
		{"77", 4}, // the newest of that number
		{"3", 3},  // nobody's number: the count
	}
	for _, tt := range tests {
		d, err := c.Order(tt.name)
		if err != nil || d.Order.Seq != tt.want || len(d.Tickets) != 1 {
			t.Errorf("order %s: %+v, %v, want %d", tt.name, d.Order, err, tt.want)
		}
	}
	for _, name := range []string{"", "#", "0", "99", "channel-9", "\x00"} {
		if d, err := c.Order(name); !errors.Is(err, ErrNotFound) {
			t.Errorf("order %q: %+v, %v, want %v", name, d.Order, err, ErrNotFound)
		}
	}
}

func TestPrintBounds(t *testing.T) {
	c := counter(t)
	if _, err := c.Print("bar", "hola"); !errors.Is(err, ErrNotFound) {
		t.Errorf("no such printer: %v", err)
	}
	if _, err := c.Print("bar", string(make([]byte, maxMarkup+1))); !errors.Is(err, ErrWrong) {
		t.Errorf("too long: %v", err)
	}
}
