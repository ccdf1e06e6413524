package fleet

import (
	"slices"
	"sync"
	"time"
)

// A Report says how a simulation stands or what came of it.
type Report struct {
	Terminals int `json:"terminals"`
	// Connected now, and the fewest that were at once since all had connected
	// for the first time (looked at every five seconds).
	Connected int `json:"connected"`
	Fewest    int `json:"fewest"`
	// Connections that were tried, by all terminals together.
	Connections int `json:"connections"`
	// ConnectSeconds is how long it took until all were connected.
	ConnectSeconds float64 `json:"connect_seconds"`
	// Complaint is what keeps a terminal away that is not connected, in its own
	// words; empty when none complains.
	Complaint string `json:"complaint,omitempty"`

	Emitted int `json:"emitted"`
	// Arrived at the subscriber, each counted once; Twice are repetitions, Late
	// those whose first delivery came after that of a later event of its series.
	Arrived int `json:"arrived"`
	Twice   int `json:"twice"`
	Late    int `json:"late"`
	// Waiting are not acknowledged by the broker yet, and safe on their
	// terminals. Underway are acknowledged and have not arrived: at the end of a
	// simulation, they are lost.
	Waiting  int `json:"waiting"`
	Underway int `json:"underway"`
	// Failed could not be committed to a terminal's store.
	Failed int `json:"failed"`

	// Seconds of emitting so far, and Rate of what arrived within them, a second.
	Seconds float64 `json:"seconds"`
	Rate    float64 `json:"rate"`
	// From the moment an event was due until it arrived, milliseconds.
	P50  float64 `json:"p50_ms"`
	P90  float64 `json:"p90_ms"`
	P99  float64 `json:"p99_ms"`
	P999 float64 `json:"p999_ms"`
	Max  float64 `json:"max_ms"`
}

// A ledger is what is counted while a fleet runs.
type ledger struct {
	mu          sync.Mutex
	latencies   []time.Duration
	twice, late int
	failures    int
	connectTook time.Duration
	isReady     bool
	fewest      int
	begin       time.Time
	duration    time.Duration
	inTime      int // arrived while others were emitted
}

func (l *ledger) ready(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.connectTook, l.isReady, l.fewest = took, true, -1
}

func (l *ledger) seen(connected int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isReady && (l.fewest < 0 || connected < l.fewest) {
		l.fewest = connected
	}
}

func (l *ledger) emitting(begin time.Time, duration time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begin, l.duration = begin, duration
}

func (l *ledger) failed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures++
}

func (l *ledger) arrived(latency time.Duration, first, inOrder bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !first {
		l.twice++
		return
	}
	if !inOrder {
		l.late++
	}
	l.latencies = append(l.latencies, latency)
	if time.Since(l.begin) <= l.duration {
		l.inTime++
	}
}

func (f *fleet) report() Report {
	r := Report{Terminals: f.set.Terminals}
	// What has arrived is counted first, so that nothing seems to arrive that was
	// not emitted.
	f.ledger.into(&r)
	for _, t := range f.terminals {
		t.count(&r)
	}
	if r.Fewest < 0 || r.Fewest > r.Connected {
		r.Fewest = r.Connected
	}
	return r
}

func (l *ledger) into(r *Report) {
	l.mu.Lock()
	all := slices.Clone(l.latencies)
	r.Twice, r.Late, r.Failed, r.Fewest = l.twice, l.late, l.failures, l.fewest
	r.ConnectSeconds = l.connectTook.Seconds()
	if !l.begin.IsZero() {
		r.Seconds = min(time.Since(l.begin), l.duration).Seconds()
		r.Rate = float64(l.inTime) / max(r.Seconds, 1e-3)
	}
	l.mu.Unlock()
	r.Arrived = len(all)
	slices.Sort(all)
	r.P50, r.P90, r.P99, r.P999 = quantile(all, 0.5), quantile(all, 0.9), quantile(all, 0.99), quantile(all, 0.999)
	r.Max = quantile(all, 1)
}

// quantile of sorted durations, in milliseconds; 0 of none.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := min(int(q*float64(len(sorted))), len(sorted)-1)
	return float64(sorted[at].Microseconds()) / 1000
}
