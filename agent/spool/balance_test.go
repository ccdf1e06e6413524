package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mostrador/printer"
	"mostrador/printer/profile"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// Whatever became of tickets, a balance has each of them once, and only those
// of its period.
func TestBalanceAddsUp(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		c.halt()
		rng := rand.New(rand.NewPCG(1, 2))
		states := []store.JobState{store.JobQueued, store.JobSending, store.JobPrinted, store.JobNotPrinted, store.JobUnknown,
			store.JobExpired, store.JobReplaced, store.JobCancelled}
		outcomes := []store.Outcome{store.OutcomePrinted, store.OutcomeNotPrinted, store.OutcomeUnknown}
		proofs := []store.Proof{store.ProofProcessID, store.ProofFence, store.ProofStatus, store.ProofTransport, store.ProofNone}
		var from, to time.Time
		for i := range 600 {
			switch i {
			case 100:
				from = time.Now()
			case 500:
				to = time.Now()
			}
			c.queue(fmt.Sprint("p", rng.IntN(3)), store.ComandaTicket, "x", func(j *store.Job) {
				j.State = states[rng.IntN(len(states))]
				for range rng.IntN(3) {
					j.Attempts = append(j.Attempts, store.Attempt{Outcome: outcomes[rng.IntN(3)], Proof: proofs[rng.IntN(5)]})
				}
			})
			c.pass(time.Second)
		}
		b, err := c.Balance(from, to)
		if err != nil || b.All.Asked != 400 || b.All.Ends() != 400 || len(b.Printers) != 3 {
			t.Fatalf("%+v, %v", b, err)
		}
		sum := 0
		for _, p := range b.Printers {
			if p.Asked != p.Ends() {
				t.Errorf("%+v does not add up", p)
			}
			sum += p.Asked
		}
		if sum != 400 {
			t.Errorf("the printers have %d tickets", sum)
		}
	})
}

// Where each ticket is counted.
func TestEnds(t *testing.T) {
	attempt := func(o store.Outcome, p store.Proof) []store.Attempt { return []store.Attempt{{Outcome: o, Proof: p}} }
	for _, tt := range []struct {
		job  store.Job
		want Count
	}{
		{store.Job{State: store.JobPrinted, Attempts: attempt(store.OutcomePrinted, store.ProofFence)}, Count{Asked: 1, Confirmed: 1}},
		{store.Job{State: store.JobPrinted, Attempts: attempt(store.OutcomePrinted, store.ProofTransport)}, Count{Asked: 1, Unconfirmed: 1}},
		{store.Job{State: store.JobPrinted, Attempts: attempt(store.OutcomeUnknown, store.ProofNone)}, Count{Asked: 1, SettledPrinted: 1}},
		{store.Job{State: store.JobNotPrinted, Attempts: attempt(store.OutcomeUnknown, store.ProofNone)}, Count{Asked: 1, SettledNotPrinted: 1}},
		{store.Job{State: store.JobNotPrinted}, Count{Asked: 1, NotPrinted: 1}},
		{store.Job{State: store.JobUnknown, Marks: []store.Mark{store.MarkPossibleDuplicate, store.MarkBackupCopy}}, Count{Asked: 1, Unknown: 1, MarkedCopies: 1, BackupCopies: 1}},
		{store.Job{State: store.JobQueued, Marks: []store.Mark{store.MarkReprint, store.MarkLate}}, Count{Asked: 1, Waiting: 1, Reprints: 1, Late: 1}},
	} {
		var got Count
		if got.add(&tt.job); got != tt.want {
			t.Errorf("%+v is counted as %+v", tt.job, got)
		}
	}
}

