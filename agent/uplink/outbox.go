package uplink

import (
	"cmp"
	"fmt"
	"slices"

	"mostrador/store"
)

// A stream's share of the line when several have events waiting. What a kitchen
// or a channel waits for goes before sales, sales before the log, and the log
// before the devices' telemetry; but each that waits gets its share, so none
// starves behind the backlog of another.
func share(s store.Stream) uint64 {
	switch s {
	case store.StreamOrders, store.StreamTickets, store.StreamRequests, store.StreamResults:
		return 64
	case store.StreamSales:
		return 16
	case store.StreamTimeline:
		return 4
	default:
		return 1
	}
}

// What is read ahead of each stream in one short read transaction.
const (
	readEvents = batchEvents
	readBytes  = batchBytes
)

// aheadOfBackend is how many events of a stream may be at the broker while the
// backend has not acknowledged them: they go again with each new connection.
const aheadOfBackend = 4096

// An outgoing event, encoded, with its place; or a message of several, with the
// place of the last.
type outgoing struct {
	lane     *lane
	position uint64
	epoch    string
	sequence uint64
	payload  []byte
	from     uint64 // the position of the first event, whatever position says
	count    int    // of events, which stand next to each other
	// aside: the payload only takes the place of this event, which is too large.
	aside *store.Aside
}

// A lane is one stream's way out on one connection, or that of a part of it
// that goes once more.
type lane struct {
	stream store.Stream
	topic  string
	part   string // the id of what goes once more, empty for what is new
	until  uint64 // the last position that goes, 0 for no end
	stride uint64 // how far pass moves with each event taken
	pass   uint64 // the lane with the lowest goes next

	after uint64     // the last position read
	ahead []outgoing // read and not yet taken
	maybe bool       // the store may hold more behind after
	over  bool       // nothing is left of the part
	hole  uint64     // the first position behind the last events that were dropped

	sent    uint64 // the last position taken
	settled settledMark
}

// An outbox reads the store's events in the order in which they should leave:
// each stream by position, streams among each other by their shares (stride
// scheduling). It belongs to one goroutine.
type outbox struct {
	store  *store.Store
	marks  *marks
	prefix string
	lanes  []*lane
	packer *packer
	pass   uint64 // of the lane that went last
	// backend: marks are the backend's, and events go no more than
	// aheadOfBackend ahead of them.
	backend bool
	// nothing is told of parts of which no event is left.
	nothing func(part string, until uint64)
}

// newOutbox starts every stream behind what is acknowledged: in the store, or
// in marks where the store does not know it yet.
func newOutbox(st *store.Store, m *marks, prefix string) (*outbox, error) {
	o := &outbox{store: st, marks: m, prefix: prefix, packer: &packer{}, nothing: func(string, uint64) {}}
	err := st.ViewDurable(func(tx *store.Tx) error {
		o.lanes = o.lanes[:0]
		for _, s := range store.Streams() {
			known := max(tx.Sent(s), m.of(s))
			m.begin(s, known)
			o.lanes = append(o.lanes, &lane{
				stream: s, topic: prefix + "/up/" + string(s), stride: 64 / share(s),
				after: known, sent: known, maybe: true,
			})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what is acknowledged: %w", err)
	}
	return o, nil
}

// again adds the parts that go once more and have no lane yet. They take the
// smallest share.
func (o *outbox) again(parts []part) {
	for _, p := range parts {
		if slices.ContainsFunc(o.lanes, func(l *lane) bool { return l.part == p.ID }) {
			continue
		}
		// One that was widened begins anew.
		o.lanes = slices.DeleteFunc(o.lanes, func(l *lane) bool { return l.part != "" && l.stream == p.Stream })
		o.lanes = append(o.lanes, &lane{
			stream: p.Stream, topic: o.prefix + "/up/" + string(p.Stream), part: p.ID, until: p.Through,
			stride: 64, pass: o.pass, after: p.Next - 1, maybe: true,
		})
	}
}

// wake says that the store may hold more of every stream.
func (o *outbox) wake() {
	for _, l := range o.lanes {
		l.maybe = true
	}
}

// next takes the message that should leave now; ok is false when none waits.
func (o *outbox) next() (out outgoing, ok bool, err error) {
	if err := o.read(); err != nil {
		return outgoing{}, false, err
	}
	var best *lane
	for _, l := range o.lanes {
		if len(l.ahead) > 0 && (best == nil || l.pass < best.pass) && !o.tooFar(l) {
			best = l
		}
	}
	if best == nil {
		return outgoing{}, false, nil
	}
	out, err = o.packer.next(best.ahead[:o.allowed(best)])
	if err != nil {
		return outgoing{}, false, err
	}
	o.pass = best.pass
	best.pass += best.stride * uint64(out.count)
	clear(best.ahead[:out.count])
	best.ahead = best.ahead[out.count:]
	best.sent = max(best.sent, out.position)
	return out, true, nil
}

// tooFar: the backend has not acknowledged enough of what went before.
func (o *outbox) tooFar(l *lane) bool { return o.allowed(l) == 0 }

// allowed is how many of the events that were read ahead may go. Across a hole
// the backend cannot acknowledge until the gap has come that names it, which
// stands at the end.
func (o *outbox) allowed(l *lane) int {
	mark := o.marks.of(l.stream)
	if !o.backend || l.part != "" || l.hole > mark {
		return len(l.ahead)
	}
	bound := mark + aheadOfBackend
	n, _ := slices.BinarySearchFunc(l.ahead, bound+1, func(e outgoing, p uint64) int { return cmp.Compare(e.position, p) })
	return n
}

// read refills, in one transaction, the lanes that are empty and may have more.
func (o *outbox) read() error {
	var empty []*lane
	for _, l := range o.lanes {
		if len(l.ahead) == 0 && l.maybe {
			empty = append(empty, l)
		}
	}
	if len(empty) == 0 {
		return nil
	}
	err := o.store.ViewDurable(func(tx *store.Tx) error {
		for _, l := range empty {
			if err := l.read(tx); err != nil {
				return fmt.Errorf("stream %s: %w", l.stream, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the outbox: %w", err)
	}
	for _, l := range empty {
		if l.over {
			l.over = false
			o.nothing(l.part, l.until)
		}
		// A lane that had nothing has saved up no turns.
		l.pass = max(l.pass, o.pass)
	}
	return nil
}

// read encodes within the transaction, because nothing of it may be kept.
func (l *lane) read(tx *store.Tx) error {
	l.ahead = l.ahead[:0]
	size, last := 0, l.after
	l.maybe = false
	for e, err := range tx.Unsent(l.stream, l.after) {
		if err != nil {
			l.ahead, l.maybe = nil, true
			return err
		}
		if l.until != 0 && e.Position > l.until {
			break
		}
		if len(l.ahead) == readEvents || size >= readBytes {
			l.maybe = true
			break
		}
		if e.Position != last+1 {
			l.hole = e.Position
		}
		payload := encodeEvent(e)
		l.ahead = append(l.ahead, outgoing{
			lane: l, position: e.Position, epoch: e.Epoch, sequence: e.Sequence, payload: payload, from: e.Position, count: 1,
		})
		size += len(payload)
		last = e.Position
	}
	l.after = last
	if l.until != 0 && !l.maybe {
		l.end()
	}
	return nil
}

// end is for a part that has been read to its end: the acknowledgement of its
// last event ends it; one of which nothing is left is over now.
func (l *lane) end() {
	if n := len(l.ahead); n > 0 {
		l.ahead[n-1].position = l.until
	} else {
		l.over = l.after < l.until
	}
	l.after = l.until
}
