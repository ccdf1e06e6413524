//go:build linux

package main

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"mostrador/agent/pairing"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/drivers/drivertest"
)

// A certificate of this age and with so much left is due in ten seconds.
const (
	shortAge  = 1170 * time.Second
	shortLife = 10 * time.Minute
)

// renewing is a terminal that was paired, sells, and is connected, with the file of
// its credentials and the certificate that it has there at first. The next one is
// not due for an hour.
func renewing(t *testing.T, age, life time.Duration) (n *newTerminal, file string, first *x509.Certificate, register *testRegister) {
	t.Helper()
	n = newPairing(t, life, "caja-1")
	n.issuer.Age(age)
	file = n.pair(n.codes[0]).Credentials
	first = n.certificate(file)
	n.issuer.Age(time.Minute)
	n.issuer.Live(time.Hour, nil)
	journal := drivertest.NewPTY(t)
	n.append(fmt.Sprintf("\n[[device]]\nname = \"registradora\"\ndriver = \"register\"\nport = %q\nprofile = \"journal-columns\"\nack = \"06\"\n", journal.Address("serial")+"?baud=9600"))
	register = newTestRegister(t, journal)
	n.start()
	n.connected()
	return n, file, first, register
}

// A certificate is renewed well before it ends, while everything goes on.
func TestRenewal(t *testing.T) {
	t.Parallel()
	n, file, old, register := renewing(t, shortAge, shortLife)
	register.sell(t, 2)
	n.eventually(90*time.Second, "the renewed certificate", func() bool { return n.certificate(file).SerialNumber.Cmp(old.SerialNumber) != 0 })
	if now := time.Now(); now.After(old.NotAfter) {
		t.Errorf("renewed at %v, after the end of the old one", now)
	}
	n.connected()
	register.sell(t, 2)
	n.cloud.WaitEvents("sales", 4, 30*time.Second)
	n.cloud.Check()
	if asked, keys := n.issuer.Renewals(); keys != 1 || asked < 1 {
		t.Errorf("asked %d times with %d keys", asked, keys)
	}
	for _, left := range []string{file + ".next", file + ".key"} {
		if _, err := os.Stat(left); err == nil {
			t.Errorf("%s is left", left)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	s := n.status()
	if s.Renewal == nil || s.Renewal.Asked != 0 || s.Renewal.Failure != "" || !s.Renewal.Until.Equal(n.certificate(file).NotAfter) {
		t.Errorf("%+v", s.Renewal)
	}
}

// Killed at any moment of a renewal, the terminal comes back with credentials
// that work, and asks with the same key.
func TestRenewalKilled(t *testing.T) {
	t.Parallel()
	n, file, old, register := renewing(t, time.Minute, time.Hour)
	n.issuer.Live(2*time.Hour, nil) // ends later than the old one also within its second
	n.issuer.Mute(true)
	if _, stderr, code := n.do("pair", "--renew", "--wait", "1s"); code != exitFailed || !strings.Contains(stderr, "has not answered") {
		t.Fatalf("%d: %s", code, stderr)
	}
	n.eventually(30*time.Second, "the request", func() bool { asked, _ := n.issuer.Renewals(); return asked > 0 })
	r, _ := seeded(t)
	for range 4 {
		n.kill()
		n.start()
		time.Sleep(time.Duration(r.IntN(1500)) * time.Millisecond) // where it is killed
	}
	n.issuer.Mute(false)
	for range 4 { // now anywhere between the answer and the new certificate
		n.do("pair", "--renew", "--wait", "1ms")
		time.Sleep(time.Duration(r.IntN(600)) * time.Millisecond)
		n.kill()
		n.start()
		n.connected()
	}
	n.do("pair", "--renew", "--wait", "30s")
	n.eventually(60*time.Second, "the renewed certificate", func() bool { return n.certificate(file).SerialNumber.Cmp(old.SerialNumber) != 0 })
	n.connected()
	register.sell(t, 1)
	n.cloud.WaitEvents("sales", 1, 30*time.Second)
	n.cloud.Check()
}

// What must not take the terminal's line away.
func TestRenewalsThatComeToNothing(t *testing.T) {
	t.Parallel()
	n, file, old, register := renewing(t, time.Minute, time.Hour)
	foreign := uplinktest.NewIssuer(t, uplinktest.MakeCertificates(t, time.Now().Add(-time.Hour)), time.Hour, nil)
	own := n.issuer.Sign(requestOf(t), "lima-01/caja-1", 2*time.Hour)
	for _, bad := range []struct {
		name string
		bend func(answer map[string]any)
		says string
	}{
		{"refused", func(a map[string]any) {
			a["result"], a["reason"] = "refused", "dado de baja"
			delete(a, "certificate")
		}, "dado de baja"},
		{"another key", func(a map[string]any) { a["certificate"] = own }, "another key"},
		{"rubbish", func(a map[string]any) { a["certificate"] = "x" }, "not PEM"},
		{"neither", func(a map[string]any) { a["result"] = "perhaps" }, "neither issued nor refused"},
		{"a foreign authority", func(a map[string]any) {
			key, err := pairing.Credentials{Path: file}.Begun(old)
			if err != nil || key == nil {
				t.Errorf("%v, %v", key, err)
				return
			}
			a["certificate"] = foreign.Sign(key.CSR, "lima-01/caja-1", 2*time.Hour)
		}, "takes the old certificate and not the new one"},
	} {
		n.issuer.Live(2*time.Hour, bad.bend)
		if _, stderr, code := n.do("pair", "--renew", "--wait", "60s"); code != exitFailed || !strings.Contains(stderr, bad.says) {
			t.Errorf("%s: %d: %s", bad.name, code, stderr)
		}
		n.connected()
		if now := n.certificate(file); now.SerialNumber.Cmp(old.SerialNumber) != 0 {
			t.Fatalf("%s: the certificate is another one", bad.name)
		}
	}
	if out, _, _ := n.do("doctor"); !strings.Contains(out, "certificate was not renewed") {
		t.Errorf("the doctor says %s", out)
	}
	n.issuer.Live(2*time.Hour, nil)
	if _, stderr, code := n.do("pair", "--renew", "--wait", "60s"); code != exitDone {
		t.Errorf("in the end: %d: %s", code, stderr)
	}
	if n.certificate(file).SerialNumber.Cmp(old.SerialNumber) == 0 {
		t.Error("the certificate is the old one")
	}
	register.sell(t, 1)
	n.cloud.WaitEvents("sales", 1, 30*time.Second)
	n.cloud.Check()
}

// requestOf is a certificate signing request for a key that is nobody's.
func requestOf(t *testing.T) string {
	t.Helper()
	p, err := pairing.NewPending("x", pkix.Name{CommonName: "x"})
	if err != nil {
		t.Fatal(err)
	}
	return p.CSR
}
