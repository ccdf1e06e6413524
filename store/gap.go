package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// GapType is the type of the event that a Gap is the data of.
const GapType = "mostrador.gap.v1"

// A Gap names events of a stream that were dropped before they were sent: what
// of the range has not come will never come. It is itself an event of that
// stream, the only one that is emitted when there is no space.
type Gap struct {
	Stream Stream `json:"stream"`
	Epoch  string `json:"epoch"`
	// From and Through are the first and the last sequence, 20 digits.
	From    string `json:"from"`
	Through string `json:"through"`
	// Reason in words, for people.
	Reason string `json:"reason"`
}

// A stretch is what of one epoch is dropped, by sequence.
type stretch struct {
	epoch         string
	from, through uint64
}

// dropTelemetry deletes the oldest events of the devices that wait, of some size
// or all there are, and emits a Gap for each epoch that they are of. A Gap that
// is dropped is part of the new one. Nothing else is ever dropped unsent.
func (tx *Tx) dropTelemetry(wanted int) (size int, err error) {
	const stream = StreamDevices
	var keys [][]byte
	var stretches []stretch
	events := 0
	for key, value := range tx.walk(outbox(stream), nil, number(tx.Sent(stream)+1), false) {
		if size >= wanted {
			break
		}
		size += len(key) + len(value)
		keys = append(keys, bytes.Clone(key))
		var e Event
		if err := json.Unmarshal(value, &e); err != nil {
			continue // unreadable: it could not be sent, either
		}
		if e.Type != GapType {
			events++
		}
		stretches = widen(stretches, &e)
	}
	if events == 0 {
		return 0, nil // for a gap there would be another one
	}
	for _, key := range keys {
		if err := tx.delete(outbox(stream), key); err != nil {
			return 0, err
		}
	}
	for _, x := range stretches {
		gap := Gap{stream, x.epoch, sequenceText(x.from), sequenceText(x.through), "No queda espacio en el terminal"}
		if _, err := tx.Emit(stream, GapType, gap); err != nil {
			return 0, err
		}
	}
	return size, nil
}

// widen adds an event to the stretches, and what it names, if it is a Gap. All
// before it are dropped, too, or were earlier, so that a stretch has no holes.
func widen(stretches []stretch, e *Event) []stretch {
	add := func(x stretch) {
		at := slices.IndexFunc(stretches, func(have stretch) bool { return have.epoch == x.epoch })
		if at < 0 {
			stretches = append(stretches, x)
			return
		}
		stretches[at].from = min(stretches[at].from, x.from)
		stretches[at].through = max(stretches[at].through, x.through)
	}
	var gap Gap
	if e.Type == GapType && json.Unmarshal(e.Data, &gap) == nil {
		x := stretch{epoch: gap.Epoch}
		if n, err := fmt.Sscan(gap.From, &x.from); n == 1 && err == nil {
			if n, err := fmt.Sscan(gap.Through, &x.through); n == 1 && err == nil {
				add(x)
			}
		}
	}
	add(stretch{e.Epoch, e.Sequence, e.Sequence})
	return stretches
}

// sequenceText is a sequence as it goes up: padded, so that it sorts as text.
func sequenceText(n uint64) string { return fmt.Sprintf("%020d", n) }
