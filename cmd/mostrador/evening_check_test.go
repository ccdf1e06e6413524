//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mostrador/agent/command"
	"mostrador/agent/spool"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// An account is all that is left of an evening.
type account struct {
	*evening
	jobs    []*store.Job // the oldest first
	matches []match      // the papers, in the order in which they came out
	ends    map[string][]spool.TicketEvent
	report  command.Report
}

func (e *evening) check() {
	e.Helper()
	a := &account{evening: e, ends: map[string][]spool.TicketEvent{}}
	var err error
	a.report, err = e.commands.Report(time.Time{}, time.Time{})
	must(e, err)
	must(e, e.store.View(func(tx *store.Tx) error {
		for j, err := range tx.Jobs() {
			must(e, err)
			a.jobs = append(a.jobs, j)
		}
		return a.readEvents(tx)
	}))
	slices.Reverse(a.jobs)
	a.collect()
	a.everyFault()
	a.papers()
	a.unmarked()
	a.kitchen()
	a.balance()
	a.outages()
	a.evidence()
	a.keepExample()
}

// readEvents reads the evidence and wants it without a gap.
func (a *account) readEvents(tx *store.Tx) error {
	last := uint64(0)
	for e, err := range tx.Unsent(store.StreamTickets, 0) {
		must(a, err)
		if e.Position != last+1 || e.Sequence != e.Position {
			a.Errorf("event %d (sequence %d) comes after %d", e.Position, e.Sequence, last)
		}
		last = e.Position
		var data spool.TicketEvent
		must(a, json.Unmarshal(e.Data, &data))
		a.ends[data.Ticket] = append(a.ends[data.Ticket], data)
	}
	return nil
}

// collect takes the papers from all printers and finds the ticket of each.
func (a *account) collect() {
	var papers []piece
	for _, p := range a.presses {
		papers = append(papers, p.out()...)
	}
	slices.SortStableFunc(papers, func(x, y piece) int { return x.at.Compare(y.at) })
	a.matches = matchPapers(papers, a.jobs)
}

// everyFault: each printer has failed in every way, and nothing is left to happen.
func (a *account) everyFault() {
	for name, p := range a.presses {
		had := map[virtual.FaultKind]bool{}
		for _, m := range p.happened() {
			had[m.Kind] = true
		}
		for _, form := range virtual.FaultForms() {
			if !had[form.Kind] {
				a.Errorf("printer %s never had the fault %s", name, form.Kind)
			}
		}
	}
	fates := map[string]int{}
	for _, g := range a.evening.guests {
		fates[g.fate]++
	}
	if len(a.needs) > 0 || fates["cancel"] != 20 || fates["change"] != 20 || a.placed != 300 {
		a.Errorf("%d orders, %v; not come to: %v", a.placed, fates, a.needs)
	}
	if a.clerk.moved == 0 || a.clerk.reprinted != 2 {
		a.Errorf("the clerk moved %d tickets and reprinted %d", a.clerk.moved, a.clerk.reprinted)
	}
}

// confirmed: the printer itself has said that the ticket is out.
func confirmed(j *store.Job) bool {
	n := len(j.Attempts)
	return j.State == store.JobPrinted && n > 0 && j.Attempts[n-1].Outcome == store.OutcomePrinted && j.Proof() != store.ProofTransport
}

// papers: every paper that is whole has its ticket, which is called printed or
// unknown or was looked at, and every ticket that a printer has confirmed has its
// paper.
func (a *account) papers() {
	papersOf := map[uint64]int{}
	whole := 0
	for _, m := range a.matches {
		switch {
		case m.kind == "" && !m.Torn && strings.TrimSpace(m.text) != "" && m.whole:
			a.Errorf("a paper of %s at %s is nothing that is known:\n%s", m.printer, a.clockOf(m.at), m.Text())
		case !m.whole:
		case m.job == nil:
			a.Errorf("a paper of %s at %s has no ticket (%s %s %s):\n%s", m.printer, a.clockOf(m.at), m.kind, m.number, m.station, m.Text())
		default:
			whole++
			if home := homeOf(m.reading); home != "" && m.reprint == "" && m.backup != (m.printer != home) {
				a.Errorf("a paper for %s came out of %s at %s, and says of it %v:\n%s", home, m.printer, a.clockOf(m.at), m.backup, m.Text())
			}
			papersOf[m.job.Seq]++
			switch m.job.State {
			case store.JobPrinted, store.JobUnknown:
			default:
				a.Errorf("ticket %s is %s (%s) and is on paper since %s", a.name(m.job), m.job.State, m.job.Cause, a.clockOf(m.at))
			}
		}
	}
	for _, j := range a.jobs {
		if j.State == store.JobQueued || j.State == store.JobSending {
			a.Errorf("ticket %s is still %s: %s", a.name(j), j.State, j.Cause)
		}
		if confirmed(j) && papersOf[j.Seq] != 1 {
			a.Errorf("ticket %s is confirmed (%s) and on %d papers\n%s", a.name(j), j.Proof(), papersOf[j.Seq], a.around(j))
		}
		if n := len(j.Attempts); j.State == store.JobPrinted && n > 0 && j.Attempts[n-1].Outcome == store.OutcomeUnknown && papersOf[j.Seq] != 1 {
			a.Errorf("ticket %s was said to be on paper and is on %d", a.name(j), papersOf[j.Seq])
		}
	}
	a.Logf("%d papers, %d of them whole, of %d tickets: %+v", len(a.matches), whole, len(a.jobs), a.report.All)
}

