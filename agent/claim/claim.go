// Package claim decides which of a store's terminals prints an order that is
// addressed to the store as a whole. It is the protocol alone: it is told what
// happens and answers with what to do, and knows neither broker nor disk. Every
// terminal that takes such orders runs one; docs/store-orders.md gives the rules
// and why they hold.
package claim

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Role is terminal.store_orders of a terminal that takes store orders.
type Role string

// The roles. A holder outranks every stand-in, and of two stand-ins the one
// whose id sorts first outranks the other.
const (
	Holder  Role = "holder"
	StandIn Role = "stand-in"
)

// Word is what a Message says of an order.
type Word string

// The words.
const (
	Claim  Word = "claim"  // I want to print it
	Yours  Word = "yours"  // answer to a claim: I have not, and leave it to you
	Mine   Word = "mine"   // I am printing it
	Proven Word = "proven" // it is on paper
)

// A Message goes to all takers of the store, its sender included.
type Message struct {
	Order string `json:"order"` // what is the same for every message about one order
	Word  Word   `json:"word"`
	By    string `json:"by"` // the terminal that says it
	Role  Role   `json:"role"`
	To    string `json:"to,omitempty"` // of Yours: whose claim it answers
}

// An Action is what to do, in the order given. What Snapshot returns then, and
// the orders taken, must be on disk, in one transaction, before anything is
// published.
type Action struct {
	// Publish, to all takers, when it is not nil.
	Publish *Message
	// Take: hand the order to intake; Doubtful: every paper is headed POSIBLE
	// DUPLICADO, because another terminal may have printed it.
	Take     string
	Doubtful bool
	// Alarm: another terminal had claimed Order Take and has said no more.
	Alarm bool
}

// State is how an order stands for this terminal.
type State string

// The states.
const (
	waiting  State = "waiting"  // here, and claimed by nobody
	claiming State = "claiming" // claimed by this terminal, which may not print yet
	taken    State = "taken"    // handed to intake
	theirs   State = "theirs"   // another's
	done     State = "done"     // on paper
)

// An Order is what is remembered of one order.
type Order struct {
	State State  `json:"state"`
	Owner string `json:"owner,omitempty"` // of theirs
	// Here: its message has arrived, so that it can be printed here.
	Here bool `json:"here"`
	// Doubt: another terminal had claimed it, so it may be on paper.
	Doubt bool `json:"doubt,omitempty"`

	fresh    bool // it arrived where nobody can have printed it unseen
	since    time.Duration
	readBack bool
	answered map[string]bool
}

// A peer is another taker of the store.
type peer struct {
	role  Role
	heard time.Duration
}

// Snapshot is what must outlive a crash.
type Snapshot struct {
	Orders map[string]Order `json:"orders"`
	Peers  map[string]Role  `json:"peers"`
}

// A Taker is one terminal's side of the protocol. Moments are of its own
// monotonic clock, since any origin. It is not safe for concurrent use.
type Taker struct {
	me       string
	role     Role
	takeover time.Duration

	orders map[string]*Order
	peers  map[string]*peer

	connected bool
	since     time.Duration // of the connection
	beat      time.Duration // when the last heartbeat that the broker has acknowledged was sent
	present   time.Duration // since when there was no gap between such heartbeats
	hasBeat   bool
	out       []Action
}

// New returns a Taker that remembers what an earlier one had known.
func New(me string, role Role, takeover time.Duration, known Snapshot) *Taker {
	t := &Taker{me: me, role: role, takeover: takeover, orders: map[string]*Order{}, peers: map[string]*peer{}}
	for key, o := range known.Orders {
		t.orders[key] = &o
	}
	for id, role := range known.Peers {
		t.peers[id] = &peer{role: role}
	}
	return t
}

