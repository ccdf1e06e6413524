package uplink

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"mostrador/store"
)

// ErrNothing: there is nothing to replay, and the text says why.
var ErrNothing = errors.New("nothing to send again")

// A Replay is a part of a stream that goes up once more, as the same bytes,
// beside what is new and behind it in turn.
type Replay struct {
	Stream store.Stream `json:"stream"`
	// Epoch and From name the first event, Count says how many there are up to
	// the last acknowledged one; what comes behind that goes up anyway.
	Epoch string `json:"epoch"`
	From  uint64 `json:"from"`
	Count uint64 `json:"count"`
	// Missing are those at the beginning that are no longer kept (keep_sent).
	Missing uint64 `json:"missing"`
}

// Replay has the acknowledged events of a stream sent again, from a sequence of
// an epoch on (empty: the present one). It goes on after a restart until all of
// them have gone. Asked again for the same stream, it does both. who is for the
// log.
func (u *Uplink) Replay(stream store.Stream, epoch string, from uint64, who string) (Replay, error) {
	if epoch == "" {
		epoch = u.store.Opening().Epoch
	}
	u.marks.flush()
	out := Replay{Stream: stream, Epoch: epoch, From: from}
	err := u.store.Update(func(tx *store.Tx) error {
		out = Replay{Stream: stream, Epoch: epoch, From: from}
		part, err := findReplay(tx, &out)
		if err != nil {
			return err
		}
		if err := u.replays.add(tx, part); err != nil {
			return err
		}
		return tx.Log(store.Entry{
			Kind: "uplink.replay", Subject: string(stream), Severity: store.Info,
			Text: fmt.Sprintf("Se envían otra vez %d eventos de %s desde el %d (%s).", out.Count, stream, out.From, who),
		})
	})
	if err != nil {
		return Replay{}, err
	}
	u.replays.reload()
	return out, nil
}

// findReplay fills in what there is of a replay, and tells its positions.
func findReplay(tx *store.Tx, r *Replay) (part, error) {
	if !slices.Contains(store.Streams(), r.Stream) {
		return part{}, fmt.Errorf("%w: there is no stream %q; there are %v", ErrNothing, r.Stream, store.Streams())
	}
	position, err := tx.Position(r.Stream, r.Epoch, r.From)
	if errors.Is(err, store.ErrNotFound) {
		return part{}, fmt.Errorf("%w: %s has never had the sequence %d in epoch %s", ErrNothing, r.Stream, r.From, r.Epoch)
	}
	if err != nil {
		return part{}, err
	}
	sent := tx.Sent(r.Stream)
	if position > sent {
		return part{}, fmt.Errorf("%w: %s %d has not been acknowledged yet; it goes up by itself", ErrNothing, r.Stream, r.From)
	}
	for e, err := range tx.Unsent(r.Stream, position-1) {
		if err != nil {
			return part{}, err
		}
		if e.Position > sent {
			break
		}
		r.Epoch, r.From = e.Epoch, e.Sequence
		r.Count, r.Missing = sent-e.Position+1, e.Position-position
		return part{Stream: r.Stream, Next: e.Position, Through: sent}, nil
	}
	return part{}, fmt.Errorf("%w: %s %d to the last acknowledged one are no longer kept ([buffer] keep_sent)", ErrNothing, r.Stream, r.From)
}

// A part is what of a stream is still to be sent again: positions, both
// included. Its ID is new when it is widened: progress counts for what it was
// made on.
type part struct {
	ID      string       `json:"id"`
	Stream  store.Stream `json:"stream"`
	Next    uint64       `json:"next"`
	Through uint64       `json:"through"`
}

// replayCursor is where the parts are kept, so that a restart forgets none.
const replayCursor = "uplink.replays"

// replaySave is after how many acknowledgements progress is written down.
const replaySave = 1000

// replays are the parts that are still to be sent again. They outlive
// connections and processes.
type replays struct {
	store   *store.Store
	log     *slog.Logger
	changed chan struct{} // there are new ones

	mu    sync.Mutex
	parts []part
	since int // acknowledgements since the last save
}

func newReplays(st *store.Store, log *slog.Logger) *replays {
	r := &replays{store: st, log: log, changed: make(chan struct{}, 1)}
	r.reload()
	return r
}

// read is what the store keeps, as far as it has gone by now.
func (r *replays) read(tx *store.Tx) (parts []part) {
	if err := json.Unmarshal(tx.Cursor(replayCursor), &parts); err != nil {
		return nil // none, or beyond use: it can be asked for again
	}
	for i := range parts {
		for _, now := range r.list() {
			if now.ID == parts[i].ID {
				parts[i].Next = max(parts[i].Next, now.Next)
			}
		}
	}
	return slices.DeleteFunc(parts, func(p part) bool { return p.Next > p.Through })
}

func (r *replays) write(tx *store.Tx, parts []part) error {
	if len(parts) == 0 {
		parts = []part{}
	}
	b, err := json.Marshal(parts)
	if err != nil {
		return err
	}
	return tx.SetCursor(replayCursor, b)
}

// add widens what the store keeps by a part.
func (r *replays) add(tx *store.Tx, p part) error {
	kept := r.read(tx)
	p.ID = newID()
	if i := slices.IndexFunc(kept, func(k part) bool { return k.Stream == p.Stream }); i >= 0 {
		p.Next, p.Through = min(kept[i].Next, p.Next), max(kept[i].Through, p.Through)
		kept[i] = p
	} else {
		kept = append(kept, p)
	}
	return r.write(tx, kept)
}

// reload takes what the store keeps.
func (r *replays) reload() {
	var parts []part
	if err := r.store.ViewDurable(func(tx *store.Tx) error { parts = r.read(tx); return nil }); err != nil {
		r.log.Error("cannot read what is to be sent again", "error", err)
		return
	}
	r.mu.Lock()
	r.parts = parts
	r.mu.Unlock()
	if len(parts) > 0 {
		signal(r.changed)
	}
}

// list is what is still to be sent again.
func (r *replays) list() []part {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.parts)
}

// acknowledged says that the broker has a part's events up to a position.
func (r *replays) acknowledged(id string, position uint64) {
	r.mu.Lock()
	due := false
	for i := range r.parts {
		if p := &r.parts[i]; p.ID == id && position >= p.Next {
			p.Next = position + 1
			due = p.Next > p.Through
		}
	}
	r.since++
	if due = due || r.since >= replaySave; due {
		r.since = 0
	}
	r.mu.Unlock()
	if !due {
		return
	}
	// What cannot be written down is sent once more after a restart.
	if err := r.store.Update(func(tx *store.Tx) error { return r.write(tx, r.read(tx)) }); err != nil {
		r.log.Warn("cannot write down how far events were sent again", "error", err)
		return
	}
	r.mu.Lock()
	r.parts = slices.DeleteFunc(r.parts, func(p part) bool { return p.Next > p.Through })
	r.mu.Unlock()
}