// homeOf is the printer that the configuration has for a paper of an order.
func homeOf(r reading) string {
	switch {
	case r.number == "":
		return ""
	case r.station != "":
		return r.station
	}
	return "caja"
}

func (a *account) name(j *store.Job) string {
	return fmt.Sprintf("%d (%s, revision %d, %v, copy of %d, follows %d)", j.Seq, spool.TicketWords(j), j.Revision, j.Marks, j.CopyOf, j.Follows)
}

func (a *account) clockOf(t time.Time) string { return t.In(a.zone).Format("15:04:05") }

// unmarked: no ticket came out twice without saying so, by the papers alone. A
// void comes out at each printer where something is to be taken back.
func (a *account) unmarked() {
	seen := map[string]match{}
	for _, m := range a.matches {
		if !m.whole || m.number == "" || m.duplicate || m.reprint != "" || m.replaces {
			continue
		}
		key := fmt.Sprint(m.number, " ", m.kind, " ", m.station, " ", m.revision)
		if m.kind == store.VoidTicket {
			key += " " + m.printer + fmt.Sprint(m.job.Follows)
		}
		if before, twice := seen[key]; twice {
			a.Errorf("%s came out twice without a mark, at %s on %s and at %s on %s:\n%s\n%s", key,
				a.clockOf(before.at), before.printer, a.clockOf(m.at), m.printer, before.Text(), m.Text())
		}
		seen[key] = m
	}
}

// kitchen: whoever reads the papers of a station as they come out knows in the
// end what each order is; where not, the report names the order.
func (a *account) kitchen() {
	cooks := map[string]*cookbook{}
	at := func(number, station string) *cookbook {
		key := number + " " + station
		if cooks[key] == nil {
			cooks[key] = &cookbook{making: map[string]string{}, seen: map[string]bool{}}
		}
		return cooks[key]
	}
	for _, m := range a.matches {
		if m.whole && m.station != "" {
			at(m.number, m.station).read(m.reading)
		}
	}
	named := a.named()
	excused := 0
	for _, g := range a.evening.guests {
		wants := g.wants()
		for _, station := range []string{"cocina", "parrilla", "barra"} {
			got, want := at(g.number, station).making, wants[station]
			if maps.Equal(got, want) {
				continue
			}
			if named[g.number] {
				excused++
				continue
			}
			a.Errorf("order %s (%s, %s): %s makes %v, and the order is %v; the report does not name it\n%s",
				g.number, g.fate, g.moment, station, got, want, a.story(g.number, station))
		}
	}
	a.Logf("%d stations do not know, and the report says so", excused)
	if excused > 15 {
		a.Errorf("%d stations were left in doubt", excused)
	}
}

// named are the orders that the report tells a person to look at.
func (a *account) named() map[string]bool {
	all := map[string]bool{}
	for _, t := range a.report.Open {
		all[t.OrderNumber] = true
	}
	return all
}

// around is what was wrong with a ticket's printer, and what came out of it, at
// the time of its last attempt.
func (a *account) around(j *store.Job) string {
	var b strings.Builder
	at := j.Attempts[len(j.Attempts)-1]
	fmt.Fprintf(&b, "  %s from %s to %s, %d of %d bytes\n", at.Printer, a.clockOf(at.Started.Wall), a.clockOf(at.Finished.Wall), at.Sent, at.Bytes)
	near := func(t time.Time) bool { return t.Sub(at.Started.Wall).Abs() < 3*time.Minute }
	for _, m := range a.presses[at.Printer].happened() {
		if near(m.from) || near(m.till) {
			fmt.Fprintf(&b, "  %s from %s to %s\n", m.Fault, a.clockOf(m.from), a.clockOf(m.till))
		}
	}
	for _, m := range a.matches {
		if m.printer == at.Printer && near(m.at) {
			fmt.Fprintf(&b, "  paper at %s, whole %v, %s %s\n%s", a.clockOf(m.at), m.whole, m.kind, m.number, m.Text())
		}
	}
	return b.String()
}

