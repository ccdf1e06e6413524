//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/agent/command"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// An evening of a restaurant, in synthetic time: 300 orders, four printers that
// fail in turn in every way that the virtual printer knows, 20 orders cancelled
// and 20 changed at awkward moments, a clerk who does what the lists say, and an
// agent that is stopped and started twice. At its end papers, records, report
// and evidence agree to the ticket.
func TestEvening(t *testing.T) {
	t.Parallel()
	seeds := uint64(1)
	if proof() {
		seeds = 10
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newEvening(t, seed).run() })
		})
	}
}

// An evening is what happens, as one script.
type evening struct {
	*house
	seed   uint64
	clerk  *clerk
	rng    *rand.Rand
	from   time.Time
	guests []*guest
	// example is the report of that half hour which had most to look at.
	example command.Report
	placed  int
	troubles
	slots []*slot
}

// eveningTick is how finely the script runs: a ticket takes some seconds to print.
const eveningTick = 250 * time.Millisecond

// clerkLeaves is when nobody looks at the lists any more.
const clerkLeaves = 278 * time.Minute

func newEvening(t *testing.T, seed uint64) *evening {
	time.Sleep(time.Until(time.Date(2026, 11, 20, 22, 30, 0, 0, time.UTC))) // a Friday, 17:30 in Lima
	rng := rand.New(rand.NewPCG(seed, 5))
	h := newHouse(t)
	e := &evening{house: h, seed: seed, clerk: newClerk(h, rng), rng: rng, from: time.Now()}
	e.guests = guests(rng, e.from.Add(10*time.Minute), 300)
	e.slots = e.plan()
	e.troubles = newTroubles(rng)
	return e
}

func (e *evening) run() {
	defer e.stop()
	for at := range e.day() {
		e.faults()
		if e.store == nil {
			continue
		}
		e.customers()
		e.trouble()
		if at%(30*time.Second) == 0 && at < clerkLeaves {
			e.clerk.look()
		}
		if at%(30*time.Minute) == 0 {
			e.sum()
		}
	}
	for _, p := range e.presses {
		p.Mend()
	}
	time.Sleep(45 * time.Minute)
	synctest.Wait()
	e.check()
}

// sum: in the thick of it, too, the report has every ticket once.
func (e *evening) sum() {
	r, err := e.commands.Report(time.Time{}, time.Time{})
	must(e, err)
	asked := 0
	for _, p := range r.Printers {
		asked += p.Asked
	}
	if r.All.Asked != r.All.Ends() || r.All.Asked != asked || r.Orders.Taken != e.placed {
		e.Errorf("the report does not add up: %+v", r)
	}
	if len(r.Open) > len(e.example.Open) {
		e.example = r
	}
}

// day yields each tick until the last order was made, and does what has its
// fixed time.
func (e *evening) day() func(func(time.Duration) bool) {
	rota := map[time.Duration]func(){
		100 * time.Minute:                func() { must(e, second(e.commands.Pause("parrilla", "limpieza", clerkName))) },
		106 * time.Minute:                func() { must(e, second(e.commands.Resume("parrilla", clerkName))) },
		130 * time.Minute:                e.clerk.reprint,
		170 * time.Minute:                e.stop,
		170*time.Minute + 40*time.Second: e.boot,
		215 * time.Minute:                func() { must(e, second(e.commands.Pause("barra", "sin gas", clerkName))) },
		285 * time.Minute:                func() { must(e, second(e.commands.Resume("barra", clerkName))) },
		220 * time.Minute:                e.clerk.reprint,
		250*time.Minute + 3*time.Second:  e.stop,
		250*time.Minute + 90*time.Second: e.boot,
	}
	return func(yield func(time.Duration) bool) {
		for at := time.Duration(0); at < 310*time.Minute; at = time.Since(e.from) / eveningTick * eveningTick {
			if do := rota[at]; do != nil {
				do()
			}
			if at > 150*time.Minute && e.clerk.moved == 0 && e.store != nil {
				e.clerk.move()
			}
			if !yield(at) {
				return
			}
			time.Sleep(eveningTick)
			synctest.Wait()
		}
	}
}

func second[T any](_ T, err error) error { return err }

// customers order, and are done with what they have had.
func (e *evening) customers() {
	now := time.Now()
	for e.placed < len(e.guests) && !e.guests[e.placed].at.After(now) {
		g := e.guests[e.placed]
		e.placed++
		e.take(g.payload("newOrder", "pending", now))
	}
	for _, g := range e.guests[:e.placed] {
		if g.fate == "" && !g.done && now.Sub(g.at) > 45*time.Minute {
			g.done = true
			e.take(g.payload("orderStatusUpdated", "done", now))
		}
	}
}

