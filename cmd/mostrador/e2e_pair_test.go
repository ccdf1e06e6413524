//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mostrador/agent/command"
	"mostrador/agent/pairing"
	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/drivers/drivertest"
)

// A newTerminal is one fresh out of its box: no configuration, no credentials, and
// a cloud that lets nobody in without a certificate, except at one listener,
// where codes are turned into certificates.
type newTerminal struct {
	t       *testing.T
	dir     string
	config  string
	dataDir string
	binary  string
	certs   uplinktest.Certificates
	broker  *uplinktest.Broker
	codesAt string // where codes are taken
	issuer  *uplinktest.Issuer
	codes   []*uplinktest.IssuedCode
	cloud   *uplinktest.Consumer
	daemon  *exec.Cmd
	log     *bytes.Buffer
}

// pairAccess holds terminals to their own topics by the name of their
// certificate, and codes to theirs.
const pairAccess = `user backend
topic readwrite #

pattern write mostrador/v1/%u/up/+
pattern write mostrador/v1/%u/state
pattern read mostrador/v1/%u/down/+
pattern write mostrador/v1/pair/%u/up
pattern read mostrador/v1/pair/%u/down
`

// newPairing makes a terminal and a cloud with a code for each of the names; life
// is how long certificates are good.
func newPairing(t *testing.T, life time.Duration, terminals ...string) *newTerminal {
	t.Helper()
	var codes []*uplinktest.IssuedCode
	for _, name := range terminals {
		c, err := pairing.NewCode()
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, &uplinktest.IssuedCode{Text: c.Text(), Store: "lima-01", Terminal: name})
	}
	return newPairingBy(t, life, codes...)
}

// newPairingBy is newPairing with codes that are known before.
func newPairingBy(t *testing.T, life time.Duration, codes ...*uplinktest.IssuedCode) *newTerminal {
	t.Helper()
	binary, err := daemonBinary()
	if err != nil {
		t.Fatal(err)
	}
	n := &newTerminal{t: t, dir: t.TempDir(), binary: binary, certs: uplinktest.MakeCertificates(t, time.Now().Add(-time.Hour)), log: &bytes.Buffer{}}
	n.config, n.dataDir = filepath.Join(n.dir, "etc", "mostrador.toml"), filepath.Join(n.dir, "data")
	at := uplinktest.FreeAddress(t)
	n.codesAt = "tls://" + at
	users := map[string]string{"backend": "secret"}
	n.codes = uplinktest.Codes(t, codes...)
	for _, c := range n.codes {
		users[c.ID()] = c.Password()
	}
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		t.Fatal(err)
	}
	n.broker = uplinktest.Mosquitto(t, uplinktest.BrokerOptions{
		Persistent: true, Users: users, ACL: pairAccess, CAFile: n.certs.CA, CertFile: n.certs.ServerCert, KeyFile: n.certs.ServerKey, ClientCerts: true,
		Lines: []string{
			"use_identity_as_username true", "listener " + port + " " + host, "certfile " + n.certs.ServerCert, "keyfile " + n.certs.ServerKey,
		},
	})
	for _, c := range n.codes {
		c.Broker = n.broker.URL()
	}
	n.issuer = uplinktest.NewIssuer(t, n.certs, life, n.codes)
	n.issuer.Connect(n.codesAt, "backend", "secret")
	n.cloud = uplinktest.SubscribeTLS(t, "tls://backend:secret@"+at, "backend", n.certs.CA)
	t.Cleanup(func() {
		n.kill()
		for _, fault := range n.issuer.Faults() {
			t.Error(fault)
		}
		if t.Failed() {
			t.Logf("the daemon's last words:\n%s\nthe broker's:\n%s", n.log, lastOf(n.broker.Log()))
		}
	})
	return n
}

func lastOf(s string) string { return s[max(0, len(s)-4000):] }

// command is the command as a process of its own.
func (n *newTerminal) command(args ...string) *exec.Cmd {
	return exec.Command(n.binary, append([]string{"-c", n.config}, args...)...)
}

// do runs the command and returns what it says and its exit code.
func (n *newTerminal) do(args ...string) (stdout, stderr string, code int) {
	n.t.Helper()
	cmd := n.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return out.String(), errs.String(), exit.ExitCode()
	}
	if err != nil {
		n.t.Fatal(err)
	}
	return out.String(), errs.String(), 0
}

// pair runs the verb with a code and wants it to work.
func (n *newTerminal) pair(code *uplinktest.IssuedCode, args ...string) (out command.Paired) {
	n.t.Helper()
	stdout, stderr, exit := n.do(n.pairArgs(code, append(args, "--json")...)...)
	if exit != exitDone {
		n.t.Fatalf("mostrador pair ends with %d: %s\n%s", exit, stderr, stdout)
	}
	if err := json.Unmarshal([]byte(stdout), &out); err != nil {
		n.t.Fatalf("%v: %s", err, stdout)
	}
	return out
}

func (n *newTerminal) pairArgs(code *uplinktest.IssuedCode, more ...string) []string {
	return append([]string{"pair", code.Text, "--broker", n.codesAt, "--data-dir", n.dataDir, "--wait", "30s"}, more...)
}

func (n *newTerminal) start() {
	n.t.Helper()
	n.daemon = n.command("run")
	n.daemon.Stdout, n.daemon.Stderr = n.log, n.log
	if err := n.daemon.Start(); err != nil {
		n.t.Fatal(err)
	}
}

