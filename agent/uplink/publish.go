package uplink

import (
	"context"
	"fmt"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"mostrador/store"
)

// A flight is a publish whose acknowledgement is awaited.
type flight struct {
	outgoing
	size  int // of its payload, which is not kept
	token mqtt.Token
}

// publish sends the outbox until the session ends, never more than the window
// ahead of the broker's acknowledgements; what is in flight then gets a moment.
func (s *session) publish() {
	flights := make(chan flight, s.u.set.Window)
	room := newWindow(s.u.set.Window)
	late, giveUp := context.WithCancel(s.lost)
	defer giveUp()
	var collector sync.WaitGroup
	collector.Go(func() { s.collect(late, flights, room) })
	s.send(flights, room)
	close(flights)
	patience := time.AfterFunc(farewell, giveUp)
	defer patience.Stop()
	collector.Wait()
}

// send publishes one message after the other as the window lets it.
func (s *session) send(flights chan<- flight, room *window) {
	more, stop := s.u.store.Watch(store.TopicOutbox)
	defer stop()
	box, err := s.outbox()
	if err != nil {
		s.fail(err)
		return
	}
	pace := newPace(s.u.set.Rate)
	for room.wait(s.ctx) {
		out, ok := s.next(box, more)
		if !ok || !pace.wait(s.ctx) {
			return
		}
		if out.aside != nil && !s.setAside(*out.aside) {
			return
		}
		if len(out.payload) > largePayload {
			s.large.Store(int64(len(out.payload)))
			s.u.log.Warn("a message is larger than some brokers accept; where this one does not, set [uplink] max_payload",
				"stream", out.lane.stream, "position", out.position, "bytes", len(out.payload))
		}
		token := s.client.Publish(out.lane.topic, 1, false, out.payload)
		if box.backend {
			s.u.settler.clock.published(out.lane.stream, out.epoch, out.sequence)
		}
		size := len(out.payload)
		out.payload = nil
		room.sent(size)
		flights <- flight{out, size, token}
	}
}

// outbox is what waits, from where this connection begins.
func (s *session) outbox() (*outbox, error) {
	box, err := newOutbox(s.u.store, s.u.marks, s.prefix)
	if err != nil {
		return nil, err
	}
	box.backend, box.nothing = s.u.set.byBackend(), s.u.replays.acknowledged
	s.u.asides.retry()
	box.again(s.u.replays.list())
	box.packer, err = newPacker(s.u.set)
	return box, err
}

// setAside makes sure that an event is kept before another goes in its place;
// false: the session ends first.
func (s *session) setAside(x store.Aside) bool {
	pause := backoff{min: time.Second, max: 30 * time.Second}
	for told := false; ; told = true {
		err := s.u.asides.hold(x)
		if err == nil {
			return true
		}
		if !told {
			s.u.log.Error("an event is too large, and cannot be set aside; trying again", "error", err)
		}
		if !sleep(s.ctx, pause.next()) {
			return false
		}
	}
}

// largePayload is the most that a broker with limits takes (AWS IoT: 128 kB).
const largePayload = 128 << 10

// next waits for an event; ok is false when the session ends first.
func (s *session) next(box *outbox, more <-chan struct{}) (out outgoing, ok bool) {
	pause := backoff{min: time.Second, max: 30 * time.Second}
	failing := false
	for s.ctx.Err() == nil {
		out, ok, err := box.next()
		switch {
		case ok:
			return out, true
		case err != nil:
			if !failing {
				s.u.log.Error("cannot read the events that wait; trying again", "error", err)
				failing = true
			}
			sleep(s.ctx, pause.next())
			continue
		}
		s.waitForMore(box, more)
	}
	return outgoing{}, false
}

// waitForMore waits until the outbox may have something to send.
func (s *session) waitForMore(box *outbox, more <-chan struct{}) {
	var look <-chan time.Time
	if box.backend {
		t := time.NewTimer(resendLook)
		defer t.Stop()
		look = t.C
	}
	select {
	case <-more:
		box.wake()
	case <-s.u.replays.changed:
		box.again(s.u.replays.list())
	case now := <-look:
		if streams := box.rewind(now); len(streams) > 0 {
			s.u.log.Warn("the backend has not acknowledged what the broker has; it goes up again", "streams", streams)
		}
	case <-s.ctx.Done():
	}
}

// collect waits for the acknowledgements in the order of the publishes, which
// is the order in which brokers send them, and makes room for others. A token that
// has completed without an error stands for a PUBACK on this very connection,
// because the client lives no longer than it. Marks are cumulative, so behind
// one that is missing none counts; they all go again on the next connection.
func (s *session) collect(late context.Context, flights <-chan flight, room *window) {
	limit := time.NewTimer(stallTimeout)
	defer limit.Stop()
	missing := false
	for f := range flights {
		if missing {
			continue
		}
		if err := s.awaitAck(late, f.token, limit); err != nil {
			missing = true
			if late.Err() == nil {
				s.fail(s.reason(fmt.Errorf("publish: %w", err)))
			}
			continue
		}
		switch {
		case f.lane.part != "":
			s.u.replays.acknowledged(f.lane.part, f.position)
		case !s.u.set.byBackend():
			s.u.marks.acknowledged(f.lane.stream, f.position)
		}
		if f.aside == nil {
			s.u.asides.went(f.lane.stream, f.from, f.from+uint64(f.count)-1)
		}
		if f.size > largePayload {
			s.large.Store(0)
		}
		room.acknowledged(f.size)
	}
}

// awaitAck waits until late, and not longer than a broker at work needs.
func (s *session) awaitAck(late context.Context, token mqtt.Token, limit *time.Timer) error {
	select {
	case <-token.Done():
		return token.Error()
	default:
	}
	limit.Reset(stallTimeout)
	select {
	case <-token.Done():
		return token.Error()
	case <-limit.C:
		return errNoAnswer
	case <-late.Done():
		return context.Cause(late)
	}
}
