package spool

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mostrador/printer"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// What a printer says of itself is known, logged and sent up within five
// seconds; its ticket waits without being tried again and again, and prints
// when the printer is well.
func TestConditionsAreTold(t *testing.T) {
	for _, tt := range []struct {
		fault virtual.FaultKind
		code  string
		todo  string
	}{
		{virtual.PaperOut, "paper_end", "ponga un rollo"},
		{virtual.CoverOpen, "cover", "ciérrela"},
		{virtual.Broken, "error", "técnico"},
	} {
		t.Run(tt.code, func(t *testing.T) {
			inTime(t, []string{"cocina", "caja"}, nil, func(c *counter) {
				c.pass(time.Minute)
				c.wantEntries("printer.ready", 2)
				c.machines["cocina"].Break(virtual.Fault{Kind: tt.fault})
				c.pass(5 * time.Second)
				told := c.wantEntries("printer."+tt.code, 1)
				if len(told) == 1 && (told[0].Severity != store.Alarm || told[0].Subject != "cocina" || !strings.Contains(told[0].Text, tt.todo)) {
					t.Errorf("staff are told %+v", told[0])
				}
				if s := c.state("cocina"); s.State != Blocked || len(s.Faults) != 1 || s.Faults[0] != tt.code || !strings.Contains(s.Cause, tt.todo) {
					t.Errorf("the state is %+v", s)
				}
				if d := c.lastDevice(); d.Device != "cocina" || d.State != "blocked" || len(d.Faults) != 1 {
					t.Errorf("the cloud is told %+v", d)
				}
				waits, other := c.queue("cocina", store.ComandaTicket, "lomo"), c.queue("caja", store.ReceiptTicket, "total")
				c.pass(10 * time.Minute)
				if j := c.wantState(waits, store.JobQueued); j.Tries() > 1 {
					t.Errorf("it was tried %d times", j.Tries())
				}
				c.wantState(other, store.JobPrinted)
				c.wantEntries("printer."+tt.code, 1)
				if s := c.state("cocina"); s.Waiting != 1 || s.Oldest.IsZero() {
					t.Errorf("what waits: %+v", s)
				}
				c.machines["cocina"].Mend()
				c.pass(10 * time.Second)
				c.wantState(waits, store.JobPrinted)
				c.wantEntries("printer.ready", 3)
				if s := c.state("cocina"); s.State != Ready || s.Cause != "" || s.Waiting != 0 {
					t.Errorf("the state is %+v", s)
				}
			})
		})
	}
}

// lastDevice is the newest event of the stream of devices.
func (c *counter) lastDevice() (d store.DeviceState) {
	c.Helper()
	if err := c.st.View(func(tx *store.Tx) error {
		for e, err := range tx.Unsent(store.StreamDevices, 0) {
			if err != nil {
				return err
			}
			d = store.DeviceState{}
			if err := json.Unmarshal(e.Data, &d); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		c.Fatal(err)
	}
	return d
}

// That a roll nears its end is told once per roll, and the printer prints on.
func TestNearEndIsToldOncePerRoll(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		m := c.machines["cocina"]
		c.pass(time.Second)
		for range 3 { // the sensor wavers
			m.Break(virtual.Fault{Kind: virtual.NearEnd})
			c.pass(10 * time.Second)
			m.Mend(virtual.NearEnd)
			c.pass(10 * time.Second)
		}
		if told := c.wantEntries("printer.near_end", 1); len(told) == 1 && told[0].Severity != store.Warning {
			t.Errorf("it is told as %s", told[0].Severity)
		}
		m.Break(virtual.Fault{Kind: virtual.NearEnd})
		c.pass(5 * time.Second)
		if s := c.state("cocina"); s.State != Ready || len(s.Faults) != 1 || s.Cause == "" {
			t.Errorf("the state is %+v", s)
		}
		seq := c.queue("cocina", store.ComandaTicket, "lomo")
		c.pass(5 * time.Second)
		c.wantState(seq, store.JobPrinted)

		c.stop() // not told again after a restart either
		c.boot()
		c.pass(10 * time.Second)
		c.wantEntries("printer.near_end", 1)

		m.Break(virtual.Fault{Kind: virtual.CoverOpen}) // another roll
		c.pass(10 * time.Second)
		m.Mend()
		c.pass(10 * time.Second)
		m.Break(virtual.Fault{Kind: virtual.NearEnd})
		c.pass(5 * time.Second)
		c.wantEntries("printer.near_end", 2)
	})
}

// A printer that says the impossible thousands of times a second makes neither
// the log nor the worker run.
func TestFlickeringCondition(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		c.pass(time.Minute)
		u := c.unit("cocina")
		for i := range 10_000 {
			c.said(u, printer.Condition{Cover: i%2 == 0})
			time.Sleep(time.Millisecond)
		}
		c.said(u, printer.Condition{})
		c.pass(time.Second)
		if n := len(c.entries("printer.cover")); n > 50 {
			t.Errorf("%d entries in ten seconds", n)
		}
	})
}

// A fault of our own store is not told as an absent printer.
func TestStoreFaultIsNoAbsence(t *testing.T) {
	inTime(t, []string{"cocina"}, nil, func(c *counter) {
		c.stop()
		st, err := store.Open(c.path, store.Options{Identity: "s/t"})
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Update(func(tx *store.Tx) error { return tx.SetCursor(memoryKey("cocina"), []byte("{")) }); err != nil {
			t.Fatal(err)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		c.boot()
		c.pass(5 * time.Second)
		if s := c.state("cocina"); s.State != Failing || s.Cause == "" {
			t.Errorf("the state is %+v", s)
		}
		c.wantEntries("printer.absent", 0)
		c.wantEntries("printer.failing", 1)
	})
}

// Each fault has a code and words of its own, and being offline is news only
// where the printer does not say why.
func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		c    printer.Condition
		want string
	}{
		{printer.Condition{}, ""},
		{printer.Condition{Drawer: true}, ""},
		{printer.Condition{Offline: true}, "offline"},
		{printer.Condition{Offline: true, Cover: true}, "cover"},
		{printer.Condition{PaperEnd: true, NearEnd: true, Offline: true}, "paper_end"},
		{printer.Condition{Cutter: true, NearEnd: true}, "cutter near_end"},
		{printer.Condition{Error: true, Cover: true}, "cover error"},
	} {
		if got := strings.Join(codes(tt.c), " "); got != tt.want {
			t.Errorf("%+v is %q, want %q", tt.c, got, tt.want)
		}
		if words := faultWords(tt.c); (words == "") != (tt.want == "") {
			t.Errorf("%+v is told as %q", tt.c, words)
		}
	}
	seen := map[string]bool{}
	for _, f := range faultTable {
		if seen[f.words] || wordsOfCode(f.code) != f.words {
			t.Errorf("%s is told as %q", f.code, wordsOfCode(f.code))
		}
		seen[f.words] = true
	}
}
