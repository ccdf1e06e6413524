package order

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"mostrador/store"
)

// A cook reads the papers of one station as they come out, and knows nothing
// else.
type cook struct {
	making []store.Item
	facts  string
	seen   map[uint64]bool // the tickets, by the first of their copies
}

// read takes in one paper. What it says must fit what the cook knows.
func (c *cook) read(t *testing.T, j *store.Job, o *store.Order) {
	root := j.Seq
	if j.CopyOf != 0 {
		root = j.CopyOf
		marked := slices.Contains(j.Marks, store.MarkPossibleDuplicate) || isReprint(j)
		if c.seen[root] && !marked {
			t.Errorf("%s %d came out twice unmarked", j.Kind, j.Seq)
		}
		if c.seen[root] {
			return
		}
	}
	c.seen[root] = true
	switch j.Kind {
	case store.VoidTicket:
		c.making, c.facts = nil, ""
		return
	case store.ComandaTicket:
		if j.Follows == 0 && len(c.making) > 0 {
			t.Errorf("comanda %d came out beside another, and does not say that it replaces it", j.Seq)
		}
		c.making = nil
	}
	facts := fmt.Sprint(o.Table, o.Observations)
	if j.Kind == store.ChangeTicket && len(j.Items) == 0 && facts == c.facts {
		t.Errorf("change %d says nothing new", j.Seq)
	}
	c.facts = facts
	for _, it := range j.Items {
		switch how := it.Difference; how {
		case store.DifferenceRemoved, store.DifferenceWas:
			it.Difference = ""
			n := slices.IndexFunc(c.making, func(m store.Item) bool { return dishText(m) == dishText(it) })
			if n < 0 {
				t.Errorf("%s %d takes back %s, which nobody makes: %v", j.Kind, j.Seq, dishText(it), c.making)
				continue
			}
			c.making = slices.Delete(c.making, n, n+1)
		default:
			it.Difference = ""
			c.making = append(c.making, it)
		}
	}
}

func dishText(it store.Item) string {
	text := it.Quantity.String() + " " + it.Name + " " + it.Note + " <" + it.Parent
	for _, m := range it.Modifiers {
		text += " +" + dishText(m)
	}
	return text
}

