package spool

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// A ticket whose void ticket or successor is made while it is on its way, and
// which then is proven not printed, does not come out before that.
func TestOvertakenWhileSending(t *testing.T) {
	for name, tt := range map[string]struct {
		by    store.TicketKind
		state store.JobState // of the newer paper
		alter func(*store.Job)
		want  store.JobState
	}{
		"voided":              {store.VoidTicket, store.JobQueued, nil, store.JobCancelled},
		"voided, void late":   {store.VoidTicket, store.JobExpired, nil, store.JobCancelled},
		"replaced":            {store.ComandaTicket, store.JobQueued, nil, store.JobReplaced},
		"the other is no use": {store.ComandaTicket, store.JobExpired, nil, store.JobQueued},
		"changed":             {store.ChangeTicket, store.JobQueued, nil, store.JobQueued},
		"wanted by a person":  {store.VoidTicket, store.JobQueued, func(j *store.Job) { j.RetriedAt = j.QueuedAt }, store.JobQueued},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, []string{"cocina"}, nil, func(c *counter) {
				c.machines["cocina"].unplug()
				c.pass(time.Second)
				order := c.order(store.Order{Number: "7"})
				old := c.queue("cocina", store.ComandaTicket, "lomo", ofOrder(order, "7"), func(j *store.Job) {
					if tt.alter != nil {
						tt.alter(j)
					}
				})
				if _, ok, err := c.begin(c.job(old), "cocina", 10, 1); err != nil || !ok {
					t.Fatal(ok, err)
				}
				c.queue("cocina", tt.by, "newer", ofOrder(order, "7"), func(j *store.Job) { j.Follows, j.State = old, tt.state })
				if err := c.finish(old, store.Attempt{Outcome: store.OutcomeNotPrinted, Cause: "sin papel"}); err != nil {
					t.Fatal(err)
				}
				c.wantState(old, tt.want)
			})
		})
	}
}

// No ticket begins once Pause has returned, however far its worker had come.
func TestPausedWhileComposing(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		c.machines["cocina"].unplug()
		c.pass(time.Second)
		seq := c.queue("cocina", store.TestTicket, "uno")
		composed := c.job(seq)
		if err := c.Pause("cocina", "Ana", ""); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := c.begin(composed, "cocina", 10, 1); ok || err != nil {
			t.Errorf("it began: %v, %v", ok, err)
		}
		c.wantState(seq, store.JobQueued)
	})
}

// The evidence of a copy and of a void ticket names the ticket that it is about.
func TestEvidenceNamesOtherTickets(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		c.pass(time.Second)
		order := c.order(store.Order{Number: "7"})
		old := c.queue("cocina", store.ComandaTicket, "lomo", ofOrder(order, "7"), func(j *store.Job) { j.State = store.JobPrinted })
		c.queue("cocina", store.ComandaTicket, "lomo", ofOrder(order, "7"), func(j *store.Job) { j.CopyOf = old })
		c.queue("cocina", store.VoidTicket, "anula", ofOrder(order, "7"), func(j *store.Job) { j.Follows = old })
		c.pass(10 * time.Second)
		sent := events(t, c.st)
		if len(sent) != 2 {
			t.Fatalf("events %q", sent)
		}
		for i, name := range []string{"copy_of", "follows"} {
			if want := `"` + name + `":"` + c.job(old).ID + `"`; !strings.Contains(sent[i], want) {
				t.Errorf("%s is missing in %s", want, sent[i])
			}
		}
	})
}
