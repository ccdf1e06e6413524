package uplink

import (
	"fmt"

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
	readEvents = 64
	readBytes  = 128 << 10
)

// An outgoing event, encoded, with its place.
type outgoing struct {
	lane     *lane
	position uint64
	payload  []byte
}

// A lane is one stream's way out on one connection.
type lane struct {
	stream store.Stream
	topic  string
	stride uint64 // how far pass moves with each event taken
	pass   uint64 // the lane with the lowest goes next

	after uint64     // the last position read
	ahead []outgoing // read and not yet taken
	maybe bool       // the store may hold more behind after
}

// An outbox reads the store's events in the order in which they should leave:
// each stream by position, streams among each other by their shares (stride
// scheduling). It belongs to one goroutine.
type outbox struct {
	store *store.Store
	lanes []*lane
	pass  uint64 // of the lane that went last
}

// newOutbox starts every stream behind what is acknowledged: in the store, or
// in marks where the store does not know it yet.
func newOutbox(st *store.Store, m *marks, prefix string) (*outbox, error) {
	o := &outbox{store: st}
	err := st.ViewDurable(func(tx *store.Tx) error {
		o.lanes = o.lanes[:0]
		for _, s := range store.Streams() {
			o.lanes = append(o.lanes, &lane{
				stream: s, topic: prefix + "/up/" + string(s), stride: 64 / share(s),
				after: max(tx.Sent(s), m.of(s)), maybe: true,
			})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what is acknowledged: %w", err)
	}
	return o, nil
}

// wake says that the store may hold more of every stream.
func (o *outbox) wake() {
	for _, l := range o.lanes {
		l.maybe = true
	}
}

// next takes the event that should leave now; ok is false when none waits.
func (o *outbox) next() (out outgoing, ok bool, err error) {
	if err := o.read(); err != nil {
		return outgoing{}, false, err
	}
	var best *lane
	for _, l := range o.lanes {
		if len(l.ahead) > 0 && (best == nil || l.pass < best.pass) {
			best = l
		}
	}
	if best == nil {
		return outgoing{}, false, nil
	}
	o.pass = best.pass
	best.pass += best.stride
	out = best.ahead[0]
	best.ahead[0] = outgoing{}
	best.ahead = best.ahead[1:]
	return out, true, nil
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
		if len(l.ahead) == readEvents || size >= readBytes {
			l.maybe = true
			break
		}
		payload := encodeEvent(e)
		l.ahead = append(l.ahead, outgoing{l, e.Position, payload})
		size += len(payload)
		last = e.Position
	}
	l.after = last
	return nil
}