func dishTexts(items []store.Item) string {
	var out []string
	for _, it := range items {
		out = append(out, dishText(it))
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

// A shift is one order in a kitchen whose printers do as they please.
type shift struct {
	kitchen
	t     *testing.T
	rng   *rand.Rand
	order uint64
	cooks map[string]*cook
	now   Draft // as the channel last sent it
}

func newShift(t *testing.T, seed uint64) *shift {
	s := &shift{kitchen: newKitchen(t, rules()), t: t, rng: rand.New(rand.NewPCG(seed, 3)), cooks: map[string]*cook{}}
	s.now = asado("a1")
	s.now.Order.Kind, s.now.Order.Address, s.now.Order.Table = store.Table, nil, "4"
	for i := range s.now.Order.Lines {
		s.now.Order.Lines[i].ID = fmt.Sprint("line", i)
	}
	s.order = s.mustTake(t, s.now).Order
	return s
}

// revise sends the order with one thing changed.
func (s *shift) revise() {
	d := s.now
	d.Order.Dated = d.Order.Dated.Add(time.Second)
	d.Order.Lines = slices.Clone(d.Order.Lines)
	lines := &d.Order.Lines
	switch n := len(*lines); s.rng.IntN(7) {
	case 0:
		if n > 1 {
			at := s.rng.IntN(n)
			*lines = slices.Delete(*lines, at, at+1)
		}
	case 1, 2:
		if n > 0 {
			(*lines)[s.rng.IntN(n)].Quantity = store.Units(1 + s.rng.Int64N(3))
		}
	case 3:
		if n > 0 {
			(*lines)[s.rng.IntN(n)].Note = []string{"", "sin sal", "con vela"}[s.rng.IntN(3)]
		}
	case 4:
		*lines = append(*lines, asado("x").Order.Lines[s.rng.IntN(3)])
		if s.rng.IntN(2) == 0 {
			(*lines)[n].ID = fmt.Sprint("more", s.rng.IntN(3))
		}
	case 5:
		d.Order.Table = fmt.Sprint(4 + s.rng.IntN(2))
	case 6:
		if n > 0 {
			l := &(*lines)[s.rng.IntN(n)]
			if len(l.Modifiers) > 0 {
				l.Modifiers = l.Modifiers[1:]
			} else {
				l.Modifiers = asado("x").Order.Lines[0].Modifiers
			}
		}
	}
	s.now = d
	s.mustTake(s.t, d)
}

// print has one printer do something with its next ticket.
func (s *shift) print(calm bool) (did bool) {
	var next *store.Job
	var then *store.Order
	err := s.st.View(func(tx *store.Tx) (err error) {
		next = nil
		printers := rules().Printers
		for _, p := range s.rng.Perm(len(printers)) {
			for j, err := range tx.Waiting(printers[p]) {
				if next == nil {
					next = j
				}
				if err != nil {
					return err
				}
				break
			}
		}
		if next != nil {
			then, err = tx.OrderAt(next.Order, next.Revision)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if next == nil {
		return false
	}
	next.State = store.JobSending
	next.Attempts = []store.Attempt{{Printer: next.Printer}}
	s.put(next)
	for !calm && s.rng.IntN(4) == 0 { // while it is on its way
		s.revise()
	}
	came, ended := true, store.JobPrinted
	switch n := s.rng.IntN(8); {
	case calm:
	case n == 0:
		came, ended = false, store.JobQueued
	case n <= 2:
		came, ended = n == 1, store.JobUnknown
	}
	if came && next.Kind != store.ReceiptTicket {
		s.cook(next.Station).read(s.t, next, then)
	}
	next.State = ended
	s.put(next)
	if ended == store.JobUnknown && !s.followed(next) {
		s.copyOf(next)
	}
	return true
}

func (s *shift) cook(station string) *cook {
	if s.cooks[station] == nil {
		s.cooks[station] = &cook{seen: map[uint64]bool{}}
	}
	return s.cooks[station]
}

func (s *shift) put(j *store.Job) {
	if _, err := s.st.UpdateVital(func(tx *store.Tx) error { c := *j; return tx.PutJob(&c) }); err != nil {
		s.t.Fatal(err)
	}
}

// followed: the spooler makes no copy of what another paper has overtaken.
func (s *shift) followed(j *store.Job) bool {
	return slices.ContainsFunc(s.jobs(s.t, s.order), func(k *store.Job) bool { return k.Follows == j.Seq && k.State != store.JobReplaced })
}

// copyOf queues the marked copy of a ticket of unknown outcome, or, of a copy,
// has a person look at the paper.
func (s *shift) copyOf(j *store.Job) {
	c := *j
	c.ID, c.Seq, c.CopyOf, c.Copy, c.State, c.Attempts = "", 0, j.Seq, j.Copy+1, store.JobQueued, nil
	if j.CopyOf != 0 {
		c.CopyOf = j.CopyOf
	}
	c.Marks = []store.Mark{store.MarkPossibleDuplicate}
	s.put(&c)
}

// Whatever comes between the revisions of an order and its papers, whoever has
// read the papers of a station knows the last revision: nothing is missed,
// nothing is made twice. A cancelled order leaves nothing to make.
func TestPapersTellTheOrder(t *testing.T) {
	for seed := range uint64(60) {
		s := newShift(t, seed)
		for range 4 + s.rng.IntN(14) {
			if s.rng.IntN(2) == 0 {
				s.revise()
			} else {
				s.print(false)
			}
		}
		cancelled := seed%3 == 0
		if cancelled {
			for range 2 { // the second time it says nothing new
				s.mustTake(t, Draft{StatusOnly: true, Order: store.Order{Key: s.now.Order.Key, Status: store.Cancelled}})
			}
		}
		for s.print(true) {
		}
		s.check(seed, cancelled)
		if t.Failed() {
			for _, j := range s.jobs(t, s.order) {
				t.Logf("%d %s %s r%d %s copy of %d, follows %d: %v", j.Seq, j.Kind, j.Station, j.Revision, j.State, j.CopyOf, j.Follows, j.Items)
			}
			t.Fatalf("seed %d", seed)
		}
	}
}

func (s *shift) check(seed uint64, cancelled bool) {
	o := s.kitchen.order(s.t, s.order)
	want := map[string]string{}
	if !cancelled {
		for _, c := range rules().Route(o) {
			want[c.Station.Name] = dishTexts(c.Items)
			if got := s.cook(c.Station.Name).facts; got != fmt.Sprint(o.Table, o.Observations) {
				s.t.Errorf("seed %d: %s believes %s", seed, c.Station.Name, got)
			}
		}
	}
	for station, c := range s.cooks {
		if got := dishTexts(c.making); got != want[station] {
			s.t.Errorf("seed %d: %s makes\n%s\nand should make\n%s", seed, station, got, want[station])
		}
		delete(want, station)
	}
	for station, missed := range want {
		s.t.Errorf("seed %d: %s never heard of %s", seed, station, missed)
	}
}
