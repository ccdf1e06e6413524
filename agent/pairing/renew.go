package pairing

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Names beside a file of credentials while it is being renewed.
const (
	keySuffix  = ".key"  // the new key, until there is a certificate for it
	nextSuffix = ".next" // both, until they have proven themselves
)

// Credentials is a file of a certificate and its key, and what is beside it
// while it is being renewed. Whenever it ends, the file is a whole one.
type Credentials struct{ Path string }

// Next is the file of the credentials that have not proven themselves yet.
func (c Credentials) Next() string { return c.Path + nextSuffix }

// HasNext reports whether there are such.
func (c Credentials) HasNext() bool {
	_, err := os.Stat(c.Next())
	return err == nil
}

// Leaf is the certificate in force.
func (c Credentials) Leaf() (*x509.Certificate, error) { return leafOf(c.Path) }

func leafOf(path string) (*x509.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(path, path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return pair.Leaf, nil
}

// Pending is the key of a renewal: the same until the certificate in force is
// another one.
func (c Credentials) Pending(leaf *x509.Certificate) (p *Pending, err error) {
	if p, err = c.Begun(leaf); err != nil || p != nil {
		return p, err
	}
	if p, err = NewPending(renewalOf(leaf), leaf.Subject); err != nil {
		return nil, err
	}
	return p, p.Save(c.Path + keySuffix)
}

// Begun is that key where there is one already, else nil.
func (c Credentials) Begun(leaf *x509.Certificate) (*Pending, error) {
	return ReadPending(c.Path+keySuffix, renewalOf(leaf))
}

func renewalOf(leaf *x509.Certificate) string { return "renewal of " + leaf.SerialNumber.Text(16) }

// Take keeps a chain of certificates (PEM) that has come for the key of a
// renewal of leaf as the next credentials; now is the backend's clock.
func (c Credentials) Take(leaf *x509.Certificate, text string, now time.Time) error {
	p, err := c.Pending(leaf)
	if err != nil {
		return err
	}
	chain, err := p.Certify(text, now)
	if err != nil {
		return err
	}
	if !chain[0].NotAfter.After(leaf.NotAfter) {
		return errors.New("certificate: it ends no later than the one that there is")
	}
	both, err := p.credentials(chain)
	if err != nil {
		return err
	}
	return writeFile(c.Next(), both, secret)
}

// Promote puts the next credentials in force, once they have proven themselves.
func (c Credentials) Promote() error {
	if err := os.Rename(c.Next(), c.Path); err != nil {
		return err
	}
	return c.forget(keySuffix)
}

// Discard forgets the next credentials and their key.
func (c Credentials) Discard() error {
	return errors.Join(c.forget(nextSuffix), c.forget(keySuffix))
}

func (c Credentials) forget(suffix string) error {
	if err := os.Remove(c.Path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
