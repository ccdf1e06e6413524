package uplink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// How one connection is held. The library looks every 5 s whether keepAlive or
// pingTimeout has passed, so a half-open line is noticed within 25 s; a
// pingTimeout of a whole 5 s would be seen only at the look after the next.
const (
	connectTimeout = 15 * time.Second // until the broker has answered CONNECT
	keepAlive      = 15 * time.Second
	pingTimeout    = 4 * time.Second
	answerTimeout  = 30 * time.Second // for SUBACK and the birth's PUBACK
	// stallTimeout ends a connection whose broker answers pings but has not
	// acknowledged the oldest publish for so long.
	stallTimeout = time.Minute
	// beatTimeout: a heartbeat may have to wait behind a window of large events.
	beatTimeout    = 5 * time.Minute
	farewell       = 2 * time.Second // for what is in flight, and for the goodbye
	handOver       = 5 * time.Second // for a publish to be taken by the library
	reasonWait     = time.Second     // for the library to tell of a loss
	disconnectWait = 1000            // milliseconds
)

// A session is one connection to the broker, from dialling to its end, with an
// MQTT client of its own: a client that reconnects by itself completes
// publishes that no broker has acknowledged.
type session struct {
	u      *Uplink
	number uint64 // of this connection, from 1; not of the MQTT session
	prefix string // of its topics
	client mqtt.Client
	inbox  *inbox
	large  atomic.Int64 // bytes of a message in flight that some brokers do not take
	// unwatch ends the watch over the login, once that is through.
	unwatch func() bool
	// joined: this terminal takes part in the store's orders; set before beat runs.
	joined bool

	// lost ends with the connection, and its cause is why; ctx ends with lost
	// or with the Uplink.
	lost context.Context
	fail context.CancelCauseFunc
	ctx  context.Context
	stop context.CancelFunc
}

func newSession(u *Uplink, number uint64) *session {
	return &session{u: u, number: number, inbox: newInbox(),
		prefix: "mostrador/v1/" + u.set.Store + "/" + u.set.Terminal}
}

// errStopped is why a session ends when nothing has failed.
var errStopped = errors.New("the uplink was stopped")

// run connects and works until the connection or ctx ends; it returns why.
func (s *session) run(ctx context.Context) error {
	s.lost, s.fail = context.WithCancelCause(context.WithoutCancel(ctx))
	s.ctx, s.stop = context.WithCancel(s.lost)
	defer s.stop()
	defer context.AfterFunc(ctx, s.stop)()

	if h := s.u.set.StoreHandler; h != nil {
		defer h.Lost()
	}
	var parts sync.WaitGroup
	defer parts.Wait()
	// What waits for this session comes as soon as the broker has accepted it,
	// so the committer is there before.
	parts.Go(func() { s.inbox.commit(s) })
	parts.Go(s.settleAll)
	defer s.fail(errStopped)
	defer s.u.settler.clock.forget()

	resumed, err := s.connect()
	if err != nil {
		s.u.set.renewer.settle(err)
		return fmt.Errorf("connect: %w", err)
	}
	defer s.client.Disconnect(disconnectWait)
	if err := s.greet(); err != nil {
		err = s.reason(err)
		s.u.set.renewer.settle(err)
		return err
	}
	s.u.set.renewer.settle(nil)
	s.u.connected(resumed)
	beats := make(chan struct{})
	parts.Go(func() { defer close(beats); s.beat() })
	s.publish()
	<-s.ctx.Done()
	<-beats // a heartbeat behind the goodbye would be what stands
	if s.lost.Err() == nil {
		s.sayGoodbye()
	}
	cause := context.Cause(s.lost)
	if n := s.large.Load(); n > 0 {
		return &largeError{cause, n}
	}
	return cause
}

// A largeError ended a connection while a large message was under way.
type largeError struct {
	error
	bytes int64
}

func (e *largeError) Unwrap() error { return e.error }

// reason is why the connection was lost, where that is known within a moment:
// it says more than what the loss has made of something else.
func (s *session) reason(err error) error {
	t := time.NewTimer(reasonWait)
	defer t.Stop()
	select {
	case <-s.lost.Done():
		return context.Cause(s.lost)
	case <-t.C:
		return err
	}
}

// connect opens the line and logs in; resumed: the broker has kept the session.
func (s *session) connect() (resumed bool, err error) {
	address, err := broker(s.u.set.Broker)
	if err != nil {
		return false, err
	}
	opts, err := s.options(address)
	if err != nil {
		return false, err
	}
	s.u.connecting(s.number)
	s.client = mqtt.NewClient(opts)
	token := s.client.Connect()
	select {
	case <-token.Done():
	case <-time.After(2 * connectTimeout): // dial and login have their own bound
		s.client.Disconnect(0)
		return false, errNoAnswer
	}
	if s.unwatch != nil {
		s.unwatch()
	}
	if err := token.Error(); err != nil {
		if s.lost.Err() != nil { // says more than the library does
			err = context.Cause(s.lost)
		}
		return false, err
	}
	return token.(*mqtt.ConnectToken).SessionPresent(), nil
}

