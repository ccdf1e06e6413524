package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// Emit appends an event to a stream of the outbox: its id, source, epoch,
// sequence and time are filled in, and data becomes its JSON. A json.RawMessage
// is taken as it is: encoded before the transaction, it does not keep those
// waiting who share it. Events are never changed afterwards.
func (tx *Tx) Emit(stream Stream, typ string, data any) (*Event, error) {
	if tx.call == nil {
		return nil, errReadOnly
	}
	if !slices.Contains(Streams(), stream) {
		return nil, fmt.Errorf("%q is no stream of the outbox", stream)
	}
	body, err := encodeData(data)
	if err != nil {
		return nil, fmt.Errorf("encode the data of a %s: %w", typ, err)
	}
	id, err := tx.newID()
	if err != nil {
		return nil, err
	}
	position, err := tx.next(outbox(stream))
	if err != nil {
		return nil, err
	}
	e := &Event{
		Position: position, Stream: stream, ID: id, Type: typ, Data: body,
		Source:   "/mostrador/" + tx.store.identity + "/" + string(stream),
		Epoch:    tx.store.opening.Epoch,
		Sequence: position - tx.mark(stream, markBase),
		Time:     tx.Now().Wall,
	}
	tx.topics |= 1 << TopicOutbox
	record, err := appendEvent(make([]byte, 0, len(body)+384), e)
	if err != nil {
		return nil, fmt.Errorf("encode a %s: %w", typ, err)
	}
	return e, tx.put(outbox(stream), number(position), record)
}

func encodeData(data any) (json.RawMessage, error) {
	raw, ok := data.(json.RawMessage)
	switch {
	case !ok:
		return json.Marshal(data)
	case !json.Valid(raw):
		return nil, errors.New("it is not JSON")
	}
	return raw, nil
}

// Unsent are the events of a stream behind a position, in order.
func (tx *Tx) Unsent(stream Stream, after uint64) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		bucket := outbox(stream)
		for key, value := range tx.walk(bucket, nil, number(after+1), false) {
			if !yield(decode[Event](bucket, key, value)) {
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