// A need is one order that is to be cancelled or changed at such a moment.
type need struct {
	fate, moment string
	after        time.Duration // of the evening: not before
}

// troubles are the needs that are left.
type troubles struct{ needs []need }

func newTroubles(rng *rand.Rand) troubles {
	var t troubles
	i := 0
	for moment, n := range map[string]int{"waiting": 4, "printing": 4, "printed": 3, "broken": 3, "moved": 3, "unknown": 3} {
		for range n {
			for _, fate := range []string{"cancel", "change"} {
				t.needs = append(t.needs, need{fate, moment, 0})
			}
		}
	}
	slices.SortFunc(t.needs, func(a, b need) int { return slices.Compare([]string{a.fate, a.moment}, []string{b.fate, b.moment}) })
	rng.Shuffle(len(t.needs), func(i, j int) { t.needs[i], t.needs[j] = t.needs[j], t.needs[i] })
	for j := range t.needs {
		if m := t.needs[j].moment; m != "moved" && m != "unknown" { // those come when they come
			t.needs[j].after = time.Duration(20+i*8) * time.Minute
			i++
		}
	}
	return t
}

// trouble cancels or changes orders whose moment has come.
func (e *evening) trouble() {
	if len(e.needs) == 0 {
		return
	}
	var jobs []*store.Job
	select {
	case <-e.jobs:
	default:
		return
	}
	must(e, e.store.View(func(tx *store.Tx) error {
		jobs = nil
		for _, state := range []store.JobState{store.JobSending, store.JobUnknown, store.JobQueued} {
			for j, err := range tx.JobsIn(state) {
				if err != nil {
					return err
				}
				jobs = append(jobs, j)
			}
		}
		return nil
	}))
	for i, n := range e.needs {
		if time.Since(e.from) < n.after {
			continue
		}
		if g := e.victim(n.moment, jobs); g != nil {
			e.needs = slices.Delete(e.needs, i, i+1)
			e.strike(g, n)
			return
		}
	}
}

func (e *evening) strike(g *guest, n need) {
	g.fate, g.moment = n.fate, n.moment
	if n.fate == "cancel" {
		e.take(g.payload("orderStatusUpdated", "cancelled", time.Now()))
		return
	}
	for was := g.wants(); reflect.DeepEqual(was, g.wants()); { // one change may undo another
		for range 1 + e.rng.IntN(3) {
			g.change(e.rng)
		}
	}
	e.take(g.payload("orderItemsUpdated", "preparing", time.Now()))
}

// victim is an order for which it is such a moment now.
func (e *evening) victim(moment string, jobs []*store.Job) *guest {
	free := func(number string) *guest {
		for _, g := range e.guests[:e.placed] {
			if g.number == number && g.fate == "" && !g.done {
				return g
			}
		}
		return nil
	}
	for _, j := range jobs {
		ok := false
		switch moment {
		case "waiting":
			ok = j.State == store.JobQueued && len(j.Via) == 0
		case "printing":
			ok = j.State == store.JobSending
		case "moved":
			ok = len(j.Via) > 0
		case "unknown":
			ok = j.State == store.JobUnknown
		}
		if g := free(j.OrderNumber); ok && g != nil && j.Station != "" {
			return g
		}
	}
	if moment != "printed" && moment != "broken" {
		return nil
	}
	for _, g := range slices.Backward(e.guests[:e.placed]) {
		age := time.Since(g.at)
		if g.fate != "" || g.done || age < 2*time.Minute || age > 20*time.Minute {
			continue
		}
		if moment == "printed" || e.broken(eveningMenu[g.plates[0].dish].station) {
			return g
		}
	}
	return nil
}

// broken: the printer of a station is out of order now.
func (e *evening) broken(station string) bool {
	return slices.ContainsFunc(e.presses[station].happened(), func(m mishap) bool { return m.till.IsZero() && stops(m.Kind) })
}

// stops: a fault of this kind keeps a printer from printing.
func stops(kind virtual.FaultKind) bool {
	return slices.Contains([]virtual.FaultKind{virtual.PaperOut, virtual.CoverOpen, virtual.Offline, virtual.Broken,
		virtual.Hang, virtual.HangLine, virtual.PowerOff, virtual.Unplug}, kind)
}
