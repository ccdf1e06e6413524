package store

import "time"

// A Moment is when something happened, as far as a terminal can know: its wall
// clock may be wrong after a boot, so the time since that boot stands beside it.
type Moment struct {
	// Wall is the wall clock's time, UTC. It never lies before an earlier
	// moment of the same store.
	Wall time.Time `json:"wall"`
	// Boot identifies the boot that Uptime counts from.
	Boot string `json:"boot"`
	// Uptime is the time since that boot, by the monotonic clock.
	Uptime time.Duration `json:"uptime_ns"`
	// Synced: the wall clock was synchronised (NTP) when it was read.
	Synced bool `json:"synced"`
}

// IsZero reports whether the moment was never set.
func (m Moment) IsZero() bool { return m.Boot == "" && m.Wall.IsZero() }

// Since returns how long m lies behind now, and whether that is certain: both
// in the same boot, or both by a synchronised wall clock.
func (m Moment) Since(now Moment) (age time.Duration, certain bool) {
	if m.Boot == now.Boot && m.Boot != "" {
		return now.Uptime - m.Uptime, true
	}
	return now.Wall.Sub(m.Wall), m.Synced && now.Synced
}
