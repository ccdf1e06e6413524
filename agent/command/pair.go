package command

import (
	"cmp"
	"context"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"mostrador/agent/config"
	"mostrador/agent/pairing"
)

// A PairLine is the way of a code's messages.
type PairLine struct {
	Broker, Proxy, Username, Password string
	// Pin as in pairing.Code.
	Pin []byte
	// AskOn and HearOn are topics.
	AskOn, HearOn string
}

// Pairing turns codes into credentials, in the daemon as well as without one.
type Pairing struct {
	// ConfigPath is the file that is edited, or written where there is none.
	ConfigPath string
	// Known is what a file may name in this build.
	Known config.Known
	// DataDir is the data folder of a file that is written where there is none;
	// empty: the platform's.
	DataDir string
	// Version, Host and System say which agent asks.
	Version, Host, System string
	// Ask publishes a message until take has the answer.
	Ask func(ctx context.Context, line PairLine, message []byte, take func([]byte) (done bool)) error
	// MakeDataDir makes the data folder where there is none.
	MakeDataDir func(dir string) error
	// Put puts the edited file in place of the one there is.
	Put func(path string, file []byte) error
	// Now is the wall clock.
	Now func() time.Time
}

// A PairRequest is a code, and what goes with it.
type PairRequest struct {
	// Code as a person has typed it, or the text of its QR code.
	Code string `json:"code"`
	// Broker is where it is turned into credentials; empty: where the code or the
	// configuration says.
	Broker string `json:"broker,omitempty"`
	// Rename: the terminal may get another name than it has.
	Rename bool `json:"rename,omitempty"`
	// Who asks, for the log.
	Who string `json:"who,omitempty"`
}

// Paired is what came of a code.
type Paired struct {
	Store    string `json:"store"`
	Terminal string `json:"terminal"`
	Broker   string `json:"broker"`
	// Until is when the certificate ends, unless it is renewed before.
	Until time.Time `json:"until"`
	// Config is the file that says all this, Created: there was none before.
	Config  string `json:"config"`
	Created bool   `json:"created,omitempty"`
	// Credentials is the file of certificate and key.
	Credentials string `json:"credentials"`
	// Already: the code had paired this terminal before.
	Already bool `json:"already,omitempty"`
	// Warnings are what a person should know.
	Warnings []string `json:"warnings,omitempty"`
}

const (
	// pendingName is the file of a key that waits for its certificate.
	pendingName = "pairing.pem"
	// clockOff is from when on a clock is wrong.
	clockOff = 5 * time.Minute
)

// A pair is one code on its way.
type pair struct {
	*Pairing
	request PairRequest
	code    pairing.Code
	src     []byte         // the file, nil for none
	cfg     *config.Config // what it says, nil for none
	dataDir string
	pending *pairing.Pending
	issued  *pairing.Issuance
}

// Run turns a code into credentials and has the configuration use them. Ended
// at any moment, it goes on where it was when it is called again with the same
// code. Errors are ErrWrong for what is no code, and else say what to do.
func (p *Pairing) Run(ctx context.Context, request PairRequest) (*Paired, error) {
	one := &pair{Pairing: p, request: request}
	for _, step := range []func(context.Context) error{one.read, one.readConfig} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	if done := one.already(); done != nil {
		return done, one.forget()
	}
	for _, step := range []func(context.Context) error{one.prepare, one.ask, one.compare, one.install} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return one.paired(), one.forget()
}

func (p *pair) read(context.Context) (err error) {
	if p.code, err = pairing.Parse(p.request.Code); err != nil {
		return fmt.Errorf("%w: %w", ErrWrong, err)
	}
	if p.request.Broker == "" {
		return nil
	}
	if err := pairing.CheckBroker(p.request.Broker); err != nil {
		return fmt.Errorf("%w: broker %q: %w", ErrWrong, p.request.Broker, err)
	}
	p.code.Broker = p.request.Broker
	return nil
}

