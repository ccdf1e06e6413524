package spool

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mostrador/printer/virtual"
	"mostrador/store"
)

// chained has the kitchen fall back on the till and then on the bar.
func chained(s *Settings) {
	for i := range s.Printers {
		s.Printers[i].FallbackAfter = 20 * time.Second
	}
	s.Printers[0].Fallback = []string{"caja", "barra"}
	s.Printers[1].Fallback = []string{"cocina"}
}

var threePrinters = []string{"cocina", "caja", "barra"}

// What a dead printer cannot print comes out of the next one in its chain, in
// order and marked; when it is back, what has moved stays, and what is new is
// its own again.
func TestFallback(t *testing.T) {
	inTime(t, threePrinters, chained, func(c *counter) {
		c.pass(time.Second)
		c.machines["cocina"].unplug()
		c.pass(time.Second)
		first, second := c.queue("cocina", store.ComandaTicket, "uno"), c.queue("cocina", store.ComandaTicket, "dos")
		trial := c.queue("cocina", store.TestTicket, "prueba")
		c.pass(15 * time.Second)
		c.wantState(first, store.JobQueued)
		c.pass(10 * time.Second)
		for _, seq := range []uint64{first, second} {
			j := c.wantState(seq, store.JobPrinted)
			if j.Printer != "caja" || j.MeantFor != "cocina" || !slices.Equal(j.Marks, []store.Mark{store.MarkBackupCopy}) || !slices.Equal(j.Via, []string{"cocina"}) {
				t.Errorf("ticket %+v", j)
			}
		}
		third := c.queue("cocina", store.ComandaTicket, "tres") // it need not wait again
		c.pass(5 * time.Second)
		c.wantState(third, store.JobPrinted)
		c.wantState(trial, store.JobQueued)
		papers := c.papers("caja")
		if len(papers) != 3 || !strings.Contains(papers[0], "uno") || !strings.Contains(papers[1], "dos") || !strings.Contains(papers[2], "tres") ||
			!strings.Contains(papers[0], "COPIADERESPALDO") || !strings.Contains(papers[0], "cocina") {
			t.Errorf("papers of the till: %q", papers)
		}
		c.wantEntries("ticket.moved", 3)

		c.machines["cocina"].plug()
		c.pass(time.Minute)
		own := c.queue("cocina", store.ComandaTicket, "cuatro")
		c.pass(5 * time.Second)
		if j := c.wantState(own, store.JobPrinted); j.Printer != "cocina" || len(j.Marks) != 0 {
			t.Errorf("ticket %+v", j)
		}
		c.wantState(trial, store.JobPrinted)
	})
}

// A fallback that fails hands on to the next and in the end back home, and no
// ticket wanders for ever.
func TestFallbackFails(t *testing.T) {
	inTime(t, threePrinters, chained, func(c *counter) {
		c.pass(time.Second)
		down := func(name string) { c.machines[name].Break(virtual.Fault{Kind: virtual.PaperOut}) }
		down("cocina")
		down("barra")
		c.machines["caja"].unplug()
		c.pass(time.Second)
		seq := c.queue("cocina", store.ComandaTicket, "lomo")
		c.pass(time.Minute)
		if j := c.wantState(seq, store.JobQueued); j.Printer != "cocina" {
			t.Errorf("it has moved to %s, which cannot print", j.Printer)
		}
		c.mustMove(seq, "caja")
		c.pass(time.Minute)
		c.machines["barra"].Mend()
		down("barra")
		c.pass(time.Minute)
		if j := c.wantState(seq, store.JobQueued); j.Printer != "caja" {
			t.Errorf("it waits for %s", j.Printer)
		}
		c.machines["cocina"].Mend()
		c.pass(time.Minute)
		if j := c.wantState(seq, store.JobPrinted); j.Printer != "cocina" || slices.Contains(j.Marks, store.MarkBackupCopy) || len(j.Via) != 2 {
			t.Errorf("ticket %+v", j)
		}
	})
}

func (c *counter) mustMove(seq uint64, to string) {
	c.Helper()
	if n, err := c.Move(c.job(seq).Printer, to, "Ana"); n != 1 || err != nil {
		c.Fatalf("%d tickets moved: %v", n, err)
	}
}

// Wherever printers come and go, a ticket changes its printer at most as often
// as its chain is long, and twice.
func TestTicketsDoNotWander(t *testing.T) {
	inTime(t, threePrinters, chained, func(c *counter) {
		j := &store.Job{Kind: store.ComandaTicket, Printer: "cocina", MeantFor: "cocina"}
		all := func(name string) {
			for _, u := range c.units {
				u.line = Absent
				if u.Name != name {
					u.line = Ready
				}
			}
		}
		c.halt()
		for range 10 {
			all(j.Printer)
			next := c.nextFor(j)
			if next == "" {
				break
			}
			if next == j.Printer {
				t.Fatalf("it moves from %s to itself", next)
			}
			j.Via, j.Printer = append(j.Via, j.Printer), next
		}
		if want := []string{"cocina", "caja", "barra"}; !slices.Equal(j.Via, want) || j.Printer != "cocina" {
			t.Errorf("it went by %v to %s", j.Via, j.Printer)
		}
	})
}

