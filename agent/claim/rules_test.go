package claim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// A counter is one terminal, caja-2, at a moment of its clock, beside another
// that the test speaks for. It commits and publishes nothing.
type counter struct {
	*Taker
	now  time.Duration
	said []string // words and takes since the last look
}

const other = "caja-1"

// newCounter is one that has been connected for long, knows the other, and has
// heard nothing of it since.
func newCounter(mine, theirs Role) *counter {
	c := &counter{Taker: New("caja-2", mine, takeover, Snapshot{})}
	c.Known(other, theirs)
	c.connect()
	c.CaughtUp()
	c.pass(3 * takeover)
	return c
}

func (c *counter) connect() {
	c.Beat(c.now)
	c.note(c.Connected(c.now))
}

// pass lets time go by with heartbeats that the broker acknowledges.
func (c *counter) pass(d time.Duration) {
	for end := c.now + d; c.now < end; {
		c.now += time.Second
		if c.connected && (c.now/time.Second)%10 == 0 {
			c.Beat(c.now)
		}
		c.note(c.Tick(c.now))
	}
}

func (c *counter) note(actions []Action) {
	for _, a := range actions {
		switch {
		case a.Publish != nil:
			c.said = append(c.said, strings.TrimSpace(string(a.Publish.Word)+" "+a.Publish.To))
		case a.Doubt != "":
			c.said = append(c.said, "take "+string(a.Doubt))
		default:
			c.said = append(c.said, "take")
		}
	}
}

func (c *counter) order()    { c.note(c.Arrived(c.now, "a", false)) }
func (c *counter) again()    { c.note(c.Arrived(c.now, "a", true)) }
func (c *counter) readBack() { c.note(c.Read(c.now, Message{Order: "a", Word: Claim, By: "caja-2"})) }
func (c *counter) hears(w Word, role Role, to string) {
	c.note(c.Read(c.now, Message{Order: "a", Word: w, By: other, Role: role, To: to}))
}
func (c *counter) look() []string {
	said := c.said
	c.said = nil
	return said
}

