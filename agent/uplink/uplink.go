// Package uplink is the terminal's line to the cloud: it carries the store's
// outbox up over MQTT 3.1.1 and hands what comes down to a Handler. The store
// is the queue; the MQTT library is only transport, and this package is the
// only one that imports it. docs/mqtt.md is the contract with the backend.
package uplink

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"mostrador/store"
)

// Settings are what the configuration says of the line.
type Settings struct {
	// Store and Terminal are the ids of [terminal], [a-z0-9][a-z0-9-]{0,39}.
	// They name the topics and the MQTT client.
	Store, Terminal string
	// Version of the agent, for the state message.
	Version string

	// Broker is mqtt://, tls://, ws:// or wss:// with a host and, where it is
	// not the usual one, a port. Empty: there is no uplink; events wait.
	Broker string
	// Username, and Password or the file that holds it, which is read again at
	// each connection so that a new password needs no restart.
	Username, Password, PasswordFile string
	// CAFile holds the certificates that the broker's may be signed by (PEM);
	// empty: the system's. The client's certificate and key are PEM files too.
	// All are read again at each connection.
	CAFile, ClientCertFile, ClientKeyFile string
	// Renew: the certificate is renewed before it ends; certificate and key are
	// one file then, which is replaced.
	Renew bool
	// Proxy is the URL of an HTTP proxy that lets CONNECT through, http or
	// https, with user and password where it wants them; empty: none.
	Proxy string

	// Dial reaches a TCP address, for a program that knows better than the
	// system which of several nodes to go to; nil: the system does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Window is how many publishes may wait for the broker's acknowledgement
	// at once, over all streams; 0: 64.
	Window int
	// Rate is how many messages are published in a second at most, 0: no cap.
	Rate int
	// Batch: a backlog goes in compressed batches, each of which is one message.
	Batch bool
	// MaxPayload is the most bytes that a message may have, 0 for no bound. An
	// event that is larger goes compressed where Batch allows it and it then
	// fits; otherwise a Withheld goes in its place, and it stays in the store.
	MaxPayload int
	// AcknowledgedBy says whose word settles an event: "broker" (or empty), a
	// PUBACK; "backend", a message of down/acks.
	AcknowledgedBy string

	// KeepSent is how long acknowledged events stay in the store.
	KeepSent time.Duration
	// Heartbeat is the time between two state messages; 0: one minute.
	Heartbeat time.Duration
	// RetryMin and RetryMax bound the pause before the next connection; 0: one
	// second and one minute.
	RetryMin, RetryMax time.Duration

	// StoreOrders says how this terminal takes the orders of the store as a whole
	// (holder or stand-in), for its state; StoreHandler does. nil: it takes none.
	StoreOrders  string
	StoreHandler StoreHandler

	// certificates judges and notes what TLS meets; New sets it.
	certificates *certificates
	// renewer renews the certificate, nil where nothing is renewed; New sets it.
	renewer *renewer
	// trust changes whom TLS believes; nil: as the files say.
	trust func(*tls.Config)

	// Config tells the state message of the configuration that came from the
	// cloud; nil, or its answer nil: none has.
	Config func() *ConfigState
}

// A Handler takes what comes down. Calls come one at a time, in the order of
// arrival; the same message may come again, also after it was acknowledged.
//
// ack tells the broker that the payload is safe. It is called once, usually
// before the return, but it may be called later and from any goroutine; its
// error says that the connection has gone. The broker may have it even so, or
// else delivers the message again: a Handler keeps first what it acknowledges, and
// does not mind the repetition.
//
// An error means "not taken": the message is offered again, after a pause, and
// must not have been acknowledged. A payload that can never be taken is for the
// Handler to record and acknowledge, or it will be offered for ever.
type Handler interface {
	// Order takes a message of down/orders.
	Order(ctx context.Context, payload []byte, ack func() error) error
	// Result takes a message of down/results.
	Result(ctx context.Context, payload []byte, ack func() error) error
	// Command takes a message of down/commands.
	Command(ctx context.Context, payload []byte, ack func() error) error
	// Config takes a message of down/config.
	Config(ctx context.Context, payload []byte, ack func() error) error
	// Catalogue takes a message of down/catalogue.
	Catalogue(ctx context.Context, payload []byte, ack func() error) error
}

