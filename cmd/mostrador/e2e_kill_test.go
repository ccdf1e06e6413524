//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"mostrador/agent/spool"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// The same with the broker away for the first half, with the daemon killed at
// random moments, and with the printers' lines cut in between: every order is
// on paper, a second paper of the same ticket is headed POSIBLE DUPLICADO, and
// the subscriber has every event once, without a gap.
func TestKilledAtRandomMoments(t *testing.T) {
	kills := 12
	if proof() {
		kills = 200
	}
	r, seed := seeded(t)
	c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN", paced: true, copyAll: true})
	menu := &kitchenMenu{rand: r, currency: "PEN"}
	kinds := []string{"delivery", "go", "serve"}
	var asks []ask
	more := func(n int) {
		for range n {
			k := menu.ask(t, kinds[len(asks)%len(kinds)])
			asks = append(asks, k)
			c.order(k.payload)
		}
	}
	c.start()
	more(kills / 2)
	c.register.keepSelling(t)
	c.cloud.Wait(time.Minute, "the first orders", func() bool { return len(c.ordersInCloud()) == len(asks) })
	c.broker.Stop()
	for i := range kills {
		if i == kills/2 {
			c.broker.Start()
		}
		if i >= kills/2 {
			more(1)
		}
		c.disturb(r)
		if i == 0 { // the others may all come before a printer is met
			c.eventually(time.Minute, "a ticket under way", func() bool {
				return c.kitchen.Current().Text() != "" || c.till.Current().Text() != ""
			})
		}
		c.kill()
		c.launch()
	}
	c.kill()
	c.start()
	sales := c.register.stopSelling()
	c.settled(len(asks), 10*time.Minute)
	c.actAsPerson()
	c.settled(len(asks), 5*time.Minute)
	for _, k := range asks {
		c.checkPaper(k)
		c.checkMarks(k)
	}
	c.checkCloud(asks, sales)
	c.stop()
	c.report(seed, kills, len(asks), len(sales))
}

// report says what the test went through; one that was never cut off in the
// middle of a ticket has shown nothing.
func (c *counter) report(seed uint64, kills, orders, sales int) {
	c.t.Helper()
	outcomes := map[string]int{}
	for _, e := range c.cloud.Events("tickets") {
		var data spool.TicketEvent
		e.Into(c.t, &data)
		outcomes[string(data.Outcome)]++
	}
	if outcomes["unknown"] == 0 {
		c.t.Error("no ticket was cut off: the kills came at the wrong moments")
	}
	papers, copies := append(c.kitchen.Papers(), c.till.Papers()...), 0
	for _, paper := range papers {
		if marked(paper) {
			copies++
		}
	}
	cloud := c.cloud.Report()
	how := "the broker away for the first half, printers' lines cut at random; counted from the bytes that the printers got and by a subscriber"
	lost := "0"
	if c.t.Failed() {
		lost = "see the test's log"
	}
	record(c.t, "Kills", []figure{
		{"kill -9 of the daemon at random moments", "–", fmt.Sprint(kills), fmt.Sprintf("MOSTRADOR_SEED=%d", seed)},
		{"orders, sales", "–", fmt.Sprintf("%d, %d", orders, sales), how},
		{"orders, tickets, sales or events lost; papers twice without a mark", "0", lost, "every line of every order on its paper, every event once after dedupe"},
		{"papers, of them headed POSIBLE DUPLICADO", "–", fmt.Sprintf("%d, %d", len(papers), copies), "torn ones included"},
		{"tickets of unknown outcome", "–", fmt.Sprint(outcomes["unknown"]), "cut off by a kill or a cut line"},
		{"messages, of them sent again", "–", fmt.Sprintf("%d, %d", cloud.Messages, cloud.Duplicates), "QoS 1"},
	})
}

// disturb lets the daemon work for a random while and may cut a line in it.
func (c *counter) disturb(r *rand.Rand) {
	c.t.Helper()
	pause := func() { time.Sleep(time.Duration(r.IntN(700)) * time.Millisecond) } // the random moment
	pause()
	switch r.IntN(4) {
	case 0:
		c.kitchen.cut(c.t, r)
		pause()
	case 1:
		c.till.cut(c.t, r)
		pause()
	}
	pause()
}

// actAsPerson does what a person at the counter does with tickets that no
// policy may print again: it prints them once more, marked.
func (c *counter) actAsPerson() {
	c.t.Helper()
	copied := map[uint64]bool{}
	jobs := c.tickets()
	for _, j := range jobs {
		copied[j.CopyOf] = true
	}
	for _, j := range jobs {
		if j.State == store.JobUnknown && !copied[j.Seq] {
			var again store.Job
			c.ask(&again, "tickets", "retry", fmt.Sprint(j.Seq))
		}
	}
}

// checkMarks wants at most one unmarked paper of each ticket of an order, and
// that one first, and no ticket twice on one paper: a torn one is cut off before
// the next.
func (c *counter) checkMarks(k ask) {
	c.t.Helper()
	tickets := map[string][]virtual.Paper{"comanda parrilla": papersOf(c.kitchen, k.number)}
	for _, paper := range papersOf(c.till, k.number) {
		kind := tillTicket(paper, k.number)
		tickets[kind] = append(tickets[kind], paper)
	}
	delete(tickets, "torn")
	for kind, papers := range tickets {
		for i, paper := range papers {
			if n := heads(paper, k.number); n > 1 {
				c.t.Errorf("order %s: one paper has %s %d times:\n%s", k.number, kind, n, paper.Text())
			}
			if i > 0 && !marked(paper) {
				c.t.Errorf("order %s: paper %d of %s is not headed POSIBLE DUPLICADO:\n%s", k.number, i+1, kind, paper.Text())
			}
		}
	}
}

// heads counts the tickets of an order on one paper by their numbers. A slip has
// its number once more, right above the code that a scanner reads: a torn one may
// end there.
func heads(paper virtual.Paper, number string) int {
	text := strings.TrimSuffix(squeeze(paper.Text()), "#"+number)
	return strings.Count(text, "#"+number) - strings.Count(text, "#"+number+"[qrcode")
}

// marked: the mark stands above everything else.
func marked(paper virtual.Paper) bool {
	head := squeeze(paper.Text())
	return strings.Contains(head[:min(len(head), 200)], "POSIBLEDUPLICADO")
}

// tillTicket tells the three tickets apart that come out of the till, also
// where they are torn: what tells them apart stands at or above the number. On
// the slip the number has a line of its own, on the customer's ticket it has not.
func tillTicket(paper virtual.Paper, number string) string {
	if strings.Contains(squeeze(paper.Text()), "BARRA") {
		return "comanda barra"
	}
	for line := range strings.Lines(paper.Text()) {
		if line = squeeze(line); strings.Contains(line, number) {
			if line == "#"+number {
				return "slip"
			}
			return "receipt"
		}
	}
	return "torn"
}