// A reprint says so, how many there are, and who wanted it.
func TestReprint(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		for _, order := range []uint64{0, c.order(store.Order{Number: "7"})} {
			seq := c.queue("cocina", store.ReceiptTicket, "total", ofOrder(order, "7"))
			if _, err := c.Reprint(seq, "Ana"); !errors.Is(err, ErrSettled) {
				t.Errorf("a waiting ticket is reprinted: %v", err)
			}
			c.pass(5 * time.Second)
			of := seq
			for n := 2; n <= 3; n++ {
				j, err := c.Reprint(of, "Ana")
				if err != nil || j.CopyOf != seq || j.Copy != n || j.By != "Ana" || !slices.Equal(j.Marks, []store.Mark{store.MarkReprint}) {
					t.Fatalf("reprint %d: %+v, %v", n, j, err)
				}
				c.pass(5 * time.Second)
				c.wantState(j.Seq, store.JobPrinted)
				of = j.Seq // also one of a reprint is one of the original
			}
			papers := c.papers("cocina")
			if last := papers[len(papers)-1]; !strings.Contains(last, "REIMPRESIÓN") || !strings.Contains(last, "total") {
				t.Errorf("the reprint says %q", last)
			}
			if all := events(t, c.st); !strings.Contains(all[len(all)-1], `"by":"Ana"`) {
				t.Errorf("the evidence is %s", all[len(all)-1])
			}
		}
	})
}

// The drawer opens when a person asks and there is one, and for the first
// receipt of what is paid in cash at the counter; never later than asked.
func TestDrawer(t *testing.T) {
	set := func(s *Settings) { s.Printers[0].Drawer = true }
	inTime(t, []string{"caja", "cocina"}, set, func(c *counter) {
		ctx := context.Background()
		m := c.machines["caja"]
		c.pass(time.Second)
		if err := c.KickDrawer(ctx, "caja", "Ana", "cambio"); err != nil || m.Pulses() != 1 {
			t.Fatalf("%d pulses, %v", m.Pulses(), err)
		}
		if e := c.wantEntries("drawer.opened", 1); len(e) == 1 && (!strings.Contains(e[0].Text, "Ana") || !strings.Contains(e[0].Text, "cambio")) {
			t.Errorf("the log says %q", e[0].Text)
		}
		if err := c.KickDrawer(ctx, "cocina", "Ana", ""); !errors.Is(err, ErrNoDrawer) {
			t.Errorf("without a drawer: %v", err)
		}
		if err := c.KickDrawer(ctx, "x", "Ana", ""); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("without a printer: %v", err)
		}
		m.Break(virtual.Fault{Kind: virtual.CoverOpen})
		c.pass(5 * time.Second)
		if err := c.KickDrawer(ctx, "caja", "Ana", ""); !errors.Is(err, ErrNotNow) {
			t.Errorf("with its cover open: %v", err)
		}
		m.Mend()
		c.pass(10 * time.Second)

		pulses := m.Pulses()
		for i, tt := range []struct {
			order store.Order
			kind  store.TicketKind
			copy  int
			want  int
		}{
			{store.Order{Kind: store.Pickup, Payment: store.Payment{Cash: true}}, store.ReceiptTicket, 1, 1},
			{store.Order{Kind: store.Table, Payment: store.Payment{Cash: true}}, store.ReceiptTicket, 1, 1},
			{store.Order{Kind: store.Table, Payment: store.Payment{Cash: true}}, store.ReceiptTicket, 2, 0},
			{store.Order{Kind: store.Table, Payment: store.Payment{Cash: true}}, store.ComandaTicket, 1, 0},
			{store.Order{Kind: store.Delivery, Payment: store.Payment{Cash: true}}, store.ReceiptTicket, 1, 0},
			{store.Order{Kind: store.Pickup, Payment: store.Payment{Cash: true, Paid: true}}, store.ReceiptTicket, 1, 0},
			{store.Order{Kind: store.Pickup}, store.ReceiptTicket, 1, 0},
		} {
			tt.order.Number = fmt.Sprint(i)
			seq := c.queue("caja", tt.kind, "total", ofOrder(c.order(tt.order), tt.order.Number), func(j *store.Job) { j.Copy = tt.copy })
			c.pass(5 * time.Second)
			c.wantState(seq, store.JobPrinted)
			if got := m.Pulses() - pulses; got != tt.want {
				t.Errorf("%+v, %s %d: %d pulses", tt.order, tt.kind, tt.copy, got)
			}
			if again, err := c.Reprint(seq, "Ana"); err != nil {
				t.Error(again, err)
			}
			c.pass(5 * time.Second)
			if got := m.Pulses() - pulses; got != tt.want {
				t.Errorf("its reprint opens the drawer")
			}
			o := c.job(seq).Order
			c.queue("caja", tt.kind, "total", ofOrder(o, tt.order.Number), func(j *store.Job) { j.Follows = seq })
			c.pass(5 * time.Second)
			if got := m.Pulses() - pulses; got != tt.want {
				t.Errorf("one that replaces it opens the drawer")
			}
			pulses = m.Pulses()
		}
	})
}

