package order

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"mostrador/store"
)

// A slot is one place that the papers of an order are for: a station of the
// kitchen, the courier, the customer, one fiscal document. Copies that were
// asked for have slots of their own.
type slot struct {
	kind    store.TicketKind
	station string
	copy    int
	number  string // of the invoice
}

// A paper is a ticket with the copies of it that were made: all say the same.
type paper struct{ jobs []*store.Job }

func (p *paper) first() *store.Job { return p.jobs[0] }

// out reports whether the ticket is, may be, or is about to be on paper.
func (p *paper) out() bool { return slices.ContainsFunc(p.jobs, onPaper) }

// proven reports whether it is.
func (p *paper) proven() bool {
	return slices.ContainsFunc(p.jobs, func(j *store.Job) bool { return j.State == store.JobPrinted })
}

// waits reports whether it is to be printed for the first time, or once more
// because nobody knows.
func (p *paper) waits() bool {
	return slices.ContainsFunc(p.jobs, func(j *store.Job) bool { return isWaiting(j) && !isReprint(j) })
}

// full: it says everything, whatever was said before it.
func (p *paper) full() bool { return p.first().Kind != store.ChangeTicket }

// at is the last of its jobs that came out, not counting reprints: where the
// people are who have it.
func (p *paper) at() *store.Job {
	var at *store.Job
	for _, j := range p.jobs {
		if onPaper(j) && (at == nil || !isReprint(j)) {
			at = j
		}
	}
	return at
}

// A trail is all papers of one slot, the oldest first.
type trail struct {
	slot
	papers []*paper
}

// trails sorts the jobs of an order, which are given by Seq, into slots.
func trails(jobs []*store.Job) []*trail {
	bySeq := map[uint64]*store.Job{}
	papers := map[uint64]*paper{} // by the Seq of each of its jobs
	var all []*trail
	for _, j := range jobs {
		bySeq[j.Seq] = j
		p := papers[j.CopyOf]
		if j.CopyOf != 0 && p != nil && p.first().Revision == j.Revision {
			p.jobs = append(p.jobs, j)
			papers[j.Seq] = p
			continue
		}
		p = &paper{[]*store.Job{j}}
		papers[j.Seq] = p
		at := slotOf(j, bySeq)
		i := slices.IndexFunc(all, func(t *trail) bool { return t.slot == at })
		if i < 0 {
			i, all = len(all), append(all, &trail{slot: at})
		}
		all[i].papers = append(all[i].papers, p)
	}
	return all
}

// slotOf follows a job back to the one that began its trail.
func slotOf(j *store.Job, bySeq map[uint64]*store.Job) slot {
	for range len(bySeq) {
		before := bySeq[j.CopyOf]
		if before == nil {
			before = bySeq[j.Follows]
		}
		if before == nil {
			break
		}
		j = before
	}
	s := slot{kind: j.Kind, station: j.Station, copy: j.Copy}
	if j.Invoice != nil {
		s.number = j.Invoice.Number
	}
	return s
}

// A saying is what somebody knows who has read all papers of a slot.
type saying struct {
	something bool
	facts     facts
	dishes    []dish
}

// facts are what a paper says of the order besides dishes. A customer's paper
// says all of it, so that its hash stands for it.
type facts struct {
	kind                store.OrderKind
	table, note, number string
	due                 time.Time
	hash                string
}

// kitchenFacts are those that a comanda has.
func kitchenFacts(o *store.Order) facts {
	return facts{kind: o.Kind, table: o.Table, note: o.Observations, number: o.Number, due: utc(o.DueAt)}
}

// says is what a job's paper tells somebody who knew before.
func says(j *store.Job, o *store.Order, before saying) saying {
	switch j.Kind {
	case store.VoidTicket:
		return saying{}
	case store.ComandaTicket:
		return saying{true, kitchenFacts(o), dishesOf(j.Items, o)}
	case store.ChangeTicket:
		return saying{true, kitchenFacts(o), applyDifferences(before.dishes, dishesOf(j.Items, o))}
	case store.InvoiceTicket:
		return saying{something: true}
	}
	return saying{something: true, facts: facts{hash: o.Hash}}
}

func (s saying) same(o saying) bool {
	return s.something == o.something && s.facts == o.facts && sameDishes(s.dishes, o.dishes)
}

// A reading is what the papers of a trail come to.
type reading struct {
	// known is what has been said by what is, or may be, on paper; last is what
	// will have been said when all has come out that waits.
	known, last saying
	// doubt: of what known rests on, something may not have come out.
	doubt bool
	// out are the papers of which known came, from the last full one on; all
	// those before it, too, back to the last void. waiting are all jobs that wait.
	out, all []*paper
	waiting  []*store.Job
	// tangled: something waits that a full paper has overtaken.
	tangled bool
}

// revisions reads how an order was.
type revisions func(revision int) (*store.Order, error)

func revisionsOf(tx *store.Tx, o *store.Order) revisions {
	return func(revision int) (*store.Order, error) {
		if revision == o.Revision {
			return o, nil
		}
		then, err := tx.OrderAt(o.Seq, revision)
		if errors.Is(err, store.ErrNotFound) {
			return &store.Order{}, nil // no longer kept: differs from any
		}
		if err != nil {
			return nil, fmt.Errorf("order %d in revision %d: %w", o.Seq, revision, err)
		}
		return then, nil
	}
}

// read goes through the papers in the order in which they come out.
func (t *trail) read(at revisions) (r reading, err error) {
	for _, p := range t.papers {
		waitedBefore := slices.ContainsFunc(r.waiting, func(j *store.Job) bool { return !isReprint(j) })
		for _, j := range p.jobs {
			if isWaiting(j) {
				r.waiting = append(r.waiting, j)
			}
		}
		if !p.out() && !p.waits() {
			continue
		}
		then, err := at(p.first().Revision)
		if err != nil {
			return r, err
		}
		r.last = says(p.first(), then, r.last)
		if !p.out() {
			continue
		}
		r.known = says(p.first(), then, r.known)
		if p.full() {
			r.out, r.doubt, r.tangled = nil, false, waitedBefore
		}
		if p.first().Kind == store.VoidTicket {
			r.all = nil
		}
		r.out, r.all = append(r.out, p), append(r.all, p)
		r.doubt = r.doubt || !p.proven()
	}
	return r, nil
}

// proven reports whether what the slot's people must know is proven to be on
// paper, and whether there is anything at all.
func (t *trail) proven() (ok, any bool) {
	ok = true
	for _, p := range t.papers {
		dead := !slices.ContainsFunc(p.jobs, func(j *store.Job) bool {
			return j.State != store.JobReplaced && j.State != store.JobCancelled
		})
		switch {
		case dead:
		case p.proven():
			ok, any = ok || p.full(), true
		default:
			ok = false
		}
	}
	return ok, any
}

// onPaper reports whether a ticket is, may be, or is about to be on paper.
func onPaper(j *store.Job) bool {
	switch j.State {
	case store.JobSending, store.JobPrinted, store.JobUnknown:
		return true
	}
	return false
}

func isWaiting(j *store.Job) bool { return j.State == store.JobQueued }

func isReprint(j *store.Job) bool { return slices.Contains(j.Marks, store.MarkReprint) }
