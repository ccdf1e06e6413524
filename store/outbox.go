package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
)

// An Encoded is the data of an event, as JSON.
type Encoded struct{ body json.RawMessage }

// Encode makes JSON of an event's data. Emit does that, too; done before the
// transaction it does not keep those waiting who share it.
func Encode(data any) (Encoded, error) {
	if s, ok := data.(*Sale); ok && s != nil {
		body, err := appendSale(make([]byte, 0, 1024), s)
		return Encoded{body}, err
	}
	body, err := json.Marshal(data)
	return Encoded{body}, err
}

// Emit appends an event to a stream of the outbox: its id, source, epoch,
// sequence and time are filled in, and data, which may be Encoded, becomes its
// JSON. Events are never changed afterwards.
func (tx *Tx) Emit(stream Stream, typ string, data any) (*Event, error) {
	if tx.call == nil {
		return nil, errReadOnly
	}
	place, ok := tx.store.streams[stream]
	if !ok {
		return nil, fmt.Errorf("%q is no stream of the outbox", stream)
	}
	encoded, ok := data.(Encoded)
	if !ok {
		var err error
		if encoded, err = Encode(data); err != nil {
			return nil, fmt.Errorf("encode the data of a %s: %w", typ, err)
		}
	}
	if len(encoded.body) == 0 {
		return nil, fmt.Errorf("a %s has no data", typ)
	}
	id, err := tx.newID()
	if err != nil {
		return nil, err
	}
	position, err := tx.next(place.bucket)
	if err != nil {
		return nil, err
	}
	e := &Event{
		Position: position, Stream: stream, ID: id, Source: place.source, Type: typ,
		Epoch: tx.store.opening.Epoch, Sequence: position - place.base,
		Time: tx.Now().Wall, Data: encoded.body,
	}
	record, err := appendEvent(tx.store.scratch.event[:0], e)
	tx.store.scratch.event = record
	if err != nil {
		return nil, fmt.Errorf("encode a %s: %w", typ, err)
	}
	tx.topics |= 1 << TopicOutbox
	return e, tx.put(place.bucket, number(position), record)
}

// A place is what a stream's events have in common while the store is open.
type place struct {
	stream                Stream
	bucket, source, epoch string
	base                  uint64 // sequence = position - base
}

// places reads them, once the epoch stands.
func (tx *Tx) places() map[Stream]place {
	places := make(map[Stream]place)
	for _, stream := range Streams() {
		places[stream] = place{
			stream: stream,
			bucket: outbox(stream),
			source: "/mostrador/" + tx.store.identity + "/" + string(stream),
			epoch:  tx.store.opening.Epoch,
			base:   tx.mark(stream, markBase),
		}
	}
	return places
}

// Unsent are the events of a stream behind a position, in order.
func (tx *Tx) Unsent(stream Stream, after uint64) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		bucket, place := outbox(stream), tx.store.streams[stream]
		for key, value := range tx.walk(bucket, nil, number(after+1), false) {
			if !yield(decodeEvent(bucket, key, value, place)) {
				return
			}
		}
	}
}

// Sent is the position up to which a stream's events are acknowledged, 0 for
// none.
func (tx *Tx) Sent(stream Stream) uint64 { return tx.mark(stream, markSent) }

// MarkSent notes that everything up to a position is acknowledged. The mark
// never goes back. It is taken also when the disk is full, since it lets space
// go.
func (tx *Tx) MarkSent(stream Stream, position uint64) error {
	if position <= tx.Sent(stream) {
		return nil
	}
	if last := tx.Last(stream); position > last {
		return fmt.Errorf("stream %s ends at position %d: %d cannot have been sent", stream, last, position)
	}
	tx.topics |= 1 << TopicOutbox
	return tx.setMark(stream, markSent, position)
}

// Last is the position of a stream's newest event, 0 when it never had one.
func (tx *Tx) Last(stream Stream) uint64 { return tx.bucket(outbox(stream)).Sequence() }

// What is kept of a stream: 8 bytes each.
const (
	markSent = 0 // the last acknowledged position
	markBase = 8 // the last position of the epoch before: sequence = position - base
	markSize = 16
)

func (tx *Tx) mark(stream Stream, offset int) uint64 {
	value := tx.get(bucketStreams, []byte(stream))
	if len(value) != markSize {
		return 0
	}
	return binary.BigEndian.Uint64(value[offset:])
}

func (tx *Tx) setMark(stream Stream, offset int, n uint64) error {
	value := make([]byte, markSize)
	copy(value, tx.get(bucketStreams, []byte(stream)))
	binary.BigEndian.PutUint64(value[offset:], n)
	return tx.putSmall(bucketStreams, []byte(stream), value)
}
