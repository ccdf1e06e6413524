//go:build linux

package spool

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mostrador/printer/virtual"
	"mostrador/store"
)

// A reference is what the three tickets look like when nothing goes wrong, by
// the number of their job.
type reference map[uint64][]string

// changing is what differs from one run to another: times, dates, ids of orders.
var changing = regexp.MustCompile(`\d{1,2}[:/]\d{2}([:/]\d{2,4})?|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

func linesOf(p virtual.Paper) (lines []string) {
	for line := range strings.Lines(p.Text()) {
		if line = strings.TrimSpace(changing.ReplaceAllString(line, "#")); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// newReference reads the papers of an undisturbed run.
func newReference(papers []virtual.Paper) (reference, error) {
	if len(papers) != 3 {
		return nil, fmt.Errorf("an undisturbed run gave %d papers, want 3", len(papers))
	}
	ref := reference{}
	for i, word := range []string{"Lomo", "Chicha", "TOTAL"} {
		if !strings.Contains(papers[i].Text(), word) {
			return nil, fmt.Errorf("paper %d does not say %s:\n%s", i+1, word, papers[i].Text())
		}
		ref[uint64(i+1)] = linesOf(papers[i])
	}
	return ref, nil
}

// whole: all lines of a ticket stand on a paper, in their order.
func whole(ticket, paper []string) bool {
	for _, line := range paper {
		if len(ticket) > 0 && line == ticket[0] {
			ticket = ticket[1:]
		}
	}
	return len(ticket) == 0
}

// A tally is what cases came to. The first group must be zero where there is
// proof; transport has only Swallowed beside.
type tally struct {
	Cases int
	// Lost: a ticket is on no whole paper, and no record says that it may be
	// missing. Doubles: it is on two whole papers without a mark on all but one.
	// False: it is called printed by more than transport and is on no whole paper.
	// Misproven: it is called proven by more than the printer can prove.
	// Disagree: its record and its event upstream are not the same.
	Lost, Doubles, False, Misproven, Disagree int
	// Swallowed: called printed (unconfirmed), and on no whole paper.
	Swallowed int
	// Printed and Unknown are how tickets ended, copies not counted; Weaker are
	// those that were printed by a weaker proof than the printer has. Copies are
	// whole papers that say that they may be duplicates, Torn papers on which a
	// ticket stands in part.
	Printed, Unknown, Weaker, Copies, Torn int
}

func (t *tally) add(o tally) {
	t.Cases += o.Cases
	t.Lost += o.Lost
	t.Doubles += o.Doubles
	t.False += o.False
	t.Misproven += o.Misproven
	t.Disagree += o.Disagree
	t.Swallowed += o.Swallowed
	t.Printed += o.Printed
	t.Unknown += o.Unknown
	t.Weaker += o.Weaker
	t.Copies += o.Copies
	t.Torn += o.Torn
}

// faults are those that must not be.
func (t tally) faults() int { return t.Lost + t.Doubles + t.False + t.Misproven + t.Disagree }

// rank orders proofs, the strongest lowest.
func rank(p store.Proof) int {
	return slices.Index([]store.Proof{store.ProofProcessID, store.ProofFence, store.ProofStatus, store.ProofTransport, store.ProofNone}, p)
}

// judge holds the records of one case against its papers.
func judge(st *store.Store, papers []virtual.Paper, ref reference, best store.Proof) (t tally, err error) {
	jobs, events, err := recordsOf(st)
	if err != nil {
		return t, err
	}
	t.Cases, t.Disagree = 1, disagreements(jobs, events)
	var lines [][]string
	for _, p := range papers {
		lines = append(lines, linesOf(p))
	}
	for seq, want := range ref {
		t.add(judgeTicket(chain(jobs, seq), want, lines, best))
	}
	for _, paper := range lines {
		t.Torn += torn(paper, ref)
	}
	return t, nil
}

// chain is a ticket with its copies.
func chain(jobs []*store.Job, seq uint64) (all []*store.Job) {
	for _, j := range jobs {
		if j.Seq == seq || j.CopyOf == seq {
			all = append(all, j)
		}
	}
	return all
}

func judgeTicket(jobs []*store.Job, want []string, papers [][]string, best store.Proof) (t tally) {
	marked, unmarked := 0, 0
	for _, paper := range papers {
		switch {
		case !whole(want, paper):
		case isMarked(paper):
			marked++
		default:
			unmarked++
		}
	}
	t.Copies = marked
	if unmarked > 1 {
		t.Doubles++
	}
	open := len(jobs) > 0 // somebody has been told to look, or will be
	for _, j := range jobs {
		out := unmarked
		if slices.Contains(j.Marks, store.MarkPossibleDuplicate) {
			out = marked
		}
		switch {
		case j.State != store.JobPrinted:
		case j.Proof() == store.ProofTransport && out == 0:
			t.Swallowed++
		case out == 0:
			t.False++
		}
		if j.State == store.JobPrinted && rank(j.Proof()) < rank(best) {
			t.Misproven++
		}
		if j.CopyOf == 0 && j.State == store.JobPrinted {
			t.Printed++
			if rank(j.Proof()) > rank(best) {
				t.Weaker++
			}
		}
		if j.CopyOf == 0 && j.State == store.JobUnknown {
			t.Unknown++
		}
		open = open && j.State != store.JobPrinted
	}
	swallowed := t.Swallowed > 0
	if marked+unmarked == 0 && !open && !swallowed {
		t.Lost++
	}
	return t
}

func isMarked(paper []string) bool {
	return slices.ContainsFunc(paper, func(line string) bool {
		return strings.Contains(strings.ReplaceAll(line, " ", ""), "POSIBLEDUPLICADO")
	})
}

// torn is 1 for a paper on which something of a ticket stands and none is whole.
func torn(paper []string, ref reference) int {
	some := false
	for _, want := range ref {
		if whole(want, paper) {
			return 0
		}
		some = some || slices.ContainsFunc(paper, func(line string) bool { return slices.Contains(want, line) })
	}
	if some || isMarked(paper) {
		return 1
	}
	return 0
}

func recordsOf(st *store.Store) (jobs []*store.Job, events []TicketEvent, err error) {
	err = st.View(func(tx *store.Tx) error {
		jobs, events = nil, nil
		for j, err := range tx.Jobs() {
			if err != nil {
				return err
			}
			jobs = append(jobs, j)
		}
		next := uint64(0)
		for e, err := range tx.Unsent(store.StreamTickets, 0) {
			if err != nil {
				return err
			}
			if next++; e.Sequence != next {
				return fmt.Errorf("event %d upstream has the number %d", next, e.Sequence)
			}
			var said TicketEvent
			if err := json.Unmarshal(e.Data, &said); err != nil {
				return err
			}
			events = append(events, said)
		}
		return nil
	})
	return jobs, events, err
}

// disagreements counts tickets that have ended and whose event is missing, there
// twice, or says something else; and events of others.
func disagreements(jobs []*store.Job, events []TicketEvent) (n int) {
	said := map[string][]TicketEvent{}
	for _, e := range events {
		said[e.Ticket] = append(said[e.Ticket], e)
	}
	for _, j := range jobs {
		of := said[j.ID]
		delete(said, j.ID)
		if j.State == store.JobQueued || j.State == store.JobSending {
			n += len(of)
			continue
		}
		if len(of) != 1 || of[0].Outcome != j.State || of[0].Proof != j.Proof() || !slices.Equal(of[0].Marks, j.Marks) {
			n++
		}
	}
	return n + len(said)
}
