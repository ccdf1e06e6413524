package uplink

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"mostrador/store"
)

// WithheldType is the type of what goes in the place of an event whose message
// is larger than the broker takes ([uplink] max_payload).
const WithheldType = "mostrador.withheld.v1"

// Withheld is its data: which event it stands for. It has that event's source,
// epoch and sequence, so that the series has no hole, and an id of its own.
type Withheld struct {
	// ID and Type of the event.
	ID   string `json:"id"`
	Type string `json:"type"`
	// Bytes is how long its message is, SHA256 the hash of it in hex.
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
	// Reason in words, for people.
	Reason string `json:"reason"`
}

// withheld takes the place of an event that is too large. Like every message it
// is a function of the stored event alone.
func withheld(e outgoing) (outgoing, error) {
	var of struct {
		ID, Source, Type string
		Time             time.Time
	}
	if err := json.Unmarshal(e.payload, &of); err != nil {
		return outgoing{}, fmt.Errorf("an event of %s cannot be read: %w", e.lane.stream, err)
	}
	sum := sha256.Sum256(e.payload)
	data, err := json.Marshal(Withheld{of.ID, of.Type, len(e.payload), hex.EncodeToString(sum[:]), "El mensaje es más grande de lo que admite el corredor"})
	if err != nil {
		return outgoing{}, err
	}
	e.aside = &store.Aside{Stream: e.lane.stream, Position: e.from, Epoch: e.epoch, Sequence: e.sequence, Type: of.Type, Bytes: len(e.payload)}
	e.payload = encodeEvent(&store.Event{
		ID: idBeside(of.ID), Source: of.Source, Type: WithheldType,
		Time: of.Time, Epoch: e.epoch, Sequence: e.sequence, Data: data,
	})
	return e, nil
}

// idBeside makes another UUIDv7 of one: of the same time, the same for the same.
func idBeside(id string) string {
	beside, err := uuid.Parse(id)
	if err != nil {
		return id // it is unique, whatever it is
	}
	sum := sha256.Sum256(append([]byte(WithheldType), beside[:]...))
	copy(beside[6:], sum[:])
	beside[6], beside[8] = beside[6]&0x0f|0x70, beside[8]&0x3f|0x80
	return beside.String()
}

// asides are the events that were set aside because they are too large, until
// they have gone after all. They outlive connections and processes.
type asides struct {
	store   *store.Store
	replays *replays
	set     Settings
	log     *slog.Logger

	mu   sync.Mutex
	held []store.Aside
}

func newAsides(set Settings, st *store.Store, r *replays, log *slog.Logger) *asides {
	a := &asides{store: st, replays: r, set: set, log: log}
	err := st.ViewDurable(func(tx *store.Tx) error {
		a.held = nil
		for x, err := range tx.Asides() {
			if err != nil {
				return err
			}
			a.held = append(a.held, *x)
		}
		return nil
	})
	if err != nil {
		log.Error("cannot read which events were set aside", "error", err)
	}
	return a
}

func (a *asides) list() []store.Aside {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.held)
}

// hold keeps an event from being swept, and tells of it, once, before something
// else goes in its place.
func (a *asides) hold(x store.Aside) error {
	added := false
	if err := a.store.Update(func(tx *store.Tx) (err error) {
		if added, err = tx.SetAside(x); err != nil || !added {
			return err
		}
		x.At = tx.Now()
		return tx.Log(store.Entry{
			Kind: "uplink.withheld", Subject: string(x.Stream), Severity: store.Alarm,
			Text: fmt.Sprintf("El evento %d de %s (%s, %d bytes) es más grande de lo que admite el corredor y queda en este terminal. Suba [uplink] max_payload, o ponga batch = true.",
				x.Sequence, x.Stream, x.Type, x.Bytes),
		})
	}); err != nil || !added {
		return err
	}
	a.mu.Lock()
	a.held = append(a.held, x)
	a.mu.Unlock()
	a.log.Warn("an event is larger than max_payload; it stays here, and its name goes up in its place",
		"stream", x.Stream, "sequence", x.Sequence, "type", x.Type, "bytes", x.Bytes)
	return nil
}

// went says that the broker has events of a stream whole, by their positions.
func (a *asides) went(stream store.Stream, from, through uint64) {
	of := func(x store.Aside) bool { return x.Stream == stream && x.Position >= from && x.Position <= through }
	a.mu.Lock()
	found := slices.ContainsFunc(a.held, of)
	a.mu.Unlock()
	if !found {
		return
	}
	if err := a.store.Update(func(tx *store.Tx) error {
		for _, x := range a.list() {
			if of(x) {
				if _, err := tx.DropAside(x.Stream, x.Position); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil { // it goes once more after a restart
		a.log.Warn("cannot write down that an event has gone that was set aside", "error", err)
		return
	}
	a.forget(of)
	a.retry()
}

// retry has those sent again that would go by now, because the settings are not
// what they were: of each stream the first, so that nothing between goes, too.
func (a *asides) retry() {
	if len(a.list()) == 0 {
		return
	}
	busy := map[store.Stream]bool{}
	for _, p := range a.replays.list() {
		busy[p.Stream] = true
	}
	packer, err := newPacker(a.set)
	if err != nil {
		a.log.Error("cannot look at what was set aside", "error", err)
		return
	}
	for _, x := range a.list() {
		if busy[x.Stream] {
			continue
		}
		again, err := a.again(x, packer)
		if err != nil {
			a.log.Error("cannot send again what was set aside; it is tried with the next connection", "error", err)
			return
		}
		busy[x.Stream] = again
	}
}

// again has an event sent again if it would go, and it does not go by itself.
func (a *asides) again(x store.Aside, packer *packer) (added bool, err error) {
	err = a.store.Update(func(tx *store.Tx) error {
		added = false
		e, err := eventOf(tx, x)
		if err != nil || e == nil || e.Position > tx.Sent(x.Stream) {
			return err
		}
		if out, err := packer.alone(outgoing{lane: &lane{stream: x.Stream}, payload: encodeEvent(e)}); err != nil || out.aside != nil {
			return err
		}
		added = true
		return a.replays.add(tx, part{Stream: x.Stream, Next: x.Position, Through: x.Position})
	})
	if added && err == nil {
		a.replays.reload()
	}
	return added, err
}
