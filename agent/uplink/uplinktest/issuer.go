package uplinktest

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// An Issuer is the part of a backend that turns pairing codes into certificates
// and renews them. It was written against docs/pairing.md, docs/asyncapi.yaml
// and docs/schemas, and knows nothing of the agent: codes, keys and proofs are
// its own.
type Issuer struct {
	t        testing.TB
	certs    Certificates
	client   mqtt.Client
	contract *Contract

	mu      sync.Mutex
	codes   map[string]*IssuedCode
	faults  []string
	seen    int
	keys    map[string]bool // that codes were asked for with
	mute    bool
	life    time.Duration
	age     time.Duration
	renewed map[string]string // certificates, by the hash of their keys
	asks    int
	bend    func(answer map[string]any)
}

// An IssuedCode is what an Issuer knows of one code.
type IssuedCode struct {
	// Text as it is typed.
	Text string
	// Until is when it expires; zero: never.
	Until time.Time
	// Broker, Store and Terminal are what it is for.
	Broker, Store, Terminal string
	// Change may bend an answer before it is signed; nil: it is a good one.
	Change func(answer map[string]any)

	password string
	keys     map[string][]byte
	key      string // the hash of the public key that it has served
	chain    string // and its certificate
}

// Password is that of the code's user at the broker.
func (c *IssuedCode) Password() string { return c.password }

// ID is the code's user at the broker and the level of its topics.
func (c *IssuedCode) ID() string { return strings.ToLower(strings.ReplaceAll(c.Text, "-", "")[:5]) }

// derive makes what follows from a code's text (docs/pairing.md, The code).
func (c *IssuedCode) derive(t testing.TB) {
	t.Helper()
	symbols := strings.ReplaceAll(c.Text, "-", "")
	root, err := pbkdf2.Key(sha256.New, symbols, []byte("mostrador-pair-v1/"+c.ID()), 100_000, 32)
	if err != nil {
		t.Fatal(err)
	}
	c.keys = map[string][]byte{}
	for _, use := range []string{"password", "request", "answer"} {
		if c.keys[use], err = hkdf.Key(sha256.New, root, nil, "mostrador pair "+use, 32); err != nil {
			t.Fatal(err)
		}
	}
	c.password = base64.RawURLEncoding.EncodeToString(c.keys["password"])
}

// Codes prepares codes, so that their users can be made at a broker.
func Codes(t testing.TB, codes ...*IssuedCode) []*IssuedCode {
	t.Helper()
	for _, c := range codes {
		c.derive(t)
	}
	return codes
}

// NewIssuer makes one that signs with the authority of certs; Connect lets it
// answer. life is how long its certificates are good.
func NewIssuer(t testing.TB, certs Certificates, life time.Duration, codes []*IssuedCode) *Issuer {
	t.Helper()
	contract, err := LoadContract()
	if err != nil {
		t.Fatal(err)
	}
	i := &Issuer{t: t, certs: certs, contract: contract, life: life, age: time.Minute, codes: map[string]*IssuedCode{}, renewed: map[string]string{}, keys: map[string]bool{}}
	for _, c := range codes {
		i.codes[c.ID()] = c
	}
	return i
}

