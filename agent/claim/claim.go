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

// The roles. A holder outranks every stand-in, and of two with the same role
// the one whose id sorts first outranks the other.
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

// An Action is what to do, in the order given. What Changes returns, and which
// orders are taken, must be on disk before anything is published.
type Action struct {
	// Publish, to all takers, when it is not nil.
	Publish *Message
	// Take: hand what has come of the order to intake. Doubt is why every paper
	// of it is headed POSIBLE DUPLICADO, empty where no other terminal can have
	// printed it; Other is the terminal that may have, where one is known.
	Take  string
	Doubt Doubt
	Other string
}

// Doubt is why another terminal may have printed an order.
type Doubt string

// The doubts. All but Unanswered are cause for alarm.
const (
	Unanswered Doubt = "unanswered" // another taker has not said that it has not
	Unproven   Doubt = "unproven"   // another had claimed it, and has said no more
	Unread     Doubt = "unread"     // this terminal's own claim did not come back
)

// State is how an order stands for this terminal.
type State string

// The states.
const (
	Waiting  State = "waiting"  // here, and claimed by nobody
	Claiming State = "claiming" // claimed by this terminal, which may not print yet
	Taken    State = "taken"    // handed to intake
	Theirs   State = "theirs"   // another's
	Done     State = "done"     // on paper
)

// An Order is what is remembered of one order.
type Order struct {
	State State  `json:"state"`
	Owner string `json:"owner,omitempty"` // of Theirs and Done
	// Here: its message has arrived, so that it can be printed here.
	Here bool `json:"here"`
	// Doubt: another terminal had claimed it, so it may be on paper.
	Doubt bool `json:"doubt,omitempty"`

	fresh    bool // it arrived where nobody can have printed it unseen
	said     bool // its owner has said that it is printing it
	since    time.Duration
	readBack bool
	answered map[string]bool // who has left it to this terminal
	rivals   map[string]bool // who has claimed it, too
}

// A peer is another taker of the store.
type peer struct {
	role  Role
	heard time.Duration
	ever  bool // heard in this life
}

// Snapshot is what must outlive a crash.
type Snapshot struct {
	Orders map[string]Order `json:"orders"`
	Peers  map[string]Role  `json:"peers"`
}

// A Taker is one terminal's side of the protocol. Moments are of its own
// monotonic clock, since New. It is not safe for concurrent use.
type Taker struct {
	me       string
	role     Role
	takeover time.Duration

	orders  map[string]*Order
	peers   map[string]*peer
	changed map[string]bool // orders since the last Changes
	known   bool            // peers have changed since then

	connected bool
	since     time.Duration // when the connection began, or was lost
	caughtUp  bool          // all that waited for it at the broker has come
	beat      time.Duration // when the last heartbeat that the broker has acknowledged was sent
	present   time.Duration // since when there was no gap between such heartbeats
	hasBeat   bool
	out       []Action
}

// New returns a Taker that remembers what an earlier one had known.
func New(me string, role Role, takeover time.Duration, known Snapshot) *Taker {
	t := &Taker{me: me, role: role, takeover: takeover, orders: map[string]*Order{}, peers: map[string]*peer{}, changed: map[string]bool{}}
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
	s := Snapshot{Orders: map[string]Order{}, Peers: t.Peers()}
	for key := range t.orders {
		s.Orders[key], _ = t.Order(key)
	}
	return s
}

// Changes returns what of the Snapshot is different since it was last called:
// orders, and whether the peers are.
func (t *Taker) Changes() (orders map[string]Order, peers bool) {
	orders, peers = map[string]Order{}, t.known
	for key := range t.changed {
		orders[key], _ = t.Order(key)
	}
	t.changed, t.known = map[string]bool{}, false
	return orders, peers
}

// Order tells how an order stands, as far as that must be on disk.
func (t *Taker) Order(key string) (o Order, ok bool) {
	if at := t.orders[key]; at != nil {
		return Order{State: at.State, Owner: at.Owner, Here: at.Here, Doubt: at.Doubt}, true
	}
	return Order{}, false
}

// Peers are the other takers that are known, with their roles.
func (t *Taker) Peers() map[string]Role {
	out := map[string]Role{}
	for id, p := range t.peers {
		out[id] = p.role
	}
	return out
}

// Silence is for how long nothing was heard of another taker; ok is false where
// it was not heard since New.
func (t *Taker) Silence(now time.Duration, id string) (d time.Duration, ok bool) {
	if p := t.peers[id]; p != nil && p.ever {
		return now - p.heard, true
	}
	return 0, false
}

