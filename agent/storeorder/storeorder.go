// Package storeorder takes the orders that are addressed to a store as a whole.
// It keeps what has come of each on disk, settles with the store's other
// terminals which one prints it (agent/claim has the rules), and hands to intake
// what is this terminal's.
package storeorder

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"mostrador/agent/claim"
	"mostrador/agent/order"
	"mostrador/store"
)

// Settings are what the configuration says of it.
type Settings struct {
	// Terminal is this terminal's id.
	Terminal string
	Role     claim.Role
	// TakeoverAfter is how long another must have been silent before what is its
	// to print is taken over, 2 s to 1 h.
	TakeoverAfter time.Duration
}

// An Intake takes the orders that are this terminal's.
type Intake interface {
	// Which reads a message as far as to tell which order it is about (key, the
	// same on every terminal), apart from what else was said of it (body), and
	// whether it may have been sent before.
	Which(payload []byte) (key, body string, again bool, err error)
	// TakeShared takes it for printing.
	TakeShared(payload []byte, possibleDuplicate bool) (order.Taken, error)
	// Order takes a message that is addressed to this terminal; what cannot be
	// read it keeps and tells.
	Order(ctx context.Context, payload []byte, ack func() error) error
}

// A Settler acknowledges what is safe.
type Settler interface {
	Settle(t order.Taken, ack func() error)
}

// A Keeper is one terminal's part. The uplink calls it with what comes, one
// message at a time, and with how the line is.
type Keeper struct {
	set     Settings
	store   *store.Store
	intake  Intake
	acks    Settler
	log     *slog.Logger
	started time.Time
	wake    chan struct{}

	mu      sync.Mutex
	taker   *claim.Taker
	records map[string]*record
	dirty   map[string]bool // records that are not on disk as they are
	peers   bool            // nor are they
	pending []claim.Action  // to be done once that is
	say     func(claim.Message)
	unsaid  []claim.Message // answers that a new connection is to carry
}

// New reads what an earlier Keeper of this terminal has left.
func New(st *store.Store, set Settings, in Intake, acks Settler, log *slog.Logger) (*Keeper, error) {
	k := &Keeper{set: set, store: st, intake: in, acks: acks, log: log, started: time.Now(),
		wake: make(chan struct{}, 1), dirty: map[string]bool{}}
	var known claim.Snapshot
	var err error
	if k.records, known, err = load(st); err != nil {
		return nil, err
	}
	k.taker = claim.New(set.Terminal, set.Role, set.TakeoverAfter, known)
	return k, nil
}

// now is the moment by this process's monotonic clock.
func (k *Keeper) now() time.Duration { return time.Since(k.started) }

