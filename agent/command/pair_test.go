package command_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mostrador/agent/command"
	"mostrador/agent/config"
	"mostrador/agent/pairing"
)

// A codeDesk is a backend with one code, and a terminal that asks it.
type codeDesk struct {
	*command.Pairing
	t    *testing.T
	code pairing.Code
	keys pairing.Keys
	now  time.Time
	// bend changes an answer before it is signed; before comes first.
	bend   func(*pairing.Answer)
	before []([]byte)
	asked  []pairing.Request
	fail   error // of the line, after the answer
}

func newCodeDesk(t *testing.T, file string) *codeDesk {
	t.Helper()
	code, err := pairing.NewCode()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := code.Keys()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	d := &codeDesk{t: t, code: code, keys: keys, now: time.Now()}
	d.Pairing = &command.Pairing{
		ConfigPath: filepath.Join(dir, "mostrador.toml"), DataDir: filepath.Join(dir, "data"), Version: "1", Host: "caja", System: "x/y",
		Ask: d.ask, MakeDataDir: func(dir string) error { return os.MkdirAll(dir, 0o750) }, Put: config.Replace, Now: func() time.Time { return d.now },
	}
	if file != "" {
		file = strings.ReplaceAll(file, "DATA", d.DataDir)
		if err := os.WriteFile(d.ConfigPath, []byte(file), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (d *codeDesk) ask(_ context.Context, line command.PairLine, message []byte, take func([]byte) bool) error {
	if line.Username != d.code.ID || line.Password != d.keys.Password || line.AskOn != d.code.RequestTopic() {
		d.t.Errorf("%+v", line)
	}
	request, err := d.keys.OpenRequest(message)
	if err != nil {
		d.t.Fatal(err)
	}
	d.asked = append(d.asked, request)
	for _, other := range d.before {
		if take(other) {
			d.t.Errorf("%s was taken", other)
		}
	}
	answer := d.answer(request)
	if d.bend != nil {
		d.bend(&answer)
	}
	text, err := d.keys.SealAnswer(answer)
	if err != nil {
		d.t.Fatal(err)
	}
	if d.fail != nil {
		return d.fail
	}
	if !take(text) {
		d.t.Errorf("%s was not taken", text)
	}
	return nil
}

// answer issues a certificate that the request's key fits.
func (d *codeDesk) answer(r pairing.Request) pairing.Answer {
	block, _ := pem.Decode([]byte(r.CSR))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		d.t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		d.t.Fatal(err)
	}
	now := time.Now()
	c := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "x"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, csr.PublicKey, key)
	if err != nil {
		d.t.Fatal(err)
	}
	pending, err := pairing.ReadPending(filepath.Join(d.DataDir, "pairing.pem"), d.code.ID)
	if err != nil || pending == nil {
		d.t.Fatalf("the key is not on the disk before it is asked for: %v", err)
	}
	return pairing.Answer{
		Key: pending.KeyHash(), Result: pairing.Issued, Time: now, Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		Broker: "tls://mqtt.example.com", Store: "lima-01", Terminal: "caja-1", Currency: "PEN", Timezone: "America/Lima", Locale: "es-PE",
	}
}

func (d *codeDesk) run(more ...func(*command.PairRequest)) (*command.Paired, error) {
	d.t.Helper()
	request := command.PairRequest{Code: d.code.Text(), Broker: "tls://pair.example.com"}
	for _, change := range more {
		change(&request)
	}
	return d.Run(d.t.Context(), request)
}

const pairConfig = `# The bar.
[terminal]
store = "lima-01"
id = "caja-1" # on the left
currency = "PEN"
timezone = "America/Lima"
data_dir = 'DATA'

[uplink]
broker = "mqtt://192.168.1.10"
username = "caja-1"
`

func TestPairEditsTheFile(t *testing.T) {
	d := newCodeDesk(t, pairConfig)
	out, err := d.run()
	if err != nil || out.Created || len(out.Warnings) != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	text, _ := os.ReadFile(d.ConfigPath)
	for _, want := range []string{"# The bar.", "# on the left", `broker = "tls://mqtt.example.com"`, "renew = true"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "username") {
		t.Errorf("the old user is still there:\n%s", text)
	}
	if r := d.asked[0]; r.Store != "lima-01" || r.Terminal != "caja-1" || r.Host != "caja" {
		t.Errorf("%+v", r)
	}
	if again, err := d.run(); err != nil || !again.Already || len(d.asked) != 1 {
		t.Errorf("%+v, %v, asked %d times", again, err, len(d.asked))
	}
}

// Cut off at any step, the same code goes on with the same key.
func TestPairGoesOn(t *testing.T) {
	d := newCodeDesk(t, "")
	cut := errors.New("cut")
	d.fail = cut
	if _, err := d.run(); !errors.Is(err, cut) {
		t.Fatal(err)
	}
	d.fail = nil
	d.MakeDataDir = func(string) error { return nil }
	// The answer is here, and the configuration cannot be written yet.
	d.bend = func(a *pairing.Answer) { a.Timezone = "Lima" }
	if _, err := d.run(); err == nil {
		t.Fatal("a configuration was written that is not right")
	}
	d.bend = nil
	out, err := d.run()
	if err != nil || !out.Created {
		t.Fatalf("%+v, %v", out, err)
	}
	for _, r := range d.asked[1:] {
		if r.CSR != d.asked[0].CSR {
			t.Error("another key was asked for")
		}
	}
	if len(d.asked) != 3 {
		t.Errorf("asked %d times", len(d.asked))
	}
}

// What is said when it cannot be, and that nothing changes then.
func TestPairRefuses(t *testing.T) {
	other := newCodeDesk(t, "")
	forged, err := other.keys.SealAnswer(pairing.Answer{Key: "x", Result: pairing.Refused})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, file string
		change     func(*codeDesk, *command.PairRequest)
		is         error
		says       string
	}{
		{"a typo", pairConfig, func(_ *codeDesk, r *command.PairRequest) { r.Code = "X" + r.Code[1:len(r.Code)-1] }, command.ErrWrong, "this is no pairing code"},
		{"nowhere to ask", pairConfig, func(_ *codeDesk, r *command.PairRequest) { r.Broker = "" }, command.ErrWrong, "--broker"},
		{"an address that is none", pairConfig, func(_ *codeDesk, r *command.PairRequest) { r.Broker = "pair.example.com" }, command.ErrWrong, "tls://"},
		{"a configuration with faults", "[terminal]\nstore = 3\n", nil, nil, "must be right before"},
		{"expired", pairConfig, func(d *codeDesk, _ *command.PairRequest) {
			d.bend = func(a *pairing.Answer) { a.Result, a.Cause = pairing.Refused, pairing.Expired }
		}, nil, "has expired. Ask for a new code"},
		{"used", pairConfig, func(d *codeDesk, _ *command.PairRequest) {
			d.bend = func(a *pairing.Answer) { a.Result, a.Cause = pairing.Refused, pairing.Used }
		}, nil, "used by another terminal"},
		{"another name", pairConfig, func(d *codeDesk, _ *command.PairRequest) {
			d.bend = func(a *pairing.Answer) { a.Terminal = "caja-2" }
		}, command.ErrRefused, "--rename"},
		{"no currency", "", func(d *codeDesk, _ *command.PairRequest) {
			d.bend = func(a *pairing.Answer) { a.Currency = "" }
		}, nil, "write " + "/"},
		{"a time zone that is none", "", func(d *codeDesk, _ *command.PairRequest) {
			d.bend = func(a *pairing.Answer) { a.Timezone = "Lima" }
		}, nil, "does not fit"},
		{"only others answer", pairConfig, func(d *codeDesk, _ *command.PairRequest) {
			d.before, d.fail = [][]byte{[]byte("x"), forged}, errors.New("nobody has answered")
		}, nil, "2 answers came that do not prove"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newCodeDesk(t, tt.file)
			before, _ := os.ReadFile(d.ConfigPath)
			_, err := d.run(func(r *command.PairRequest) {
				if tt.change != nil {
					tt.change(d, r)
				}
			})
			if err == nil || !strings.Contains(err.Error(), tt.says) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
			if after, _ := os.ReadFile(d.ConfigPath); string(after) != string(before) {
				t.Errorf("the configuration is now\n%s", after)
			}
		})
	}
}

// A terminal that takes another name when it is told to, and one whose clock
// stands in 1970.
func TestPairRenamesAndExplainsTheClock(t *testing.T) {
	d := newCodeDesk(t, pairConfig)
	d.bend = func(a *pairing.Answer) { a.Terminal = "caja-2" }
	d.now = time.Date(1970, 1, 1, 0, 3, 0, 0, time.UTC)
	out, err := d.run(func(r *command.PairRequest) { r.Rename = true })
	if err != nil || out.Terminal != "caja-2" || len(out.Warnings) != 1 || !strings.Contains(out.Warnings[0], "1970-01-01T00:03:00Z") {
		t.Fatalf("%+v, %v", out, err)
	}
	text, _ := os.ReadFile(d.ConfigPath)
	if !strings.Contains(string(text), `id = "caja-2" # on the left`) {
		t.Errorf("%s", text)
	}
}