func (p *pair) readConfig(context.Context) (err error) {
	p.src, err = os.ReadFile(p.ConfigPath)
	p.dataDir = cmp.Or(p.DataDir, config.DefaultDataDir())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.src = nil
	case err != nil:
		return fmt.Errorf("read the configuration: %w", err)
	default:
		// The files that it names may be those that the code is to bring.
		if p.cfg, err = config.Parse(p.ConfigPath, p.src, p.Known); err != nil {
			return fmt.Errorf("the configuration must be right before it is changed:\n%w", err)
		}
		p.dataDir = p.cfg.Terminal.DataDir
	}
	if p.code.Broker == "" && p.cfg != nil {
		p.code.Broker = p.cfg.Uplink.PairingBroker
	}
	if p.code.Broker == "" {
		return fmt.Errorf("%w: neither the code nor the configuration says at which broker: add --broker tls://HOST:PORT, as you were told with the code, or set pairing_broker in [uplink]", ErrWrong)
	}
	return nil
}

// credentials and authorities are files of this code's own, so that those in
// force stay until the new ones are.
func (p *pair) credentials() string {
	return filepath.Join(p.dataDir, "terminal-"+p.code.ID+".pem")
}

func (p *pair) authorities() string {
	return filepath.Join(p.dataDir, "cloud-"+p.code.ID+".crt")
}

// already is for a code that has done its work.
func (p *pair) already() *Paired {
	if p.cfg == nil || p.cfg.Uplink.ClientCertFile != p.credentials() {
		return nil
	}
	leaf, err := pairing.Credentials{Path: p.credentials()}.Leaf()
	if err != nil {
		return nil
	}
	t := p.cfg.Terminal
	return &Paired{
		Store: t.Store, Terminal: t.ID, Broker: p.cfg.Uplink.Broker, Until: leaf.NotAfter.UTC(),
		Config: p.ConfigPath, Credentials: p.credentials(), Already: true,
	}
}

// prepare has a key for this code: the same until it has its certificate.
func (p *pair) prepare(context.Context) (err error) {
	if err := p.MakeDataDir(p.dataDir); err != nil {
		return err
	}
	file := filepath.Join(p.dataDir, pendingName)
	if p.pending, err = pairing.ReadPending(file, p.code.ID); err != nil || p.pending != nil {
		return err
	}
	subject := pkix.Name{CommonName: "mostrador pairing " + p.code.ID}
	// The code has come this far before, and the configuration went back.
	if p.pending, err = pairing.Recover(p.credentials(), p.code.ID, subject); err == nil && p.pending == nil {
		p.pending, err = pairing.NewPending(p.code.ID, subject)
	}
	if err != nil {
		return err
	}
	return p.pending.Save(file)
}

