package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mostrador/store"
)

// recheck bounds how long Run sleeps while an order is held: timers follow the
// monotonic clock, and the wall clock may be set meanwhile.
const recheck = 30 * time.Second

// reached reports whether a time of the wall clock has come. A synchronised
// clock decides by itself. Otherwise, where the order came in this same boot
// while the clock was synchronised, the time since then is measured by the
// monotonic clock, so that a clock that was set back keeps nothing waiting.
// Else the wall clock is all there is.
func reached(at time.Time, received, now store.Moment) bool {
	if !now.Synced && received.Synced && received.Boot == now.Boot && now.Boot != "" {
		return !received.Wall.Add(now.Uptime - received.Uptime).Before(at)
	}
	return !now.Wall.Before(at)
}

// Run releases scheduled orders when their time has come, and follows up what
// channels were asked, until ctx ends. It finds both in the store, so a restart
// forgets none; those that came due meanwhile are released at once, the
// earliest first.
func (in *Intake) Run(ctx context.Context) error {
	changed, stop := in.store.Watch(store.TopicOrders)
	defer stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-timer.C:
		}
		wait, err := in.releaseDue(ctx)
		if err != nil {
			return err
		}
		ask, err := in.followUp(ctx)
		if err != nil {
			return err
		}
		if wait == 0 || ask > 0 && ask < wait {
			wait = ask
		}
		if wait > 0 {
			timer.Reset(wait)
		} else {
			timer.Stop()
		}
	}
}

// releaseDue releases what is due, and says how long to wait for the next: 0
// for no order at all.
func (in *Intake) releaseDue(ctx context.Context) (wait time.Duration, err error) {
	var due []uint64
	var faults []error
	err = in.store.View(func(tx *store.Tx) error {
		due, wait, faults = nil, 0, nil
		for o, err := range tx.HeldOrders() {
			if err != nil { // one that cannot be read stops no other
				faults = append(faults, err)
				continue
			}
			if o.Status == store.Received {
				continue // until somebody accepts it
			}
			if reached(o.HeldUntil, o.ReceivedAt, tx.Now()) {
				due = append(due, o.Seq)
				continue
			}
			if left := o.HeldUntil.Sub(tx.Now().Wall); wait == 0 || left < wait {
				wait = min(max(left, time.Second), recheck)
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("look for scheduled orders: %w", err)
	}
	for _, seq := range due {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err := in.releaseOne(seq); err != nil {
			faults = append(faults, err)
		}
	}
	return wait, errors.Join(faults...)
}

// releaseOne releases an order unless that has changed since it was found.
func (in *Intake) releaseOne(seq uint64) error {
	_, err := in.store.UpdateVital(func(tx *store.Tx) error {
		o, err := tx.Order(seq)
		if err != nil {
			return fmt.Errorf("order %d: %w", seq, err)
		}
		if o.HeldUntil.IsZero() || o.Status == store.Received || !reached(o.HeldUntil, o.ReceivedAt, tx.Now()) {
			return nil
		}
		return in.release(tx, o, "es la hora", in.dueSince(o, tx.Now()))
	})
	return err
}