// The marked copy of an unknown ticket moves too, and says both.
func TestUnknownCopyFallsBack(t *testing.T) {
	inTime(t, threePrinters, chained, func(c *counter) {
		c.stop()
		c.machines["cocina"].cutsNext(400) // of the conversation that begins now
		c.boot()
		seq := c.queue("cocina", store.ComandaTicket, strings.Repeat("lomo saltado\n", 40))
		await(t, c.st, "the cut", func() bool { return c.job(seq).State == store.JobUnknown })
		c.machines["cocina"].unplug()
		c.pass(40 * time.Second)
		j := c.wantState(seq+1, store.JobPrinted)
		if j.Printer != "caja" || !slices.Equal(j.Marks, []store.Mark{store.MarkPossibleDuplicate, store.MarkBackupCopy}) {
			t.Errorf("the copy: %+v", j)
		}
	})
}

// An unknown ticket whose void is on its way is not printed again behind it.
func TestVoidedTicketIsNotCopied(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		c.halt()
		order := c.order(store.Order{Number: "7"})
		seq := c.queue("cocina", store.ComandaTicket, "lomo", ofOrder(order, "7"), func(j *store.Job) {
			j.State, j.Attempts = store.JobSending, []store.Attempt{{Printer: "cocina"}}
		})
		void := c.queue("cocina", store.VoidTicket, "anula lomo", ofOrder(order, "7"), func(j *store.Job) { j.Follows = seq })
		c.stop()
		c.boot()
		c.pass(10 * time.Second)
		c.wantState(seq, store.JobUnknown)
		c.wantState(void, store.JobPrinted)
		if papers := c.papers("cocina"); len(papers) != 1 {
			t.Errorf("papers %q", papers)
		}
	})
}

// A printer that a person has paused keeps its tickets, over a restart too; the
// person moves them.
func TestPauseAndMove(t *testing.T) {
	inTime(t, threePrinters, chained, func(c *counter) {
		c.pass(time.Second)
		if err := c.Pause("cocina", "Ana", "limpieza"); err != nil {
			t.Fatal(err)
		}
		first := c.queue("cocina", store.ComandaTicket, "uno")
		c.pass(time.Minute)
		c.stop()
		c.boot()
		c.pass(time.Minute)
		c.wantState(first, store.JobQueued)
		if s := c.state("cocina"); s.State != Paused || !strings.Contains(s.Cause, "Ana") || !strings.Contains(s.Cause, "limpieza") {
			t.Errorf("the state is %+v", s)
		}
		if n, err := c.Move("cocina", "barra", "Ana"); n != 1 || err != nil {
			t.Errorf("%d moved: %v", n, err)
		}
		c.pass(5 * time.Second)
		if j := c.wantState(first, store.JobPrinted); j.Printer != "barra" || j.By != "Ana" || !slices.Contains(j.Marks, store.MarkBackupCopy) {
			t.Errorf("ticket %+v", j)
		}
		second := c.queue("cocina", store.ComandaTicket, "dos")
		if err := c.Resume("cocina", "Luis"); err != nil {
			t.Fatal(err)
		}
		c.pass(5 * time.Second)
		c.wantState(second, store.JobPrinted)
		c.wantEntries("printer.paused", 1)
		c.wantEntries("printer.resumed", 1)
		if err := c.Resume("cocina", "Luis"); err != nil {
			t.Errorf("a second time: %v", err)
		}
		c.wantEntries("printer.resumed", 1)
		for _, err := range []error{c.Pause("x", "", ""), c.Resume("x", "")} {
			if err == nil {
				t.Error("an unknown printer is paused")
			}
		}
		if _, err := c.Move("cocina", "cocina", ""); err == nil {
			t.Error("tickets move to where they are")
		}
		if _, err := c.Move("cocina", "x", ""); err == nil {
			t.Error("tickets move to no printer")
		}
	})
}

// What waited in a pause is told to have waited for it, also where another outage
// came and went before it was out.
func TestWordsOfAPauseThatIsOver(t *testing.T) {
	at := func(uptime time.Duration) store.Moment { return store.Moment{Boot: "b", Uptime: uptime} }
	pause := Pause{By: "Ana", Reason: "limpieza", At: at(time.Minute)}
	const stopped = "el agente o la impresora estuvieron parados"
	for _, c := range []struct {
		standing standing
		oldest   store.Moment
		want     string
	}{
		{standing{}, at(time.Minute), stopped},
		{standing{Paused: &pause}, at(time.Hour), "en pausa por Ana (limpieza)"},
		{standing{Held: &Held{pause, at(10 * time.Minute)}}, at(9 * time.Minute), "en pausa por Ana (limpieza)"},
		{standing{Held: &Held{pause, at(10 * time.Minute)}}, at(11 * time.Minute), stopped},
	} {
		if got := idleWords(&c.standing, c.oldest); got != c.want {
			t.Errorf("%+v with a ticket of %v: %q, want %q", c.standing, c.oldest.Uptime, got, c.want)
		}
	}
}

// Not even a printer that is paused and cannot print hands its tickets over: the
// person who paused it knows of them.
func TestPausedAndDeadKeepsItsTickets(t *testing.T) {
	inTime(t, threePrinters, chained, func(c *counter) {
		c.pass(time.Second)
		if err := c.Pause("cocina", "Ana", "limpieza"); err != nil {
			t.Fatal(err)
		}
		c.machines["cocina"].unplug()
		seq := c.queue("cocina", store.ComandaTicket, "lomo")
		c.pass(10 * time.Minute)
		if j := c.wantState(seq, store.JobQueued); j.Printer != "cocina" {
			t.Errorf("it moved to %s", j.Printer)
		}
	})
}
