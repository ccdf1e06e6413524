package uplinktest

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// A check against the schemas takes longer than all else, so of each type only
// this many are all checked, and then one of some.
const (
	checkAll  = 300
	checkSome = 16
)

// An Event is a CloudEvent as docs/mqtt.md describes it.
type Event struct {
	Topic    string          `json:"-"`
	ID       string          `json:"id"`
	Source   string          `json:"source"`
	Type     string          `json:"type"`
	Time     time.Time       `json:"time"`
	Epoch    string          `json:"epoch"`
	Sequence string          `json:"sequence"`
	Data     json.RawMessage `json:"data"`
	Raw      []byte          `json:"-"` // the message as it came
}

// Decode reads a message that came some other way than to a Consumer.
func (e *Event) Decode(t testing.TB, message []byte) {
	t.Helper()
	if err := json.Unmarshal(message, e); err != nil {
		t.Fatalf("%v: %s", err, message)
	}
	e.Raw = message
}

// Into decodes the event's data.
func (e Event) Into(t testing.TB, data any) {
	t.Helper()
	if err := json.Unmarshal(e.Data, data); err != nil {
		t.Fatalf("data of %s %s: %v", e.Source, e.Sequence, err)
	}
}

// series is what a sequence counts within.
type series struct{ source, epoch string }

// A Consumer is a backend in small: a durable QoS 1 session that reconnects by
// itself, takes batches apart, checks messages against the contract, and dedupes
// events on (source, epoch, sequence). It knows docs/mqtt.md, docs/asyncapi.yaml and
// docs/schemas, nothing of the agent.
type Consumer struct {
	t        testing.TB
	client   mqtt.Client
	contract *Contract

	mu      sync.Mutex
	changed chan struct{}      // closed and renewed at each message and each connection
	order   []string           // topics of first deliveries, in order of arrival
	events  map[string][]Event // the same, by stream
	first   map[series]map[string][]byte
	ofType  map[string]int
	last    map[series]string
	states  []Event
	report  Report
	ids     map[string]series // of first deliveries
	pause   atomic.Int64      // nanoseconds over each message
	asked   atomic.Int64      // times that a broker has granted the subscriptions

	dropped    map[series][]stretch // that a gap event names
	through    map[series]uint64    // how far each has come without a gap
	unanswered map[series]bool      // of which something came since the last answer
}

// A Report is what a consumer found wrong, or at least worth counting.
type Report struct {
	// Messages in all, Batches among them, and Bytes of all; and how many events
	// in them were Duplicates, which are no fault.
	Messages, Batches, Bytes, Duplicates int
	// Changed: the same event came again with other bytes. Disorder: an event's
	// first delivery came after that of a later one. Invalid: it breaks a schema.
	Changed, Disorder, Invalid []string
	// Gaps: sequences that are missing below the highest one.
	Gaps []string
}

// Faults are all that must not be.
func (r Report) Faults() []string {
	return slices.Concat(r.Changed, r.Disorder, r.Invalid, r.Gaps)
}

// Subscribe starts a consumer under its own client id at a broker (host:port,
// or an mqtt:// URL, which may hold user and password) of everything that terminals send. It ends with the test.
func Subscribe(t testing.TB, broker, clientID string) *Consumer {
	t.Helper()
	return subscribe(t, "tcp://"+strings.TrimPrefix(broker, "mqtt://"), clientID, nil)
}

// SubscribeTLS is Subscribe over TLS, where the broker's certificate is signed
// by the authority of a PEM file.
func SubscribeTLS(t testing.TB, broker, clientID, caFile string) *Consumer {
	t.Helper()
	return subscribe(t, "tls://"+strings.TrimPrefix(strings.TrimPrefix(broker, "mqtt://"), "tls://"), clientID, Trust(t, caFile))
}

