package uplink

import (
	"fmt"
	"slices"
	"time"

	"mostrador/store"
)

// Status is how the line stands, for people and programs.
type Status struct {
	Broker    string `json:"broker"`
	ClientID  string `json:"client_id"`
	Connected bool   `json:"connected"`
	// Since is when it connected or lost the connection, zero before the first.
	Since time.Time `json:"since,omitzero"`
	// Session counts the connections that were tried since the start; Resumed:
	// the broker had kept the MQTT session.
	Session uint64 `json:"session"`
	Resumed bool   `json:"resumed"`
	// Waiting are the streams with events that are not acknowledged yet.
	Waiting []Waiting `json:"waiting"`
	// LastAcked is when the broker last acknowledged an event, LastTaken when
	// something from the cloud was last taken; zero: not since the start.
	LastAcked time.Time `json:"last_acked,omitzero"`
	LastTaken time.Time `json:"last_taken,omitzero"`
	// LastError is why the last connection failed or ended and Advice what a
	// person can do about it; they stay until the next failure.
	LastError   string    `json:"last_error,omitempty"`
	Advice      string    `json:"advice,omitempty"`
	LastErrorAt time.Time `json:"last_error_at,omitzero"`
	// NextTry is when the next connection is tried, zero when connected.
	NextTry time.Time `json:"next_try,omitzero"`
	// Notices are what needs looking after: certificates that end within 30
	// days, topics that the broker does not grant.
	Notices []string `json:"notices,omitempty"`
	// AcknowledgedBy is broker or backend. Rejected counts what the backend has
	// refused since the start; Replays are what still goes up once more.
	AcknowledgedBy string                  `json:"acknowledged_by"`
	Rejected       map[store.Stream]uint64 `json:"rejected,omitempty"`
	Replays        []Again                 `json:"replays,omitempty"`
	// Withheld are events that are larger than max_payload and stay here.
	Withheld []store.Aside `json:"withheld,omitempty"`
	// ServerClock is the backend's clock beside the terminal's.
	ServerClock *ServerClock `json:"server_clock,omitempty"`
	// Renewal is how the renewal of the terminal's certificate stands, nil where
	// it is not renewed.
	Renewal *Renewal `json:"renewal,omitempty"`
	// StoreError is why Waiting could not be read.
	StoreError string `json:"store_error,omitempty"`
}

// Again is what of a stream is still to be sent once more.
type Again struct {
	Stream store.Stream `json:"stream"`
	Left   uint64       `json:"left"`
}

// standing is the part of Status that sessions write.
type standing struct {
	connected bool
	resumed   bool
	since     time.Time
	session   uint64
	taken     time.Time
	errAt     time.Time
	what      string // err in words
	advice    string
	nextTry   time.Time
	refused   []string // topics that the broker does not grant
}

// Status may be called at any time, also when Run does not run.
func (u *Uplink) Status() Status {
	u.mu.Lock()
	at := u.at
	u.mu.Unlock()
	s := Status{
		Broker: u.set.Broker, ClientID: u.set.clientID(),
		Connected: at.connected, Since: at.since, Session: at.session, Resumed: at.resumed,
		LastAcked: u.marks.last(), LastTaken: at.taken,
		LastError: at.what, Advice: at.advice, LastErrorAt: at.errAt, NextTry: at.nextTry,
		AcknowledgedBy: "broker", Rejected: u.settler.counts(), Withheld: u.asides.list(), ServerClock: u.settler.clock.now(),
	}
	for _, c := range u.set.certificates.ending(u.set.certificates.now()) {
		s.Notices = append(s.Notices, c.notice(u.set.certificates.now()))
	}
	if s.Renewal = u.set.renewer.status(); s.Renewal != nil {
		if n := u.set.renewer.notice(); n != "" {
			s.Notices = append(slices.Clip(s.Notices), n)
		}
	}
	if u.set.byBackend() {
		s.AcknowledgedBy = "backend"
	}
	for _, p := range u.replays.list() {
		s.Replays = append(s.Replays, Again{p.Stream, p.Through - p.Next + 1})
	}
	for _, topic := range at.refused {
		s.Notices = append(s.Notices, "the broker does not let this terminal subscribe to "+topic+": what is sent there does not arrive")
	}
	var err error
	if s.Waiting, err = u.waiting(); err != nil {
		s.StoreError = err.Error()
	}
	return s
}

// waiting asks the store for what each stream still has to send.
func (u *Uplink) waiting() ([]Waiting, error) {
	out := []Waiting{}
	err := u.store.ViewDurable(func(tx *store.Tx) error {
		out = out[:0]
		for _, s := range store.Streams() {
			sent, last := max(tx.Sent(s), u.marks.of(s)), tx.Last(s)
			if last <= sent {
				continue
			}
			w := Waiting{Stream: s, Count: last - sent}
			for e, err := range tx.Unsent(s, sent) {
				if err != nil {
					return err
				}
				w.Oldest = e.Time.UTC()
				break
			}
			out = append(out, w)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what waits: %w", err)
	}
	return out, nil
}

func (u *Uplink) connecting(number uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.at.session, u.at.nextTry = number, time.Time{}
}

func (u *Uplink) connected(resumed bool) {
	u.mu.Lock()
	u.at.connected, u.at.resumed, u.at.since = true, resumed, time.Now()
	session := u.at.session
	u.mu.Unlock()
	u.log.Info("connected to the broker", "broker", u.set.Broker, "session", session, "resumed", resumed)
}

// refuses notes the topics that the broker does not grant. The same ones over
// and over are no news.
func (u *Uplink) refuses(topics []string) {
	u.mu.Lock()
	same := slices.Equal(u.at.refused, topics)
	u.at.refused = topics
	u.mu.Unlock()
	if !same && len(topics) > 0 {
		u.log.Warn("the broker does not grant all subscriptions", "refused", topics)
	}
}

// ended records why a connection, or the try of one, came to its end, and when
// the next is tried. Of the same failure over and over only the first is news.
func (u *Uplink) ended(err error, wait time.Duration) {
	now := time.Now()
	u.mu.Lock()
	was := u.at
	if was.connected {
		u.at.connected, u.at.since = false, now
	}
	u.at.nextTry = time.Time{}
	if err != nil {
		u.at.what, u.at.advice = explain(err, u.set, now)
		u.at.errAt, u.at.nextTry = now, now.Add(wait)
	}
	at := u.at
	u.mu.Unlock()
	switch {
	case err == nil:
	case isPlanned(err):
		u.log.Info("connection to the broker closed", "reason", err)
	case was.connected || was.what != at.what:
		u.log.Warn("no connection to the broker", "broker", u.set.Broker, "reason", at.what, "advice", at.advice,
			"error", err, "next", wait.Round(time.Millisecond))
	}
}

func (u *Uplink) took() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.at.taken = time.Now()
}
