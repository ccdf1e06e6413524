//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"mostrador/agent/command"
	"mostrador/agent/pairing"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/agent/web"
)

// Killed at any moment, pairing goes on where it was: one key, one certificate.
func TestPairKilled(t *testing.T) {
	t.Parallel()
	n := newPairing(t, time.Hour, "caja-1")
	r, _ := seeded(t)
	n.issuer.Mute(true)
	for i := range 12 {
		cmd := n.command(n.pairArgs(n.codes[0])...)
		before := n.issuer.Asked()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if i < 6 { // it has asked
			n.eventually(30*time.Second, "the request", func() bool { return n.issuer.Asked() > before })
		}
		if i == 5 { // and is answered
			n.issuer.Mute(false)
		}
		time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond) // where it is killed
		cmd.Process.Kill()
		cmd.Wait()
		if _, err := os.Stat(n.config); err == nil {
			if out, _, code := n.do("config", "check"); code != exitDone {
				t.Fatalf("after kill %d the configuration is wrong: %s", i, out)
			}
		}
	}
	out := n.pair(n.codes[0])
	if n.issuer.Keys() != 1 {
		t.Errorf("asked with %d keys", n.issuer.Keys())
	}
	n.start()
	n.connected()
	if !out.Until.Equal(n.certificate(out.Credentials).NotAfter) {
		t.Errorf("%+v", out)
	}
	if left, _ := filepath.Glob(filepath.Join(n.dataDir, "pairing.pem")); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

// Codes that do nothing say why, and what to do.
func TestPairCodesThatAreNoGood(t *testing.T) {
	t.Parallel()
	n := newPairing(t, time.Hour, "caja-1", "caja-2", "caja-3")
	expired, used := n.codes[0], n.codes[1]
	expired.Until = time.Now().Add(-time.Minute)
	stranger, err := pairing.NewCode()
	if err != nil {
		t.Fatal(err)
	}
	other := newPairing(t, time.Hour) // its terminal is another machine
	other.codesAt = n.codesAt
	other.pair(used)
	typo := []byte(used.Text)
	typo[0] = map[bool]byte{true: '1', false: '0'}[typo[0] == '0']
	for _, tt := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"expired", n.pairArgs(expired), exitFailed, "the code has expired: valía hasta"},
		{"used", n.pairArgs(used), exitFailed, "used by another terminal. Ask for a new code"},
		{"unknown", n.pairArgs(&uplinktest.IssuedCode{Text: stranger.Text()}), exitFailed, "does not know this code. Compare the code"},
		{"mistyped", n.pairArgs(&uplinktest.IssuedCode{Text: string(typo)}), exitWrongUse, "one of its letters or digits is wrong"},
		{"nothing", []string{"pair"}, exitWrongUse, "no code was given"},
		{"nowhere", []string{"pair", used.Text}, exitWrongUse, "--broker"},
		{"no broker there", []string{"pair", used.Text, "--wait", "5s", "--broker", "tls://" + uplinktest.FreeAddress(t), "--data-dir", n.dataDir}, exitFailed, "nothing listens at"},
		{"no such host", []string{"pair", used.Text, "--wait", "5s", "--broker", "tls://pair.invalid", "--data-dir", n.dataDir}, exitFailed, "pair.invalid"},
		{"another certificate", []string{"pair", pairing.Scheme + used.Text + "?broker=" + n.codesAt + "&pin=" + strings.Repeat("ab", 32), "--data-dir", n.dataDir}, exitFailed, "not the one that the code names"},
	} {
		if _, stderr, code := n.do(tt.args...); code != tt.code || !strings.Contains(stderr, tt.says) {
			t.Errorf("%s: ends with %d: %s", tt.name, code, stderr)
		}
		if _, err := os.Stat(n.config); err == nil {
			t.Fatalf("%s: there is a configuration", tt.name)
		}
	}
	n.issuer.Mute(true)
	if _, stderr, code := n.do("pair", n.codes[2].Text, "--wait", "2s", "--broker", n.codesAt, "--data-dir", n.dataDir); code != exitFailed || !strings.Contains(stderr, "nobody has answered") {
		t.Errorf("a silent backend: %d: %s", code, stderr)
	}
}

