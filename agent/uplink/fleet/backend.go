package fleet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// A backend subscribes as docs/mqtt.md has a backend do, and counts.
type backend struct {
	clients []mqtt.Client
}

// filter is everything that the fleet's terminals send.
const filter = "mostrador/v1/+/+/up/+"

// How often a subscription is asked for that is refused, and how far apart.
const (
	subscribeTries = 5
	subscribeAgain = time.Second
)

// listen connects the backend with each of its accounts, and waits until it is
// subscribed.
func (f *fleet) listen(ctx context.Context) (*backend, error) {
	limit, cancel := context.WithTimeout(ctx, f.set.Patience)
	defer cancel()
	secure, err := trust(f.set.CAFile)
	if err != nil {
		return nil, err
	}
	var b backend
	for n, account := range f.set.Backends {
		client := mqtt.NewClient(f.subscriber(n, account).SetTLSConfig(secure))
		b.clients = append(b.clients, client)
		if err := subscribe(limit, client); err != nil {
			b.close()
			return nil, fmt.Errorf("the counting subscriber %q %w", account.Username, err)
		}
	}
	return &b, nil
}

// trust is TLS by a file of authorities, empty for the system's.
func trust(caFile string) (*tls.Config, error) {
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return secure, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	secure.RootCAs = x509.NewCertPool()
	if !secure.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", caFile)
	}
	return secure, nil
}

// subscriber is how the n-th of the backend's clients connects.
func (f *fleet) subscriber(n int, account Account) *mqtt.ClientOptions {
	o := mqtt.NewClientOptions()
	for _, b := range f.set.Brokers {
		o.AddBroker(strings.Replace(b, "mqtt://", "tcp://", 1))
	}
	o.SetClientID(fmt.Sprintf("fleet-sim-%d-%d", time.Now().UnixNano(), n))
	o.SetUsername(account.Username)
	o.SetPassword(account.Password)
	o.SetCleanSession(false)
	o.SetOrderMatters(true)
	o.SetConnectTimeout(10 * time.Second)
	o.SetWriteTimeout(10 * time.Second)
	o.SetMaxReconnectInterval(2 * time.Second)
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { f.arrive(m.Payload(), time.Now()) })
	o.SetConnectionLostHandler(func(_ mqtt.Client, err error) {
		f.set.Log.Warn("the counting subscriber lost its connection", "user", account.Username, "error", err)
	})
	return o
}

func subscribe(ctx context.Context, client mqtt.Client) error {
	if err := wait(ctx, client.Connect()); err != nil {
		return fmt.Errorf("cannot connect: %w", err)
	}
	// A cluster under load may refuse for a while what it grants otherwise.
	var err error
	for range subscribeTries {
		token := client.Subscribe(filter, 1, nil)
		if err = wait(ctx, token); err != nil {
			break
		}
		if token.(*mqtt.SubscribeToken).Result()[filter] == 1 {
			return nil
		}
		if err = errors.New("the broker does not grant it"); !sleep(ctx, subscribeAgain) {
			break
		}
	}
	return fmt.Errorf("cannot subscribe to %s: %w", filter, err)
}

// close unsubscribes, so that the broker keeps nothing for a subscriber that
// does not come back.
func (b *backend) close() {
	limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, c := range b.clients {
		if c.IsConnectionOpen() {
			_ = wait(limit, c.Unsubscribe(filter)) // the session is left behind then
		}
		c.Disconnect(500)
	}
}

func wait(ctx context.Context, token mqtt.Token) error {
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return errors.New("the broker does not answer")
	}
}

// arrive takes one message; what is not of this fleet is passed over.
func (f *fleet) arrive(payload []byte, now time.Time) {
	var e struct {
		Source   string `json:"source"`
		Sequence string `json:"sequence"`
	}
	if json.Unmarshal(payload, &e) != nil {
		return
	}
	t := f.bySource[e.Source]
	sequence, err := strconv.Atoi(e.Sequence)
	if t == nil || err != nil {
		return
	}
	due, first, inOrder := t.take(sequence)
	if !due.IsZero() {
		f.ledger.arrived(now.Sub(due), first, inOrder)
	}
}