// Snapshot returns a copy of what must be on disk.
func (t *Taker) Snapshot() Snapshot {
	s := Snapshot{Orders: map[string]Order{}, Peers: map[string]Role{}}
	for key, o := range t.orders {
		s.Orders[key] = Order{State: o.State, Owner: o.Owner, Here: o.Here, Doubt: o.Doubt}
	}
	for id, p := range t.peers {
		s.Peers[id] = p.role
	}
	return s
}

// Heartbeat is how often the terminal must tell its state, so that the others
// hear it in time.
func (t *Taker) Heartbeat() time.Duration { return t.takeover / 4 }

// settle is how long an answer may take before a print goes out in doubt.
func (t *Taker) settle() time.Duration { return min(t.takeover, 10*time.Second) }

// Connected: the terminal has subscribed and told its state. What it says of
// orders that are open it says again, because the broker may have forgotten.
func (t *Taker) Connected(now time.Duration) []Action {
	t.connected, t.since = true, now
	for _, key := range t.keys() {
		o := t.orders[key]
		o.fresh = false
		switch o.State {
		case claiming:
			t.claim(now, key, o)
		case taken:
			t.say(key, Mine, "")
		case done:
			if o.Owner == t.me {
				t.say(key, Proven, "")
			}
		case waiting:
			t.consider(now, key, o)
		}
	}
	return t.actions()
}

// Lost: the connection has gone.
func (t *Taker) Lost() {
	t.connected = false
	for _, o := range t.orders {
		o.fresh = false
	}
}

// Beat: the broker has acknowledged a heartbeat that was sent at a moment.
func (t *Taker) Beat(sent time.Duration) {
	if !t.hasBeat || sent-t.beat > t.takeover/2 {
		t.present = sent
	}
	t.hasBeat, t.beat = true, max(t.beat, sent)
}

// Heard: a state of another taker came that was not retained and says online.
func (t *Taker) Heard(now time.Duration, id string, role Role) {
	if id == t.me {
		return
	}
	t.peers[id] = &peer{role: role, heard: now}
}

// Known: there is another taker, as its retained state says; it may be away.
func (t *Taker) Known(id string, role Role) {
	if id != t.me && t.peers[id] == nil {
		t.peers[id] = &peer{role: role}
	}
}

// Arrived: a message about an order has come and is on disk; again: the backend
// says that it has sent it before.
func (t *Taker) Arrived(now time.Duration, key string, again bool) []Action {
	o := t.orders[key]
	if o == nil {
		o = &Order{State: waiting, since: now}
		// Behind a reconnection comes what others have had for long.
		o.fresh = !again && t.connected && now-t.since >= t.takeover && now-t.present >= t.takeover
		t.orders[key] = o
	}
	o.Here = true
	t.consider(now, key, o)
	return t.actions()
}

// Printed: all papers of an order that was taken here are proven.
func (t *Taker) Printed(key string) []Action {
	if o := t.orders[key]; o != nil && o.State == taken {
		o.State, o.Owner = done, t.me
		t.say(key, Proven, "")
	}
	return t.actions()
}

// Read: a message of the claims' topic has come, this terminal's own as well.
func (t *Taker) Read(now time.Duration, m Message) []Action {
	o := t.orders[m.Order]
	if m.By == t.me {
		if o != nil && m.Word == Claim && o.State == claiming {
			o.readBack = true
			t.decide(now, m.Order, o)
		}
		return t.actions()
	}
	t.Heard(now, m.By, m.Role)
	if o == nil {
		if m.Word == Yours {
			return nil
		}
		o = &Order{State: waiting, since: now}
		t.orders[m.Order] = o
	}
	switch m.Word {
	case Claim:
		t.answer(now, m, o)
	case Yours:
		if m.To == t.me && o.State == claiming {
			o.answered[m.By] = true
			t.decide(now, m.Order, o)
		}
	case Mine:
		if o.State != taken && o.State != done {
			t.leave(now, o, m.By)
		}
	case Proven:
		if o.State != taken { // both have it on paper: this one's goes its own way
			o.State, o.Owner = done, m.By
		}
	}
	return t.actions()
}

