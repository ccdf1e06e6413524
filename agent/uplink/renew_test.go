package uplink

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/agent/pairing"
	"mostrador/store"
)

// certify signs a key for so long from now.
func certify(t testing.TB, public any, serial int64, life time.Duration) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if public == nil {
		public = &key.PublicKey
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "x"}, NotBefore: time.Now(), NotAfter: time.Now().Add(life)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, public, key)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	if public == &key.PublicKey {
		secret, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		text += string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}))
	}
	return text
}

func newRenewing(t testing.TB, life time.Duration) *renewer {
	t.Helper()
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "mostrador.db"), store.Options{Identity: "lima-01/caja-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	file := filepath.Join(dir, "terminal.pem")
	if err := os.WriteFile(file, []byte(certify(t, nil, 1, life)), 0o600); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	set := Settings{Renew: true, ClientCertFile: file, ClientKeyFile: file, certificates: newCertificates(st, log)}
	return newRenewer(set, st, log)
}

// requests are what was asked for so far.
func (r *renewer) requests(t testing.TB) (all []RenewalRequest) {
	t.Helper()
	if err := r.store.View(func(tx *store.Tx) error {
		all = nil
		for e, err := range tx.Unsent(store.StreamRequests, 0) {
			if err != nil {
				return err
			}
			var one RenewalRequest
			if err := json.Unmarshal(e.Data, &one); err != nil || e.Type != RenewalType {
				return errors.Join(err, errors.New(e.Type))
			}
			all = append(all, one)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// answer is a certificate for what was asked last.
func (r *renewer) answer(t testing.TB, serial int64, life time.Duration) []byte {
	t.Helper()
	all := r.requests(t)
	last := all[len(all)-1]
	block, _ := pem.Decode([]byte(last.CSR))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(renewalAnswer{Request: last.ID, Result: "issued", Certificate: certify(t, csr.PublicKey, serial, life), Time: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A certificate of ninety days is asked for after sixty, again and again with one
// key while nobody answers, and not before there is a line.
func TestRenewalInItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		r := newRenewing(t, 90*day)
		ctx, stop := context.WithCancel(t.Context())
		var parts sync.WaitGroup
		parts.Go(func() { r.run(ctx) })
		defer parts.Wait()
		defer stop()
		r.settle(nil)
		time.Sleep(60*day - time.Minute)
		if n := len(r.requests(t)); n != 0 {
			t.Fatalf("%d requests before it is due", n)
		}
		r.settle(errors.New("no line"))
		time.Sleep(day)
		if n := len(r.requests(t)); n != 0 {
			t.Fatalf("%d requests without a line", n)
		}
		r.settle(nil)
		time.Sleep(10 * day)
		synctest.Wait()
		all := r.requests(t)
		if len(all) < 10 || len(all) > 21 {
			t.Errorf("%d requests in ten days", len(all))
		}
		for _, one := range all {
			if one.ID != all[0].ID || one.CSR != all[0].CSR {
				t.Errorf("another request: %+v", one)
			}
		}
		if n := r.notice(); !strings.Contains(n, "has not answered") {
			t.Errorf("people are told %q", n)
		}
		if fresh, err := r.take(r.answer(t, 2, 90*day)); err != nil || !fresh {
			t.Fatalf("%v, %v", fresh, err)
		}
		if first, second := r.choose(), r.choose(); first != r.files.Next() || second != r.files.Path {
			t.Errorf("tried with %s, then %s", first, second)
		}
		r.choose()
		r.settle(nil)
		if s := r.status(); s.Trying || s.Asked != 0 || !s.Until.Equal(time.Now().Add(90*day).Truncate(time.Second).UTC()) || r.notice() != "" {
			t.Errorf("%+v, %q", s, r.notice())
		}
		time.Sleep(30 * day)
		if n := len(r.requests(t)); n != len(all) {
			t.Errorf("%d requests more", n-len(all))
		}
	})
}

// A line that is down says nothing about new credentials; a broker that takes
// the old ones only does.
func TestNewCredentialsOnTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRenewing(t, time.Hour)
		r.settle(nil)
		if _, err := r.look(true); err != nil {
			t.Fatal(err)
		}
		if fresh, err := r.take(r.answer(t, 2, 2*time.Hour)); err != nil || !fresh {
			t.Fatalf("%v, %v", fresh, err)
		}
		for range 6 { // no network: both in turn
			r.choose()
			r.settle(errors.New("no network"))
		}
		if !r.files.HasNext() {
			t.Fatal("given up without a line")
		}
		if r.choose() != r.files.Next() {
			t.Fatal("not the new ones' turn")
		}
		r.settle(errors.New("bad certificate"))
		r.choose()
		r.settle(nil)
		if s := r.status(); r.files.HasNext() || s.Failures != 1 || !strings.Contains(s.Failure, "bad certificate") {
			t.Errorf("%+v", s)
		}
		leaf, err := r.files.Leaf()
		if err != nil || leaf.SerialNumber.Int64() != 1 {
			t.Errorf("%v, %v", leaf.SerialNumber, err)
		}
		// The next is another key, and not at once.
		if _, err := r.look(false); err != nil {
			t.Fatal(err)
		}
		if n := len(r.requests(t)); n != 1 {
			t.Errorf("%d requests", n)
		}
		time.Sleep(50 * time.Minute)
		if _, err := r.look(false); err != nil {
			t.Fatal(err)
		}
		if all := r.requests(t); len(all) != 2 || all[0].CSR == all[1].CSR || all[0].ID == all[1].ID {
			t.Errorf("%d requests: %+v", len(all), all)
		}
	})
}

// A certificate that renews itself is a matter for people only when that should
// have come about long ago, however short its life is.
func TestShortLivesAreNoAlarm(t *testing.T) {
	now := time.Now()
	own := &x509.Certificate{NotBefore: now, NotAfter: now.Add(24 * time.Hour)}
	for _, tt := range []struct {
		renews bool
		after  time.Duration
		ending int
	}{{true, 0, 0}, {true, 19 * time.Hour, 0}, {true, 21 * time.Hour, 1}, {false, 0, 1}} {
		c := newCertificates(nil, nil)
		c.renews = tt.renews
		c.note("terminal", own)
		if n := len(c.ending(now.Add(tt.after))); n != tt.ending {
			t.Errorf("%+v: %d are ending", tt, n)
		}
	}
}

func TestOnlyPairedTerminalsRenew(t *testing.T) {
	for _, set := range []Settings{{}, {Renew: true}, {ClientCertFile: "a", ClientKeyFile: "a"}, {Renew: true, ClientCertFile: "a", ClientKeyFile: "b"}} {
		if r := newRenewer(set, nil, nil); r != nil {
			t.Errorf("%+v renews", set)
		}
	}
	if _, err := (&Uplink{}).Renew(); !errors.Is(err, ErrNoRenewal) {
		t.Errorf("%v", err)
	}
}

// FuzzRenewal: nothing that comes down puts credentials there that do not fit.
func FuzzRenewal(f *testing.F) {
	r := newRenewing(f, time.Hour)
	r.settle(nil)
	if _, err := r.look(true); err != nil {
		f.Fatal(err)
	}
	good := r.answer(f, 2, 2*time.Hour)
	f.Add(good)
	f.Add([]byte(`{"request":"` + r.requests(f)[0].ID + `","result":"refused","reason":"x"}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		fresh, err := r.take(payload)
		if err != nil {
			t.Fatal(err)
		}
		if !fresh {
			return
		}
		if next, err := (pairing.Credentials{Path: r.files.Next()}).Leaf(); err != nil || next.SerialNumber.Int64() == 1 {
			t.Fatalf("%v, %v", next, err)
		}
		if err := os.Remove(r.files.Next()); err != nil {
			t.Fatal(err)
		}
	})
}
