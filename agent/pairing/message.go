package pairing

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// A Request is what a terminal asks with (docs/schemas/pair.request.v1.json).
type Request struct {
	// Code is the code's id.
	Code string `json:"code"`
	// CSR is the certificate signing request, PEM. Asking again with the same key
	// asks for the same.
	CSR string `json:"csr"`
	// Version of the agent, and the terminal's clock, which may be wrong.
	Version string    `json:"version"`
	Time    time.Time `json:"time"`
	// Host and System say which machine it is, for people: its name, and such as
	// linux/amd64.
	Host   string `json:"host,omitempty"`
	System string `json:"system,omitempty"`
	// Store and Terminal are what it is called now, where it is called anything.
	Store    string `json:"store,omitempty"`
	Terminal string `json:"terminal,omitempty"`
}

// An Answer is what the backend says to a Request
// (docs/schemas/pair.answer.v1.json).
type Answer struct {
	// Key is the SHA-256 of the public key that was asked for
	// (SubjectPublicKeyInfo, DER), in hexadecimal: which request this answers.
	Key string `json:"key"`
	// Result is issued or refused; Cause and Reason say why it was refused.
	Result Result `json:"result"`
	Cause  Cause  `json:"cause,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Time by the backend's clock.
	Time time.Time `json:"time"`
	// Certificate is the terminal's and what is between it and its authority,
	// PEM, the terminal's first.
	Certificate string `json:"certificate,omitempty"`
	// CA are the authorities of the broker's certificate, PEM; empty: those that
	// the system knows.
	CA string `json:"ca,omitempty"`
	// Broker is the terminal's from now on, tls or wss; Username at it, where
	// the certificate does not say it already.
	Broker   string `json:"broker,omitempty"`
	Username string `json:"username,omitempty"`
	// Store and Terminal are what it is called from now on.
	Store    string `json:"store,omitempty"`
	Terminal string `json:"terminal,omitempty"`
	// Locale, Currency and Timezone are for a terminal that has no configuration
	// yet.
	Locale   string `json:"locale,omitempty"`
	Currency string `json:"currency,omitempty"`
	Timezone string `json:"timezone,omitempty"`
	// AcknowledgedBy is broker or backend; empty: it stays as it is.
	AcknowledgedBy string `json:"acknowledged_by,omitempty"`
}

// A Result is what came of a request.
type Result string

// What comes of a request.
const (
	Issued  Result = "issued"
	Refused Result = "refused"
)

// A Cause is why a request was refused.
type Cause string

// Why a request is refused: the code is too old; it has served another
// terminal; it was taken back; the request itself is wrong.
const (
	Expired Cause = "expired"
	Used    Cause = "used"
	Revoked Cause = "revoked"
	Wrong   Cause = "wrong"
)

// maxMessage bounds a message, in bytes.
const maxMessage = 64 << 10

// protected is the base64url of {"alg":"HS256"}, the only header there is.
const protected = "eyJhbGciOiJIUzI1NiJ9"

// A signed message is a JSON Web Signature in the flattened JSON form (RFC 7515,
// 7.2.2), with HMAC-SHA-256.
type signed struct {
	Protected string `json:"protected"`
	Payload   string `json:"payload"`
	Signature string `json:"signature"`
}

func mac(key []byte, payload string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(protected + "." + payload))
	return h.Sum(nil)
}

func seal(key []byte, content any) ([]byte, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encode a pairing message: %w", err)
	}
	payload := base64.RawURLEncoding.EncodeToString(text)
	return json.Marshal(signed{protected, payload, base64.RawURLEncoding.EncodeToString(mac(key, payload))})
}

// ErrProof: a message does not prove that whoever sent it knows the code.
var ErrProof = errors.New("the message does not prove that its sender knows the code")

// open reads a message only once it has proven itself. What is in it may hold
// fields that this version does not know.
func open(key, message []byte, into any) error {
	if len(message) > maxMessage {
		return ErrProof // not even looked at
	}
	var s signed
	d := json.NewDecoder(bytes.NewReader(message))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil || s.Protected != protected {
		return ErrProof
	}
	proof, err := base64.RawURLEncoding.Strict().DecodeString(s.Signature)
	if err != nil || !hmac.Equal(proof, mac(key, s.Payload)) {
		return ErrProof
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(s.Payload)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("a pairing message that proves itself cannot be read: %w", err)
	}
	return nil
}

// SealRequest and OpenRequest are the two ends of the way up.
func (k Keys) SealRequest(r Request) ([]byte, error) { return seal(k.request, r) }

// OpenRequest reads a request, ErrProof for one of somebody else.
func (k Keys) OpenRequest(message []byte) (r Request, err error) {
	return r, open(k.request, message, &r)
}

// SealAnswer and OpenAnswer are the two ends of the way down.
func (k Keys) SealAnswer(a Answer) ([]byte, error) { return seal(k.answer, a) }

// OpenAnswer reads an answer, ErrProof for one of somebody else.
func (k Keys) OpenAnswer(message []byte) (a Answer, err error) { return a, open(k.answer, message, &a) }
