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
	client mqtt.Client
}

// filter is everything that the fleet's terminals send.
const filter = "mostrador/v1/+/+/up/+"

// listen connects the backend and waits until it is subscribed.
func (f *fleet) listen(ctx context.Context) (*backend, error) {
	o := mqtt.NewClientOptions()
	for _, b := range f.set.Brokers {
		o.AddBroker(strings.Replace(b, "mqtt://", "tcp://", 1))
	}
	if f.set.CAFile != "" {
		pem, err := os.ReadFile(f.set.CAFile)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", f.set.CAFile)
		}
		o.SetTLSConfig(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	}
	o.SetClientID(fmt.Sprintf("fleet-sim-%d", time.Now().UnixNano()))
	o.SetUsername(f.set.Backend.Username)
	o.SetPassword(f.set.Backend.Password)
	o.SetCleanSession(false)
	o.SetOrderMatters(true)
	o.SetConnectTimeout(10 * time.Second)
	o.SetWriteTimeout(10 * time.Second)
	o.SetMaxReconnectInterval(2 * time.Second)
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { f.arrive(m.Payload(), time.Now()) })
	o.SetConnectionLostHandler(func(_ mqtt.Client, err error) {
		f.set.Log.Warn("the counting subscriber lost its connection", "error", err)
	})
	b := &backend{client: mqtt.NewClient(o)}
	limit, cancel := context.WithTimeout(ctx, f.set.Patience)
	defer cancel()
	if err := wait(limit, b.client.Connect()); err != nil {
		b.client.Disconnect(0)
		return nil, fmt.Errorf("the counting subscriber cannot connect: %w", err)
	}
	token := b.client.Subscribe(filter, 1, nil)
	err := wait(limit, token)
	if err == nil && token.(*mqtt.SubscribeToken).Result()[filter] != 1 {
		err = errors.New("the broker does not grant it")
	}
	if err != nil {
		b.client.Disconnect(100)
		return nil, fmt.Errorf("the counting subscriber cannot subscribe to %s: %w", filter, err)
	}
	return b, nil
}

// close unsubscribes, so that the broker keeps nothing for a subscriber that
// does not come back.
func (b *backend) close() {
	limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = wait(limit, b.client.Unsubscribe(filter)) // the session is left behind then
	b.client.Disconnect(500)
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
