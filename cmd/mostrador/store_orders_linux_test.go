package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"mostrador/agent/uplink/uplinktest"
)

// What befalls the two terminals and the broker, each with its end.
const (
	holderAway = iota
	standInAway
	brokerCrash
	misfortunes
)

// cutOrders are all orders in which the misfortunes can begin and end, whatever
// overlaps: each is named twice, for its beginning and its end.
func cutOrders() (all [][]int) {
	var extend func(so []int)
	extend = func(so []int) {
		if len(so) == 2*misfortunes {
			all = append(all, append([]int(nil), so...))
			return
		}
		for m := range misfortunes {
			if n := strings.Count(fmt.Sprint(so), fmt.Sprint(m)); n < 2 {
				extend(append(so, m))
			}
		}
	}
	extend(nil)
	return all
}

// Two terminals of one store, cut off from each other and from the broker, or
// killed, and the broker killed, in every order, with an order for the store in
// each moment between: none comes out twice unmarked, none is left.
func TestStoreOrdersThroughEveryOrderOfCuts(t *testing.T) {
	r, seed := seeded(t)
	orders := cutOrders()
	rounds, abreast := 1, 2 // as many at a time as do not keep each other waiting
	if !proof() {
		r.Shuffle(len(orders), func(i, j int) { orders[i], orders[j] = orders[j], orders[i] })
		orders = orders[:2]
	} else {
		rounds, abreast = 2, 6
	}
	sum := &cutSum{seed: seed, block: "cuts", what: fmt.Sprintf("Two terminals as processes in network namespaces, `takeover_after` %v, mosquitto with persistence; the holder cut off or killed, the stand-in cut off or killed, the broker killed, beginning and ending in all %d orders, each twice", storeTakeover, len(cutOrders()))}
	sum.liveThrough(t, orders, rounds*len(orders), abreast, func(t *testing.T, place, _ int) hanging { return newCables(t, place) })
	sum.report(t)
}