// forget removes the key that has its certificate.
func (p *pair) forget() error {
	if err := os.Remove(filepath.Join(p.dataDir, pendingName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (p *pair) ask(ctx context.Context) error {
	keys, err := p.code.Keys()
	if err != nil {
		return err
	}
	question := pairing.Request{Code: p.code.ID, CSR: p.pending.CSR, Version: p.Version, Time: p.Now().UTC(), Host: p.Host, System: p.System}
	if p.cfg != nil {
		question.Store, question.Terminal = p.cfg.Terminal.Store, p.cfg.Terminal.ID
	}
	message, err := keys.SealRequest(question)
	if err != nil {
		return err
	}
	line := PairLine{
		Broker: p.code.Broker, Username: p.code.ID, Password: keys.Password, Pin: p.code.Pin,
		AskOn: p.code.RequestTopic(), HearOn: p.code.AnswerTopic(),
	}
	if p.cfg != nil {
		line.Proxy = p.cfg.Uplink.Proxy
	}
	var outcome error
	strange := 0
	err = p.Ask(ctx, line, message, func(text []byte) bool {
		answer, err := keys.OpenAnswer(text)
		if err == nil {
			p.issued, err = p.pending.Accept(answer)
		}
		if errors.Is(err, pairing.ErrProof) || errors.Is(err, pairing.ErrOther) {
			strange++ // from somebody else, or to an earlier question
			return false
		}
		outcome = err
		return true
	})
	if refused, ok := errors.AsType[*pairing.RefusedError](outcome); ok {
		return fmt.Errorf("%w. %s", refused, refused.Advice())
	}
	if err != nil && strange > 0 {
		return fmt.Errorf("%w (%d answers came that do not prove to be for this code: compare it with the one you were given)", err, strange)
	}
	return errors.Join(err, outcome)
}

// compare looks whether the terminal is who the backend takes it for.
func (p *pair) compare(context.Context) error {
	if p.cfg == nil {
		if p.issued.Currency == "" || p.issued.Timezone == "" {
			return fmt.Errorf("there is no configuration yet, and the backend does not say the store's currency and time zone: write %s with [terminal] store = %q, id = %q, currency and timezone, then run mostrador pair again with the same code",
				p.ConfigPath, p.issued.Store, p.issued.Terminal)
		}
		return nil
	}
	t := p.cfg.Terminal
	if (t.Store != p.issued.Store || t.ID != p.issued.Terminal) && !p.request.Rename {
		return fmt.Errorf("%w: this terminal is %s of the store %s, and the code is for %s of the store %s: if that is right, run it again with the same code and --rename (what waits to be sent keeps the name that it was recorded under)",
			ErrRefused, t.ID, t.Store, p.issued.Terminal, p.issued.Store)
	}
	return nil
}

// install puts the files in place, the configuration last: only then anything
// is different.
func (p *pair) install(context.Context) error {
	if err := p.issued.Install(p.credentials()); err != nil {
		return err
	}
	if p.issued.CA != "" {
		if err := p.issued.InstallCA(p.authorities()); err != nil {
			return err
		}
	}
	text, err := config.Edit(p.before(), p.changes())
	if err != nil {
		return err
	}
	if _, err := config.LoadText(p.ConfigPath, text, p.Known); err != nil {
		return fmt.Errorf("what the backend has answered does not fit the configuration:\n%w", err)
	}
	if p.src == nil {
		return config.Create(p.ConfigPath, text)
	}
	return p.Put(p.ConfigPath, text)
}

// before is the text that is edited.
func (p *pair) before() []byte {
	if p.src != nil {
		return p.src
	}
	return []byte("# Written by mostrador pair. Every key: mostrador config schema, docs/configuration.md.\n\n[terminal]\n\n[uplink]\n")
}

func (p *pair) changes() []config.Change {
	a := p.issued
	list := []config.Change{
		{Key: "terminal.store", Value: a.Store}, {Key: "terminal.id", Value: a.Terminal},
		{Key: "uplink.broker", Value: a.Broker}, {Key: "uplink.client_cert_file", Value: p.credentials()},
		{Key: "uplink.client_key_file", Value: p.credentials()}, {Key: "uplink.renew", Value: true},
		{Key: "uplink.password_file"}, // of whoever it was before
	}
	either := func(key, text string) {
		c := config.Change{Key: key}
		if text != "" {
			c.Value = text
		}
		list = append(list, c)
	}
	either("uplink.username", a.Username)
	if a.CA != "" {
		either("uplink.ca_file", p.authorities())
	} else {
		either("uplink.ca_file", "")
	}
	if a.AcknowledgedBy != "" {
		either("uplink.acknowledged_by", a.AcknowledgedBy)
	}
	if p.src == nil {
		either("terminal.locale", a.Locale)
		either("terminal.currency", a.Currency)
		either("terminal.timezone", a.Timezone)
		either("terminal.data_dir", p.DataDir)
	}
	return list
}

func (p *pair) paired() *Paired {
	a := p.issued
	out := &Paired{
		Store: a.Store, Terminal: a.Terminal, Broker: a.Broker, Until: a.Until.UTC(), Config: p.ConfigPath, Created: p.src == nil, Credentials: p.credentials(),
	}
	if now := p.Now(); now.Sub(a.Time).Abs() > clockOff {
		out.Warnings = append(out.Warnings, fmt.Sprintf(
			"this terminal's clock says %s and the backend's %s: set it, or have it synchronised (NTP); until then the broker's certificate may look as if it were not valid",
			now.UTC().Format(time.RFC3339), a.Time.UTC().Format(time.RFC3339)))
	}
	return out
}
