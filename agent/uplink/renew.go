package uplink

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mostrador/agent/pairing"
	"mostrador/store"
)

// RenewalType is the event that asks for a new certificate.
const RenewalType = "mostrador.renewal.v1"

// A RenewalRequest is the data of mostrador.renewal.v1.
type RenewalRequest struct {
	ID        string    `json:"id"`
	ExpiresAt time.Time `json:"expires_at"`
	// CSR is the certificate signing request, PEM.
	CSR string `json:"csr"`
}

// A renewalAnswer is a message of down/credentials
// (docs/schemas/down.credentials.v1.json).
type renewalAnswer struct {
	Request     string    `json:"request"`
	Result      string    `json:"result"`
	Reason      string    `json:"reason"`
	Certificate string    `json:"certificate"`
	Time        time.Time `json:"time"`
}

const (
	// renewalCursor is where it is kept what was asked.
	renewalCursor = "uplink.renewal"
	// renewalLook is how often it is looked whether a certificate is due, at
	// least: clocks jump.
	renewalLook = 6 * time.Hour
	// A request is repeated after an eighth of the time that is left, within
	// these bounds.
	repeatMin = 5 * time.Second
	repeatMax = 12 * time.Hour
	// maxRenewalAnswer bounds an answer, in bytes.
	maxRenewalAnswer = 64 << 10
)

// Renewal is how the renewal of the terminal's own certificate stands.
type Renewal struct {
	// Until is when the certificate in force ends, Due from when on it is
	// renewed: after two thirds of its life.
	Until time.Time `json:"until"`
	Due   time.Time `json:"due"`
	// AskedAt is when a new one was first asked for, Asked how often; zero: it
	// was not.
	AskedAt time.Time `json:"asked_at,omitzero"`
	Asked   int       `json:"asked,omitempty"`
	// Trying: there is a new one, which has not connected yet.
	Trying bool `json:"trying,omitempty"`
	// Failure is why the last try came to nothing, Failures how often one has.
	Failure  string `json:"failure,omitempty"`
	Failures int    `json:"failures,omitempty"`
}

// An askedRenewal is what was asked, as it is kept.
type askedRenewal struct {
	ID      string       `json:"id"`
	Key     string       `json:"key"` // the hash of the public key
	AskedAt store.Moment `json:"asked_at"`
	LastAt  store.Moment `json:"last_at"`
	Asked   int          `json:"asked"`
	// Failure and Failures are those of the certificate in force.
	Failure  string `json:"failure,omitempty"`
	Failures int    `json:"failures,omitempty"`
}

// A renewer has the terminal's certificate renewed before it ends. The new one
// and its key stand beside those in force until a connection has come about with
// them; when none does, and one with the old ones does, they are given up.
type renewer struct {
	store *store.Store
	log   *slog.Logger
	files pairing.Credentials
	clock func() time.Time // by which certificates are judged

	wake chan struct{} // something has changed
	hand chan struct{} // a person wants it now

	mu        sync.Mutex
	connected bool
	trying    bool   // the present try to connect is with the next ones
	failed    string // why the last try with the next ones has failed
}

func newRenewer(set Settings, st *store.Store, log *slog.Logger) *renewer {
	if !set.Renew || set.ClientCertFile == "" || set.ClientCertFile != set.ClientKeyFile {
		return nil
	}
	return &renewer{
		store: st, log: log, files: pairing.Credentials{Path: set.ClientCertFile}, clock: set.certificates.now,
		wake: make(chan struct{}, 1), hand: make(chan struct{}, 1),
	}
}

// run asks for a new certificate when it is time, until ctx ends.
func (r *renewer) run(ctx context.Context) {
	for byHand := false; ; {
		wait, err := r.look(byHand)
		if err != nil {
			r.log.Warn("cannot renew the certificate", "error", err)
			wait = time.Minute
		}
		t := time.NewTimer(min(wait, renewalLook))
		byHand = false
		select {
		case <-t.C:
		case <-r.wake:
		case <-r.hand:
			byHand = true
		case <-ctx.Done():
			t.Stop()
			return
		}
		t.Stop()
	}
}

// dueOf is when two thirds of a certificate's life have passed.
func dueOf(c *x509.Certificate) time.Time {
	return c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore) / 3 * 2)
}

