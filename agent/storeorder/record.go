package storeorder

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"mostrador/agent/claim"
	"mostrador/store"
)

// The sets of the store's cursors that hold what must outlive a crash.
const (
	orderSet = "store-order"
	peerSet  = "store-order-peer"
)

const (
	// recentBodies is how many messages of one order are known again.
	recentBodies = 16
	// maxPayloads bounds what is kept of one order while it is not this
	// terminal's, in bytes.
	maxPayloads = 2 << 20
	// keepFor is how long an order is remembered: what is sent again later than
	// that counts as in doubt wherever a terminal is missing.
	keepFor = 48 * time.Hour
	// keepPeer is how long a terminal is asked that is not heard of.
	keepPeer = 7 * 24 * time.Hour
)

// A record is one order as it is on disk.
type record struct {
	Key   string      `json:"key"`
	Claim claim.Order `json:"claim"`
	// Payloads have come and are not handed to intake, the oldest first.
	Payloads [][]byte `json:"payloads,omitempty"`
	// Seen are the last messages that have come.
	Seen []string `json:"seen,omitempty"`
	// Doubt is why it was taken as a possible duplicate, Other who may have it.
	Doubt claim.Doubt `json:"doubt,omitempty"`
	Other string      `json:"other,omitempty"`
	// Order is its number in the store, once intake has it.
	Order uint64 `json:"order,omitempty"`
	// Touched is when something last came of it, by the wall clock, which is good
	// enough to forget it by.
	Touched time.Time `json:"touched"`
}

// A peerRecord is another taker as it is on disk.
type peerRecord struct {
	ID    string     `json:"id"`
	Role  claim.Role `json:"role"`
	Heard time.Time  `json:"heard"` // when its role was last new, or the agent started
}

func load(st *store.Store) (map[string]*record, claim.Snapshot, error) {
	records := map[string]*record{}
	known := claim.Snapshot{Orders: map[string]claim.Order{}, Peers: map[string]claim.Role{}}
	err := st.View(func(tx *store.Tx) error {
		for text := range tx.AllKept(orderSet) {
			r := new(record)
			if err := json.Unmarshal(text, r); err != nil {
				return fmt.Errorf("read what is kept of an order: %w", err)
			}
			records[r.Key], known.Orders[r.Key] = r, r.Claim
		}
		for text := range tx.AllKept(peerSet) {
			var p peerRecord
			if err := json.Unmarshal(text, &p); err != nil {
				return fmt.Errorf("read what is kept of a terminal: %w", err)
			}
			if time.Since(p.Heard) < keepPeer {
				known.Peers[p.ID] = p.Role
			}
		}
		return nil
	})
	if err != nil {
		return nil, known, fmt.Errorf("orders of the store: %w", err)
	}
	return records, known, nil
}

// record is that of an order, a new one where there is none.
func (k *Keeper) record(key string) *record {
	r := k.records[key]
	if r == nil {
		r = &record{Key: key, Touched: time.Now()}
		k.records[key] = r
	}
	return r
}

// heard keeps a message. Where too much has come before it was this terminal's
// to print, the first and the newest stay.
func (r *record) heard(payload []byte, body string) {
	r.Touched = time.Now()
	r.Seen = append(r.Seen[max(0, len(r.Seen)-recentBodies+1):], body)
	r.Payloads = append(r.Payloads, slices.Clone(payload))
	size := 0
	for _, p := range r.Payloads {
		size += len(p)
	}
	for len(r.Payloads) > 2 && size > maxPayloads {
		size -= len(r.Payloads[1])
		r.Payloads = slices.Delete(r.Payloads, 1, 2)
	}
}

// unhear: it will come again.
func (r *record) unhear(body string) {
	r.Seen = slices.DeleteFunc(r.Seen, func(s string) bool { return s == body })
	r.Payloads = r.Payloads[:len(r.Payloads)-1]
}

// changes brings into the records what the taker has changed.
func (k *Keeper) changes() {
	orders, peers := k.taker.Changes()
	for key, o := range orders {
		r := k.record(key)
		r.Claim = o
		if o.State == claim.Done && o.Owner != k.set.Terminal {
			r.Payloads = nil
		}
		k.dirty[key] = true
	}
	k.peers = k.peers || peers
}

// commit brings to disk what has changed, with a log entry for each order that
// is taken in doubt. durable: otherwise only memory has it, as the disk is full.
func (k *Keeper) commit() (durable bool, err error) {
	k.changes()
	for _, a := range k.pending {
		if r := k.records[a.Take]; r != nil && a.Doubt != "" {
			r.Doubt, r.Other = a.Doubt, a.Other
		}
	}
	if len(k.dirty) == 0 && !k.peers {
		return !k.store.Health().InMemory, nil
	}
	durable, err = k.store.UpdateVital(k.write)
	if err == nil {
		clear(k.dirty)
		k.peers = false
	}
	return durable, err
}

func (k *Keeper) write(tx *store.Tx) error {
	for key := range k.dirty {
		r := k.records[key]
		if r == nil {
			if err := tx.Keep(orderSet, key, nil); err != nil {
				return err
			}
			continue
		}
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if err := tx.Keep(orderSet, key, text); err != nil {
			return err
		}
	}
	for _, a := range k.pending {
		if e, ok := k.entry(a); ok {
			if err := tx.Log(e); err != nil {
				return err
			}
		}
	}
	if !k.peers {
		return nil
	}
	return k.writePeers(tx)
}

func (k *Keeper) writePeers(tx *store.Tx) error {
	roles := k.taker.Peers()
	for text := range tx.AllKept(peerSet) {
		var p peerRecord
		if json.Unmarshal(text, &p) == nil && roles[p.ID] == "" {
			if err := tx.Keep(peerSet, p.ID, nil); err != nil {
				return err
			}
		}
	}
	for id, role := range roles {
		text, err := json.Marshal(peerRecord{id, role, time.Now().UTC()})
		if err != nil {
			return err
		}
		if err := tx.Keep(peerSet, id, text); err != nil {
			return err
		}
	}
	return nil
}

// forget drops what nobody will ask for any more.
func (k *Keeper) forget() {
	for key, r := range k.records {
		if o, _ := k.taker.Order(key); o.State == claim.Done && time.Since(r.Touched) > keepFor {
			delete(k.records, key)
			k.taker.Forget(key)
			k.dirty[key] = true
		}
	}
}
