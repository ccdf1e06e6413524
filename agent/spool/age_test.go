package spool

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mostrador/printer/virtual"
	"mostrador/store"
)

// Tickets of a dead printer expire too, staff hear of those whose order is open,
// and when the printer is back the digest comes first and then the oldest.
func TestOutage(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		c.pass(time.Minute)
		m := c.machines["cocina"]
		m.unplug()
		open := c.order(store.Order{Number: "101", Status: store.Preparing})
		gone := c.order(store.Order{Number: "102", Status: store.Completed})
		short := c.queue("cocina", store.ComandaTicket, "lomo", ofOrder(open, "101"), maxAge(10*time.Minute))
		closed := c.queue("cocina", store.ComandaTicket, "ceviche", ofOrder(gone, "102"), maxAge(10*time.Minute))
		old := c.queue("cocina", store.ComandaTicket, "arroz", maxAge(time.Hour))
		ever := c.queue("cocina", store.ReceiptTicket, "total")
		c.pass(10*time.Minute + 2*time.Second)
		j := c.wantState(short, store.JobExpired)
		if !strings.Contains(j.Cause, "10 min") {
			t.Errorf("its cause is %q", j.Cause)
		}
		c.wantState(closed, store.JobExpired)
		c.wantEntries("ticket.expired", 2)
		if asks := c.wantEntries("ticket.decide", 1); len(asks) == 1 && (asks[0].Subject != j.ID || asks[0].Severity != store.Alarm || !strings.Contains(asks[0].Text, "retry")) {
			t.Errorf("a person is asked %+v", asks[0])
		}
		if n := len(events(t, c.st)); n != 2 {
			t.Errorf("%d events, want those of the expired", n)
		}
		c.pass(20 * time.Minute)
		fresh := c.queue("cocina", store.ComandaTicket, "nuevo")
		m.plug()
		c.pass(time.Minute)
		for _, seq := range []uint64{old, ever, fresh} {
			c.wantState(seq, store.JobPrinted)
		}
		if j := c.job(old); !slices.Contains(j.Marks, store.MarkLate) || j.Age < 29*time.Minute {
			t.Errorf("the late one has %v, age %v", j.Marks, j.Age)
		}
		if j := c.job(fresh); len(j.Marks) != 0 || j.Age != 0 {
			t.Errorf("the fresh one has %v, age %v", j.Marks, j.Age)
		}
		digest := c.job(fresh + 1)
		if digest.Kind != store.DigestTicket {
			t.Fatalf("the digest: %+v", digest)
		}
		if ends := events(t, c.st)[2:]; !strings.Contains(ends[0], digest.ID) || !strings.Contains(ends[1], c.job(old).ID) {
			t.Errorf("the order of the papers: %s", ends)
		}
		if d := digest.Digest; d.Printer != "cocina" || len(d.Waited) != 2 || len(d.Expired) != 2 || d.Cause == "" ||
			!d.Expired[0].Open || d.Expired[1].Open || d.Waited[0].Ticket != old {
			t.Errorf("it says %+v", d)
		}
		b, err := c.Balance(time.Time{}, time.Now().Add(time.Hour))
		if err != nil || len(b.Outages) != 1 {
			t.Fatalf("outages: %+v, %v", b.Outages, err)
		}
		if o := b.Outages[0]; o.Printer != "cocina" || o.Tickets != 5 || o.Expired != 2 || o.Waited != 3 || o.To.IsZero() {
			t.Errorf("the outage is %+v", o)
		}
		if lasted, _ := b.Outages[0].From.Since(b.Outages[0].To); lasted < 29*time.Minute || lasted > 32*time.Minute {
			t.Errorf("it lasted %v", lasted)
		}
		c.pass(time.Hour)
		papers := c.papers("cocina")
		if len(papers) != 4 || !strings.Contains(papers[0], "101") || !strings.Contains(papers[1], "arroz") {
			t.Errorf("papers %q, want the digest and three tickets", papers)
		}
		// A person prints the expired one: it says how late it is and is not
		// expired at once again.
		again, err := c.Retry(short, "Ana")
		if err != nil || again.By != "Ana" {
			t.Fatal(again, err)
		}
		c.pass(5 * time.Second)
		if j := c.wantState(short, store.JobPrinted); !slices.Contains(j.Marks, store.MarkLate) || j.Age < time.Hour {
			t.Errorf("printed again with %v, age %v", j.Marks, j.Age)
		}
	})
}

