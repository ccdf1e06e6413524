package uplink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"mostrador/store"
)

// An ack is a message of down/acks: the backend has, of one stream and epoch,
// every event up to a sequence, but for those that it refuses.
type ack struct {
	Stream   store.Stream
	Epoch    string
	Through  uint64
	Rejected []rejection
	Time     time.Time // the backend's clock
}

// A rejection is an event that the backend will never take, and why.
type rejection struct {
	Sequence uint64
	Reason   string
}

// maxReason bounds what is kept of the backend's words, in bytes.
const maxReason = 500

// readAck reads a payload of down/acks. What it does not know it ignores.
func readAck(payload []byte) (ack, error) {
	var in struct {
		Stream   store.Stream `json:"stream"`
		Epoch    string       `json:"epoch"`
		Through  string       `json:"through"`
		Time     time.Time    `json:"time"`
		Rejected []struct {
			Sequence string `json:"sequence"`
			Reason   string `json:"reason"`
		} `json:"rejected"`
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		return ack{}, fmt.Errorf("it is not the JSON that is expected: %w", err)
	}
	a := ack{Stream: in.Stream, Epoch: in.Epoch, Time: in.Time}
	var err error
	if a.Through, err = readSequence(in.Through); err != nil {
		return ack{}, fmt.Errorf("through: %w", err)
	}
	for _, r := range in.Rejected {
		n, err := readSequence(r.Sequence)
		if err != nil {
			return ack{}, fmt.Errorf("rejected: %w", err)
		}
		if n > a.Through {
			return ack{}, fmt.Errorf("rejected: sequence %d lies behind through (%d)", n, a.Through)
		}
		a.Rejected = append(a.Rejected, rejection{n, strings.ToValidUTF8(r.Reason[:min(len(r.Reason), maxReason)], "")})
	}
	return a, nil
}

// readSequence reads the 20 digits that an event's sequence has; fewer will do.
func readSequence(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no sequence: use 20 digits, as an event has them", text[:min(len(text), 40)])
	}
	return n, nil
}

// A settler makes marks of the backend's acknowledgements. It outlives
// connections; its methods are called by one goroutine at a time.
type settler struct {
	store *store.Store
	marks *marks
	clock *serverClock
	log   *slog.Logger

	// early are acknowledgements of an epoch while one before it still has
	// events that are not: a stream's mark is one position.
	early map[store.Stream]map[string]ack

	mu    sync.Mutex
	count map[store.Stream]uint64 // rejected since the start, under mu
}

func newSettler(st *store.Store, m *marks, log *slog.Logger) *settler {
	return &settler{store: st, marks: m, clock: newServerClock(st), log: log,
		early: map[store.Stream]map[string]ack{}, count: map[store.Stream]uint64{}}
}

// maxEarly bounds the epochs that are remembered per stream.
const maxEarly = 8

// settle takes an acknowledgement. An error means that the store could not take
// what it rejects; everything else is only told in the log.
func (s *settler) settle(a ack) error {
	for {
		position, known, epoch, err := s.place(a)
		switch {
		case errors.Is(err, store.ErrNotFound):
			s.log.Warn("the backend acknowledges what this terminal does not have; look at its epoch and through",
				"stream", a.Stream, "epoch", a.Epoch, "through", a.Through)
			return nil
		case err != nil:
			return err
		case position <= known:
			return nil // once more
		case epoch != a.Epoch:
			s.remember(a)
			return nil
		}
		if err := s.apply(a, position, known); err != nil {
			return err
		}
		next, ok := s.recall(a.Stream)
		if !ok {
			return nil
		}
		a = next
	}
}

// place tells where an acknowledgement ends, how far its stream is already
// known to be acknowledged, and of which epoch the first event behind that is.
func (s *settler) place(a ack) (position, known uint64, epoch string, err error) {
	err = s.store.ViewDurable(func(tx *store.Tx) error {
		known = max(tx.Sent(a.Stream), s.marks.of(a.Stream))
		var err error
		if position, err = tx.Position(a.Stream, a.Epoch, a.Through); err != nil {
			return err
		}
		epoch = a.Epoch
		for e, err := range tx.Unsent(a.Stream, known) {
			if err != nil {
				return err
			}
			epoch = e.Epoch
			break
		}
		return nil
	})
	return position, known, epoch, err
}

func (s *settler) remember(a ack) {
	if s.early[a.Stream] == nil {
		s.early[a.Stream] = map[string]ack{}
	}
	if before, ok := s.early[a.Stream][a.Epoch]; ok {
		a.Rejected = append(before.Rejected, a.Rejected...)
		a.Through = max(a.Through, before.Through)
	}
	if len(s.early[a.Stream]) < maxEarly {
		s.early[a.Stream][a.Epoch] = a
	}
}