// story is what happened to the tickets of one order at one station.
func (a *account) story(number, station string) string {
	var b strings.Builder
	for _, j := range a.jobs {
		if j.OrderNumber == number && j.Station == station {
			fmt.Fprintf(&b, "  %s queued %s: %s, %s (%s)\n", a.name(j), a.clockOf(j.QueuedAt.Wall), j.State, j.Proof(), j.Cause)
			for _, at := range j.Attempts {
				fmt.Fprintf(&b, "      %s %s: %s %s %d/%d (%s)\n", at.Printer, a.clockOf(at.Started.Wall), at.Outcome, at.Proof, at.Sent, at.Bytes, at.Cause)
			}
		}
	}
	for _, m := range a.matches {
		if m.number == number && m.station == station {
			fmt.Fprintf(&b, "  paper of %s at %s, whole %v\n%s", m.printer, a.clockOf(m.at), m.whole, m.Text())
		}
	}
	return b.String()
}

// balance: the report's figures are those of the papers, of the evidence and of
// what the clerk has said.
func (a *account) balance() {
	all, each := spool.Count{}, map[string]spool.Count{}
	onPaper := map[uint64]bool{}
	for _, m := range a.matches {
		onPaper[seqOf(m.job)] = true
	}
	for _, j := range a.jobs {
		c := each[j.Printer]
		for _, count := range []*spool.Count{&all, &c} {
			a.count(count, j, onPaper[j.Seq])
		}
		each[j.Printer] = c
	}
	r := a.report.Balance
	if r.All != all || r.All.Asked != r.All.Ends() || r.Unreadable != 0 {
		a.Errorf("the report counts\n%+v, and papers and evidence are\n%+v", r.All, all)
	}
	for _, p := range r.Printers {
		if p.Count != each[p.Printer] || p.Asked != p.Ends() {
			a.Errorf("the report counts of %s\n%+v, and papers and evidence are\n%+v", p.Printer, p.Count, each[p.Printer])
		}
	}
	if len(r.Printers) != len(each) {
		a.Errorf("the report knows %d printers of %d", len(r.Printers), len(each))
	}
	if all.SettledPrinted != a.clerk.yes {
		a.Errorf("%d tickets are on paper by the clerk's word, who said so %d times", all.SettledPrinted, a.clerk.yes)
	}
	if o := a.report.Orders; o.Taken != 300 || o.Cancelled != 20 || o.Changed != 20 || o.Rejected+o.Held != 0 {
		a.Errorf("the report counts the orders as %+v", o)
	}
}

func seqOf(j *store.Job) uint64 {
	if j == nil {
		return 0
	}
	return j.Seq
}

// count is this test's own way of counting: by the last event of a ticket and
// by its paper.
func (a *account) count(c *spool.Count, j *store.Job, paper bool) {
	ends := a.ends[j.ID]
	if len(ends) == 0 {
		c.Waiting++
		return
	}
	last := ends[len(ends)-1]
	person := last.By != "" && strings.HasPrefix(last.Cause, "dicho por")
	c.Asked++
	switch {
	case last.Outcome == store.JobPrinted && !paper && last.Proof != store.ProofTransport:
		a.Errorf("ticket %s went up as printed and is on no paper", a.name(j))
	case last.Outcome == store.JobPrinted && person:
		c.SettledPrinted++
	case last.Outcome == store.JobPrinted && last.Proof == store.ProofTransport:
		c.Unconfirmed++
	case last.Outcome == store.JobPrinted:
		c.Confirmed++
	case last.Outcome == store.JobNotPrinted && person:
		c.SettledNotPrinted++
	case last.Outcome == store.JobNotPrinted:
		c.NotPrinted++
	case last.Outcome == store.JobUnknown:
		c.Unknown++
	case last.Outcome == store.JobExpired:
		c.Expired++
	case last.Outcome == store.JobReplaced:
		c.Replaced++
	case last.Outcome == store.JobCancelled:
		c.Cancelled++
	}
	for mark, n := range map[store.Mark]*int{store.MarkPossibleDuplicate: &c.MarkedCopies, store.MarkReprint: &c.Reprints,
		store.MarkBackupCopy: &c.BackupCopies, store.MarkLate: &c.Late} {
		if slices.Contains(last.Marks, mark) {
			*n++
		}
	}
}

// evidence: each ticket has as many ends as it has come to, the last of them as
// it stands.
func (a *account) evidence() {
	for _, j := range a.jobs {
		ends := a.ends[j.ID]
		if want := 1 + a.clerk.said[j.Seq]; len(ends) != want {
			a.Errorf("ticket %s has %d events, want %d: %+v", a.name(j), len(ends), want, ends)
			continue
		}
		if last := ends[len(ends)-1]; last.Outcome != j.State || last.OrderNumber != j.OrderNumber || last.Printer != j.Printer {
			a.Errorf("ticket %s is %s on %s, and the last event says %+v", a.name(j), j.State, j.Printer, last)
		}
	}
}
