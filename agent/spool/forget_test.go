package spool

import (
	"errors"
	"testing"
	"time"

	"mostrador/printer"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// A printer in whose place stands one that answers nothing counts as silent until
// a person has it forgotten; then it prints at once, and claims no more than that.
func TestForget(t *testing.T) {
	inTime(t, []string{"caja"}, nil, func(c *counter) {
		m := c.machines["caja"]
		c.pass(time.Second)
		picture := c.queue("caja", store.ReceiptTicket, checkered(t, 160, 80))
		m.Break(virtual.Fault{Kind: virtual.NearEnd})
		c.pass(20 * time.Second)
		c.wantState(picture, store.JobPrinted)
		if s := c.state("caja"); s.Proof != store.ProofProcessID || !s.Abilities.Status {
			t.Fatalf("met: %+v", s)
		}
		m.Mend()
		m.Break(virtual.Fault{Kind: virtual.Silent})
		c.pass(10 * time.Minute)
		waiting := c.queue("caja", store.ReceiptTicket, "total")
		c.pass(time.Minute)
		c.wantState(waiting, store.JobQueued)
		if s := c.state("caja"); s.State != Absent {
			t.Errorf("silent: %+v", s)
		}
		if err := c.Forget("caja", "Ana"); err != nil {
			t.Fatal(err)
		}
		c.pass(15 * time.Second) // until it is plain that it answers nothing
		if j := c.wantState(waiting, store.JobPrinted); j.Proof() != store.ProofTransport {
			t.Errorf("proof %s", j.Proof())
		}
		if s := c.state("caja"); s.State != Ready || s.Proof != store.ProofTransport || s.Abilities != (printer.Abilities{}) {
			t.Errorf("forgotten: %+v", s)
		}
		var logos []storedLogo
		if err := c.st.View(func(tx *store.Tx) error {
			st, err := standingOf(tx, "caja")
			if st.NearEnd {
				t.Error("the old roll is remembered")
			}
			return errors.Join(err, recallInto(tx, logosKey("caja"), &logos))
		}); err != nil || len(logos) != 0 {
			t.Errorf("pictures %v, %v", logos, err)
		}
		c.wantEntries("printer.forgotten", 1)
		if err := c.Forget("bar", "Ana"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("one that is not there: %v", err)
		}
	})
}

// What a conversation from before learns is not kept: the ticket on its way is
// seen to its end, and then the printer is met anew.
func TestForgetWhilePrinting(t *testing.T) {
	inTime(t, []string{"caja"}, nil, func(c *counter) {
		m := c.machines["caja"]
		c.pass(time.Second)
		m.Break(virtual.Fault{Kind: virtual.PaperOut, After: 60})
		long := "uno\ndos\ntres\ncuatro\ncinco\nseis\nsiete\nocho\nnueve\ndiez\nonce\ndoce"
		first := c.queue("caja", store.ComandaTicket, long)
		c.pass(20 * time.Second)
		c.wantState(first, store.JobSending)
		if err := c.Forget("caja", ""); err != nil {
			t.Fatal(err)
		}
		c.pass(20 * time.Second)
		c.wantState(first, store.JobSending)
		m.Mend()
		c.pass(20 * time.Second)
		c.wantState(first, store.JobPrinted)
		c.pass(time.Minute)
		next := c.queue("caja", store.ComandaTicket, "otra")
		c.pass(20 * time.Second)
		c.wantState(next, store.JobPrinted)
		if s := c.state("caja"); s.State != Ready || !s.Abilities.ProcessID {
			t.Errorf("%+v", s)
		}
		if papers := c.papers("caja"); len(papers) != 2 {
			t.Errorf("papers %q", papers)
		}
	})
}
