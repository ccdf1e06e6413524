package spool

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mostrador/printer/virtual"
	"mostrador/store"
)

// A comanda hangs in the buffer of a printer without paper. Its void comes out of
// another printer at once, and when there is paper again, behind the comanda.
func TestVoidBehindWhatStillComesOut(t *testing.T) {
	fallback := func(s *Settings) {
		s.Printers[0].Fallback, s.Printers[0].FallbackAfter = []string{"caja"}, 20*time.Second
		s.Unknown[store.VoidTicket] = CopyOnce
	}
	inTime(t, []string{"cocina", "caja"}, fallback, func(c *counter) {
		c.pass(time.Second)
		c.machines["cocina"].Break(virtual.Fault{Kind: virtual.PaperOut, After: 20})
		order := c.order(store.Order{Number: "7", Status: store.Cancelled})
		old := c.queue("cocina", store.ComandaTicket, "siete\nlomo saltado\nlomo saltado\nlomo", ofOrder(order, "7"))
		c.pass(5 * time.Second)
		void := c.queue("cocina", store.VoidTicket, "anulado", ofOrder(order, "7"), func(j *store.Job) { j.Follows = old })
		c.pass(time.Minute)
		if j := c.wantState(void, store.JobPrinted); j.Printer != "caja" {
			t.Errorf("the void came out of %s", j.Printer)
		}
		c.wantState(void+1, store.JobQueued)
		c.pass(3 * time.Minute)
		if j := c.wantState(void+1, store.JobQueued); j.Printer != "cocina" {
			t.Errorf("what goes behind the comanda waits for %s", j.Printer)
		}
		c.machines["cocina"].Mend()
		c.pass(time.Minute)
		var papers []string
		for _, p := range c.papers("cocina") {
			if !strings.Contains(p, "RESUMEN") {
				papers = append(papers, p)
			}
		}
		if len(papers) != 2 || !strings.Contains(papers[0], "siete") || !strings.Contains(papers[1], "anulado") ||
			!strings.Contains(papers[1], "POSIBLEDUPLICADO") || strings.Contains(papers[1], "RESPALDO") {
			t.Errorf("the papers of cocina are %q", papers)
		}
	})
}

// What replaces the copy of a comanda that hung takes back the comanda, too.
func TestReplacementBehindWhatHung(t *testing.T) {
	fallback := func(s *Settings) {
		s.Printers[0].Fallback, s.Printers[0].FallbackAfter = []string{"caja"}, 20*time.Second
	}
	inTime(t, []string{"cocina", "caja"}, fallback, func(c *counter) {
		c.pass(time.Second)
		c.machines["cocina"].Break(virtual.Fault{Kind: virtual.Hang, After: 20})
		order := c.order(store.Order{Number: "7"})
		old := c.queue("cocina", store.ComandaTicket, "siete\nlomo saltado\nlomo saltado\nlomo", ofOrder(order, "7"))
		c.pass(2 * time.Minute)
		c.wantState(old, store.JobUnknown)
		copied := c.wantState(old+1, store.JobPrinted)
		c.queue("caja", store.ComandaTicket, "anticuchos", ofOrder(order, "7"), func(j *store.Job) { j.Follows, j.Revision = copied.Seq, 1 })
		c.pass(time.Minute)
		c.machines["cocina"].Mend()
		c.pass(2 * time.Minute)
		papers := strings.Join(c.papers("cocina"), "|")
		if first, last := strings.Index(papers, "siete"), strings.Index(papers, "anticuchos"); first < 0 || last < first {
			t.Errorf("the papers of cocina are %q", papers)
		}
	})
}

// What is known to be on paper needs nothing behind it.
func TestNothingBehindWhatIsOut(t *testing.T) {
	inTime(t, []string{"cocina", "caja"}, nil, func(c *counter) {
		order := c.order(store.Order{Number: "7", Status: store.Cancelled})
		old := c.queue("cocina", store.ComandaTicket, "siete", ofOrder(order, "7"))
		c.pass(5 * time.Second)
		c.wantState(old, store.JobPrinted)
		c.queue("caja", store.VoidTicket, "anulado", ofOrder(order, "7"), func(j *store.Job) { j.Follows = old })
		c.pass(time.Minute)
		if n := len(c.papers("cocina")) + len(c.papers("caja")); n != 2 {
			t.Errorf("%d papers came out, want 2", n)
		}
	})
}

// A void ticket is left once behind each paper that may still come out; its own
// copies leave nothing behind each other.
func TestLeftBehindOnce(t *testing.T) {
	inTime(t, threePrinters, nil, func(c *counter) {
		c.halt()
		order := c.order(store.Order{Number: "7"})
		at := func(printer string, state store.JobState) func(*store.Job) {
			return func(j *store.Job) { j.State, j.Attempts = state, []store.Attempt{{Printer: printer}} }
		}
		old := c.queue("cocina", store.ComandaTicket, "lomo", ofOrder(order, "7"), at("cocina", store.JobUnknown))
		c.queue("caja", store.ComandaTicket, "lomo", ofOrder(order, "7"), at("caja", store.JobUnknown), func(j *store.Job) { j.CopyOf = old })
		void := c.queue("barra", store.VoidTicket, "anula", ofOrder(order, "7"), at("barra", store.JobPrinted), func(j *store.Job) { j.Follows = old })
		if _, err := c.st.UpdateVital(func(tx *store.Tx) error {
			for seq := void; seq <= void+2; seq++ {
				j, err := tx.Job(seq)
				if err != nil {
					return err
				}
				j.State, j.Attempts = store.JobPrinted, []store.Attempt{{Printer: j.Printer}}
				if err := tx.PutJob(j); err != nil {
					return err
				}
				if err := c.leaveBehind(tx, j); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		var where []string
		if err := c.st.View(func(tx *store.Tx) error {
			jobs, err := tx.JobsOf(order)
			where = nil
			for _, j := range jobs {
				if j.Kind == store.VoidTicket {
					where = append(where, j.Printer)
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(where, []string{"barra", "cocina", "caja"}) {
			t.Errorf("void tickets at %v", where)
		}
	})
}
