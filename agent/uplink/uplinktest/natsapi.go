package uplinktest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A natsClient speaks as much of NATS's own protocol as JetStream's API needs,
// as the backend would with a library of NATS.
type natsClient struct {
	conn net.Conn
	in   *bufio.Reader
	sub  int
}

// A natsMessage is one that came.
type natsMessage struct {
	Subject, Reply string
	Body           []byte
}

func dialNATS(addr, user, password string) (*natsClient, error) {
	conn, err := net.DialTimeout("tcp", addr, 2*time.Second)
	if err != nil {
		return nil, err
	}
	n := &natsClient{conn: conn, in: bufio.NewReader(conn)}
	options, err := json.Marshal(map[string]any{
		"user": user, "pass": password, "verbose": false, "pedantic": false,
		"headers": true, "no_responders": true, "protocol": 1, "lang": "go", "version": "0",
	})
	if err == nil {
		_, err = fmt.Fprintf(conn, "CONNECT %s\r\nPING\r\n", options)
	}
	if err == nil {
		_, err = n.read(time.Now().Add(5*time.Second), true)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return n, nil
}

// read returns the next message, or nil at a PONG when pong is wanted.
func (n *natsClient) read(deadline time.Time, pong bool) (*natsMessage, error) {
	if err := n.conn.SetReadDeadline(deadline); err != nil {
		return nil, err
	}
	for {
		line, err := n.in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "PING":
			if _, err := io.WriteString(n.conn, "PONG\r\n"); err != nil {
				return nil, err
			}
		case "PONG":
			if pong {
				return nil, nil
			}
		case "-ERR":
			return nil, fmt.Errorf("nats: %s", strings.TrimSpace(line))
		case "MSG", "HMSG":
			return n.message(words)
		}
	}
}

// message reads MSG subject sid [reply] size, or HMSG subject sid [reply]
// headers size.
func (n *natsClient) message(words []string) (*natsMessage, error) {
	head := 0
	sizes := words[len(words)-1:]
	if words[0] == "HMSG" {
		sizes = words[len(words)-2:]
		head, _ = strconv.Atoi(sizes[0])
	}
	size, err := strconv.Atoi(sizes[len(sizes)-1])
	if err != nil {
		return nil, fmt.Errorf("nats: %v", words)
	}
	body := make([]byte, size+2)
	if _, err := io.ReadFull(n.in, body); err != nil {
		return nil, err
	}
	m := &natsMessage{Subject: words[1], Body: body[head:size]}
	if len(words)-len(sizes) == 4 {
		m.Reply = words[3]
	}
	if strings.HasPrefix(string(body[:head]), "NATS/1.0 503") {
		return nil, fmt.Errorf("nats: nobody answers at %s", m.Subject)
	}
	return m, nil
}

// request publishes with an inbox of its own and returns up to want answers
// that come within the limit.
func (n *natsClient) request(subject string, body []byte, want int, limit time.Duration) ([]*natsMessage, error) {
	n.sub++
	inbox := fmt.Sprintf("_INBOX.uplinktest.%d.%d", time.Now().UnixNano(), n.sub)
	if _, err := fmt.Fprintf(n.conn, "SUB %s %d\r\nPUB %s %s %d\r\n%s\r\n", inbox, n.sub, subject, inbox, len(body), body); err != nil {
		return nil, err
	}
	defer fmt.Fprintf(n.conn, "UNSUB %d\r\n", n.sub)
	var got []*natsMessage
	for deadline := time.Now().Add(limit); len(got) < want; {
		m, err := n.read(deadline, false)
		if err != nil {
			return got, err
		}
		got = append(got, m)
	}
	return got, nil
}

// backend connects the backend of an account to a node that runs.
func (c *Cluster) backend(account string) (*natsClient, error) {
	err := fmt.Errorf("no node runs")
	for _, n := range c.nodes {
		if n.running() == nil {
			continue
		}
		var client *natsClient
		if client, err = dialNATS(n.clients, BackendUser(account), backendPassword); err == nil {
			return client, nil
		}
	}
	return nil, err
}

// TryNATS logs in to NATS's own protocol.
func (c *Cluster) TryNATS(user, password string) error {
	client, err := dialNATS(c.nodes[0].clients, user, password)
	if err != nil {
		return err
	}
	return client.conn.Close()
}

// API asks JetStream's API, such as "CONSUMER.INFO.$MQTT_msgs.backend", as the
// backend of the usual account, and decodes the answer. It tries again while the
// cluster elects.
func (c *Cluster) API(subject string, request, answer any) {
	c.t.Helper()
	c.apiOf("", subject, request, answer)
}

func (c *Cluster) apiOf(account, subject string, request, answer any) {
	c.t.Helper()
	body, err := json.Marshal(request)
	c.nodes[0].must(err)
	for deadline := time.Now().Add(clusterPatience); ; time.Sleep(100 * time.Millisecond) {
		if err = c.api(account, subject, body, answer); err == nil {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("JetStream %s: %v", subject, err)
		}
	}
}

