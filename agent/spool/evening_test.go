package spool

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"mostrador/printer/virtual"
	"mostrador/store"
)

// An evening at four printers that fail in turn, in every way that people see:
// at its end each ticket has an end that the papers bear out, none came out
// twice without saying so, and the balance has them all.
func TestEvening(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inTime(t, []string{"cocina", "parrilla", "barra", "caja"}, eveningSettings, func(c *counter) { c.evening(seed) })
		})
	}
}

func eveningSettings(s *Settings) {
	names := []string{"cocina", "parrilla", "barra", "caja"}
	for i := range s.Printers {
		s.Printers[i].Fallback = []string{names[(i+1)%4], names[(i+2)%4]}
		s.Printers[i].FallbackAfter = 20 * time.Second
		s.Printers[i].AlarmsTo = []string{names[(i+3)%4]}
		s.AlarmAfter[store.ComandaTicket] = 2 * time.Minute
	}
}

// mishaps are what may happen to a printer, besides being unplugged.
var mishaps = []string{"paper-out@300", "cover-open@100", "cutter", "error", "hang@150", "power-off@200,for=30s", "unplug@250,for=20s",
	"silent,for=40s", "late=3s,for=60s", "wrong=id,for=30s", "half-close@120", "near-end", "hang-line@100,for=25s", "missing=3,for=60s"}

func (c *counter) evening(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 7))
	names := []string{"cocina", "parrilla", "barra", "caja"}
	var asked []uint64
	for n := range 75 {
		name := names[rng.IntN(4)]
		m := c.machines[name]
		switch rng.IntN(6) {
		case 0, 1:
			f, err := virtual.ParseFault(mishaps[rng.IntN(len(mishaps))])
			if err != nil {
				c.Fatal(err)
			}
			m.Break(f)
		case 2:
			m.unplug()
		case 3, 4:
			m.Mend()
			m.plug()
		}
		kind := []store.TicketKind{store.ComandaTicket, store.ReceiptTicket}[rng.IntN(2)]
		seq := c.queue(names[rng.IntN(4)], kind, fmt.Sprintf("N%03dA\n%sN%03dZ", n, strings.Repeat("lomo saltado\n", 5), n), maxAge(45*time.Minute))
		asked = append(asked, seq)
		if rng.IntN(12) == 0 {
			c.Cancel(asked[rng.IntN(len(asked))], "Ana") // which may have ended
		}
		c.pass(time.Duration(rng.IntN(90)) * time.Second)
	}
	for _, m := range c.machines {
		m.Mend()
		m.plug()
	}
	c.pass(2 * time.Hour)
	c.stop() // the papers are as they are now
	c.boot()
	c.pass(time.Minute)
	c.bornOut(asked)
}

// bornOut checks what is recorded of tickets against the papers.
func (c *counter) bornOut(asked []uint64) {
	c.Helper()
	var papers []string
	for _, m := range c.machines {
		papers = append(papers, text(m)...)
	}
	count := func(marked bool, n int) (whole, any int) {
		for _, p := range papers {
			if strings.Contains(p, "POSIBLEDUPLICADO") != marked {
				continue
			}
			first, last := strings.Contains(p, fmt.Sprintf("N%03dA", n)), strings.Contains(p, fmt.Sprintf("N%03dZ", n))
			if first || last {
				any++
			}
			if first && last {
				whole++
			}
		}
		return whole, any
	}
	for n, seq := range asked {
		j := c.job(seq)
		whole, any := count(false, n)
		switch {
		case whole > 1:
			c.Errorf("ticket %d is %d times on paper without a mark", seq, whole)
		case j.State == store.JobPrinted && whole != 1:
			c.Errorf("ticket %d is called printed (%s) and is on %d papers: %+v", seq, j.Proof(), whole, j.Attempts)
		case (j.State == store.JobExpired || j.State == store.JobCancelled) && any > 0:
			c.Errorf("ticket %d is %s and is on paper", seq, j.State)
		case j.State == store.JobQueued || j.State == store.JobSending:
			c.Errorf("ticket %d is still %s on %s (%s)", seq, j.State, j.Printer, j.Cause)
		}
	}
	b, err := c.Balance(time.Time{}, time.Now().Add(time.Hour))
	if err != nil || b.All.Asked != b.All.Ends() || b.All.Asked < len(asked) {
		c.Errorf("the balance: %+v, %v", b.All, err)
	}
	c.Logf("%+v; %d outages", b.All, len(b.Outages))
}