// look asks where that is due, and says when to look again.
func (r *renewer) look(byHand bool) (wait time.Duration, err error) {
	leaf, err := r.files.Leaf()
	if err != nil {
		return 0, err
	}
	now := r.clock()
	r.mu.Lock()
	connected := r.connected
	r.mu.Unlock()
	switch {
	case r.files.HasNext() || !connected: // connecting comes first, and wakes
		return renewalLook, nil
	case now.Before(dueOf(leaf)) && !byHand && !r.isAsked(leaf):
		return dueOf(leaf).Sub(now), nil
	}
	return r.ask(leaf, now, byHand)
}

// isAsked reports whether there is an open request to renew a certificate.
func (r *renewer) isAsked(leaf *x509.Certificate) bool {
	pending, err := r.files.Begun(leaf)
	return err == nil && pending != nil && r.asked().Key == pending.KeyHash()
}

// ask puts a request in the outbox, for the first time or once more.
func (r *renewer) ask(leaf *x509.Certificate, now time.Time, byHand bool) (wait time.Duration, err error) {
	pending, err := r.files.Pending(leaf)
	if err != nil {
		return 0, err
	}
	pause := max(min(leaf.NotAfter.Sub(now)/8, repeatMax), repeatMin)
	err = r.store.Update(func(tx *store.Tx) error {
		wait = pause
		asked := readAsked(tx)
		if passed := tx.Now().Wall.Sub(asked.LastAt.Wall); !byHand && passed >= 0 && passed < pause {
			wait = pause - passed
			return nil
		}
		if asked.Key != pending.KeyHash() {
			asked = askedRenewal{ID: newID(), Key: pending.KeyHash(), AskedAt: tx.Now(), Failure: asked.Failure, Failures: asked.Failures}
		}
		asked.LastAt = tx.Now()
		asked.Asked++
		if _, err := tx.Emit(store.StreamRequests, RenewalType, RenewalRequest{asked.ID, leaf.NotAfter.UTC(), pending.CSR}); err != nil {
			return err
		}
		return asked.put(tx)
	})
	return wait, err
}

func readAsked(tx *store.Tx) (a askedRenewal) {
	_ = json.Unmarshal(tx.Cursor(renewalCursor), &a) // unset at first
	return a
}

func (a askedRenewal) put(tx *store.Tx) error {
	kept, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return tx.SetCursor(renewalCursor, kept)
}

func (r *renewer) asked() (a askedRenewal) {
	_ = r.store.View(func(tx *store.Tx) error { // what cannot be read was not asked
		a = readAsked(tx)
		return nil
	})
	return a
}

// take keeps a new certificate; fresh: there is one to be tried. An error says
// that it could not be written, and that the answer is to come again.
func (r *renewer) take(payload []byte) (fresh bool, err error) {
	var a renewalAnswer
	d := json.NewDecoder(bytes.NewReader(payload))
	if len(payload) > maxRenewalAnswer || d.Decode(&a) != nil {
		r.log.Warn("an answer to a renewal cannot be read", "bytes", len(payload))
		return false, nil
	}
	asked := r.asked()
	if a.Request == "" || a.Request != asked.ID || r.files.HasNext() {
		r.log.Info("an answer to a renewal that is not open any more was dropped")
		return false, nil
	}
	leaf, err := r.files.Leaf()
	if err != nil {
		return false, err
	}
	why := ""
	switch a.Result {
	case "issued":
		if err := r.files.Take(leaf, a.Certificate, a.Time); err != nil {
			why = err.Error()
		}
	case "refused":
		why = "the backend has refused: " + a.Reason
	default:
		why = "the backend's answer is neither issued nor refused"
	}
	if why != "" {
		return false, r.fail(why)
	}
	return true, nil
}

// fail records that nothing came of a renewal, and tells it once for each reason.
func (r *renewer) fail(why string) error {
	why = oneLine(why)
	r.log.Warn("the certificate was not renewed", "reason", why)
	return r.store.Update(func(tx *store.Tx) error {
		asked := readAsked(tx)
		told := asked.Failure == why
		asked.Failure = why
		asked.Failures++
		if err := asked.put(tx); err != nil || told {
			return err
		}
		return tx.Log(store.Entry{Kind: "uplink.renewal", Subject: "terminal", Severity: store.Warning,
			Text: "El certificado de este terminal no se pudo renovar: " + why + ". Se intenta de nuevo."})
	})
}