func subscribe(t testing.TB, broker, clientID string, secure *tls.Config) *Consumer {
	t.Helper()
	contract, err := LoadContract()
	if err != nil {
		t.Fatal(err)
	}
	c := &Consumer{
		t: t, contract: contract, changed: make(chan struct{}),
		events: map[string][]Event{}, first: map[series]map[string][]byte{}, ofType: map[string]int{}, last: map[series]string{}, ids: map[string]series{},
	}
	o := mqtt.NewClientOptions()
	o.AddBroker(broker)
	o.SetTLSConfig(secure)
	o.SetClientID(clientID)
	o.SetCleanSession(false)
	o.SetAutoReconnect(true)
	o.SetMaxReconnectInterval(200 * time.Millisecond)
	o.SetConnectRetry(true)
	o.SetConnectRetryInterval(100 * time.Millisecond)
	o.SetConnectTimeout(10 * time.Second)
	o.SetStore(copies{mqtt.NewMemoryStore()})
	o.SetWriteTimeout(5 * time.Second)
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { c.take(m.Topic(), m.Payload()) })
	subscribed := make(chan struct{})
	tell := sync.OnceFunc(func() { close(subscribed) })
	o.SetOnConnectHandler(func(cl mqtt.Client) {
		// A broker that has lost the session must be asked anew.
		if granted(cl, contract.Filters(), nil) {
			c.asked.Add(1)
			c.mu.Lock()
			c.news()
			c.mu.Unlock()
			tell()
		}
	})
	c.client = mqtt.NewClient(o)
	connect := c.client.Connect()
	t.Cleanup(c.Close)
	if !connectedAnd(connect, subscribed) {
		t.Fatalf("consumer %s cannot subscribe at %s", clientID, broker)
	}
	return c
}

// connectedAnd waits until a connection is through, and what is done on it. Until
// then the library sends once more what is published meanwhile.
func connectedAnd(connect mqtt.Token, done <-chan struct{}) bool {
	if !connect.WaitTimeout(answer) || connect.Error() != nil {
		return false
	}
	select {
	case <-done:
		return true
	case <-time.After(answer):
		return false
	}
}

// Subscriptions counts how often a broker has granted them: once a connection.
func (c *Consumer) Subscriptions() int64 { return c.asked.Load() }

// answer is how long a broker may take for anything, a cluster that elects its
// leaders included.
const answer = clusterPatience

// Close ends the connection; the broker keeps the session. A new Subscribe with
// the same client id goes on where this one ended.
func (c *Consumer) Close() { c.client.Disconnect(500) }

func (c *Consumer) take(topic string, payload []byte) {
	if d := c.pause.Load(); d > 0 {
		time.Sleep(time.Duration(d))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Messages++
	c.report.Bytes += len(payload)
	if IsBatch(payload) {
		c.takeBatch(topic, payload)
	} else {
		c.takeOne(topic, payload)
	}
	c.news()
}

// news wakes those who wait. It is called with c.mu held.
func (c *Consumer) news() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// takeBatch takes each event of a batch as if it had come alone.
func (c *Consumer) takeBatch(topic string, batch []byte) {
	c.report.Batches++
	events, err := ReadBatch(batch)
	if ch, unknown := c.contract.channelOf(topic); err == nil && (unknown != nil || ch.messages[batchName] == nil) {
		err = fmt.Errorf("no batch may come there")
	}
	if err != nil {
		c.report.Invalid = append(c.report.Invalid, fmt.Sprintf("batch on %s: %v", topic, err))
	}
	for _, e := range events {
		c.takeOne(topic, e)
	}
}

func (c *Consumer) takeOne(topic string, payload []byte) {
	e := Event{Topic: topic, Raw: slices.Clone(payload)}
	fault := json.Unmarshal(payload, &e)
	c.ofType[e.Type]++
	if n := c.ofType[e.Type]; fault == nil && (n <= checkAll || n%checkSome == 0) {
		fault = c.contract.CheckMessage(topic, payload)
	}
	if fault != nil {
		c.report.Invalid = append(c.report.Invalid, fmt.Sprintf("%s: %v: %s", topic, fault, payload))
	}
	switch {
	case strings.HasSuffix(topic, "/state"):
		c.states = append(c.states, e)
	case isEvents(topic):
		c.record(e)
	}
}

// record keeps an event's first delivery and looks hard at the others.
func (c *Consumer) record(e Event) {
	key := series{e.Source, e.Epoch}
	if c.first[key] == nil {
		c.first[key] = map[string][]byte{}
	}
	defer c.note(key)
	before, seen := c.first[key][e.Sequence]
	if late := seen && isWithheld(before) && e.Type != withheld; late {
		c.first[key][e.Sequence] = e.Raw
		c.keep(key, e)
		return
	}
	if seen {
		c.report.Duplicates++
		if e.Type == withheld && !isWithheld(before) {
			return // it is there already
		}
		if !bytes.Equal(before, e.Raw) {
			c.report.Changed = append(c.report.Changed, fmt.Sprintf("%s %s: first %s, then %s", e.Source, e.Sequence, before, e.Raw))
		}
		return
	}
	c.first[key][e.Sequence] = e.Raw
	if e.Sequence < c.last[key] {
		c.report.Disorder = append(c.report.Disorder, fmt.Sprintf("%s: %s came first after %s", e.Source, e.Sequence, c.last[key]))
	}
	c.last[key] = max(c.last[key], e.Sequence)
	c.keep(key, e)
}

// withheld is the type of what takes the place of an event that is too large.
const withheld = "mostrador.withheld.v1"

func isWithheld(message []byte) bool {
	var e Event
	return json.Unmarshal(message, &e) == nil && e.Type == withheld
}

func (c *Consumer) keep(key series, e Event) {
	if other, used := c.ids[e.ID]; used {
		c.report.Changed = append(c.report.Changed, fmt.Sprintf("%s %s has an id that %s has, too: %s", e.Source, e.Sequence, other.source, e.ID))
	}
	c.ids[e.ID] = key
	c.drop(key, e)
	c.order = append(c.order, e.Topic)
	stream := e.Topic[strings.LastIndex(e.Topic, "/")+1:]
	c.events[stream] = append(c.events[stream], e)
}

// Events are the first deliveries of a stream's events, in order of arrival.
func (c *Consumer) Events(stream string) []Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.events[stream])
}

