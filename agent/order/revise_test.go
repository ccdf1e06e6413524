package order

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mostrador/store"
)

func TestRevisedWhileWaiting(t *testing.T) {
	k := newKitchen(t, rules())
	taken := k.mustTake(t, asado("a1"))
	d := asado("a1")
	d.Order.Dated = d.Order.Dated.Add(time.Minute)
	d.Order.Lines = d.Order.Lines[:2] // the cake goes, the drink stays at the bar
	d.Order.Lines[1].Quantity = store.Units(2)
	got := k.mustTake(t, d)
	if got.Change != ChangeRevised || got.Revision != 2 || got.Order != taken.Order {
		t.Fatalf("taken %+v", got)
	}
	jobs := k.jobs(t, taken.Order)
	var waiting []*store.Job
	for _, j := range jobs {
		if j.State == store.JobQueued {
			waiting = append(waiting, j)
		} else if j.State != store.JobReplaced || j.Revision != 1 {
			t.Errorf("job %+v", j)
		}
	}
	equal(t, "waiting", papers(waiting), []string{
		"comanda parrilla cocina queued", "comanda fría fria queued", "comanda barra caja queued", "delivery  caja queued", "receipt  caja queued",
	})
	for _, j := range waiting {
		if j.Revision != 2 {
			t.Errorf("%s of revision %d", j.Kind, j.Revision)
		}
	}
	if n := len(k.events(t, store.StreamTickets)); n != 5 {
		t.Errorf("%d tickets told as replaced", n)
	}
	if n := len(k.events(t, store.StreamRequests)); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// What is on paper is followed by what changed, what may be by the whole that
// replaces it; what is new for a station that had nothing is printed.
func TestRevisedAfterPaper(t *testing.T) {
	for _, state := range []store.JobState{store.JobSending, store.JobPrinted, store.JobUnknown} {
		t.Run(string(state), func(t *testing.T) {
			k := newKitchen(t, rules())
			first := asado("a1")
			first.Order.Lines = first.Order.Lines[:1]
			taken := k.mustTake(t, first)
			k.setJob(t, k.jobs(t, taken.Order)[0].Seq, state) // the grill's
			d := asado("a1")
			d.Order.Lines[0].Quantity = store.Units(1)
			k.mustTake(t, d)
			var at []string
			for _, j := range k.jobs(t, taken.Order) {
				if j.State != store.JobReplaced {
					at = append(at, fmt.Sprintf("%s %s %s %d", j.Kind, j.Station, j.State, j.Revision))
				}
			}
			follower := "comanda"
			if state == store.JobPrinted {
				follower = "change"
			}
			equal(t, "tickets", at, []string{
				"comanda parrilla " + string(state) + " 1", follower + " parrilla queued 2", "comanda fría queued 2", "comanda barra queued 2",
				"delivery  queued 2", "receipt  queued 2",
			})
			e := k.entries(t)
			last := e[len(e)-1]
			if last.Kind != "order.revised" || last.Severity != store.Warning ||
				!strings.Contains(last.Text, "se corrige con: "+map[string]string{"comanda": "comanda", "change": "cambio"}[follower]+" parrilla (cocina)") || !strings.Contains(last.Text, "−1 Combo parrillero") {
				t.Errorf("entry %+v", last)
			}
		})
	}
}

// A copy of a ticket of unknown outcome that still waits keeps its mark when
// the order changes under it.
func TestRevisedKeepsTheMark(t *testing.T) {
	k := newKitchen(t, rules())
	taken := k.mustTake(t, asado("a1"))
	original := k.jobs(t, taken.Order)[0]
	k.setJob(t, original.Seq, store.JobUnknown)
	copied := *original
	copied.ID, copied.Seq, copied.CopyOf, copied.Copy = "", 0, original.Seq, 2
	copied.State, copied.Marks = store.JobQueued, []store.Mark{store.MarkPossibleDuplicate}
	if _, err := k.st.UpdateVital(func(tx *store.Tx) error {
		j := copied
		return tx.PutJob(&j)
	}); err != nil {
		t.Fatal(err)
	}
	d := asado("a1")
	d.Order.Lines[0].Quantity = store.Units(3)
	k.mustTake(t, d)
	n := 0
	for _, j := range k.jobs(t, taken.Order) {
		if j.Station == "parrilla" && j.State == store.JobQueued {
			n++
			if j.Revision != 2 || !slices.Contains(j.Marks, store.MarkPossibleDuplicate) || j.Follows != original.Seq {
				t.Errorf("job %+v", j)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d comandas wait for the grill", n)
	}
}

func TestCancelled(t *testing.T) {
	k := newKitchen(t, rules())
	taken := k.mustTake(t, asado("a1"))
	k.setJob(t, k.jobs(t, taken.Order)[0].Seq, store.JobPrinted)
	d := Draft{StatusOnly: true, Order: store.Order{Key: asado("a1").Order.Key, Status: store.Cancelled}}
	if got := k.mustTake(t, d); got.Change != ChangeCancelled {
		t.Errorf("change %s", got.Change)
	}
	equal(t, "papers", papers(k.jobs(t, taken.Order)), []string{
		"comanda parrilla cocina printed", "comanda fría fria cancelled", "comanda barra caja cancelled",
		"delivery  caja cancelled", "receipt  caja cancelled", "void parrilla cocina queued",
	})
	e := k.entries(t)
	if last := e[len(e)-1]; last.Severity != store.Warning || !strings.Contains(last.Text, "anulación parrilla (cocina)") {
		t.Errorf("entry %+v", last)
	}
	if o := k.order(t, taken.Order); len(o.Lines) != 3 || o.Revision != 1 {
		t.Errorf("order %+v", o)
	}
}

// An order that has left keeps the tickets that it still waits for, brought up
// to date; nothing new is begun.
func TestRevisedWhenGone(t *testing.T) {
	k := newKitchen(t, rules())
	first := asado("a1")
	first.Order.Lines = first.Order.Lines[:1]
	taken := k.mustTake(t, first)
	k.setJob(t, k.jobs(t, taken.Order)[0].Seq, store.JobExpired)
	d := asado("a1")
	d.Order.Status = store.Dispatched
	k.mustTake(t, d)
	var waiting []*store.Job
	for _, j := range k.jobs(t, taken.Order) {
		if j.State == store.JobQueued {
			waiting = append(waiting, j)
		}
	}
	equal(t, "waiting", papers(waiting), []string{"comanda barra caja queued", "delivery  caja queued", "receipt  caja queued"})
}
