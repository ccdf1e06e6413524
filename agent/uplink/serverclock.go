package uplink

import (
	"fmt"
	"sync"
	"time"

	"mostrador/store"
)

// ServerClock is the backend's clock beside the terminal's: At the moment At
// (of the same boot as everything with its boot id) the backend's clock said
// Time, give or take Within. From it a backend, or a person, corrects every
// moment of that boot: true time = Time + (its uptime − At's uptime).
type ServerClock struct {
	Time   time.Time     `json:"time"`
	At     store.Moment  `json:"at"`
	Within time.Duration `json:"within_ns"`
}

// Offset is by how much the terminal's wall clock is ahead of the backend's.
func (c ServerClock) Offset() time.Duration { return c.At.Wall.Sub(c.Time) }

const (
	// clockBest is how long a good comparison is kept before a worse one may
	// replace it: clocks drift.
	clockBest = time.Hour
	// clockUseful is the most that a comparison may be unsure: an answer that
	// waited at the broker says nothing.
	clockUseful = 30 * time.Second
	// clockWrong is from when on people are told.
	clockWrong = time.Minute
)

// A serverClock compares the clocks. The backend answers an event after it was
// published and before the answer comes: its clock's time lies between the two.
type serverClock struct {
	store *store.Store

	mu     sync.Mutex
	probes map[store.Stream]probe
	best   ServerClock
	told   bool // that the terminal's clock is wrong
}

// A probe is an event whose acknowledgement is awaited.
type probe struct {
	epoch    string
	sequence uint64
	at       store.Moment
}

func newServerClock(st *store.Store) *serverClock {
	return &serverClock{store: st, probes: map[store.Stream]probe{}}
}

// published notes an event unless one of its stream is awaited already.
func (c *serverClock) published(stream store.Stream, epoch string, sequence uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, waits := c.probes[stream]; !waits {
		c.probes[stream] = probe{epoch, sequence, c.store.Clock().Now()}
	}
}

// forget drops the probes of a connection that has ended.
func (c *serverClock) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.probes)
}

// heard compares when an acknowledgement answers a probe.
func (c *serverClock) heard(a ack) {
	now := c.store.Clock().Now()
	c.mu.Lock()
	p, waits := c.probes[a.Stream]
	if !waits || p.epoch != a.Epoch || a.Through < p.sequence || a.Time.IsZero() {
		c.mu.Unlock()
		return
	}
	delete(c.probes, a.Stream)
	took := now.Uptime - p.at.Uptime
	found := ServerClock{Time: a.Time.Add(took / 2).UTC(), At: now, Within: took / 2}
	if found.Within > clockUseful || found.Within > c.best.Within && !c.best.Time.IsZero() && now.Uptime-c.best.At.Uptime < clockBest {
		c.mu.Unlock()
		return
	}
	c.best = found
	wrong := found.Offset().Abs() > clockWrong+found.Within && !c.told
	c.told = c.told || wrong
	c.mu.Unlock()
	if wrong {
		c.tell(found)
	}
}

// now is the latest good comparison, nil for none.
func (c *serverClock) now() *ServerClock {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.best.Time.IsZero() {
		return nil
	}
	found := c.best
	return &found
}

// tell says once in a process that the clock is wrong. It is no more than a
// word: a store that does not take it has worse to tell.
func (c *serverClock) tell(found ServerClock) {
	way, by := "adelantado", found.Offset().Round(time.Second)
	if by < 0 {
		way, by = "atrasado", -by
	}
	_ = c.store.Update(func(tx *store.Tx) error {
		return tx.Log(store.Entry{
			Kind: "clock.wrong", Severity: store.Warning,
			Text: fmt.Sprintf("El reloj del terminal va %s %v respecto del sistema central. Revise la hora y la sincronización (NTP).", way, by),
		})
	})
}