// recall takes one that was early out of the memory; it may be early again.
func (s *settler) recall(stream store.Stream) (ack, bool) {
	for epoch, a := range s.early[stream] {
		if _, _, first, err := s.place(a); err == nil && first == epoch {
			delete(s.early[stream], epoch)
			return a, true
		}
	}
	return ack{}, false
}

// apply marks, and keeps and tells what was rejected in the same transaction.
func (s *settler) apply(a ack, position, known uint64) error {
	if len(a.Rejected) > 0 {
		fresh := 0
		if err := s.store.Update(func(tx *store.Tx) (err error) {
			if fresh, err = keepRejected(tx, a, known); err != nil {
				return err
			}
			return tx.MarkSent(a.Stream, position)
		}); err != nil {
			return fmt.Errorf("keep what the backend has rejected: %w", err)
		}
		s.mu.Lock()
		s.count[a.Stream] += uint64(fresh)
		s.mu.Unlock()
		s.log.Warn("the backend has rejected events; they are kept as payloads of the transaction log",
			"stream", a.Stream, "count", fresh, "reason", a.Rejected[0].Reason)
	}
	s.marks.acknowledged(a.Stream, position)
	return nil
}

// counts are how many events of each stream were rejected since the start.
func (s *settler) counts() map[store.Stream]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.count)
}

// keepRejected keeps the rejected events behind known, as a consumer would have
// got them, one to a line, and tells of them; count is how many they are. The
// log's own events are in the log already, and telling of them would make more.
func keepRejected(tx *store.Tx, a ack, known uint64) (count int, err error) {
	var lines bytes.Buffer
	var names, reasons []string
	tell := func() error {
		if len(names) == 0 || a.Stream == store.StreamTimeline {
			return nil
		}
		raw, err := tx.PutRaw(lines.Bytes())
		if err != nil {
			return err
		}
		err = tx.Log(store.Entry{
			Kind: "uplink.rejected", Subject: string(a.Stream), Severity: store.Alarm, Raw: raw,
			Text: fmt.Sprintf("El sistema central rechazó %s de %s: %s", strings.Join(names, ", "), a.Stream, reasons[0]),
		})
		names, reasons = nil, nil
		lines.Reset()
		return err
	}
	for _, r := range a.Rejected {
		position, err := tx.Position(a.Stream, a.Epoch, r.Sequence)
		if errors.Is(err, store.ErrNotFound) || err == nil && position <= known {
			continue // told before, or nothing that there ever was
		}
		if err != nil {
			return count, err
		}
		for e, err := range tx.Unsent(a.Stream, position-1) {
			if err != nil || e.Position != position {
				break
			}
			line := encodeEvent(e)
			if lines.Len() > 0 && (lines.Len()+len(line) > rejectedBytes || len(names) == rejectedNames) {
				if err := tell(); err != nil {
					return count, err
				}
			}
			lines.Write(append(line, '\n'))
			names, reasons = append(names, strconv.FormatUint(r.Sequence, 10)), append(reasons, r.Reason)
			count++
			break
		}
	}
	return count, tell()
}

// What one entry tells of at most; a payload that is kept has a bound.
const (
	rejectedBytes = 200 << 10
	rejectedNames = 50
)

// settleAll works off the acknowledgements of one connection until it ends.
func (s *session) settleAll() {
	for {
		select {
		case m := <-s.inbox.acks:
			s.settleOne(m)
		case <-s.ctx.Done():
			return
		}
		if s.inbox.overflow.Load() && len(s.inbox.acks) == 0 && len(s.inbox.queue) == 0 {
			s.fail(&plannedError{"to take the rest of more messages than fit at once"})
		}
	}
}

// settleOne acknowledges a message when what it says is kept: what the backend
// has said of rejected events is said once.
func (s *session) settleOne(m mqtt.Message) {
	a, err := readAck(m.Payload())
	if err != nil {
		s.u.log.Warn("an acknowledgement of the backend cannot be read", "error", err, "bytes", len(m.Payload()))
		m.Ack()
		return
	}
	s.u.settler.clock.heard(a)
	pause := backoff{min: s.u.set.RetryMin, max: inboxPauseMax}
	for told := false; ; {
		err := s.u.settler.settle(a)
		if err == nil {
			m.Ack()
			s.u.took()
			return
		}
		if !told {
			s.u.log.Error("an acknowledgement of the backend cannot be recorded; trying again", "error", err)
			told = true
		}
		if !sleep(s.ctx, pause.next()) {
			return
		}
	}
}