// Connect has it listen at a broker, whose certificate the authority has signed.
func (i *Issuer) Connect(broker, user, password string) {
	i.t.Helper()
	o := mqtt.NewClientOptions()
	o.AddBroker(broker)
	o.SetTLSConfig(Trust(i.t, i.certs.CA))
	o.SetUsername(user)
	o.SetPassword(password)
	o.SetClientID("issuer")
	o.SetCleanSession(false)
	o.SetAutoReconnect(true)
	o.SetConnectRetry(true)
	o.SetConnectRetryInterval(100 * time.Millisecond)
	o.SetMaxReconnectInterval(200 * time.Millisecond)
	o.SetStore(copies{mqtt.NewMemoryStore()})
	o.SetOrderMatters(false)
	ready := make(chan struct{})
	tell := sync.OnceFunc(func() { close(ready) })
	o.SetOnConnectHandler(func(c mqtt.Client) {
		if granted(c, map[string]byte{"mostrador/v1/pair/+/up": 1, "mostrador/v1/+/+/up/requests": 1}, func(_ mqtt.Client, m mqtt.Message) {
			if strings.HasPrefix(m.Topic(), "mostrador/v1/pair/") {
				i.asked(m.Topic(), m.Payload())
				return
			}
			i.renewals(m.Topic(), m.Payload())
		}) {
			tell()
		}
	})
	i.client = mqtt.NewClient(o)
	connect := i.client.Connect()
	i.t.Cleanup(func() { i.client.Disconnect(500) })
	if !connectedAnd(connect, ready) {
		i.t.Fatalf("the issuer cannot subscribe at %s", broker)
	}
}

// Mute has it hear and not answer, or answer again.
func (i *Issuer) Mute(silent bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.mute = silent
}

// Lead has a code lead to another broker from now on.
func (i *Issuer) Lead(code *IssuedCode, broker string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	code.Broker = broker
}

// Asked is how many requests have come.
func (i *Issuer) Asked() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.seen
}

// Keys is for how many keys certificates were asked for, by who knows a code.
func (i *Issuer) Keys() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.keys)
}

// Served is how many codes have got a certificate, each for one key.
func (i *Issuer) Served() (n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, c := range i.codes {
		if c.key != "" {
			n++
		}
	}
	return n
}

// Live says how long its certificates are good from now on, and what happens to
// answers to renewals before they are sent; nil: nothing.
func (i *Issuer) Live(life time.Duration, bend func(answer map[string]any)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.life, i.bend = life, bend
}

// Age says since when its certificates are good from now on, a minute before it
// is told otherwise: an older one is due sooner.
func (i *Issuer) Age(age time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.age = age
}

// Renewals is how many requests for renewal have come, and how many keys they
// were for.
func (i *Issuer) Renewals() (asked, keys int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asks, len(i.renewed)
}

// Sign makes a certificate, PEM, for a request of whoever asks: for tests of
// what must not be taken.
func (i *Issuer) Sign(csr, name string, life time.Duration) string {
	i.t.Helper()
	public, _, err := publicKey(csr)
	if err == nil {
		csr, err = i.certs.authority.issue(public, name, time.Minute, life)
	}
	if err != nil {
		i.t.Error(err)
	}
	return csr
}

// Faults are requests that break the contract.
func (i *Issuer) Faults() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.faults
}

// asked answers a request; one that does not prove itself is nobody's.
func (i *Issuer) asked(topic string, message []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.seen++
	if err := i.contract.CheckMessage(topic, message); err != nil {
		i.faults = append(i.faults, err.Error())
		return
	}
	code := i.codes[strings.Split(topic, "/")[3]]
	var request struct{ Code, CSR string }
	if code == nil || unseal(code.keys["request"], message, &request) != nil {
		return
	}
	if _, hash, err := publicKey(request.CSR); err == nil {
		i.keys[hash] = true
	}
	if i.mute {
		return
	}
	answer, err := i.answerTo(code, request.CSR)
	if err != nil {
		i.faults = append(i.faults, err.Error())
		return
	}
	if code.Change != nil {
		code.Change(answer)
	}
	i.client.Publish("mostrador/v1/pair/"+code.ID()+"/down", 1, false, sealed(i.t, code.keys["answer"], answer))
}

