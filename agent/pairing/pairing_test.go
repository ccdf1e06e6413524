package pairing_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mostrador/agent/pairing"
)

const symbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func newCode(t testing.TB) pairing.Code {
	t.Helper()
	c, err := pairing.NewCode()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// However a person types a code, it is the same one.
func TestCodesAsTheyAreTyped(t *testing.T) {
	for range 200 {
		c := newCode(t)
		text := c.Text()
		for _, typed := range []string{
			text, strings.ToLower(text), " " + text + "\n", strings.ReplaceAll(text, "-", ""), strings.ReplaceAll(text, "-", " "),
			strings.ReplaceAll(strings.ReplaceAll(text, "0", "o"), "1", "l"), strings.ReplaceAll(text, "1", "I"), c.URI(), strings.ToLower(c.URI()),
		} {
			got, err := pairing.Parse(typed)
			if err != nil || got.Text() != text || got.ID != strings.ToLower(text[:4]+text[5:6]) {
				t.Fatalf("%q is %+v, %v; made as %s", typed, got, err, text)
			}
		}
	}
}

// Each wrong symbol and each pair that changed places is told at once.
func TestTyposAreFound(t *testing.T) {
	for range 20 {
		text := strings.ReplaceAll(newCode(t).Text(), "-", "")
		for i := range len(text) {
			for _, s := range symbols {
				wrong := text[:i] + string(s) + text[i+1:]
				if _, err := pairing.Parse(wrong); (err == nil) != (wrong == text) {
					t.Fatalf("%s for %s: %v", wrong, text, err)
				}
			}
			if i == 0 {
				continue
			}
			swapped := text[:i-1] + text[i:i+1] + text[i-1:i] + text[i+1:]
			if _, err := pairing.Parse(swapped); (err == nil) != (swapped == text) {
				t.Fatalf("%s for %s: %v", swapped, text, err)
			}
		}
		for _, wrong := range []string{"", text[1:], text + "0", "?" + text[1:], "Ü" + text[1:], "U" + text[1:], "https://example.com/" + text} {
			if _, err := pairing.Parse(wrong); !errors.Is(err, pairing.ErrCode) {
				t.Errorf("%q: %v", wrong, err)
			}
		}
	}
}

func TestQRTexts(t *testing.T) {
	c := newCode(t)
	sum := sha256.Sum256([]byte("x"))
	c.Broker, c.Pin = "tls://pair.example.com:8884", sum[:]
	got, err := pairing.Parse(c.URI())
	if err != nil || got.Broker != c.Broker || !bytes.Equal(got.Pin, c.Pin) || got.Text() != c.Text() {
		t.Errorf("%s is %+v, %v", c.URI(), got, err)
	}
	for _, wrong := range []string{"?broker=http://x", "?broker=tls://u:p@x", "?broker=tls://", "?pin=12", "?pin=" + strings.Repeat("zz", 32), "?broker=%zz"} {
		if _, err := pairing.Parse(pairing.Scheme + c.Text() + wrong); !errors.Is(err, pairing.ErrCode) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// A fixed code has fixed keys: a backend in another language can hold itself
// against this one.
func TestKeysOfAKnownCode(t *testing.T) {
	c, err := pairing.Parse("7K3D-9MPX-2QRT-A8V" + known)
	if err != nil {
		t.Fatal(err)
	}
	k, err := c.Keys()
	if err != nil {
		t.Fatal(err)
	}
	if k.Password != knownPassword || c.RequestTopic() != "mostrador/v1/pair/7k3d9/up" || c.AnswerTopic() != "mostrador/v1/pair/7k3d9/down" {
		t.Errorf("%s %s", k.Password, c.RequestTopic())
	}
}

const (
	known         = "7"
	knownPassword = "9Z4g7hxEgCQcqeNhdJ7mDoja07oqZWn4czV_8-DKhZA"
)

func keysOf(t testing.TB, c pairing.Code) pairing.Keys {
	t.Helper()
	k, err := c.Keys()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Only who knows the code is believed, and each way has a proof of its own.
func TestProofs(t *testing.T) {
	k, other := keysOf(t, newCode(t)), keysOf(t, newCode(t))
	if k.Password == other.Password {
		t.Fatal("two codes have one password")
	}
	request, err := k.SealRequest(pairing.Request{Code: "x", CSR: "y"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.OpenRequest(request); err != nil || got.CSR != "y" {
		t.Errorf("%+v, %v", got, err)
	}
	forged, err := other.SealAnswer(pairing.Answer{Result: pairing.Issued})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.OpenAnswer(request); !errors.Is(err, pairing.ErrProof) {
		t.Errorf("a request was taken for an answer: %v", err)
	}
	if _, err := k.OpenAnswer(forged); !errors.Is(err, pairing.ErrProof) {
		t.Errorf("another code's answer: %v", err)
	}
	for i := range request { // one bit of any byte
		bent := bytes.Clone(request)
		bent[i] ^= 1
		if got, err := k.OpenRequest(bent); err == nil && got.CSR != "y" {
			t.Fatalf("byte %d: %+v", i, got)
		}
	}
	none := bytes.Replace(request, []byte("eyJhbGciOiJIUzI1NiJ9"), []byte("eyJhbGciOiJub25lIn0"), 1)
	if _, err := k.OpenRequest(none); !errors.Is(err, pairing.ErrProof) {
		t.Errorf("a header of none: %v", err)
	}
	if _, err := k.OpenRequest(bytes.Repeat([]byte("x"), 65<<10)); err == nil {
		t.Error("a message of any size was read")
	}
}

// The key stays the same until it has its certificate, and is nobody else's to
// read.
func TestPendingKeyIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pairing.pem")
	p := pending(t, "7k3d9")
	if err := p.Save(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	again, err := pairing.ReadPending(path, "7k3d9")
	if err != nil || again == nil || again.CSR != p.CSR || again.KeyHash() != p.KeyHash() {
		t.Errorf("%+v, %v", again, err)
	}
	if other, err := pairing.ReadPending(path, "zzzzz"); other != nil || err != nil {
		t.Errorf("a key of another code: %+v, %v", other, err)
	}
	if err := os.WriteFile(path, []byte("half a f"), 0o600); err != nil {
		t.Fatal(err)
	}
	if half, err := pairing.ReadPending(path, "7k3d9"); half != nil || err != nil {
		t.Errorf("half a file: %+v, %v", half, err)
	}
	if none, err := pairing.ReadPending(path+"x", "7k3d9"); none != nil || err != nil {
		t.Errorf("no file: %+v, %v", none, err)
	}
}

func pending(t testing.TB, purpose string) *pairing.Pending {
	t.Helper()
	p, err := pairing.NewPending(purpose, pkix.Name{CommonName: "x"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sign makes a certificate, PEM, for a request or, with nil, for a key of its own.
func sign(t testing.TB, p *pairing.Pending, change func(*x509.Certificate)) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public := any(&key.PublicKey)
	if p != nil {
		block, _ := pem.Decode([]byte(p.CSR))
		csr, err := x509.ParseCertificateRequest(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		public = csr.PublicKey
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "lima-01_caja-1"},
		NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func goodAnswer(t testing.TB, p *pairing.Pending) pairing.Answer {
	return pairing.Answer{
		Key: p.KeyHash(), Result: pairing.Issued, Time: noon, Certificate: sign(t, p, nil), Broker: "tls://mqtt.example.com", Store: "lima-01", Terminal: "caja-1",
		CA: sign(t, nil, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }),
	}
}

// What a backend that is wrong, or somebody who has its key, could answer, and
// what the terminal says.
func TestHostileAnswers(t *testing.T) {
	p, other := pending(t, "a"), pending(t, "b")
	good := goodAnswer(t, p)
	issued, err := p.Accept(good)
	if err != nil || !issued.Until.Equal(noon.Add(time.Hour)) {
		t.Fatalf("%+v, %v", issued, err)
	}
	path := filepath.Join(t.TempDir(), "terminal.pem")
	if err := issued.Install(path); err != nil {
		t.Fatal(err)
	}
	for name, bend := range map[string]struct {
		change func(*pairing.Answer)
		says   string
	}{
		"another request": {func(a *pairing.Answer) { a.Key = other.KeyHash() }, "another key"},
		"another key":     {func(a *pairing.Answer) { a.Certificate = sign(t, other, nil) }, "another key"},
		"a new key":       {func(a *pairing.Answer) { a.Certificate = sign(t, nil, nil) }, "another key"},
		"no certificate":  {func(a *pairing.Answer) { a.Certificate = "" }, "there is none"},
		"a private key in it": {func(a *pairing.Answer) {
			a.Certificate += "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"
		}, "not PEM"},
		"rubbish":     {func(a *pairing.Answer) { a.Certificate = "x" }, "not PEM"},
		"a hundred":   {func(a *pairing.Answer) { a.Certificate = strings.Repeat(a.Certificate, 100) }, "not PEM of a few"},
		"expired":     {func(a *pairing.Answer) { a.Time = noon.Add(2 * time.Hour) }, "valid from"},
		"of tomorrow": {func(a *pairing.Answer) { a.Time = noon.Add(-2 * time.Hour) }, "valid from"},
		"an authority": {func(a *pairing.Answer) {
			a.Certificate = sign(t, p, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true })
		}, "authority's"},
		"a server": {func(a *pairing.Answer) {
			a.Certificate = sign(t, p, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
		}, "not for clients"},
		"a plain broker":        {func(a *pairing.Answer) { a.Broker = "mqtt://mqtt.example.com" }, "needs tls"},
		"no broker":             {func(a *pairing.Answer) { a.Broker = "" }, "broker"},
		"a store of two levels": {func(a *pairing.Answer) { a.Store = "lima/01" }, "not an id"},
		"a wildcard":            {func(a *pairing.Answer) { a.Terminal = "+" }, "not an id"},
		"a terminal named up":   {func(a *pairing.Answer) { a.Terminal = "up" }, "not an id"},
		"a CA that is none":     {func(a *pairing.Answer) { a.CA = sign(t, nil, nil) }, "none of the certificates is an authority's"},
		"no result":             {func(a *pairing.Answer) { a.Result = "" }, "neither issued nor refused"},
		"a user of two lines":   {func(a *pairing.Answer) { a.Username = "a\nb" }, "username"},
		"a currency":            {func(a *pairing.Answer) { a.Currency = "soles" }, "ISO 4217"},
		"an acknowledgement":    {func(a *pairing.Answer) { a.AcknowledgedBy = "nobody" }, "acknowledged_by"},
		"refused": {func(a *pairing.Answer) {
			a.Result, a.Cause, a.Reason = pairing.Refused, pairing.Used, "caja-2\n\x1b[2J"
		}, "used by another terminal: caja-2  [2J"},
	} {
		t.Run(name, func(t *testing.T) {
			a := good
			bend.change(&a)
			if _, err := p.Accept(a); err == nil || !strings.Contains(err.Error(), bend.says) {
				t.Errorf("got %v, want %q", err, bend.says)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("7K3D-9MPX-2QRT-A8V5")
	f.Add("mostrador-pair:7K3D9MPX2QRTA8V5?broker=tls://x&pin=00")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := pairing.Parse(text)
		if err != nil {
			if !errors.Is(err, pairing.ErrCode) {
				t.Fatal(err)
			}
			return
		}
		again, err := pairing.Parse(c.URI())
		if err != nil || again.URI() != c.URI() || len(c.ID) != 5 || strings.ContainsAny(c.RequestTopic(), "+#\x00 ") {
			t.Fatalf("%q: %q, %v", c.URI(), again.URI(), err)
		}
	})
}

// FuzzAccept: whatever a backend that knows the code answers is refused or can
// be used.
func FuzzAccept(f *testing.F) {
	p := pending(f, "a")
	good := goodAnswer(f, p)
	seed, err := json.Marshal(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"key":"` + p.KeyHash() + `","result":"refused","cause":"used"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var a pairing.Answer
		if json.Unmarshal(text, &a) != nil {
			return
		}
		issued, err := p.Accept(a)
		if err == nil && (!bytes.Contains(issued.Credentials, []byte("EC PRIVATE KEY")) || issued.Store == "") {
			t.Fatalf("%+v", issued)
		}
	})
}

// FuzzOpen: nothing that does not prove itself is read.
func FuzzOpen(f *testing.F) {
	c, err := pairing.Parse("7K3D-9MPX-2QRT-A8V" + known)
	if err != nil {
		f.Fatal(err)
	}
	k := keysOf(f, c)
	good, err := k.SealAnswer(pairing.Answer{Key: "k"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, message []byte) {
		if a, err := k.OpenAnswer(message); err == nil && a.Key != "k" {
			t.Fatalf("%s was believed", message)
		}
	})
}
