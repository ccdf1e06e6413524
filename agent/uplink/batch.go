package uplink

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

const (
	// batchLeast is how many events of a stream must wait, so that they go
	// together: fewer are no backlog, and each goes plain and at once.
	batchLeast = 8
	// batchEvents and batchBytes (before compression) are the most that one
	// batch holds. A larger one would hardly be smaller per event, and would
	// keep what is urgent waiting for longer behind it.
	batchEvents = 256
	batchBytes  = 128 << 10
)

// A packer makes messages of events: one event, or a batch of many, which are
// the same bytes one to a line (NDJSON), compressed as one frame of zstd. A
// batch begins with the magic number of zstd, 28 B5 2F FD, an event with '{'.
type packer struct {
	zstd *zstd.Encoder // nil: no batches
	raw  []byte        // kept for the next batch
	most int           // bytes of a message, 0 for no bound
}

// newPacker's encoder takes its memory, about 1.4 MiB, with the first batch.
func newPacker(set Settings) (*packer, error) {
	if !set.Batch {
		return &packer{most: set.MaxPayload}, nil
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(batchBytes), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return nil, fmt.Errorf("make a compressor: %w", err)
	}
	return &packer{zstd: enc, most: set.MaxPayload}, nil
}

// next makes a message of the first of some events of one lane, of which there
// is at least one. The message stands for all up to its own place.
func (p *packer) next(events []outgoing) (outgoing, error) {
	if p.zstd != nil {
		for n := together(events); n >= batchLeast; n /= 2 {
			if out := p.pack(events[:n]); p.fits(out) {
				return out, nil
			}
		}
	}
	return p.alone(events[0])
}

// alone makes a message of one event: as it is; compressed where only that is
// small enough; or what takes its place where nothing is.
func (p *packer) alone(e outgoing) (outgoing, error) {
	if p.fits(e) {
		return e, nil
	}
	if p.zstd != nil {
		if out := p.pack([]outgoing{e}); p.fits(out) {
			return out, nil
		}
	}
	return withheld(e)
}

func (p *packer) fits(e outgoing) bool { return p.most == 0 || len(e.payload) <= p.most }

// together is how many of some events may go as one batch: consecutive
// sequences of one epoch, within the bounds.
func together(events []outgoing) int {
	size := 0
	for i, e := range events[:min(len(events), batchEvents)] {
		size += len(e.payload) + 1
		if i > 0 && (size > batchBytes || e.epoch != events[0].epoch || e.sequence != events[0].sequence+uint64(i)) {
			return i
		}
	}
	return min(len(events), batchEvents)
}

// pack makes one batch.
func (p *packer) pack(events []outgoing) outgoing {
	p.raw = p.raw[:0]
	for _, e := range events {
		p.raw = append(append(p.raw, e.payload...), '\n')
	}
	out := events[len(events)-1]
	out.from, out.count = events[0].from, len(events)
	out.payload = p.zstd.EncodeAll(p.raw, make([]byte, 0, len(p.raw)/4))
	return out
}
