//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mostrador/agent/spool"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// seeded makes a random source whose seed the log shows; MOSTRADOR_SEED sets it.
func seeded(t *testing.T) (r *rand.Rand, seed uint64) {
	t.Helper()
	seed = uint64(time.Now().UnixNano())
	if s := os.Getenv("MOSTRADOR_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("MOSTRADOR_SEED: %v", err)
		}
		seed = n
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, seed)), seed
}

// Every line of every order is on the right paper, decoded from the bytes that
// crossed a serial line and a TCP connection; the register's sales and all
// outcomes reach a subscriber of a real broker.
func TestOrdersBecomePaper(t *testing.T) {
	for _, place := range []struct{ locale, currency string }{
		{"es-CL", "CLP"}, {"es-CO", "COP"}, {"es-PE", "PEN"}, {"it", "EUR"},
	} {
		t.Run(place.currency, func(t *testing.T) {
			t.Parallel()
			c := newCounter(t, counterOptions{locale: place.locale, currency: place.currency})
			c.start()
			r, _ := seeded(t)
			menu := &kitchenMenu{rand: r, currency: place.currency}
			var asks []ask
			for _, kind := range []string{"delivery", "go", "serve", "delivery", "go", "serve"} {
				k := menu.ask(t, kind)
				c.order(k.payload)
				asks = append(asks, k)
			}
			sales := c.register.sell(t, 5)
			c.settled(len(asks), time.Minute)
			for _, k := range asks {
				c.checkPaper(k)
			}
			c.checkCloud(asks, sales)
			c.stop()
		})
	}
}

// settled waits until so many orders have come and no ticket is under way.
func (c *counter) settled(orders int, limit time.Duration) {
	c.t.Helper()
	c.eventually(limit, fmt.Sprintf("%d orders on paper", orders), func() bool {
		var known []struct{ Seq uint64 }
		c.ask(&known, "orders", "list", "-n", fmt.Sprint(min(orders+1, 1000)))
		return len(known) == orders && !slices.ContainsFunc(c.tickets(), func(j store.Job) bool {
			return j.State == store.JobQueued || j.State == store.JobSending
		})
	})
}

// codesOnPaper are the codes in a paper's text.
var codesOnPaper = regexp.MustCompile(`\[(qrcode|code128) [^\]]*\]`)

// papersOf are the papers of an order that came out of a printer, by what
// their heads say. A digest of what came late names many orders and is of none.
func papersOf(p *paperPrinter, number string) (papers []virtual.Paper) {
	for _, paper := range p.Papers() {
		text := squeeze(codesOnPaper.ReplaceAllString(paper.Text(), ""))
		if strings.Contains(text, number) && !strings.Contains(text, "RESUMENDEATRASOS") {
			papers = append(papers, paper)
		}
	}
	return papers
}

// checkPaper finds everything of an order on the paper that it belongs on.
func (c *counter) checkPaper(k ask) {
	c.t.Helper()
	printers := map[string]*paperPrinter{"parrilla": c.kitchen, "barra": c.till}
	for station, texts := range k.stations() {
		c.onPaper(k, "comanda "+station, printers[station], append(texts, k.comanda...), strings.ToUpper(station))
	}
	c.onPaper(k, "receipt", c.till, k.receiptTexts(), "")
	if k.kind == "delivery" {
		c.onPaper(k, "slip", c.till, k.slip, "")
	}
}

// receiptTexts must be on the customer's ticket.
func (k ask) receiptTexts() []string {
	texts := slices.Clone(k.receipt)
	for _, l := range k.lines {
		texts = append(texts, counted(l.amount, l.name), l.name)
		for _, m := range l.modifiers {
			texts = append(texts, m.name)
		}
	}
	return texts
}

// onPaper wants one paper that holds all the texts. What a column's width
// breaks apart is compared without spaces, word by word.
func (c *counter) onPaper(k ask, what string, p *paperPrinter, texts []string, _ string) {
	c.t.Helper()
	papers := papersOf(p, k.number)
	for _, paper := range papers {
		if holdsAll(paper, texts) {
			return
		}
	}
	c.t.Errorf("order %s (%s): no %s holds all of %q; its papers are:", k.number, k.kind, what, texts)
	for _, paper := range papers {
		c.t.Logf("\n%s", paper.Text())
	}
}

