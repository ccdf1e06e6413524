package order

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"mostrador/store"
)

// MaxUnacknowledged is how many payloads may be held in memory without their
// source being acknowledged; at that number the oldest is, loudly. Brokers
// stall not far above (mosquitto at 20).
const MaxUnacknowledged = 16

// Acks acknowledges sources when what they sent is safe: at once where it is
// on disk; and where the store had to hold it in memory, once it has been
// written after all, or once all papers of the order are proven.
type Acks struct {
	store *store.Store
	log   *slog.Logger
	wake  chan struct{}

	mu   sync.Mutex
	held []*heldAck // oldest first
}

// A heldAck is an order, or something without papers (order 0), whose source
// waits. A source that sends an order again waits for the same thing.
type heldAck struct {
	order uint64
	acks  []func() error
}

// NewAcks returns an Acks with nothing to acknowledge.
func NewAcks(st *store.Store, log *slog.Logger) *Acks {
	return &Acks{store: st, log: log, wake: make(chan struct{}, 1)}
}

// Settle calls ack exactly once: now, or when Run finds it safe. Where the
// process ends before, it is not called, and the source sends again.
func (a *Acks) Settle(t Taken, ack func() error) {
	if t.Durable {
		a.acknowledge(ack)
		return
	}
	a.mu.Lock()
	a.hold(t.Order, ack)
	var oldest *heldAck
	if len(a.held) >= MaxUnacknowledged {
		oldest, a.held = a.held[0], slices.Clone(a.held[1:])
	}
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
	if oldest != nil {
		a.forced(oldest)
	}
}

// hold is called with a.mu held.
func (a *Acks) hold(order uint64, ack func() error) {
	for i, h := range a.held {
		if order != 0 && h.order == order {
			// A copy, as sweep may be looking at the old one.
			a.held[i] = &heldAck{order, append(slices.Clone(h.acks), ack)}
			return
		}
	}
	a.held = append(a.held, &heldAck{order, []func() error{ack}})
}

// Held is how many orders wait for their source to be acknowledged.
func (a *Acks) Held() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.held)
}

// Run acknowledges what has become safe until ctx ends.
func (a *Acks) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.wake:
		}
		if err := a.settleHeld(ctx); err != nil {
			return err
		}
	}
}

// settleHeld follows the store until nothing is held any more.
func (a *Acks) settleHeld(ctx context.Context) error {
	jobs, stopJobs := a.store.Watch(store.TopicJobs)
	defer stopJobs()
	health, stopHealth := a.store.Watch(store.TopicHealth)
	defer stopHealth()
	for {
		if err := a.sweep(); err != nil {
			return err
		}
		if a.Held() == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-jobs:
		case <-health:
		case <-a.wake:
		}
	}
}

// sweep acknowledges what is safe now.
func (a *Acks) sweep() error {
	a.mu.Lock()
	held := slices.Clone(a.held)
	a.mu.Unlock()
	recovered := !a.store.Health().InMemory
	safe := map[*heldAck]bool{}
	err := a.store.View(func(tx *store.Tx) error {
		for _, h := range held {
			proven, err := papersProven(tx, h.order)
			if err != nil {
				return err
			}
			safe[h] = recovered || proven
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for proven papers: %w", err)
	}
	a.mu.Lock()
	var ready, rest []*heldAck
	for _, h := range a.held {
		if safe[h] {
			ready = append(ready, h)
		} else {
			rest = append(rest, h)
		}
	}
	a.held = rest
	a.mu.Unlock()
	for _, h := range ready {
		a.acknowledge(h.acks...)
	}
	return nil
}

// papersProven reports whether an order has papers and everything that they
// must say is proven to be on paper: of a ticket whose outcome is unknown, by a
// copy or by one that replaces it.
func papersProven(tx *store.Tx, order uint64) (bool, error) {
	if order == 0 {
		return false, nil
	}
	jobs, err := tx.JobsOf(order)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	some := false
	for _, t := range trails(jobs) {
		ok, any := t.proven()
		if !ok {
			return false, nil
		}
		some = some || any
	}
	return some, nil
}

func (a *Acks) acknowledge(acks ...func() error) {
	for _, ack := range acks {
		if err := ack(); err != nil {
			a.log.Info("the connection has gone with an acknowledgement; its message may come again", "error", err)
		}
	}
}

// forced acknowledges the oldest although only memory has it, so that the
// source goes on, and says so.
func (a *Acks) forced(h *heldAck) {
	a.acknowledge(h.acks...)
	a.log.Error("order acknowledged although only memory has it: the disk is full", "order", h.order, "held", MaxUnacknowledged)
	_, err := a.store.UpdateVital(func(tx *store.Tx) error {
		e := store.Entry{Kind: "order.only_in_memory", Severity: store.Alarm,
			Text: fmt.Sprintf("Disco lleno: %d avisos de pedidos esperan en memoria sin guardar; el más antiguo se dio por recibido. Libere espacio ya: un corte de luz los perdería", MaxUnacknowledged)}
		if o, err := tx.Order(h.order); h.order != 0 && err == nil {
			e.Subject = o.ID
		}
		return tx.Log(e)
	})
	if err != nil {
		a.log.Error("log entry not stored", "error", err)
	}
}