// Tickets of the kitchen call for it where a buzzer is configured.
func TestBuzzer(t *testing.T) {
	set := func(s *Settings) {
		for i := range s.Printers {
			s.Printers[i].Profile.Buzzer = profile.BuzzerEpson
		}
		s.Printers[0].Buzzer = true
	}
	inTime(t, []string{"cocina", "caja"}, set, func(c *counter) {
		c.pass(time.Second)
		for _, p := range []string{"cocina", "caja"} {
			for _, kind := range []store.TicketKind{store.ComandaTicket, store.VoidTicket, store.ReceiptTicket} {
				c.queue(p, kind, "x")
			}
		}
		c.pass(10 * time.Second)
		if loud, quiet := c.machines["cocina"].Buzzes(), c.machines["caja"].Buzzes(); loud == 0 || quiet != 0 {
			t.Errorf("the kitchen sounds %d times, the till %d", loud, quiet)
		}
	})
}

// A printer is taken for what it says it is only when it also does what that
// model does, and its paper for no wider than any model's.
func TestRecognise(t *testing.T) {
	full := printer.Abilities{Status: true, Fence: true, ProcessID: true, Auto: true, Maker: "EPSON", Model: "TM-T20II"}
	clone, unknown := full, full
	clone.Status, clone.ProcessID, clone.Fence = false, false, false
	unknown.Model = "NT-5890K"
	p, ok := recognise(full, "80mm")
	if !ok || p.Name != "TM-T20II" || p.Papers["80mm"] != profile.Auto().Papers["80mm"] {
		t.Errorf("recognised as %s with %+v, %v", p.Name, p.Papers, ok)
	}
	for _, a := range []printer.Abilities{clone, unknown, {}} {
		if p, ok := recognise(a, "80mm"); ok {
			t.Errorf("%+v is taken for %s", a, p.Name)
		}
	}
	if p, ok := recognise(full, "999mm"); ok {
		t.Errorf("a paper that it does not have: %+v", p)
	}
}

// A record that cannot be read blocks no other, and staff hear of it once.
func TestUnreadableTicket(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		c.halt()
		c.queue("cocina", store.ComandaTicket, "uno")
		c.queue("cocina", store.ComandaTicket, "DAMAGED")
		c.queue("cocina", store.ComandaTicket, "dos")
		c.stop()
		file, err := os.ReadFile(c.path)
		if err != nil {
			t.Fatal(err)
		}
		file = bytes.ReplaceAll(file, []byte(`"markup":"DAMAGED`), []byte(`"markup":{DAMAGED`))
		if err := os.WriteFile(c.path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		c.boot()
		c.pass(time.Minute)
		if papers := c.papers("cocina"); len(papers) != 2 || !strings.Contains(papers[1], "dos") {
			t.Errorf("papers %q", papers)
		}
		c.wantEntries("ticket.unreadable", 1)
	})
}