func holdsAll(paper virtual.Paper, texts []string) bool {
	on := squeeze(paper.Text())
	for _, text := range texts {
		for _, word := range strings.Fields(text) {
			if !strings.Contains(on, squeeze(word)) {
				return false
			}
		}
	}
	return true
}

// checkCloud wants every order, outcome and sale at the subscriber, once, as
// the schemas have it and without a gap.
func (c *counter) checkCloud(asks []ask, sales []string) {
	c.t.Helper()
	printed := map[string]int{}
	for _, j := range c.tickets() {
		if j.State == store.JobPrinted {
			printed[j.ID]++
		}
	}
	outcomes := map[string]int{}
	defer func() {
		if c.t.Failed() {
			lacks := c.cloudLacks(printed, outcomes, asks, sales)
			c.t.Logf("the cloud lacks %d, such as %s", len(lacks), lacks[:min(len(lacks), 20)])
		}
	}()
	c.cloud.Wait(time.Minute, "all outcomes, orders and sales", func() bool {
		clear(outcomes)
		for _, e := range c.cloud.Events("tickets") {
			var data spool.TicketEvent
			e.Into(c.t, &data)
			if data.Outcome == store.JobPrinted {
				outcomes[data.Ticket]++
			}
		}
		return len(outcomes) >= len(printed) && len(c.ordersInCloud()) >= len(asks) && len(c.salesInCloud()) >= len(sales)
	})
	for id := range printed {
		if outcomes[id] != 1 {
			c.t.Errorf("ticket %s was printed and the cloud heard it %d times", id, outcomes[id])
		}
	}
	known := c.ordersInCloud()
	for _, k := range asks {
		if known[k.id] == 0 {
			c.t.Errorf("order %s never reached the cloud", k.id)
		}
	}
	heard := c.salesInCloud()
	for _, receipt := range sales {
		if heard[receipt] != 1 {
			c.t.Errorf("the cloud heard of sale %s %d times", receipt, heard[receipt])
		}
	}
	c.cloud.Check()
}

// cloudLacks names what was printed, ordered and sold and has not reached the cloud.
func (c *counter) cloudLacks(printed, outcomes map[string]int, asks []ask, sales []string) (lacks []string) {
	for id := range printed {
		if outcomes[id] == 0 {
			lacks = append(lacks, "ticket "+id)
		}
	}
	orders, heard := c.ordersInCloud(), c.salesInCloud()
	for _, k := range asks {
		if orders[k.id] == 0 {
			lacks = append(lacks, "order "+k.id)
		}
	}
	for _, receipt := range sales {
		if heard[receipt] == 0 {
			lacks = append(lacks, "sale "+receipt)
		}
	}
	return lacks
}

// ordersInCloud counts the events of each order by the channel's id.
func (c *counter) ordersInCloud() map[string]int {
	seen := map[string]int{}
	for _, e := range c.cloud.Events("orders") {
		var data struct{ Order store.Order }
		e.Into(c.t, &data)
		seen[data.Order.Key.ChannelID]++
	}
	return seen
}

// salesInCloud counts the events of each sale by its receipt number. Those that
// lack one of their lines do not count.
func (c *counter) salesInCloud() map[string]int {
	seen := map[string]int{}
	for _, e := range c.cloud.Events("sales") {
		var sale store.Sale
		e.Into(c.t, &sale)
		if number, err := strconv.Atoi(sale.Receipt); err == nil && isWhole(&sale, number) {
			seen[sale.Receipt]++
		}
	}
	return seen
}

// isWhole reports whether a sale is what the register rang up as demoSale. Its
// cents are rounded line by line where the currency has none.
func isWhole(s *store.Sale, receipt int) bool {
	sum := int64(0)
	for _, l := range s.Lines {
		sum += l.Total
	}
	rounded := int64(len(s.Lines))
	return len(s.Lines) == demoLines(receipt) && len(s.Payments) == 1 && s.Total > 0 && max(s.Total-sum, sum-s.Total) <= rounded
}
