package uplink

import (
	"context"
	"time"

	"mostrador/store"
)

const (
	sweepEvery = time.Hour   // at most
	sweepFirst = time.Minute // after the start, when the busy time is over
	sweepBatch = 1000        // events in one transaction
	sweepPause = 50 * time.Millisecond
)

// sweepAfter is how long after a sweep the next one is due: what is kept for a
// short time, or for none, goes soon after it.
func sweepAfter(keep time.Duration) time.Duration {
	return min(max(keep/4, sweepFirst), sweepEvery)
}

// sweep drops what was acknowledged long enough ago, and everything that was
// acknowledged when the store is full: what was sent goes first.
func (u *Uplink) sweep(ctx context.Context) {
	health, stop := u.store.Watch(store.TopicHealth)
	defer stop()
	due := time.NewTimer(sweepFirst)
	defer due.Stop()
	for {
		keep := u.set.KeepSent
		select {
		case <-due.C:
			due.Reset(sweepAfter(keep))
		case <-health:
			if !u.store.Health().Full {
				continue
			}
			u.marks.flush()
			keep = 0
		case <-ctx.Done():
			return
		}
		u.sweepAll(ctx, keep)
	}
}

// sweepAll goes on, with pauses for the others, until nothing is left to drop.
func (u *Uplink) sweepAll(ctx context.Context, keep time.Duration) {
	total := 0
	for ctx.Err() == nil {
		n, err := u.store.Sweep(u.store.Clock().Now(), keep, sweepBatch)
		if err != nil {
			u.log.Error("cannot drop old events; trying again later", "error", err)
			return
		}
		total += n
		if n == 0 {
			break
		}
		sleep(ctx, sweepPause)
	}
	if total > 0 {
		u.log.Info("dropped old records from the store", "count", total)
	}
}
