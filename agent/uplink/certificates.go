package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	"mostrador/store"
)

const (
	// expirySoon is how long before its end a certificate is a matter for people.
	expirySoon = 30 * 24 * time.Hour
	// expiryLook is how often that is looked at, beside each connection.
	expiryLook = 6 * time.Hour
	// expiryCursor is where it is kept what was told.
	expiryCursor = "uplink.certificates"
)

// Certificate is one that the line rests on.
type Certificate struct {
	// Whose it is: terminal, broker or authority (of the broker's).
	Whose   string    `json:"whose"`
	Subject string    `json:"subject"`
	Until   time.Time `json:"until"` // it is valid until then
	// soon is how long before its end it is a matter for people.
	soon time.Duration
}

// certificates are those of the latest connection, and when they end.
type certificates struct {
	store *store.Store
	log   *slog.Logger
	fresh chan struct{} // there was a connection
	// renews: the terminal's own is renewed by itself.
	renews bool

	mu    sync.Mutex
	known map[string]Certificate // by Whose
	own   *x509.Certificate      // the terminal's
}

func newCertificates(st *store.Store, log *slog.Logger) *certificates {
	return &certificates{store: st, log: log, fresh: make(chan struct{}, 1), known: map[string]Certificate{}}
}

// now is the time by which certificates are judged: the wall clock when it is
// synchronised, else one that never lies before what the store has recorded. A
// terminal without a battery for its clock connects with it after a power cut,
// and can get the right time then.
func (c *certificates) now() time.Time {
	if m := c.store.Clock().Now(); !m.Synced {
		return m.Wall
	}
	return time.Now()
}

// watch has a TLS configuration judge by now and note what it meets.
func (c *certificates) watch(conf *tls.Config) {
	conf.Time = c.now
	var own *x509.Certificate
	if len(conf.Certificates) > 0 {
		own = conf.Certificates[0].Leaf
	}
	c.mu.Lock()
	c.own = own
	delete(c.known, "terminal")
	c.note("terminal", own)
	c.mu.Unlock()
	signal(c.fresh)
	conf.VerifyConnection = func(state tls.ConnectionState) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(state.VerifiedChains) == 0 {
			return nil
		}
		chain := state.VerifiedChains[0]
		c.note("broker", chain[0])
		delete(c.known, "authority")
		for _, above := range chain[1:] { // the one that ends first
			if have, ok := c.known["authority"]; !ok || above.NotAfter.Before(have.Until) {
				c.note("authority", above)
			}
		}
		signal(c.fresh)
		return nil
	}
}

// note keeps a certificate; under mu.
func (c *certificates) note(whose string, cert *x509.Certificate) {
	if cert == nil {
		return
	}
	k := Certificate{whose, cert.Subject.String(), cert.NotAfter.UTC(), expirySoon}
	if whose == "terminal" && c.renews { // which had a sixth of its life to be renewed in by then
		k.soon = min(expirySoon, cert.NotAfter.Sub(cert.NotBefore)/6)
	}
	c.known[whose] = k
}

// leaf is the terminal's own, nil for none.
func (c *certificates) leaf() *x509.Certificate {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.own
}

// ending are those that end soon, or have ended.
func (c *certificates) ending(now time.Time) (out []Certificate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, whose := range []string{"terminal", "broker", "authority"} {
		if k, ok := c.known[whose]; ok && k.Until.Sub(now) < k.soon {
			out = append(out, k)
		}
	}
	return out
}

// run tells of certificates that end soon until ctx ends.
func (c *certificates) run(ctx context.Context) {
	look := time.NewTicker(expiryLook)
	defer look.Stop()
	for {
		select {
		case <-look.C:
		case <-c.fresh:
		case <-ctx.Done():
			return
		}
		c.tell(c.now())
	}
}

// tell enters in the transaction log what ends soon: at 30 days, and again at
// 14, 7, 3, 1 and 0.
func (c *certificates) tell(now time.Time) {
	for _, k := range c.ending(now) {
		stage := stageOf(k.Until.Sub(now))
		name := k.Whose + " " + k.Subject + " " + k.Until.Format(time.RFC3339)
		if err := c.store.Update(func(tx *store.Tx) error {
			told := map[string]int{}
			_ = json.Unmarshal(tx.Cursor(expiryCursor), &told) // unset at first
			if before, ok := told[name]; ok && before <= stage {
				return nil
			}
			maps.DeleteFunc(told, func(other string, _ int) bool { return strings.HasPrefix(other, k.Whose+" ") })
			told[name] = stage
			kept, err := json.Marshal(told)
			if err != nil {
				return err
			}
			if err := tx.SetCursor(expiryCursor, kept); err != nil {
				return err
			}
			severity := store.Warning
			if stage <= 7 {
				severity = store.Alarm
			}
			return tx.Log(store.Entry{Kind: "uplink.certificate", Subject: k.Whose, Severity: severity, Text: k.words(now)})
		}); err != nil {
			c.log.Warn("cannot tell that a certificate ends soon", "whose", k.Whose, "until", k.Until, "error", err)
		}
	}
}

// stageOf is the lowest of the stages that the time left has reached, in days.
func stageOf(left time.Duration) int {
	for _, days := range []int{0, 1, 3, 7, 14} {
		if left <= time.Duration(days)*24*time.Hour {
			return days
		}
	}
	return 30
}

// words are for staff.
func (k Certificate) words(now time.Time) string {
	whose := map[string]string{
		"terminal": "El certificado de este terminal", "broker": "El certificado del corredor", "authority": "El certificado de la autoridad del corredor",
	}[k.Whose]
	day := k.Until.Format(time.DateOnly)
	if !now.Before(k.Until) {
		return fmt.Sprintf("%s venció el %s: hay que renovarlo.", whose, day)
	}
	return fmt.Sprintf("%s vence el %s, en %d días: hay que renovarlo.", whose, day, int(k.Until.Sub(now)/(24*time.Hour)))
}

// notice is the same for Status.
func (k Certificate) notice(now time.Time) string {
	whose := map[string]string{"terminal": "this terminal's certificate", "broker": "the broker's certificate", "authority": "the certificate of the broker's authority"}[k.Whose]
	if !now.Before(k.Until) {
		return fmt.Sprintf("%s (%s) has ended on %s: renew it", whose, k.Subject, k.Until.Format(time.DateOnly))
	}
	return fmt.Sprintf("%s (%s) ends on %s, in %d days: renew it", whose, k.Subject, k.Until.Format(time.DateOnly), int(k.Until.Sub(now)/(24*time.Hour)))
}