// choose is which credentials the next connection is tried with: where there are
// new ones, they and those in force take turns, the new ones first.
func (r *renewer) choose() (path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trying = r.files.HasNext() && !r.trying
	if r.trying {
		return r.files.Next()
	}
	return r.files.Path
}

// settle says how a try to connect went; nil: it is connected.
func (r *renewer) settle(err error) {
	if r == nil {
		return
	}
	r.mu.Lock()
	trying, before := r.trying, r.failed
	if r.connected = err == nil; trying && err != nil {
		r.failed = err.Error()
	}
	r.mu.Unlock()
	switch {
	case err != nil:
	case trying:
		r.promote()
	case before != "" && r.files.HasNext():
		r.giveUp(before)
	}
	signal(r.wake)
}

func (r *renewer) promote() {
	if err := r.files.Promote(); err != nil {
		r.log.Error("cannot put the renewed certificate in force", "error", err)
		return
	}
	leaf, err := r.files.Leaf()
	if err == nil {
		err = r.store.Update(func(tx *store.Tx) error {
			if err := tx.SetCursor(renewalCursor, nil); err != nil {
				return err
			}
			return tx.Log(store.Entry{Kind: "uplink.renewal", Subject: "terminal", Severity: store.Info,
				Text: "Certificado de este terminal renovado: vale hasta el " + leaf.NotAfter.UTC().Format(time.DateOnly)})
		})
	}
	r.mu.Lock()
	r.trying, r.failed = false, ""
	r.mu.Unlock()
	if err != nil {
		r.log.Warn("cannot tell that the certificate was renewed", "error", err)
	}
}

// giveUp forgets new credentials that the broker does not take, where it has
// just taken the old ones.
func (r *renewer) giveUp(why string) {
	err := r.files.Discard()
	if err == nil {
		err = r.fail("the broker takes the old certificate and not the new one: " + why)
	}
	r.mu.Lock()
	r.failed = ""
	r.mu.Unlock()
	if err != nil {
		r.log.Error("cannot go back to the certificate before", "error", err)
	}
}

// status is nil where nothing is renewed.
func (r *renewer) status() *Renewal {
	if r == nil {
		return nil
	}
	leaf, err := r.files.Leaf()
	if err != nil {
		return &Renewal{Failure: err.Error()}
	}
	asked := r.asked()
	return &Renewal{
		Until: leaf.NotAfter.UTC(), Due: dueOf(leaf).UTC(), AskedAt: asked.AskedAt.Wall, Asked: asked.Asked,
		Trying: r.files.HasNext(), Failure: asked.Failure, Failures: asked.Failures,
	}
}

// notice is what people should know of it, "" for nothing.
func (r *renewer) notice() string {
	s := r.status()
	switch {
	case s == nil:
	case s.Failure != "":
		return "this terminal's certificate was not renewed: " + s.Failure
	case s.Asked > 2:
		return fmt.Sprintf("this terminal's certificate is to be renewed since %s, and the backend has not answered", s.AskedAt.UTC().Format(time.DateOnly))
	}
	return ""
}

// ErrNoRenewal: the terminal has no certificate that is renewed by itself.
var ErrNoRenewal = fmt.Errorf("this terminal's certificate is not one that it renews ([uplink] renew)")

// Renew asks for a new certificate now, whatever is left of the old one. It returns
// how the renewal stood before.
func (u *Uplink) Renew() (*Renewal, error) {
	if u.set.renewer == nil {
		return nil, ErrNoRenewal
	}
	before := u.set.renewer.status()
	signal(u.set.renewer.hand)
	return before, nil
}

// oneLine keeps words of others out of the lines of a log, and short.
func oneLine(s string) string {
	clean := []rune{}
	for _, c := range s {
		if c < ' ' || c == 0x7f {
			c = ' '
		}
		if clean = append(clean, c); len(clean) == 300 {
			break
		}
	}
	return string(clean)
}