// Each rule by itself: what a terminal says and takes.
func TestRules(t *testing.T) {
	const settle = 10 * time.Second
	beside := func(mine, theirs Role, happens func(*counter)) func() []string {
		return func() []string {
			c := newCounter(mine, theirs)
			happens(c)
			return c.look()
		}
	}
	holder := func(happens func(*counter)) func() []string { return beside(Holder, StandIn, happens) }
	standIn := func(happens func(*counter)) func() []string { return beside(StandIn, Holder, happens) }
	for _, rule := range []struct {
		name    string
		happens func() []string
		want    string
	}{
		{"the holder, beside a stand-in that is off", holder(func(c *counter) { c.order(); c.readBack() }), "claim, take, mine"},
		{"what is sent again waits for an answer", holder(func(c *counter) { c.again(); c.readBack() }), "claim"},
		{"and comes out marked", holder(func(c *counter) { c.again(); c.readBack(); c.pass(settle) }), "claim, take unanswered, mine"},
		{"with an answer unmarked", holder(func(c *counter) { c.again(); c.readBack(); c.hears(Yours, StandIn, "caja-2") }), "claim, take, mine"},
		{"an answer to another is none", holder(func(c *counter) { c.again(); c.readBack(); c.hears(Yours, StandIn, "caja-3") }), "claim"},
		{"nothing without its own claim", holder(func(c *counter) { c.order(); c.hears(Yours, StandIn, "caja-2"); c.pass(takeover) }), "claim"},
		{"but marked in the end", holder(func(c *counter) { c.order(); c.pass(takeover + settle) }), "claim, take unread, mine"},
		{"before what had waited has come", holder(func(c *counter) { c.Lost(c.now); c.connect(); c.pass(2 * takeover); c.order(); c.readBack() }), "claim"},
		{"on a young connection", holder(func(c *counter) {
			c.Lost(c.now)
			c.connect()
			c.CaughtUp()
			c.pass(takeover - time.Second)
			c.order()
			c.readBack()
		}), "claim"},
		{"on one old enough", holder(func(c *counter) {
			c.Lost(c.now)
			c.connect()
			c.CaughtUp()
			c.pass(takeover)
			c.order()
			c.readBack()
		}), "claim, take, mine"},
		{"with a gap between heartbeats", holder(func(c *counter) {
			c.now += takeover/2 + 10*time.Second
			c.pass(2 * time.Second)
			c.Beat(c.now)
			c.order()
			c.readBack()
		}), "claim"},
		{"without heartbeats while it decides", holder(func(c *counter) { c.order(); c.beat = c.now - takeover/2; c.readBack() }), "claim"},
		{"the line broke meanwhile", holder(func(c *counter) {
			c.order()
			c.Lost(c.now)
			c.now += time.Second
			c.connect()
			c.CaughtUp()
			c.readBack()
		}), "claim, claim"},
		{"the stand-in has claimed it, too", holder(func(c *counter) { c.order(); c.hears(Claim, StandIn, ""); c.readBack() }), "claim"},
		{"and leaves it", holder(func(c *counter) {
			c.order()
			c.hears(Claim, StandIn, "")
			c.readBack()
			c.hears(Yours, StandIn, "caja-2")
		}), "claim, take, mine"},
		{"or has it", holder(func(c *counter) { c.order(); c.readBack(); c.hears(Claim, StandIn, "") }), "claim, take, mine, mine"},
		{"another prints it while this one asks", holder(func(c *counter) {
			c.again()
			c.readBack()
			c.hears(Mine, StandIn, "")
			c.Heard(c.now, other, StandIn)
			c.pass(settle)
		}), "claim"},
		{"read back on an earlier connection", holder(func(c *counter) {
			c.again()
			c.readBack()
			c.Lost(c.now)
			c.connect()
			c.hears(Yours, StandIn, "caja-2")
		}), "claim, claim"},
		{"read back, and the line goes", holder(func(c *counter) { c.again(); c.readBack(); c.Lost(c.now); c.pass(2 * settle) }), "claim"},
		{"nobody can be asked", holder(func(c *counter) { c.Lost(c.now); c.order(); c.pass(takeover + settle) }), "take unread, mine"},

		{"the stand-in, beside a holder that is off", standIn(func(c *counter) { c.order(); c.readBack() }), "claim, take, mine"},
		{"the holder is there", standIn(func(c *counter) { c.Heard(c.now, other, Holder); c.order(); c.pass(takeover / 2) }), ""},
		{"and has left it alone for long", standIn(func(c *counter) {
			c.order()
			c.look()
			c.again()
		}), ""},
		{"the holder may be there, as nothing was heard for so short a time", standIn(func(c *counter) {
			c.Lost(c.now)
			c.connect()
			c.order()
			c.pass(takeover - time.Second)
		}), ""},
		{"the holder is there and does not claim", standIn(func(c *counter) {
			c.Heard(c.now, other, Holder)
			c.order()
			c.pass(takeover / 2)
			c.Heard(c.now, other, Holder)
			c.pass(takeover / 2)
			c.readBack()
		}), "claim"},
		{"a stand-in that knows no holder waits for one", func() []string {
			c := &counter{Taker: New("caja-2", StandIn, takeover, Snapshot{})}
			c.connect()
			c.order()
			return c.look()
		}, ""},
		{"one that comes back while this one asks", standIn(func(c *counter) { c.order(); c.Heard(c.now, other, Holder); c.readBack() }), "claim"},
		{"of two that claim it the holder's counts", standIn(func(c *counter) { c.order(); c.hears(Claim, Holder, ""); c.readBack() }), "claim, yours caja-1"},
		{"what it has it does not leave", standIn(func(c *counter) { c.order(); c.readBack(); c.hears(Claim, Holder, "") }), "claim, take, mine, mine"},
		{"nor what is on paper", standIn(func(c *counter) { c.order(); c.readBack(); c.note(c.Printed("a")); c.hears(Claim, Holder, "") }), "claim, take, mine, proven, proven"},
		{"what was left is doubtful", standIn(func(c *counter) {
			c.hears(Claim, Holder, "")
			c.order()
			c.pass(takeover)
			c.readBack()
			c.pass(settle)
		}), "yours caja-1, claim, take unproven, mine"},
		{"whoever prints is left alone", standIn(func(c *counter) {
			c.hears(Mine, Holder, "")
			c.order()
			for range 10 {
				c.pass(takeover / 2)
				c.Heard(c.now, other, Holder)
			}
		}), ""},
		{"whoever claims and does not print is not", standIn(func(c *counter) {
			c.hears(Claim, Holder, "")
			c.order()
			for range 4 {
				c.pass(takeover / 2)
				c.Heard(c.now, other, Holder)
			}
		}), "yours caja-1, claim"},
		{"its own silence is no one else's", standIn(func(c *counter) {
			c.hears(Mine, Holder, "")
			c.order()
			c.Lost(c.now)
			c.pass(2 * takeover)
			c.connect()
			c.pass(takeover - time.Second)
		}), ""},
		{"what is on paper is left alone", standIn(func(c *counter) { c.hears(Proven, Holder, ""); c.order(); c.pass(3 * takeover) }), ""},
		{"until more comes of it and nobody is there", standIn(func(c *counter) {
			c.hears(Mine, Holder, "")
			c.order()
			c.hears(Proven, Holder, "")
			c.order()
			c.pass(takeover)
		}), "claim"},
		{"more of what is here", holder(func(c *counter) { c.order(); c.readBack(); c.order() }), "claim, take, mine, take, mine"},
		{"more of what was printed here", holder(func(c *counter) { c.order(); c.readBack(); c.note(c.Printed("a")); c.order(); c.note(c.Printed("a")) }),
			"claim, take, mine, proven, take, mine, proven"},
		{"back, it tells what it has", holder(func(c *counter) { c.order(); c.readBack(); c.look(); c.Lost(c.now); c.connect() }), "mine"},
		{"and what it has printed", holder(func(c *counter) {
			c.order()
			c.readBack()
			c.note(c.Printed("a"))
			c.look()
			c.Lost(c.now)
			c.connect()
		}), "proven"},
		{"another's proof takes nothing from it", holder(func(c *counter) {
			c.order()
			c.readBack()
			c.hears(Proven, StandIn, "")
			c.note(c.Printed("a"))
			c.hears(Proven, StandIn, "")
			c.order()
		}), "claim, take, mine, proven, take, mine"},
		{"of two holders the first by its id", beside(Holder, Holder, func(c *counter) { c.Heard(c.now, other, Holder); c.order(); c.pass(takeover / 2) }), ""},
		{"the other, just connected", beside(Holder, Holder, func(c *counter) { c.Lost(c.now); c.connect(); c.order(); c.pass(takeover / 2) }), ""},
		{"the other, beside one that is off", beside(Holder, Holder, func(c *counter) { c.order(); c.readBack() }), "claim, take, mine"},
		{"who takes no orders is not asked", holder(func(c *counter) { c.Gone(other); c.again(); c.readBack() }), "claim, take, mine"},
	} {
		if got := strings.Join(rule.happens(), ", "); got != rule.want {
			t.Errorf("%s: %q instead of %q", rule.name, got, rule.want)
		}
	}
}