// StoreOrder takes a message of the store's down/orders.
func (k *Keeper) StoreOrder(ctx context.Context, payload []byte, retained bool, ack func() error) error {
	key, body, again, err := k.intake.Which(payload)
	if err != nil {
		return k.intake.Order(ctx, payload, ack)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.record(key)
	if o, _ := k.taker.Order(key); o.Here && slices.Contains(r.Seen, body) {
		return k.settled(ack)
	}
	r.heard(payload, body)
	k.dirty[key] = true
	k.pending = append(k.pending, k.taker.Arrived(k.now(), key, again || retained)...)
	k.forget()
	if err := k.settled(ack); err != nil {
		r.unhear(body)
		return err
	}
	return nil
}

// Claim takes a message of the store's up/claims.
func (k *Keeper) Claim(_ context.Context, payload []byte, ack func() error) error {
	m, err := decode(payload)
	if err != nil {
		k.log.Warn("a message of the claims' topic was dropped", "error", err, "bytes", len(payload))
		return ack()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pending = append(k.pending, k.taker.Read(k.now(), m)...)
	return k.settled(ack)
}

// settled brings to disk what has changed, acknowledges, and acts by it. Where
// that is not possible nothing is done, and what follows is done later.
func (k *Keeper) settled(ack func() error) error {
	durable, err := k.commit()
	if err != nil {
		return err
	}
	k.acks.Settle(order.Taken{Durable: durable}, ack)
	k.act(durable)
	k.signal() // time may matter now
	return nil
}

// Peer takes what another terminal of the store says of itself: its role, empty
// where it takes no store orders; online and not retained is a sign of life.
func (k *Keeper) Peer(id, storeOrders string, online, retained bool) {
	role := claim.Role(storeOrders)
	if id == k.set.Terminal {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case role == "" && online:
		k.taker.Gone(id)
	case role != claim.Holder && role != claim.StandIn:
	case online && !retained:
		k.taker.Heard(k.now(), id, role)
	default:
		k.taker.Known(id, role)
	}
	if k.changes(); k.peers {
		k.run()
	}
}

// Connected: the line is up and what is the store's is subscribed to. say
// publishes on the claims' topic and does not wait.
func (k *Keeper) Connected(say func([]byte)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.say = func(m claim.Message) {
		text, err := json.Marshal(m)
		if err != nil { // of texts alone
			k.log.Error("a claim cannot be written", "error", err)
			return
		}
		say(text)
	}
	for _, m := range k.unsaid {
		k.say(m)
	}
	k.unsaid = nil
	k.pending = append(k.pending, k.taker.Connected(k.now())...)
	k.run()
	k.signal()
}

// CaughtUp: all that had waited at the broker has come.
func (k *Keeper) CaughtUp() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.taker.CaughtUp()
}

// Beat: the broker has acknowledged a heartbeat that was sent then.
func (k *Keeper) Beat(sent time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.taker.Beat(sent.Sub(k.started))
}

// Lost: the line that Connected told of has gone.
func (k *Keeper) Lost() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.say != nil {
		k.say = nil
		k.taker.Lost(k.now())
	}
}

// Run lets time pass while an order is open, and tells the others what is proven
// to be on paper, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	jobs, stop := k.store.Watch(store.TopicJobs)
	defer stop()
	for {
		k.mu.Lock()
		k.pending = append(k.pending, k.taker.Tick(k.now())...)
		k.prove()
		k.run()
		open := k.open()
		k.mu.Unlock()
		var tick <-chan time.Time
		if open {
			tick = time.After(min(time.Second, k.set.TakeoverAfter/10))
		}
		select {
		case <-jobs:
		case <-tick:
		case <-k.wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// run brings to disk what has changed and acts by it; what fails is tried again
// with the next tick.
func (k *Keeper) run() {
	durable, err := k.commit()
	if err != nil {
		k.log.Error("the state of the store's orders cannot be written; trying again", "error", err)
		k.signal()
		return
	}
	k.act(durable)
}

func (k *Keeper) signal() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// open: an order may have to be taken on as time passes.
func (k *Keeper) open() bool {
	if len(k.dirty) > 0 || k.peers || len(k.pending) > 0 {
		return true
	}
	for key, r := range k.records {
		switch o, _ := k.taker.Order(key); o.State {
		case claim.Done:
		case claim.Taken:
			if len(r.Payloads) > 0 {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// prove looks which of the orders that were taken here are on paper.
func (k *Keeper) prove() {
	var proven []string
	err := k.store.View(func(tx *store.Tx) error {
		proven = nil
		for key, r := range k.records {
			if o, _ := k.taker.Order(key); o.State != claim.Taken || len(r.Payloads) > 0 {
				continue
			}
			ok := r.Order == 0
			if !ok {
				var err error
				if ok, err = order.Settled(tx, r.Order); err != nil {
					return err
				}
			}
			if ok {
				proven = append(proven, key)
			}
		}
		return nil
	})
	if err != nil {
		k.log.Error("cannot look for the papers of the store's orders", "error", err)
		return
	}
	slices.Sort(proven)
	for _, key := range proven {
		k.pending = append(k.pending, k.taker.Printed(key)...)
	}
}