// answerTo is what a backend has to say: the same to the same key.
func (i *Issuer) answerTo(code *IssuedCode, csr string) (map[string]any, error) {
	public, hash, err := publicKey(csr)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	answer := map[string]any{"key": hash, "time": now.Format(time.RFC3339Nano), "result": "refused"}
	switch {
	case code.key == hash: // again
	case !code.Until.IsZero() && now.After(code.Until):
		answer["cause"], answer["reason"] = "expired", "valía hasta "+code.Until.Format(time.RFC3339)
		return answer, nil
	case code.key != "":
		answer["cause"] = "used"
		return answer, nil
	default:
		if code.chain, err = i.certs.authority.issue(public, code.Store+"/"+code.Terminal, i.age, i.life); err != nil {
			return nil, err
		}
		code.key = hash
	}
	ca, err := os.ReadFile(i.certs.CA)
	if err != nil {
		return nil, err
	}
	for k, v := range map[string]string{
		"result": "issued", "certificate": code.chain, "ca": string(ca), "broker": code.Broker, "store": code.Store, "terminal": code.Terminal,
		"locale": "es-PE", "currency": "PEN", "timezone": "America/Lima",
	} {
		answer[k] = v
	}
	return answer, nil
}

// renewals takes what comes on up/requests, alone or in a batch.
func (i *Issuer) renewals(topic string, message []byte) {
	if !IsBatch(message) {
		i.renew(topic, message)
		return
	}
	events, err := ReadBatch(message)
	if err != nil {
		return // the consumer of events finds what is wrong
	}
	for _, e := range events {
		i.renew(topic, e)
	}
}

// renew answers a renewal; the same to the same key.
func (i *Issuer) renew(topic string, message []byte) {
	var event struct {
		Type string
		Data struct{ ID, CSR string }
	}
	if json.Unmarshal(message, &event) != nil || event.Type != "mostrador.renewal.v1" {
		return // the consumer of events finds what is wrong
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asks++
	public, hash, err := publicKey(event.Data.CSR)
	if err != nil {
		i.faults = append(i.faults, err.Error())
		return
	}
	level := strings.Split(topic, "/") // mostrador, v1, store, terminal, up, requests
	if i.renewed[hash] == "" {
		if i.renewed[hash], err = i.certs.authority.issue(public, level[2]+"/"+level[3], i.age, i.life); err != nil {
			i.faults = append(i.faults, err.Error())
			return
		}
	}
	if i.mute {
		return
	}
	answer := map[string]any{
		"request": event.Data.ID, "result": "issued", "certificate": i.renewed[hash], "time": time.Now().UTC().Format(time.RFC3339Nano),
	}
	down := "mostrador/v1/" + level[2] + "/" + level[3] + "/down/credentials"
	if i.bend != nil {
		i.bend(answer)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		i.t.Error(err)
		return
	}
	if err := i.contract.CheckMessage(down, text); err != nil && i.bend == nil {
		i.faults = append(i.faults, err.Error())
	}
	i.client.Publish(down, 1, false, text)
}

// publicKey is that of a certificate signing request, and its hash.
func publicKey(csr string) (key any, hash string, err error) {
	block, _ := pem.Decode([]byte(csr))
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, "", errors.New("the csr is not PEM of a request")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err == nil {
		err = request.CheckSignature()
	}
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(request.RawSubjectPublicKeyInfo)
	return request.PublicKey, hex.EncodeToString(sum[:]), nil
}

// jws is a JSON Web Signature, flattened, with HS256.
type jws struct {
	Protected string `json:"protected"`
	Payload   string `json:"payload"`
	Signature string `json:"signature"`
}

func (m jws) proof(key []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(m.Protected + "." + m.Payload))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func unseal(key, message []byte, into any) error {
	var m jws
	if err := json.Unmarshal(message, &m); err != nil {
		return err
	}
	if !hmac.Equal([]byte(m.Signature), []byte(m.proof(key))) {
		return errors.New("not signed with this code")
	}
	text, err := base64.RawURLEncoding.DecodeString(m.Payload)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func sealed(t testing.TB, key []byte, content any) []byte {
	text, err := json.Marshal(content)
	if err != nil {
		t.Error(err)
	}
	m := jws{Protected: base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)), Payload: base64.RawURLEncoding.EncodeToString(text)}
	m.Signature = m.proof(key)
	out, err := json.Marshal(m)
	if err != nil {
		t.Error(err)
	}
	return out
}