// Two that claim one order at one moment, on a broker with one order of
// messages: however what they say falls together, one prints unmarked, or none.
func TestTwoClaimsInEveryOrder(t *testing.T) {
	for mask := range 1 << 12 {
		bus := &bus{}
		a, b := newCounter(Holder, StandIn), newCounter(StandIn, Holder)
		a.me, b.me = "caja-1", "caja-2"
		a.peers, b.peers = map[string]*peer{"caja-2": {role: StandIn}}, map[string]*peer{"caja-1": {role: Holder}}
		two := []*counter{a, b}
		for _, c := range two {
			bus.say(c, c.Arrived(c.now, "a", false))
		}
		if mask&1 == 1 { // the stand-in's claim came first
			slices.Reverse(bus.messages)
		}
		for step := range 12 {
			bus.deliver(two[mask>>step&1])
		}
		for range 8 {
			bus.deliver(a)
			bus.deliver(b)
		}
		for _, c := range two {
			for range 12 {
				c.now += time.Second
				bus.say(c, c.Tick(c.now))
			}
		}
		if bus.unmarked > 1 || bus.taken == 0 {
			t.Fatalf("order %012b: %d papers, %d unmarked: %v", mask, bus.taken, bus.unmarked, bus.messages)
		}
	}
}

// A bus brings every message to both, in one order, each in its own time.
type bus struct {
	messages        []Message
	read            map[*counter]int
	taken, unmarked int
}

func (b *bus) say(_ *counter, actions []Action) {
	for _, a := range actions {
		if a.Publish != nil {
			b.messages = append(b.messages, *a.Publish)
			continue
		}
		b.taken++
		if a.Doubt == "" {
			b.unmarked++
		}
	}
}

func (b *bus) deliver(c *counter) {
	if b.read == nil {
		b.read = map[*counter]int{}
	}
	if at := b.read[c]; at < len(b.messages) {
		b.read[c]++
		b.say(c, c.Read(c.now, b.messages[at]))
	}
}

func (m Message) String() string { return fmt.Sprintf("%s: %s", m.By, m.Word) }