// A short outage, or one in which nothing waited, is not worth a digest.
func TestNoDigestForLittle(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		c.pass(time.Minute)
		m := c.machines["cocina"]
		m.unplug()
		seq := c.queue("cocina", store.ComandaTicket, "lomo")
		c.pass(30 * time.Second)
		m.plug()
		c.pass(time.Minute)
		c.wantState(seq, store.JobPrinted)
		m.unplug()
		c.pass(10 * time.Minute)
		m.plug()
		c.pass(time.Minute)
		if n := len(c.papers("cocina")); n != 1 {
			t.Errorf("%d papers", n)
		}
	})
}

// Tickets that waited while the agent was off come with a digest, too, and the
// stale ones not at all.
func TestNightWithoutTheAgent(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		c.halt()
		stale := c.queue("cocina", store.ComandaTicket, "ayer", maxAge(45*time.Minute))
		kept := c.queue("cocina", store.ReceiptTicket, "total")
		c.stop()
		c.pass(10 * time.Hour)
		c.boot()
		c.pass(10 * time.Second)
		c.wantState(stale, store.JobExpired)
		c.wantState(kept, store.JobPrinted)
		if j := c.job(kept + 1); j.Kind != store.DigestTicket || len(j.Digest.Waited) != 1 {
			t.Errorf("no digest: %+v", j)
		}
	})
}

// Where the age is not certain the ticket prints and says so.
func TestUncertainAge(t *testing.T) {
	now := store.Moment{Wall: time.Now(), Boot: "b", Uptime: time.Hour, Synced: true}
	for _, tt := range []struct {
		name    string
		job     store.Job
		expired bool
		mark    store.Mark
	}{
		{"this boot, young", store.Job{QueuedAt: before(now, time.Minute), MaxAge: time.Hour}, false, ""},
		{"this boot, late", store.Job{QueuedAt: before(now, 6*time.Minute), MaxAge: time.Hour}, false, store.MarkLate},
		{"this boot, a quarter", store.Job{QueuedAt: before(now, time.Minute), MaxAge: 3 * time.Minute}, false, store.MarkLate},
		{"this boot, too old", store.Job{QueuedAt: before(now, 2*time.Hour), MaxAge: time.Hour}, true, store.MarkLate},
		{"no maximum", store.Job{QueuedAt: before(now, 200*time.Hour)}, false, store.MarkLate},
		{"another boot, clock kept", store.Job{QueuedAt: store.Moment{Wall: now.Wall.Add(-2 * time.Hour), Boot: "a", Synced: true}, MaxAge: time.Hour}, true, store.MarkLate},
		{"another boot, clock adrift", store.Job{QueuedAt: store.Moment{Wall: now.Wall.Add(-2 * time.Hour), Boot: "a"}, MaxAge: time.Hour}, false, store.MarkTimeUnconfirmed},
		{"scheduled for later", store.Job{QueuedAt: before(now, 2*time.Hour), DueAt: before(now, -time.Hour), MaxAge: time.Hour}, false, ""},
		{"asked for again", store.Job{QueuedAt: before(now, 2*time.Hour), RetriedAt: before(now, time.Minute), MaxAge: time.Hour}, false, store.MarkLate},
		{"marks of an earlier try", store.Job{QueuedAt: now, MaxAge: time.Hour, Marks: []store.Mark{store.MarkLate, store.MarkTimeUnconfirmed}}, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.job.Kind = store.ComandaTicket
			if got := expired(&tt.job, now); got != tt.expired {
				t.Errorf("expired: %v", got)
			}
			got := dated(&tt.job, now).Marks
			if tt.mark == "" && len(got) != 0 || tt.mark != "" && !slices.Equal(got, []store.Mark{tt.mark}) {
				t.Errorf("marks %v, want %q", got, tt.mark)
			}
		})
	}
}