func (c *Cluster) api(account, subject string, body []byte, answer any) error {
	client, err := c.backend(account)
	if err != nil {
		return err
	}
	defer client.conn.Close()
	got, err := client.request("$JS.API."+subject, body, 1, 5*time.Second)
	if err != nil {
		return err
	}
	var fault struct {
		Error *struct {
			Description string `json:"description"`
		} `json:"error"`
	}
	if err := json.Unmarshal(got[0].Body, &fault); err != nil {
		return err
	}
	if fault.Error != nil {
		return fmt.Errorf("%s", fault.Error.Description)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(got[0].Body, answer)
}

// deploy does what docs/fleet.md has the operator do once: the backend logs in
// over MQTT, so that the account has its streams, and the stream and the
// consumer are made from their files; in each account.
func (c *Cluster) deploy(root string) {
	c.t.Helper()
	read := func(name string) json.RawMessage {
		text, err := os.ReadFile(filepath.Join(root, "packaging/fleet", name))
		c.nodes[0].must(err)
		return text
	}
	for _, account := range c.Accounts() {
		first := c.subscribe(account, "deploy")
		first.Close()
		c.apiOf(account, "STREAM.CREATE.MOSTRADOR_HISTORY", read("history-stream.json"), nil)
		c.apiOf(account, "CONSUMER.DURABLE.CREATE.$MQTT_msgs.backend",
			map[string]any{"stream_name": "$MQTT_msgs", "config": read("backend-consumer.json")}, nil)
	}
}

func (c *Cluster) subscribe(account, clientID string) *Consumer {
	if certs := c.opts.Certificates; certs != nil {
		return SubscribeTLS(c.t, c.backendURL(0, account), clientID, certs.CA)
	}
	return Subscribe(c.t, c.backendURL(0, account), clientID)
}

// StreamInfo is what a test may want to know of a stream.
type StreamInfo struct {
	Config struct {
		Replicas int `json:"num_replicas"`
	} `json:"config"`
	State struct {
		Messages  uint64 `json:"messages"`
		Bytes     uint64 `json:"bytes"`
		Consumers int    `json:"consumer_count"`
	} `json:"state"`
	Cluster struct {
		Leader string `json:"leader"`
	} `json:"cluster"`
}

// Stream asks for a stream, such as "$MQTT_msgs".
func (c *Cluster) Stream(name string) (info StreamInfo) {
	c.t.Helper()
	c.API("STREAM.INFO."+name, struct{}{}, &info)
	return info
}

// Leader is the node that leads a stream, 0 to Nodes-1.
func (c *Cluster) Leader(stream string) int {
	c.t.Helper()
	for deadline := time.Now().Add(clusterPatience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		leader := c.Stream(stream).Cluster.Leader
		for i, n := range c.nodes {
			if n.name == leader {
				return i
			}
		}
	}
	c.t.Fatalf("%s has no leader", stream)
	return 0
}

// Fetch takes up to n messages from the durable consumer of packaging/fleet, as
// a backend that is not an MQTT client does, and acknowledges them. Fewer come
// when no more wait, or when the cluster does not answer now. again are those of
// them that had been delivered before.
func (c *Cluster) Fetch(n int) (bodies [][]byte, again int) {
	c.t.Helper()
	client, err := c.backend("")
	if err != nil {
		c.t.Logf("no node for the durable consumer: %v", err)
		return nil, 0
	}
	defer client.conn.Close()
	ask, err := json.Marshal(map[string]any{"batch": n, "expires": int64(time.Second)})
	c.nodes[0].must(err)
	// A status message ends the batch when it runs out of messages; it has no
	// reply address.
	got, _ := client.request("$JS.API.CONSUMER.MSG.NEXT.$MQTT_msgs.backend", ask, n, 3*time.Second)
	for _, m := range got {
		if !strings.HasPrefix(m.Reply, "$JS.ACK.") {
			continue
		}
		bodies = append(bodies, m.Body)
		if delivered(m.Reply) != "1" {
			again++
		}
		_, err := fmt.Fprintf(client.conn, "PUB %s 4\r\n+ACK\r\n", m.Reply)
		c.nodes[0].must(err)
	}
	// The answer to a ping says that the acknowledgements have arrived.
	_, err = io.WriteString(client.conn, "PING\r\n")
	c.nodes[0].must(err)
	_, err = client.read(time.Now().Add(5*time.Second), true)
	c.nodes[0].must(err)
	return bodies, again
}

// delivered is how often a message was delivered, by the subject that takes its
// acknowledgement: NATS, ADR-15.
func delivered(reply string) string {
	switch tokens := strings.Split(reply, "."); {
	case len(tokens) > 9: // with a domain and an account before the stream
		return tokens[6]
	case len(tokens) == 9:
		return tokens[4]
	}
	return ""
}