// nameOf tells an order of cuts, such as "caja-1 killed, broker crashed, ...".
func nameOf(order []int, mode int) string {
	var words []string
	begun := map[int]bool{}
	for _, m := range order {
		word := []string{"holder", "stand-in", "broker"}[m]
		switch {
		case begun[m]:
			word += " back"
		case m == brokerCrash || mode>>m&1 == 1:
			word += " killed"
		default:
			word += " cut"
		}
		begun[m] = true
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// live goes through one order of cuts.
func (s *sharedStore) live(order []int, mode int) {
	s.t.Helper()
	s.order()
	begun := map[int]bool{}
	for _, m := range order {
		time.Sleep(time.Duration(s.rand.IntN(int(2 * storeTakeover)))) // the random moment
		s.befall(m, begun[m], mode>>m&1 == 1)
		begun[m] = true
		s.settled = time.Now()
		time.Sleep(time.Duration(s.rand.IntN(400)) * time.Millisecond) // another
		s.order()
	}
}

// befall begins a misfortune or ends it.
func (s *sharedStore) befall(m int, end, kill bool) {
	s.t.Helper()
	served := s.hung.serves()
	switch {
	case m == brokerCrash && !end:
		s.crashed, s.granted = true, s.cloud.Subscriptions()
		s.hung.crash()
	case m == brokerCrash:
		s.hung.restart()
	case kill && !end:
		s.kill(s.terminals[m])
	case kill:
		s.start(s.terminals[m])
	case !end:
		s.hung.cut(m)
	default:
		s.hung.mend(m)
	}
	if !served && s.hung.serves() {
		s.servedAgain()
	}
}

// servedAgain has the backend go on.
func (s *sharedStore) servedAgain() {
	s.t.Helper()
	if s.crashed {
		s.cloud.Wait(30*time.Second+s.hung.recovery(), "the backend to be back", func() bool { return s.cloud.Subscriptions() > s.granted })
		s.crashed = false
	}
	s.flush()
	s.again()
}

// reconnection is the longest that a terminal may be without a line that is
// there: half-open for 25 s, and then a pause of at most 20 s before the try that
// goes through, after an outage as short as these.
const reconnection = 45 * time.Second

// check wants every order on paper in time, and what is on paper twice marked.
func (s *sharedStore) check(sum *cutSum) {
	s.t.Helper()
	limit := 2*storeTakeover + reconnection + s.hung.recovery()
	var open []string
	s.again() // the backend sees the births
	defer func() {
		if s.t.Failed() {
			s.t.Logf("without paper: %v", open)
		}
	}()
	s.eventually(limit+30*time.Second, "every order on paper", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		open = nil
		for _, k := range s.asks {
			if _, ok := s.first[k.number]; !ok {
				open = append(open, k.number)
			}
		}
		return len(open) == 0
	})
	s.eventually(limit+30*time.Second, "both terminals to be done", func() bool { return s.done() })
	sum.mu.Lock()
	defer sum.mu.Unlock()
	sum.stores, sum.bound = sum.stores+1, limit
	for _, k := range s.asks {
		s.count(k, limit, sum)
	}
}

// done: every terminal listens, and nothing is open or on its way to paper.
func (s *sharedStore) done() bool {
	for _, one := range s.terminals {
		st, ok := s.status(one)
		if !ok || !st.Listening || len(st.Open) > 0 {
			return false
		}
	}
	return true
}

// count looks at the papers of one order.
func (s *sharedStore) count(k ask, limit time.Duration, sum *cutSum) {
	s.t.Helper()
	sure, all := map[string]int{}, 0
	papers := 0
	for _, one := range s.terminals {
		here := papersOf(one.printer, k.number)
		if len(here) > 0 {
			all++
		}
		for _, paper := range here {
			papers++
			if kind := tillTicket(paper, k.number); kind != "torn" && !marked(paper) {
				sure[kind]++
			}
		}
	}
	for kind, n := range sure {
		if n > 1 {
			s.t.Errorf("order %s: %s is out %d times unmarked", k.number, kind, n)
			sum.twice++
		}
	}
	since := s.sent[k.number]
	if since.Before(s.settled) {
		since = s.settled
	}
	unclaimed := max(0, s.first[k.number].Sub(since))
	if unclaimed > limit {
		s.t.Errorf("order %s waited %v for its first paper; takeover_after and reconnection are %v", k.number, unclaimed, limit)
	}
	sum.orders++
	sum.longest = max(sum.longest, unclaimed)
	if all > 1 {
		sum.both++
	}
	if len(sure) == 0 {
		sum.marked++
	}
}

// A cutSum is what came of all orders of cuts.
type cutSum struct {
	seed        uint64
	block, what string // of the table

	mu                    sync.Mutex
	stores, orders, twice int
	both                  int // on paper at both terminals
	marked                int // all of whose papers are marked
	longest, bound        time.Duration
}

// liveThrough lives through orders of cuts, some at a time, each with what hang
// gives for its place among those and for its number.
func (c *cutSum) liveThrough(t *testing.T, orders [][]int, lives, abreast int, hang func(t *testing.T, place, n int) hanging) {
	next := make(chan int)
	var living sync.WaitGroup
	for place := range abreast {
		living.Go(func() {
			for n := range next {
				order, mode := orders[n%len(orders)], (n+n/len(orders))%4
				t.Run(nameOf(order, mode), func(t *testing.T) {
					s := newSharedStore(t, hang(t, place, n), rand.New(rand.NewPCG(c.seed, uint64(n))))
					s.live(order, mode)
					s.check(c)
				})
			}
		})
	}
	for n := range lives {
		next <- n
	}
	close(next)
	living.Wait()
}

func (c *cutSum) report(t *testing.T) {
	t.Helper()
	t.Logf("%d stores, %d orders, twice unmarked %d, at both terminals %d, all marked %d, longest wait %v", c.stores, c.orders, c.twice, c.both, c.marked, c.longest)
	if !proof() || t.Failed() {
		return
	}
	if c.both == 0 || c.marked == 0 {
		t.Error("no order came into doubt: the cuts try nothing")
	}
	uplinktest.WriteBlock(t, "store-orders.md", c.block, fmt.Sprintf(
		"%s, with an order for the store in every moment between (`MOSTRADOR_SEED=%d`).\n\n"+
			"| what | |\n|---|---|\n| orders of cuts that were lived through | %d |\n| orders for the store | %d |\n| twice unmarked on paper | %d |\n| not on paper | 0 |\n| on paper at both terminals, one of them marked or both | %d |\n| all papers headed POSIBLE DUPLICADO | %d |\n| longest wait for the first paper, after the last cut or mend | %v (bound: %v) |\n",
		c.what, c.seed, c.stores, c.orders, c.twice, c.both, c.marked, c.longest.Round(100*time.Millisecond), c.bound))
}