// Staff are told once of a ticket that waits longer than its kind allows, and
// again when its printer has changed, at most every ten minutes.
func TestWaitingTickets(t *testing.T) {
	set := func(s *Settings) { s.AlarmAfter[store.ComandaTicket] = 2 * time.Minute }
	inTime(t, []string{"cocina"}, set, func(c *counter) {
		c.pass(time.Second)
		m := c.machines["cocina"]
		m.Break(virtual.Fault{Kind: virtual.PaperOut})
		c.pass(time.Second)
		c.queue("cocina", store.ComandaTicket, "lomo")
		c.queue("cocina", store.ReceiptTicket, "total") // a kind that may wait
		c.pass(119 * time.Second)
		c.wantEntries("ticket.waiting", 0)
		c.pass(3 * time.Second)
		told := c.wantEntries("ticket.waiting", 1)
		if len(told) == 1 && (!strings.Contains(told[0].Text, "2 min") || !strings.Contains(told[0].Text, "sin papel")) {
			t.Errorf("staff are told %q", told[0].Text)
		}
		c.pass(time.Hour)
		c.wantEntries("ticket.waiting", 1)
		m.unplug()
		c.pass(time.Minute)
		c.wantEntries("ticket.waiting", 2)
		if err := c.Pause("cocina", "Ana", ""); err != nil {
			t.Fatal(err)
		}
		c.pass(5 * time.Minute)
		c.wantEntries("ticket.waiting", 2)
		c.pass(10 * time.Minute)
		c.wantEntries("ticket.waiting", 3)
	})
}

// Another printer says on paper that one cannot print: once per outage, and
// not any more when it can.
func TestNotice(t *testing.T) {
	set := func(s *Settings) { s.Printers[0].AlarmsTo = []string{"caja", "barra"} }
	inTime(t, threePrinters, set, func(c *counter) {
		c.pass(time.Minute)
		c.machines["caja"].unplug()
		c.machines["cocina"].Break(virtual.Fault{Kind: virtual.PaperOut})
		c.pass(5 * time.Second)
		if papers := c.papers("barra"); len(papers) != 1 || !strings.Contains(papers[0], "cocina") || !strings.Contains(papers[0], "sinpapel") {
			t.Errorf("the bar is told %q", papers)
		}
		c.queue("cocina", store.ComandaTicket, "lomo")
		c.pass(10 * time.Minute)
		c.machines["cocina"].Mend()
		c.pass(time.Minute)

		// Absent, with nothing waiting, is no news on paper; a ticket makes it so.
		c.machines["barra"].unplug()
		c.machines["cocina"].unplug()
		c.pass(10 * time.Minute)
		c.queue("cocina", store.ComandaTicket, "arroz")
		c.pass(time.Minute)
		c.machines["caja"].plug()
		c.pass(time.Minute)
		if papers := c.papers("caja"); len(papers) != 1 || !strings.Contains(papers[0], "Unticketespera") {
			t.Errorf("the till is told %q", papers)
		}
		if papers := c.papers("barra"); len(papers) != 1 {
			t.Errorf("the bar is told %q", papers)
		}
	})
}

// A person's test says which printer it came out of.
func TestTestTicket(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		j, err := c.Test("cocina", "Ana")
		if err != nil {
			t.Fatal(err)
		}
		c.pass(5 * time.Second)
		c.wantState(j.Seq, store.JobPrinted)
		if papers := c.papers("cocina"); len(papers) != 1 || !strings.Contains(papers[0], "cocina") || !strings.Contains(papers[0], "Ana") {
			t.Errorf("papers %q", papers)
		}
	})
}