func (set Settings) byBackend() bool { return set.AcknowledgedBy == "backend" }

// Uplink is the line of one terminal.
type Uplink struct {
	set     Settings
	store   *store.Store
	handler Handler
	log     *slog.Logger
	marks   *marks
	settler *settler
	replays *replays
	asides  *asides
	started time.Time
	tries   atomic.Uint64 // connections that were tried
	hurry   chan struct{} // somebody waits for a connection

	downAll, storeAll wildcard // of the connection that there is

	mu sync.Mutex
	at standing // what Status tells of the connection, under mu
}

// New returns an Uplink that is at rest; Run brings it to life.
func New(set Settings, st *store.Store, h Handler, log *slog.Logger) *Uplink {
	if set.Window <= 0 {
		set.Window = 64
	}
	if set.Heartbeat <= 0 {
		set.Heartbeat = time.Minute
	}
	if set.RetryMin <= 0 {
		set.RetryMin = time.Second
	}
	if set.RetryMax < set.RetryMin {
		set.RetryMax = max(time.Minute, set.RetryMin)
	}
	m := newMarks(st, log)
	set.certificates = newCertificates(st, log)
	set.renewer = newRenewer(set, st, log)
	set.certificates.renews = set.renewer != nil
	r := newReplays(st, log)
	return &Uplink{
		set: set, store: st, handler: h, log: log,
		marks: m, settler: newSettler(st, m, log), replays: r, asides: newAsides(set, st, r, log),
		started: st.Clock().Now().Wall, hurry: make(chan struct{}, 1),
	}
}

// Run keeps the line up until ctx ends; it then says goodbye and returns nil.
// Whatever goes wrong with line, broker or store is logged, shown in Status,
// and tried again.
func (u *Uplink) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	parts.Go(func() { u.sweep(ctx) })
	parts.Go(func() { u.set.certificates.run(ctx) })
	if u.set.renewer != nil {
		parts.Go(func() { u.set.renewer.run(ctx) })
	}
	saving, stopSaving := context.WithCancel(context.WithoutCancel(ctx))
	parts.Go(func() { u.marks.run(saving) })

	if u.set.Broker != "" {
		u.stayConnected(ctx)
	}
	<-ctx.Done()
	stopSaving()
	parts.Wait()
	return nil
}

// stayConnected holds one connection after the other, with a pause between.
func (u *Uplink) stayConnected(ctx context.Context) {
	pause := backoff{min: u.set.RetryMin, max: u.set.RetryMax}
	for ctx.Err() == nil {
		begun := time.Now()
		err := newSession(u, u.tries.Add(1)).run(ctx)
		u.marks.flush()
		if ctx.Err() != nil {
			u.ended(nil, 0)
			return
		}
		if time.Since(begun) >= settled || isPlanned(err) {
			pause.reset()
		}
		wait := pause.next()
		u.ended(err, wait)
		u.rest(ctx, wait)
	}
}

// settled is how long a connection must have lasted for its end to be news, and
// not one more failure of the same kind.
const settled = 30 * time.Second

// backoff yields pauses with full jitter: each is drawn evenly between min and
// a bound that doubles up to max. The first bound is five times min, so that a
// fleet that lost its broker at one moment does not come back in one second.
type backoff struct {
	min, max time.Duration
	bound    time.Duration
}

func (b *backoff) next() time.Duration {
	if b.bound == 0 {
		b.bound = 5 * b.min
	}
	bound := min(b.bound, b.max)
	b.bound = min(2*b.bound, b.max)
	if bound <= b.min {
		return b.min
	}
	return b.min + rand.N(bound-b.min)
}

func (b *backoff) reset() { b.bound = 0 }

// sleep waits for d or for the end of ctx, and reports whether ctx still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