// answer says how an order stands that another one claims.
func (t *Taker) answer(now time.Duration, m Message, o *Order) {
	switch {
	case o.State == taken:
		t.say(m.Order, Mine, "")
	case o.State == done:
		t.say(m.Order, Proven, "")
	case o.State == claiming && t.outranks(m.By):
		// It reads our claim, too, and leaves it to us.
	default:
		t.leave(now, o, m.By)
		t.say(m.Order, Yours, m.By)
	}
}

func (t *Taker) leave(now time.Duration, o *Order, owner string) {
	o.State, o.Owner, o.since, o.Doubt = theirs, owner, now, true
}

// outranks says whether this terminal goes before another.
func (t *Taker) outranks(other string) bool {
	theirs := t.peers[other].role
	if t.role != theirs {
		return t.role == Holder
	}
	return t.me < other
}

// Tick lets time pass; call it every second or so.
func (t *Taker) Tick(now time.Duration) []Action {
	for _, key := range t.keys() {
		t.consider(now, key, t.orders[key])
	}
	return t.actions()
}

// consider takes an order on where it is this terminal's turn.
func (t *Taker) consider(now time.Duration, key string, o *Order) {
	if !t.connected || !o.Here {
		return
	}
	switch o.State {
	case waiting:
		if t.myTurn(now) {
			t.claim(now, key, o)
		}
	case theirs:
		if t.silent(now, o.Owner) && now-o.since >= t.takeover {
			t.claim(now, key, o)
		}
	case claiming:
		t.decide(now, key, o)
	}
}

// myTurn: nobody that goes before this terminal is there.
func (t *Taker) myTurn(now time.Duration) bool {
	if t.role == Holder {
		return true
	}
	if now-t.since < t.takeover {
		return false
	}
	for id := range t.peers {
		if !t.outranks(id) && !t.silent(now, id) {
			return false
		}
	}
	return true
}

// silent: nothing was heard of another for the takeover time, all of which this
// terminal was connected.
func (t *Taker) silent(now time.Duration, id string) bool {
	p := t.peers[id]
	return t.connected && now-t.since >= t.takeover && (p == nil || now-p.heard >= t.takeover)
}

func (t *Taker) claim(now time.Duration, key string, o *Order) {
	o.State, o.since, o.readBack, o.answered = claiming, now, false, map[string]bool{}
	t.say(key, Claim, "")
}

// decide prints what was read back and cannot be another's, or can be no longer
// found out.
func (t *Taker) decide(now time.Duration, key string, o *Order) {
	if !o.readBack || !o.Here || !t.connected {
		return
	}
	certain := !o.Doubt
	for id := range t.peers {
		if !o.answered[id] && !t.cannotHave(now, id, o) {
			certain = false
			if now-o.since < t.settle() {
				return
			}
		}
	}
	alarm := o.Doubt
	o.State, o.Owner = taken, t.me
	t.out = append(t.out, Action{Take: key, Doubtful: !certain, Alarm: alarm})
	t.say(key, Mine, "")
}

// cannotHave: another, which has not answered, cannot have printed the order.
// It takes over only after the takeover time without a heartbeat of those that
// go before it; and had it claimed before, its claim would have come here.
func (t *Taker) cannotHave(now time.Duration, id string, o *Order) bool {
	if !o.fresh {
		return false
	}
	if t.outranks(id) {
		return now-t.beat < t.takeover/2
	}
	return t.silent(now, id)
}

func (t *Taker) say(key string, w Word, to string) {
	t.out = append(t.out, Action{Publish: &Message{Order: key, Word: w, By: t.me, Role: t.role, To: to}})
}

func (t *Taker) actions() []Action {
	out := t.out
	t.out = nil
	return out
}

// keys in a fixed order, so that what happens can be repeated.
func (t *Taker) keys() []string { return slices.SortedFunc(maps.Keys(t.orders), cmp.Compare[string]) }
