package uplink

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// The last levels of the topics that come down.
const (
	downOrders    = "orders"
	downResults   = "results"
	downCommands  = "commands"
	downConfig    = "config"
	downCatalogue = "catalogue"
	downAcks      = "acks"
	// downCredentials answers renewals of the terminal's certificate.
	downCredentials = "credentials"
)

const (
	// What an inbox holds: more than the brokers leave unacknowledged by
	// themselves (mosquitto 20, NATS 1,024); mochi has no bound of its own.
	inboxMessages = 1024
	inboxAcks     = 256
	inboxBytes    = 16 << 20
	// A message that the Handler does not take after this many tries, with
	// growing pauses as between connections, makes room for the next one.
	inboxTries    = 5
	inboxPauseMax = 30 * time.Second
	// asideTime is how long messages that were not taken stay aside before a
	// new connection makes the broker deliver them again.
	asideTime = 2 * time.Minute
)

// An inbox takes what comes down on one connection. The library's reader only
// ever puts; one committer takes. A message that does not fit is not taken and
// not acknowledged: once the inbox is worked off the session ends by plan, and
// the broker delivers everything that it has no acknowledgement for again.
type inbox struct {
	queue    chan mqtt.Message
	acks     chan mqtt.Message // apart, so that no order holds them up
	bytes    atomic.Int64
	overflow atomic.Bool
}

func newInbox() *inbox {
	return &inbox{queue: make(chan mqtt.Message, inboxMessages), acks: make(chan mqtt.Message, inboxAcks)}
}

// put never blocks, because the reader that calls it also reads PUBACKs and
// ping answers. After one message that did not fit all others are left too, so
// that they keep their order.
func (in *inbox) put(m mqtt.Message) {
	if in.overflow.Load() {
		return
	}
	if strings.HasSuffix(m.Topic(), "/down/"+downAcks) {
		in.putAck(m)
		return
	}
	size := int64(len(m.Payload()))
	if held := in.bytes.Add(size); held > inboxBytes && held > size {
		in.bytes.Add(-size)
		in.overflow.Store(true)
		return
	}
	select {
	case in.queue <- m:
	default:
		in.bytes.Add(-size)
		in.overflow.Store(true)
	}
}

// putAck leaves one that does not fit, or is larger than any that makes sense.
func (in *inbox) putAck(m mqtt.Message) {
	select {
	case in.acks <- m:
	default:
		in.overflow.Store(true)
	}
}

// commit hands each message to the Handler, in order, until the session ends.
func (in *inbox) commit(s *session) {
	pause := backoff{min: s.u.set.RetryMin, max: min(s.u.set.RetryMax, inboxPauseMax)}
	var aside <-chan time.Time // set once a message was left unacknowledged
	for {
		select {
		case m := <-in.queue:
			if !in.offer(s, m, &pause) && aside == nil {
				aside = time.After(asideTime)
			}
			in.bytes.Add(-int64(len(m.Payload())))
		case <-aside:
			s.fail(&plannedError{"to have the messages delivered again that could not be taken before"})
		case <-s.ctx.Done():
			return
		}
		if in.overflow.Load() && len(in.queue) == 0 && len(in.acks) == 0 {
			s.fail(&plannedError{"to take the rest of more messages than fit at once"})
		}
	}
}

// offer reports whether the Handler has taken the message.
func (in *inbox) offer(s *session, m mqtt.Message, pause *backoff) bool {
	for try := 1; ; try++ {
		err := s.handle(m)
		if err == nil {
			pause.reset()
			s.u.took()
			return true
		}
		if s.ctx.Err() != nil {
			return false
		}
		if try == 1 {
			s.u.log.Warn("a message from the cloud was not taken; trying again",
				"topic", m.Topic(), "bytes", len(m.Payload()), "error", err)
		}
		if try == inboxTries {
			s.u.log.Error("a message from the cloud was not taken; it stays with the broker and comes again later",
				"topic", m.Topic(), "bytes", len(m.Payload()), "error", err)
			return false
		}
		if !sleep(s.ctx, pause.next()) {
			return false
		}
	}
}

// errGone is what an acknowledgement gets when the connection has gone that the
// message came on: the library may have dropped it without a word, or the broker
// has it.
var errGone = errors.New("the connection has gone; the message comes again unless the broker has its acknowledgement")

// handle calls the Handler. One payload that makes it panic must not take the
// line of all others down.
func (s *session) handle(m mqtt.Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler failed: %v", p)
		}
	}()
	ack := func() error {
		if s.lost.Err() != nil {
			return errGone
		}
		m.Ack()
		if s.lost.Err() != nil {
			return errGone
		}
		return nil
	}
	if ours, err := s.handleStore(m, ack); ours {
		return err
	}
	switch strings.TrimPrefix(m.Topic(), s.prefix+"/down/") {
	case downOrders:
		return s.u.handler.Order(s.ctx, m.Payload(), ack)
	case downResults:
		return s.u.handler.Result(s.ctx, m.Payload(), ack)
	case downCommands:
		return s.u.handler.Command(s.ctx, m.Payload(), ack)
	case downConfig:
		return s.u.handler.Config(s.ctx, m.Payload(), ack)
	case downCatalogue:
		return s.u.handler.Catalogue(s.ctx, m.Payload(), ack)
	case downCredentials:
		return s.renewed(m.Payload(), ack)
	}
	// Something that an earlier version had subscribed to.
	s.u.log.Warn("a message on a topic that this version does not know was dropped",
		"topic", m.Topic(), "bytes", len(m.Payload()))
	return ack()
}

// renewed keeps a new certificate, and has the next connection use it.
func (s *session) renewed(payload []byte, ack func() error) error {
	fresh := false
	if r := s.u.set.renewer; r != nil {
		var err error
		if fresh, err = r.take(payload); err != nil {
			return err
		}
	}
	err := ack()
	if fresh {
		s.fail(&plannedError{"to use the renewed certificate"})
	}
	return err
}

// A plannedError ends a session that has nothing wrong with it.
type plannedError struct{ why string }

func (e *plannedError) Error() string { return "reconnecting " + e.why }

func isPlanned(err error) bool {
	var planned *plannedError
	return errors.As(err, &planned)
}