// A bystander on the topic of a code, at a broker without any rules, can neither
// get a certificate nor hand one to the terminal.
func TestPairAmongBystanders(t *testing.T) {
	t.Parallel()
	n := newPairing(t, time.Hour, "caja-1")
	open := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	code := n.codes[0]
	foreign := uplinktest.NewIssuer(t, uplinktest.MakeCertificates(t, time.Now().Add(-time.Hour)), time.Hour, nil)
	fake, err := pairing.NewCode()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := fake.Keys()
	if err != nil {
		t.Fatal(err)
	}
	own := requestOf(t)
	o := mqtt.NewClientOptions().AddBroker("tcp://" + open.Addr()).SetClientID("bystander").SetOrderMatters(false)
	heard := make(chan struct{}, 100)
	o.SetOnConnectHandler(func(c mqtt.Client) {
		c.Subscribe("mostrador/v1/pair/+/up", 1, func(c mqtt.Client, m mqtt.Message) {
			heard <- struct{}{}
			// A certificate for the terminal's own key, which everybody sees.
			csr, hash := overheard(t, m.Payload())
			forged, _ := keys.SealAnswer(pairing.Answer{
				Key: hash, Result: pairing.Issued, Time: time.Now(), Certificate: foreign.Sign(csr, "lima-01/caja-1", time.Hour),
				Broker: "tls://evil.example.com", Store: "lima-01", Terminal: "caja-1", Currency: "PEN", Timezone: "America/Lima",
			})
			refused, _ := keys.SealAnswer(pairing.Answer{Result: pairing.Refused, Cause: pairing.Revoked})
			for _, text := range [][]byte{forged, refused, m.Payload(), []byte("{}"), nil, bytes.Repeat([]byte("x"), 100_000)} {
				c.Publish("mostrador/v1/pair/"+code.ID()+"/down", 1, false, text)
			}
		})
	})
	bystander := mqtt.NewClient(o)
	if token := bystander.Connect(); !token.WaitTimeout(30*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	t.Cleanup(func() { bystander.Disconnect(100) })
	n.codesAt = open.URL()
	honest := uplinktest.NewIssuer(t, n.certs, time.Hour, n.codes)
	pair := n.command(n.pairArgs(code)...)
	var said bytes.Buffer
	pair.Stdout, pair.Stderr = &said, &said
	if err := pair.Start(); err != nil {
		t.Fatal(err)
	}
	<-heard // the bystander was first, and asks for itself, too, with what it has
	mine, err := keys.SealRequest(pairing.Request{Code: code.ID(), CSR: own, Version: "1", Time: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	honest.Connect("tcp://"+open.Addr(), "", "")
	bystander.Publish("mostrador/v1/pair/"+code.ID()+"/up", 1, false, mine)
	if err := pair.Wait(); err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	if honest.Served() != 1 {
		t.Errorf("%d keys were served", honest.Served())
	}
	text, err := os.ReadFile(n.config)
	if err != nil || strings.Contains(string(text), "evil") {
		t.Errorf("%v: %s", err, text)
	}
	n.start()
	n.connected() // with a certificate of the right authority
}

// overheard reads a request without the code.
func overheard(t *testing.T, message []byte) (csr, keyHash string) {
	t.Helper()
	var signed struct{ Payload string }
	var request pairing.Request
	err := json.Unmarshal(message, &signed)
	text, decoding := base64.RawURLEncoding.DecodeString(signed.Payload)
	if err = errors.Join(err, decoding, json.Unmarshal(text, &request)); err != nil {
		t.Error(err)
		return "", ""
	}
	block, _ := pem.Decode([]byte(request.CSR))
	asked, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Error(err)
		return "", ""
	}
	return request.CSR, fmt.Sprintf("%x", sha256.Sum256(asked.RawSubjectPublicKeyInfo))
}

// A terminal that runs takes a code while it runs: it connects, or goes back to
// what it had.
func TestPairWhileRunning(t *testing.T) {
	t.Parallel()
	n := newPairing(t, time.Hour, "caja-1", "caja-1", "caja-1")
	alone := fmt.Sprintf("# Mine.\n[terminal]\nstore = \"lima-01\"\nid = \"caja-1\"\ncurrency = \"PEN\"\ntimezone = \"America/Lima\"\ndata_dir = %q\n\n[uplink]\npairing_broker = %q\n", n.dataDir, n.codesAt)
	if err := os.MkdirAll(filepath.Dir(n.config), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(n.config, []byte(alone), 0o644); err != nil {
		t.Fatal(err)
	}
	n.start()
	n.eventually(30*time.Second, "the daemon", func() bool { _, _, code := n.do("uplink", "status"); return code == exitDone })
	stdout, stderr, code := n.do("pair", n.codes[0].Text)
	if code != exitDone || !strings.Contains(stdout, "Conectado a "+n.broker.URL()) {
		t.Fatalf("%d: %s%s", code, stdout, stderr)
	}
	first, err := os.ReadFile(n.config)
	if err != nil || !strings.HasPrefix(string(first), "# Mine.\n") {
		t.Errorf("%v: %s", err, first)
	}

	// The next code leads to a broker that is not there.
	n.issuer.Lead(n.codes[1], "tls://"+uplinktest.FreeAddress(t))
	stdout, stderr, code = n.do("pair", n.codes[1].Text, "--wait", "20s")
	if code != exitFailed || !strings.Contains(stderr, "has gone back to those of before") {
		t.Errorf("%d: %s%s", code, stdout, stderr)
	}
	n.connected()
	if back, _ := os.ReadFile(n.config); string(back) != string(first) {
		t.Errorf("the configuration is\n%s", back)
	}

	// The same code goes on when that is mended.
	n.issuer.Lead(n.codes[1], n.broker.URL())
	if stdout, stderr, code = n.do("pair", n.codes[1].Text); code != exitDone || n.issuer.Served() != 2 {
		t.Errorf("%d, %d codes served: %s%s", code, n.issuer.Served(), stdout, stderr)
	}
	n.undoes(n.codes[1], string(first))

	// By the local API, as a page does it: the daemon itself goes back.
	client, err := web.NewClient(n.dataDir)
	if err != nil {
		t.Fatal(err)
	}
	paired, err := client.Pair(t.Context(), command.PairRequest{Code: n.codes[2].Text, Who: "ana"})
	if err != nil || paired.Terminal != "caja-1" {
		t.Fatalf("%+v, %v", paired, err)
	}
	n.eventually(60*time.Second, "the third credentials", func() bool {
		text, _ := os.ReadFile(n.config)
		return strings.Contains(string(text), paired.Credentials) && n.status().Connected
	})
	n.eventually(30*time.Second, "the end of the trial", func() bool {
		_, err := os.Stat(n.config + ".trial")
		return err != nil
	})
	if out, _, _ := n.do("events"); !strings.Contains(out, "se conectó con sus nuevas credenciales") {
		t.Errorf("the log says\n%s", out)
	}
}

// undoes: what a code has changed is undone, once, and the same code brings it
// back.
func (n *newTerminal) undoes(code *uplinktest.IssuedCode, before string) {
	t := n.t
	t.Helper()
	stdout, stderr, exit := n.do("pair", "--undo")
	if exit != exitDone || !strings.Contains(stdout, "Se deshizo") || !strings.Contains(stdout, "Conectado a ") {
		t.Errorf("--undo ends with %d: %s%s", exit, stdout, stderr)
	}
	if back, _ := os.ReadFile(n.config); string(back) != before {
		t.Errorf("the configuration is\n%s", back)
	}
	if _, stderr, exit = n.do("pair", "--undo"); exit != exitFailed || !strings.Contains(stderr, "nothing to undo") {
		t.Errorf("--undo again ends with %d: %s", exit, stderr)
	}
	if stdout, stderr, exit = n.do("pair", code.Text); exit != exitDone || !strings.Contains(stdout, "Conectado a ") {
		t.Errorf("the same code ends with %d: %s%s", exit, stdout, stderr)
	}
	for _, args := range [][]string{{"pair", "--undo", code.Text}, {"pair", "--undo", "--renew"}} {
		if _, _, exit := n.do(args...); exit != exitWrongUse {
			t.Errorf("%v ends with %d", args, exit)
		}
	}
}