// Count is how many Events there are of a stream.
func (c *Consumer) Count(stream string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.events[stream])
}

// Duplicates is how many events came once more, which costs less than Report.
func (c *Consumer) Duplicates() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.report.Duplicates
}

// Arrivals are the topics of all first deliveries, in order of arrival.
func (c *Consumer) Arrivals() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.order)
}

// States are the state messages, in order of arrival.
func (c *Consumer) States() []Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.states)
}

// Report is what was found so far.
func (c *Consumer) Report() Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.report
	for key, got := range c.first {
		last, _ := strconv.ParseUint(c.last[key], 10, 64) // no number has no gap; it breaks the schema
		for n := uint64(1); n <= last; n++ {
			if !c.there(key, n) {
				r.Gaps = append(r.Gaps, fmt.Sprintf("%s epoch %s: %d events, the highest is %s, and %020d is missing", key.source, key.epoch, len(got), c.last[key], n))
				break
			}
		}
	}
	return r
}

// Check fails the test when something was lost, changed, out of order or
// against the contract.
func (c *Consumer) Check() {
	c.t.Helper()
	for _, fault := range c.Report().Faults() {
		c.t.Error(fault)
	}
}

// Wait waits until ok holds, which is asked at each message and each connection, or
// fails the test after the limit.
func (c *Consumer) Wait(limit time.Duration, what string, ok func() bool) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), limit)
	defer cancel()
	for {
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			r := c.Report()
			c.t.Fatalf("waited %v for %s; %d messages came, %d twice; faults: %v", limit, what, r.Messages, r.Duplicates, r.Faults())
		}
	}
}

// WaitEvents waits until n different events of a stream have come.
func (c *Consumer) WaitEvents(stream string, n int, limit time.Duration) []Event {
	c.t.Helper()
	c.Wait(limit, fmt.Sprintf("%d events of %s", n, stream), func() bool { return c.Count(stream) >= n })
	return c.Events(stream)
}

// Publish sends a message down, such as an order on …/down/orders.
func (c *Consumer) Publish(topic string, payload []byte) {
	c.t.Helper()
	token := c.client.Publish(topic, 1, false, payload)
	if !token.WaitTimeout(answer) || token.Error() != nil {
		c.t.Fatalf("publish on %s: %v", topic, token.Error())
	}
}