// open dials; the end of the session also ends a login that gets no answer.
func (s *session) open(u *url.URL, _ mqtt.ClientOptions) (net.Conn, error) {
	conn, err := s.u.set.open(s.ctx, u)
	if err != nil {
		return nil, err
	}
	l := newLine(conn, s.fail)
	s.unwatch = context.AfterFunc(s.ctx, func() { l.Close() })
	return l, nil
}

func (s *session) options(address *url.URL) (*mqtt.ClientOptions, error) {
	password, err := s.u.set.password()
	if err != nil {
		return nil, err
	}
	o := mqtt.NewClientOptions()
	o.Servers = []*url.URL{address}
	o.SetClientID(s.u.set.clientID())
	o.SetUsername(s.u.set.Username)
	o.SetPassword(password)
	o.SetProtocolVersion(4)
	o.SetCleanSession(false)
	o.SetAutoReconnect(false)
	o.SetConnectRetry(false)
	o.SetKeepAlive(keepAlive)
	o.SetPingTimeout(pingTimeout)
	o.SetConnectTimeout(connectTimeout)
	o.SetWriteTimeout(handOver) // the line has its own for the network
	o.SetAutoAckDisabled(true)
	o.SetOrderMatters(true)
	o.SetBinaryWill(s.prefix+"/state", s.offline("lost"), 1, true)
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { s.inbox.put(m) })
	o.SetConnectionLostHandler(func(_ mqtt.Client, err error) { s.fail(err) })
	o.SetCustomOpenConnectionFn(s.open)
	return o, nil
}

// clientID is stable, so that the broker keeps the session. An id cannot hold
// the underscore, so no two terminals share one.
func (set Settings) clientID() string { return set.Store + "_" + set.Terminal }

// greet subscribes and publishes the birth.
func (s *session) greet() error {
	refused, err := s.subscribe()
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	missing, err := s.subscribeStore()
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	s.u.refuses(append(refused, missing...))
	s.join(len(missing) == 0)
	return s.beatOnce(s.lost, answerTimeout)
}

// subscribe asks for what comes down and makes sure that the broker has agreed
// to deliver it with acknowledgement. Without orders and answers there is no use
// in the line; without the rest it is told and goes on.
//
// One subscription for all of it comes first.
func (s *session) subscribe() (refused []string, err error) {
	needed := []string{downOrders, downResults}
	if s.u.set.byBackend() {
		needed = append(needed, downAcks)
	}
	var topics []string
	wanted := append(slices.Clone(needed), downCommands, downConfig, downCatalogue)
	if s.u.set.renewer != nil {
		wanted = append(wanted, downCredentials)
	}
	for _, last := range wanted {
		topics = append(topics, s.prefix+"/down/"+last)
	}
	if all, err := s.askAll(&s.u.downAll, s.prefix+"/down/+", topics); err != nil || all {
		return nil, err
	}
	granted, err := s.ask(topics...)
	if err != nil {
		return nil, err
	}
	for _, topic := range topics {
		switch {
		case granted[topic]:
		case slices.Contains(needed, strings.TrimPrefix(topic, s.prefix+"/down/")):
			return nil, &refusedError{topic: topic}
		default:
			refused = append(refused, topic)
		}
	}
	slices.Sort(refused)
	return refused, nil
}

// ask subscribes to topics and tells which the broker grants with QoS 1.
func (s *session) ask(topics ...string) (map[string]bool, error) {
	want := map[string]byte{}
	for _, topic := range topics {
		want[topic] = 1
	}
	token := s.client.SubscribeMultiple(want, nil)
	if err := await(s.lost, token, answerTimeout); err != nil {
		return nil, err
	}
	granted := map[string]bool{}
	for topic, qos := range token.(*mqtt.SubscribeToken).Result() {
		granted[topic] = qos == 1
	}
	return granted, nil
}

// A refusedError is a subscription that the broker did not grant.
type refusedError struct{ topic string }

func (e *refusedError) Error() string {
	return "the broker does not grant " + e.topic + " with QoS 1"
}

// errNoAnswer: the broker is there and does not answer.
var errNoAnswer = errors.New("the broker has not answered in time")

// await waits for a token: it may never complete once the connection is lost.
func await(lost context.Context, token mqtt.Token, limit time.Duration) error {
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-lost.Done():
		return context.Cause(lost)
	case <-t.C:
		return errNoAnswer
	}
}

// sayGoodbye replaces the birth by an orderly offline, so that the last will
// does not speak.
func (s *session) sayGoodbye() {
	token := s.client.Publish(s.prefix+"/state", 1, true, s.offline("stopped"))
	if err := await(s.lost, token, farewell); err != nil {
		s.u.log.Warn("the broker did not take the goodbye", "error", err)
	}
}
