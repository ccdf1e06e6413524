package store

import (
	"sync"
	"time"
)

// syncedFor is how long an answer to "is the wall clock synchronised" is good.
const syncedFor = 5 * time.Second

// A Clock tells moments. It is safe for use by many.
type Clock struct {
	boot   string
	origin time.Time     // with Go's monotonic reading
	uptime time.Duration // at origin

	mu      sync.Mutex
	floor   time.Time // the latest wall time told
	synced  bool
	askedAt time.Time
}

// NewClock reads which boot this is and how long ago it was. On Linux the boot
// is the kernel's own id and uptime counts suspension before this call, not
// after it. Elsewhere a boot is one process: its id is random, and uptime counts
// from here.
func NewClock() *Clock {
	boot, uptime := bootOf()
	return &Clock{boot: boot, uptime: uptime, origin: time.Now()}
}

// Now is the present moment. Its wall time never lies before one that this
// clock has told, nor before the records of the store it belongs to.
func (c *Clock) Now() Moment {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.askedAt.IsZero() || now.Sub(c.askedAt) >= syncedFor {
		c.synced, c.askedAt = synchronised(), now
	}
	if wall := now.Round(0).UTC(); wall.After(c.floor) {
		c.floor = wall
	}
	return Moment{Wall: c.floor, Boot: c.boot, Uptime: c.uptime + now.Sub(c.origin), Synced: c.synced}
}

// notBefore raises the floor of the wall time.
func (c *Clock) notBefore(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.floor) {
		c.floor = t.Round(0).UTC()
	}
}