// Heartbeat is how often the terminal must tell its state, so that the others
// hear it in time.
func (t *Taker) Heartbeat() time.Duration { return Heartbeat(t.takeover) }

// Heartbeat is how often a terminal must tell its state, by the time after which
// others take over.
func Heartbeat(takeover time.Duration) time.Duration { return takeover / 4 }

// settle is how long an answer may take before a print goes out in doubt.
func (t *Taker) settle() time.Duration { return min(t.takeover, 10*time.Second) }

// Connected: the terminal has subscribed and told its state. What it says of
// orders that are open it says again, because the broker may have forgotten.
func (t *Taker) Connected(now time.Duration) []Action {
	t.connected, t.since, t.caughtUp = true, now, false
	for _, key := range t.keys() {
		switch o := t.orders[key]; o.State {
		case Claiming:
			t.claim(now, key, o)
		case Taken:
			t.say(key, Mine, "")
		case Done:
			if o.Owner == t.me {
				t.say(key, Proven, "")
			}
		case Waiting:
			t.consider(now, key, o)
		}
	}
	return t.actions()
}

// CaughtUp: what this terminal told on this connection has come back to it, and
// with it all that had waited for it at the broker.
func (t *Taker) CaughtUp() { t.caughtUp = t.connected }

// IsCaughtUp reports whether CaughtUp was told on this connection: what is said
// to the store comes here.
func (t *Taker) IsCaughtUp() bool { return t.caughtUp }

// Lost: the connection has gone.
func (t *Taker) Lost(now time.Duration) {
	t.connected, t.since, t.caughtUp = false, now, false
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
	if p := t.peers[id]; p == nil || p.role != role {
		t.known = true
	}
	t.peers[id] = &peer{role: role, heard: now, ever: true}
}

// Known: there is another taker, as its retained state says; it may be away.
func (t *Taker) Known(id string, role Role) {
	if id != t.me && t.peers[id] == nil {
		t.peers[id], t.known = &peer{role: role}, true
	}
}

// Gone: another terminal takes store orders no more.
func (t *Taker) Gone(id string) {
	if t.peers[id] != nil {
		delete(t.peers, id)
		t.known = true
	}
}

// Arrived: a message about an order has come and is on disk; again: the backend
// says that it has sent it before. What comes of an order that this terminal has
// is handed to intake at once.
func (t *Taker) Arrived(now time.Duration, key string, again bool) []Action {
	o := t.orders[key]
	if o == nil {
		o = &Order{State: Waiting, since: now}
		// Behind a reconnection comes what others have had for long.
		o.fresh = !again && t.caughtUp && now-t.since >= t.takeover && now-t.present >= t.takeover
		t.orders[key] = o
	}
	first := !o.Here
	o.Here = true
	t.changed[key] = true
	switch {
	case t.has(o):
		o.State, o.Owner = Taken, t.me
		t.out = append(t.out, Action{Take: key})
		t.say(key, Mine, "")
	case o.State == Done && !first: // its owner has more to do, and may be away
		o.State, o.since, o.said = Theirs, now, true
	}
	t.consider(now, key, o)
	return t.actions()
}

// Printed: all papers of an order that was taken here are proven.
func (t *Taker) Printed(key string) []Action {
	if o := t.orders[key]; o != nil && o.State == Taken {
		t.become(key, o, Done, t.me)
		t.say(key, Proven, "")
	}
	return t.actions()
}

// Forget drops an order that nobody will ask for any more.
func (t *Taker) Forget(key string) { delete(t.orders, key) }

// Read: a message of the claims' topic has come, this terminal's own as well.
func (t *Taker) Read(now time.Duration, m Message) []Action {
	o := t.orders[m.Order]
	if m.By == t.me {
		if o != nil && m.Word == Claim && o.State == Claiming {
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
		o = &Order{State: Waiting, since: now}
		t.orders[m.Order] = o
	}
	switch m.Word {
	case Claim:
		t.answer(now, m, o)
	case Yours:
		if m.To == t.me && o.State == Claiming {
			o.answered[m.By] = true
			t.decide(now, m.Order, o)
		}
	case Mine:
		if !t.has(o) {
			t.leave(now, m.Order, o, m.By)
			o.said = true
		}
	case Proven:
		if !t.has(o) { // where both have it on paper each goes its own way
			t.become(m.Order, o, Done, m.By)
		}
	}
	return t.actions()
}

// Tick lets time pass; call it every second or so while an order is open.
func (t *Taker) Tick(now time.Duration) []Action {
	for _, key := range t.keys() {
		t.consider(now, key, t.orders[key])
	}
	return t.actions()
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