func (n *newTerminal) kill() {
	if n.daemon != nil {
		n.daemon.Process.Signal(syscall.SIGKILL)
		n.daemon.Wait()
		n.daemon = nil
	}
}

func (n *newTerminal) status() (s uplink.Status) {
	out, _, code := n.do("uplink", "status", "--json")
	if code == exitDone {
		if err := json.Unmarshal([]byte(out), &s); err != nil {
			n.t.Fatal(err)
		}
	}
	return s
}

// connected waits until the line is up.
func (n *newTerminal) connected() {
	n.t.Helper()
	n.eventually(60*time.Second, "the connection", func() bool { return n.status().Connected })
}

func (n *newTerminal) eventually(limit time.Duration, what string, ok func() bool) {
	n.t.Helper()
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			n.t.Fatalf("waited %v for %s: %+v", limit, what, n.status())
		}
	}
}

// certificate is the terminal's, as it lies on the disk.
func (n *newTerminal) certificate(path string) *x509.Certificate {
	n.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		n.t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		n.t.Fatalf("%s holds no PEM", path)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		n.t.Fatal(err)
	}
	return cert
}

// From the box to the first sale: a code is typed, and the terminal comes up by
// a certificate that nobody but itself has the key of.
func TestPairANewTerminal(t *testing.T) {
	n := newPairing(t, time.Hour, "caja-1")
	// The text of a QR code names the broker, and its certificate.
	sum := sha256.Sum256(n.certificate(n.certs.ServerCert).Raw)
	code, err := pairing.Parse(n.codes[0].Text)
	if err != nil {
		t.Fatal(err)
	}
	code.Broker, code.Pin = n.codesAt, sum[:]
	scanned := n.command("pair", "--data-dir", n.dataDir, "--json")
	scanned.Stdin = strings.NewReader(code.URI() + "\r\n")
	answer, err := scanned.Output()
	var out command.Paired
	if err != nil || json.Unmarshal(answer, &out) != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	if out.Store != "lima-01" || out.Terminal != "caja-1" || !out.Created || out.Broker != n.broker.URL() || len(out.Warnings) != 0 {
		t.Errorf("%+v", out)
	}
	for path, want := range map[string]os.FileMode{out.Credentials: 0o600, n.dataDir: 0o750} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(n.dataDir, "pairing*")); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
	if stdout, _, code := n.do("config", "check"); code != exitDone {
		t.Errorf("the configuration: %s", stdout)
	}

	journal := drivertest.NewPTY(t)
	n.append(fmt.Sprintf("\n[[device]]\nname = \"registradora\"\ndriver = \"register\"\nport = %q\nprofile = \"journal-columns\"\nack = \"06\"\n", journal.Address("serial")+"?baud=9600"))
	register := newTestRegister(t, journal)
	n.start()
	n.eventually(30*time.Second, "the connection", func() bool { return n.status().Connected })
	register.sell(t, 3)
	n.cloud.WaitEvents("sales", 3, 30*time.Second)
	n.cloud.Check()

	// With the same code again nothing happens.
	if again := n.pair(n.codes[0]); !again.Already {
		t.Errorf("%+v", again)
	}
	if n.issuer.Keys() != 1 {
		t.Errorf("asked with %d keys", n.issuer.Keys())
	}
}

// append adds to the configuration.
func (n *newTerminal) append(text string) {
	n.t.Helper()
	was, err := os.ReadFile(n.config)
	if err != nil {
		n.t.Fatal(err)
	}
	if err := os.WriteFile(n.config, append(was, text...), 0o644); err != nil {
		n.t.Fatal(err)
	}
}

// What docs/pairing.md shows works as it stands there: the commands in its
// fences marked "console pairing", with its code, its rules and a broker of ours.
func TestPairingPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/pairing.md")
	if err != nil {
		t.Fatal(err)
	}
	n := newPairingBy(t, time.Hour, &uplinktest.IssuedCode{Text: "7K3D-9MPX-2QRT-A8V7", Store: "lima-01", Terminal: "caja-1"})
	if rules := "    " + strings.ReplaceAll(strings.TrimSpace(pairAccess), "\n", "\n    "); !strings.Contains(string(page), strings.ReplaceAll(rules, "    \n", "\n")) {
		t.Errorf("the page does not have the rules that are tested:\n%s", rules)
	}
	if !strings.Contains(string(page), "password `"+n.codes[0].Password()+"`") {
		t.Errorf("the page does not have the code's password, %s", n.codes[0].Password())
	}
	text := strings.NewReplacer("```console pairing", "```console", "tls://pair.example.com:8884", n.codesAt+" --data-dir "+n.dataDir).Replace(string(page))
	commands := shownIn("docs/pairing.md", text)
	if len(commands) != 3 {
		t.Fatalf("%d commands", len(commands))
	}
	n.issuer.Live(2*time.Hour, nil)
	for _, c := range commands {
		if c.args[0] != "pair" && n.daemon == nil {
			n.start()
			n.connected()
		}
		stdout, stderr, code := n.do(c.args...)
		if code != exitDone || !saysAs(c.want, stdout) {
			t.Errorf("%s: mostrador %s ends with %d and says\n%s%s", c.place, strings.Join(c.args, " "), code, stdout, stderr)
		}
		n.issuer.Live(4*time.Hour, nil)
	}
}
