package uplinktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/klauspost/compress/zstd"
)

// What docs/mqtt.md promises of a batch: a backend may refuse anything larger.
const (
	batchMost  = 1024    // events
	batchBytes = 1 << 20 // bytes of a batch of more than one event, before compression
	batchOne   = 64 << 20
)

// zstdMagic begins every frame of zstd; an event begins with '{'.
var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// IsBatch reports whether a message of up/ holds many events.
func IsBatch(message []byte) bool { return bytes.HasPrefix(message, zstdMagic) }

// ReadBatch takes a batch apart into the messages that its events would have
// been, and says what in it is not as docs/mqtt.md has it.
func ReadBatch(batch []byte) (events [][]byte, err error) {
	if !IsBatch(batch) {
		return nil, errors.New("it does not begin as zstd does")
	}
	// A frame may say that it is larger than all memory.
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(batchOne))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	text, err := d.DecodeAll(batch, nil)
	if err != nil {
		return nil, fmt.Errorf("not zstd: %w", err)
	}
	if !bytes.HasSuffix(text, []byte("\n")) {
		return nil, errors.New("the last line has no end")
	}
	events = bytes.Split(text[:len(text)-1], []byte("\n"))
	if len(events) > batchMost || len(events) > 1 && len(text) > batchBytes {
		return nil, fmt.Errorf("%d events of %d bytes are too many", len(events), len(text))
	}
	return events, consecutive(events)
}

// consecutive: they are of one source and epoch, and each follows the one before.
func consecutive(events [][]byte) error {
	var before place
	for i, e := range events {
		var now place
		if err := json.Unmarshal(e, &now); err != nil {
			return fmt.Errorf("event %d of a batch: %w", i+1, err)
		}
		n, err := strconv.ParseUint(now.Sequence, 10, 64)
		if err != nil || i > 0 && now != (place{before.Source, before.Epoch, fmt.Sprintf("%020d", n)}) || i > 0 && !follows(before.Sequence, n) {
			return fmt.Errorf("event %d of a batch is %v behind %v", i+1, now, before)
		}
		before = now
	}
	return nil
}

// A place is where an event stands.
type place struct{ Source, Epoch, Sequence string }

func follows(before string, n uint64) bool {
	last, err := strconv.ParseUint(before, 10, 64)
	return err == nil && n == last+1
}

// CheckBatch is CheckMessage of a batch: whether one may go on the topic, and of
// each event what is wrong with it.
func (c *Contract) CheckBatch(topic string, batch []byte) error {
	ch, err := c.channelOf(topic)
	if err != nil {
		return err
	}
	if ch.messages[batchName] == nil {
		return fmt.Errorf("%s carries no batches", ch.address)
	}
	events, err := ReadBatch(batch)
	if err != nil {
		return err
	}
	for i, e := range events {
		if err := c.CheckMessage(topic, e); err != nil {
			return fmt.Errorf("event %d of %d: %w", i+1, len(events), err)
		}
	}
	return nil
}

// batchName is what asyncapi.yaml calls a batch.
const batchName = "batch.v1"

// channelOf is the channel that a topic belongs to.
func (c *Contract) channelOf(topic string) (*channel, error) {
	i := slices.IndexFunc(c.channels, func(ch channel) bool { return ch.topic.MatchString(topic) })
	if i < 0 {
		return nil, fmt.Errorf("topic %s is not in the contract", topic)
	}
	return &c.channels[i], nil
}
