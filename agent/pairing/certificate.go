package pairing

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A RefusedError is an answer of the backend: no.
type RefusedError struct {
	Cause  Cause
	Reason string
}

func (e *RefusedError) Error() string {
	what := map[Cause]string{
		Expired: "the code has expired", Used: "the code has been used by another terminal",
		Revoked: "the code was taken back", Wrong: "the backend does not understand the request",
	}[e.Cause]
	if what == "" {
		what = "the backend has refused"
	}
	if e.Reason != "" {
		what += ": " + clean(e.Reason)
	}
	return what
}

// Advice says what a person can do about it.
func (e *RefusedError) Advice() string {
	if e.Cause == Wrong {
		return "Bring Mostrador to a newer version, or ask whoever runs the backend."
	}
	return "Ask for a new code and run mostrador pair with it."
}

// clean keeps text from outside on one line.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}

// Issuance is an answer that may be acted upon.
type Issuance struct {
	Answer
	// Until is when the certificate ends, From when it begins.
	From, Until time.Time
	// Credentials are the file with certificate and key.
	Credentials []byte
}

var (
	idForm       = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
)

// Accept checks an answer that has proven itself against what was asked: a
// *RefusedError for a no. Not even a backend that is wrong may leave the
// terminal with a certificate for another key, or with one that it cannot use.
func (p *Pending) Accept(a Answer) (*Issuance, error) {
	if a.Key != p.KeyHash() {
		return nil, ErrOther
	}
	switch a.Result {
	case Refused:
		return nil, &RefusedError{a.Cause, a.Reason}
	case Issued:
	default:
		return nil, fmt.Errorf("the backend's answer %q is neither issued nor refused", clean(string(a.Result)))
	}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("the backend's answer cannot be used: %w", err)
	}
	chain, err := p.Certify(a.Certificate, a.Time)
	if err != nil {
		return nil, fmt.Errorf("the backend's answer cannot be used: %w", err)
	}
	text, err := p.credentials(chain)
	if err != nil {
		return nil, err
	}
	return &Issuance{Answer: a, From: chain[0].NotBefore, Until: chain[0].NotAfter, Credentials: text}, nil
}

// ErrOther: an answer is for another request.
var ErrOther = errors.New("the answer is for another key")

func (a Answer) check() error {
	if err := CheckBroker(a.Broker); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	if u, err := url.Parse(a.Broker); err != nil || u.Scheme != "tls" && u.Scheme != "wss" {
		return errors.New("broker: a certificate needs tls or wss")
	}
	for name, id := range map[string]string{"store": a.Store, "terminal": a.Terminal} {
		if !idForm.MatchString(id) || id == "up" || id == "down" {
			return fmt.Errorf("%s: %q is not an id", name, clean(id))
		}
	}
	switch {
	case a.Currency != "" && !currencyForm.MatchString(a.Currency):
		return fmt.Errorf("currency: %q is no ISO 4217 code", clean(a.Currency))
	case !slices.Contains([]string{"", "broker", "backend"}, a.AcknowledgedBy):
		return errors.New("acknowledged_by is neither broker nor backend")
	case clean(a.Username) != a.Username:
		return errors.New("username has characters that are none")
	}
	if a.CA == "" {
		return nil
	}
	authorities, err := parseCertificates(a.CA)
	if err == nil && !slices.ContainsFunc(authorities, func(c *x509.Certificate) bool { return c.IsCA }) {
		err = errors.New("none of the certificates is an authority's")
	}
	if err != nil {
		return fmt.Errorf("ca: %w", err)
	}
	return nil
}

// Certify checks a chain of certificates (PEM, the terminal's first) for this
// key: it must be for it, and be good at that time by the backend's clock.
func (p *Pending) Certify(text string, now time.Time) ([]*x509.Certificate, error) {
	chain, err := parseCertificates(text)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	leaf := chain[0]
	switch {
	case !p.key.PublicKey.Equal(leaf.PublicKey):
		return nil, errors.New("certificate: it is for another key")
	case leaf.IsCA:
		return nil, errors.New("certificate: it is an authority's")
	case len(leaf.ExtKeyUsage) > 0 && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth) && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny):
		return nil, errors.New("certificate: it is not for clients")
	case now.Before(leaf.NotBefore.Add(-time.Minute)) || !now.Before(leaf.NotAfter):
		return nil, fmt.Errorf("certificate: it is valid from %s until %s and the backend's clock says %s",
			leaf.NotBefore.UTC().Format(time.RFC3339), leaf.NotAfter.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return chain, nil
}

// maxChain bounds how many certificates there are in one text.
const maxChain = 10

// parseCertificates reads PEM that holds certificates and nothing else.
func parseCertificates(text string) (chain []*x509.Certificate, err error) {
	rest := []byte(strings.TrimSpace(text))
	for len(rest) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != certificateBlock || len(chain) == maxChain {
			return nil, errors.New("it is not PEM of a few certificates")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, errors.New("there is none")
	}
	return chain, nil
}
