package uplink

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// A Bootstrap is the way of a terminal that has no credentials yet: one
// question, asked until it is answered.
type Bootstrap struct {
	// Broker is an address as that of Settings; Proxy the way to it.
	Broker, Proxy string
	// Username and Password at the broker.
	Username, Password string
	// Pin is the SHA-256 of a certificate that the broker's must be, or be
	// signed by. Without it any certificate will do: whom to believe is for the
	// messages to prove.
	Pin []byte
	// AskOn and HearOn are the topics.
	AskOn, HearOn string
	// Tried hears why a try has failed that another follows; nil: nobody does.
	Tried func(*LineError)
}

// A LineError is why there is no line, and what a person can do about it.
type LineError struct {
	What, Advice string
	// Final: trying again will not help.
	Final bool
	err   error
}

func (e *LineError) Error() string { return e.What }
func (e *LineError) Unwrap() error { return e.err }

const (
	askAgain       = 5 * time.Second
	bootstrapPause = 2 * time.Second
	// maxHeard bounds answers that wait to be looked at; the right one comes again.
	maxHeard = 32
)

// ErrUnanswered: the line is good, and nobody has answered.
var ErrUnanswered = errors.New("nobody has answered")

// Ask publishes a message, again and again, until take says that what it was
// given is the answer. It ends with nil then, with a *LineError where the line
// was the reason that it did not come, or with ErrUnanswered when ctx has ended
// before.
func (b Bootstrap) Ask(ctx context.Context, message []byte, take func(answer []byte) (done bool)) error {
	set := Settings{Broker: b.Broker, Proxy: b.Proxy, Store: "pair", Terminal: b.Username, trust: b.trust}
	last := error(ErrUnanswered)
	for {
		err := b.once(ctx, set, message, take)
		if err == nil || errors.Is(err, ErrUnanswered) {
			return err
		}
		if ctx.Err() != nil {
			return last
		}
		failed := b.explain(err, set)
		if last = failed; failed.Final {
			return failed
		}
		if b.Tried != nil {
			b.Tried(failed)
		}
		if !sleep(ctx, bootstrapPause) {
			return failed
		}
	}
}

func (b Bootstrap) explain(err error, set Settings) *LineError {
	e := &LineError{err: err}
	var refused *refusedError
	var pin *pinError
	switch {
	case errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword), errors.Is(err, packets.ErrorRefusedNotAuthorised):
		e.What, e.Final = "the broker "+b.Broker+" does not know this code", true
		e.Advice = "Compare the code with the one you were given. It may have expired: ask for a new one. Or it is for another broker."
	case errors.As(err, &refused):
		e.What, e.Final = "the broker "+b.Broker+" does not let this code hear its answer", true
		e.Advice = "Is it the broker's address for pairing? It must let the code's user subscribe to " + b.HearOn + " and publish on " + b.AskOn + "."
	case errors.As(err, &pin):
		e.What, e.Final = pin.Error(), true
		e.Advice = "This is another broker, or somebody is in between. Ask whoever gave you the code for a new one, and look at the network."
	default:
		e.What, e.Advice = explain(err, set, time.Now())
	}
	return e
}

// once holds one connection; ErrUnanswered when ctx ends on a good one.
func (b Bootstrap) once(ctx context.Context, set Settings, message []byte, take func([]byte) bool) error {
	lost, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	heard := make(chan []byte, maxHeard)
	client, err := b.connect(lost, fail, set)
	if err != nil {
		return err
	}
	defer client.Disconnect(disconnectWait)
	token := client.Subscribe(b.HearOn, 1, func(_ mqtt.Client, m mqtt.Message) {
		select {
		case heard <- slices.Clone(m.Payload()):
		default:
		}
	})
	if err := await(lost, token, answerTimeout); err != nil {
		return unanswered(ctx, err)
	}
	if granted := token.(*mqtt.SubscribeToken).Result(); granted[b.HearOn] > 2 {
		return &refusedError{topic: b.HearOn}
	}
	again := time.NewTicker(askAgain)
	defer again.Stop()
	for {
		if err := await(lost, client.Publish(b.AskOn, 1, false, message), answerTimeout); err != nil {
			return unanswered(ctx, err)
		}
	listen:
		for {
			select {
			case answer := <-heard:
				if take(answer) {
					return nil
				}
			case <-again.C:
				break listen
			case <-lost.Done():
				return unanswered(ctx, context.Cause(lost))
			}
		}
	}
}

// unanswered tells the end of the patience from the end of the line.
func unanswered(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ErrUnanswered
	}
	return err
}

func (b Bootstrap) connect(ctx context.Context, fail context.CancelCauseFunc, set Settings) (mqtt.Client, error) {
	address, err := broker(b.Broker)
	if err != nil {
		return nil, err
	}
	// Nobody else's connection is to end by this one.
	random := make([]byte, 6)
	if _, err := rand.Read(random); err != nil {
		return nil, fmt.Errorf("make a client id: %w", err)
	}
	o := mqtt.NewClientOptions()
	o.Servers = []*url.URL{address}
	o.SetClientID("pair-" + hex.EncodeToString(random))
	o.SetUsername(b.Username)
	o.SetPassword(b.Password)
	o.SetProtocolVersion(4)
	o.SetAutoReconnect(false)
	o.SetConnectRetry(false)
	o.SetKeepAlive(keepAlive)
	o.SetPingTimeout(pingTimeout)
	o.SetConnectTimeout(connectTimeout)
	o.SetWriteTimeout(handOver)
	o.SetConnectionLostHandler(func(_ mqtt.Client, err error) { fail(err) })
	unreached := make(chan error, 1) // says more than the library does
	o.SetCustomOpenConnectionFn(func(u *url.URL, _ mqtt.ClientOptions) (net.Conn, error) {
		conn, err := set.open(ctx, u)
		if err != nil {
			unreached <- err
		}
		return conn, err
	})
	client := mqtt.NewClient(o)
	token := client.Connect()
	if err := await(ctx, token, 2*connectTimeout); err != nil {
		client.Disconnect(0)
		select {
		case err = <-unreached:
		default:
		}
		return nil, err
	}
	return client, nil
}

// trust has TLS believe whoever has the pinned certificate. The clock has no
// say: a new terminal's is often wrong.
func (b Bootstrap) trust(conf *tls.Config) {
	conf.InsecureSkipVerify = true // what is said proves itself, and VerifyConnection looks at the pin
	if b.Pin == nil {
		return
	}
	conf.VerifyConnection = func(state tls.ConnectionState) error {
		if !isPinned(state.PeerCertificates, b.Pin, state.ServerName) {
			return &pinError{b.Broker}
		}
		return nil
	}
}

type pinError struct{ broker string }

func (e *pinError) Error() string {
	return "the certificate of " + e.broker + " is not the one that the code names"
}

// isPinned reports whether a chain begins with the pinned certificate, or
// with one for that host that leads to it.
func isPinned(chain []*x509.Certificate, pin []byte, host string) bool {
	matches := func(c *x509.Certificate) bool {
		sum := sha256.Sum256(c.Raw)
		return slices.Equal(sum[:], pin)
	}
	at := slices.IndexFunc(chain, matches)
	if at <= 0 {
		return at == 0
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(chain[at])
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		DNSName: host, Roots: roots, Intermediates: between, CurrentTime: chain[0].NotBefore, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return err == nil
}
