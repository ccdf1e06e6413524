package spool

import (
	"errors"
	"path/filepath"
	"testing"

	"mostrador/printer/virtual"
	"mostrador/store"
)

// A ticket that a newer paper stands for is not printed again: the person is
// told which paper to print.
func TestOvertakenIsNotPrintedAgain(t *testing.T) {
	st := openStore(t, filepath.Join(t.TempDir(), "db"))
	s := newSpool(t, st, newMachine(t, "cocina", virtual.Options{}))
	var old, newer, cancelled *store.Job
	_, err := st.UpdateVital(func(tx *store.Tx) error {
		o := &store.Order{Key: store.OrderKey{Provider: "justo", Nickname: "c", ChannelID: "1"}, Number: "7", Status: store.Accepted, Revision: 2, Currency: "PEN"}
		gone := &store.Order{Key: store.OrderKey{Provider: "justo", Nickname: "c", ChannelID: "2"}, Number: "8", Status: store.Cancelled, Revision: 1, Currency: "PEN"}
		for _, order := range []*store.Order{o, gone} {
			if err := tx.PutOrder(order); err != nil {
				return err
			}
		}
		put := func(order *store.Order, state store.JobState, follows uint64) *store.Job {
			j := &store.Job{Kind: store.ComandaTicket, Order: order.Seq, OrderID: order.ID, Revision: 1, Printer: "cocina", MeantFor: "cocina",
				Copy: 1, State: state, Follows: follows, QueuedAt: tx.Now()}
			if err := tx.PutJob(j); err != nil {
				t.Error(err)
			}
			return j
		}
		old = put(o, store.JobUnknown, 0)
		newer = put(o, store.JobPrinted, old.Seq)
		cancelled = put(gone, store.JobCancelled, 0)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, act := range map[string]func(uint64, string) (*store.Job, error){"retry": s.Retry, "reprint": s.Reprint} {
		for _, tt := range []struct{ ticket, by uint64 }{{old.Seq, newer.Seq}, {cancelled.Seq, 0}} {
			_, err := act(tt.ticket, "Ana")
			overtaken, ok := errors.AsType[*Overtaken](err)
			if !ok || overtaken.By != tt.by {
				t.Errorf("%s of ticket %d: %v, want one overtaken by %d", name, tt.ticket, err, tt.by)
			}
		}
	}
	if _, err := s.Reprint(newer.Seq, "Ana"); err != nil {
		t.Errorf("the paper that stands is not printed again: %v", err)
	}
}
