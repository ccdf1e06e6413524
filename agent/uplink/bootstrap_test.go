package uplink

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"mostrador/agent/uplink/uplinktest"
)

func readCertificate(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A pin names the broker's own certificate, or one in the chain that it is shown
// with and that has signed it for that host.
func TestPins(t *testing.T) {
	files, others := uplinktest.MakeCertificates(t, time.Now()), uplinktest.MakeCertificates(t, time.Now())
	leaf, ca, client := readCertificate(t, files.ServerCert), readCertificate(t, files.CA), readCertificate(t, files.ClientCert)
	stranger := readCertificate(t, others.CA)
	for _, tt := range []struct {
		name  string
		chain []*x509.Certificate
		pin   *x509.Certificate
		host  string
		good  bool
	}{
		{"the leaf", []*x509.Certificate{leaf}, leaf, "anything", true},
		{"the authority", []*x509.Certificate{leaf, ca}, ca, "localhost", true},
		{"the authority, another host", []*x509.Certificate{leaf, ca}, ca, "example.com", false},
		{"the authority, not shown", []*x509.Certificate{leaf}, ca, "localhost", false},
		{"an authority that was only put behind", []*x509.Certificate{leaf, stranger}, stranger, "localhost", false},
		{"the leaf behind another", []*x509.Certificate{client, leaf}, leaf, "localhost", false},
		{"a client's", []*x509.Certificate{client, ca}, ca, "localhost", false},
		{"nothing shown", nil, leaf, "localhost", false},
	} {
		sum := sha256.Sum256(tt.pin.Raw)
		if got := isPinned(tt.chain, sum[:], tt.host); got != tt.good {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// The question goes again until the answer is the right one; a broker that goes
// away meanwhile, and one that lets nobody hear, are told.
func TestAsk(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	b := Bootstrap{Broker: broker.URL(), Username: "7k3d9", AskOn: "x/up", HearOn: "x/up"} // it hears itself
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	heard := 0
	if err := b.Ask(ctx, []byte("question"), func(answer []byte) bool {
		if !bytes.Equal(answer, []byte("question")) {
			t.Errorf("heard %q", answer)
		}
		heard++
		return heard == 2
	}); err != nil || heard != 2 {
		t.Errorf("%v, heard %d", err, heard)
	}

	short, end := context.WithTimeout(t.Context(), time.Second)
	defer end()
	if err := b.Ask(short, []byte("x"), func([]byte) bool { return false }); !errors.Is(err, ErrUnanswered) {
		t.Errorf("nobody answers: %v", err)
	}

	broker.Stop()
	tried := make(chan *LineError, 100)
	b.Tried = func(e *LineError) { tried <- e }
	back := make(chan error, 1)
	go func() { back <- b.Ask(ctx, []byte("x"), func([]byte) bool { return true }) }()
	if e := <-tried; !strings.Contains(e.What, "nothing listens") || e.Advice == "" || e.Final {
		t.Errorf("%+v", e)
	}
	broker.Start()
	if err := <-back; err != nil {
		t.Errorf("the broker is back: %v", err)
	}
}
