package uplinktest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certificates are the PEM files of a small authority and what it has signed.
type Certificates struct {
	CA, ServerCert, ServerKey, ClientCert, ClientKey string

	authority *authority
}

// MakeCertificates makes an authority, a certificate for 127.0.0.1 and
// localhost that is valid from notBefore for one day, and a client's.
func MakeCertificates(t testing.TB, notBefore time.Time) Certificates {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir(), from: notBefore}
	a.key, a.cert = a.sign("ca", &x509.Certificate{
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	a.sign("server", &x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	a.sign("client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	file := func(name string) string { return filepath.Join(a.dir, name) }
	return Certificates{file("ca.crt"), file("server.crt"), file("server.key"), file("client.crt"), file("client.key"), a}
}

// Trust is a client's side of TLS that believes the authority of a PEM file.
func Trust(t testing.TB, caFile string) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatalf("%s holds no certificate", caFile)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

type authority struct {
	t    testing.TB
	dir  string
	from time.Time
	n    int64
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// sign completes a certificate, signs it (the first one itself), and writes it
// and its key.
func (a *authority) sign(name string, c *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.must(err)
	a.n++
	c.SerialNumber = big.NewInt(a.n)
	c.Subject = pkix.Name{CommonName: "mostrador test " + name}
	c.NotBefore, c.NotAfter = a.from, a.from.Add(24*time.Hour)
	parent, signer := c, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	a.must(err)
	cert, err := x509.ParseCertificate(der)
	a.must(err)
	secret, err := x509.MarshalECPrivateKey(key)
	a.must(err)
	a.write(name+".crt", "CERTIFICATE", der)
	a.write(name+".key", "EC PRIVATE KEY", secret)
	return key, cert
}

// issue signs a public key for a client, good since an age for a life from now; PEM.
func (a *authority) issue(public any, name string, age, life time.Duration) (string, error) {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return "", err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-age), NotAfter: time.Now().Add(life),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, a.cert, public, a.key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), err
}

func (a *authority) write(name, kind string, der []byte) {
	a.t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	a.must(os.WriteFile(filepath.Join(a.dir, name), text, 0o600))
}

func (a *authority) must(err error) {
	if err != nil {
		a.t.Helper()
		a.t.Fatal(err)
	}
}
