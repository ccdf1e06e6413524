package pairing

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// The blocks of PEM files.
const (
	keyBlock         = "EC PRIVATE KEY"
	requestBlock     = "CERTIFICATE REQUEST"
	certificateBlock = "CERTIFICATE"
	// forHeader names, in a request's block, what it was made for.
	forHeader = "For"
)

// A Pending key is one that a certificate is asked for. It is kept, with the
// request, until there is one: whatever happens meanwhile, the same is asked
// for again.
type Pending struct {
	// For is what the key was made for: a code's id, a renewal's.
	For string
	// CSR is the certificate signing request, PEM.
	CSR string

	key *ecdsa.PrivateKey
}

// NewPending makes a key (ECDSA P-256) and a request for a subject.
func NewPending(purpose string, subject pkix.Name) (*Pending, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return pendingFor(purpose, subject, key)
}

// Recover is the key of credentials that were made for a purpose already, for
// which the same certificate is asked for once more; nil where there are none.
func Recover(path, purpose string, subject pkix.Name) (*Pending, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a key: %w", err)
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if key, err := x509.ParseECPrivateKey(block.Bytes); block.Type == keyBlock && err == nil {
			return pendingFor(purpose, subject, key)
		}
	}
	return nil, nil
}

func pendingFor(purpose string, subject pkix.Name, key *ecdsa.PrivateKey) (*Pending, error) {
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject}, key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate signing request: %w", err)
	}
	return &Pending{For: purpose, key: key, CSR: string(pem.EncodeToMemory(&pem.Block{Type: requestBlock, Bytes: csr}))}, nil
}

// KeyHash is the SHA-256 of the public key (SubjectPublicKeyInfo, DER), in
// hexadecimal.
func (p *Pending) KeyHash() string {
	hash, _ := hashOf(&p.key.PublicKey) // P-256 always has a form
	return hash
}

func hashOf(public any) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), err
}

// Save keeps the key and the request in a file that only its owner reads.
func (p *Pending) Save(path string) error {
	request, _ := pem.Decode([]byte(p.CSR))
	request.Headers = map[string]string{forHeader: p.For}
	key, err := p.keyPEM()
	if err != nil {
		return err
	}
	return writeFile(path, append(pem.EncodeToMemory(request), key...), secret)
}

func (p *Pending) keyPEM() ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(p.key)
	if err != nil {
		return nil, fmt.Errorf("encode a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: der}), nil
}

// ReadPending reads what Save has kept; nil for a file that is not there, or
// was made for something else.
func ReadPending(path, purpose string) (*Pending, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a key that waits for its certificate: %w", err)
	}
	p := parsePending(text)
	if p == nil || p.For != purpose {
		return nil, nil // another one is made
	}
	return p, nil
}

// parsePending is nil for a text that is not one of Save.
func parsePending(text []byte) *Pending {
	p := &Pending{}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case requestBlock:
			p.For, block.Headers = block.Headers[forHeader], nil
			p.CSR = string(pem.EncodeToMemory(block))
		case keyBlock:
			p.key, _ = x509.ParseECPrivateKey(block.Bytes)
		}
	}
	request, _ := pem.Decode([]byte(p.CSR))
	if p.key == nil || request == nil {
		return nil
	}
	csr, err := x509.ParseCertificateRequest(request.Bytes)
	if err != nil || !p.key.PublicKey.Equal(csr.PublicKey) {
		return nil
	}
	return p
}

// Credentials are a key and the certificates for it, as they lie in one file, so
// that a key never stands beside another one's certificate.
func (p *Pending) credentials(chain []*x509.Certificate) ([]byte, error) {
	var out bytes.Buffer
	for _, c := range chain {
		if err := pem.Encode(&out, &pem.Block{Type: certificateBlock, Bytes: c.Raw}); err != nil {
			return nil, fmt.Errorf("encode a certificate: %w", err)
		}
	}
	key, err := p.keyPEM()
	return append(out.Bytes(), key...), err
}
