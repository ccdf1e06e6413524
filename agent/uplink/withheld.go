package uplink

import (
	"errors"
	"fmt"
	"slices"

	"mostrador/store"
)

// Why an event that was set aside cannot be had, or given up.
var (
	// ErrNotWithheld: it is not set aside (any more): it has gone up, or was
	// given up.
	ErrNotWithheld = errors.New("not withheld")
	// ErrTooSoon: what takes its place has not been acknowledged yet.
	ErrTooSoon = errors.New("too soon")
)

// A WithheldEvent is one that was set aside because it is too large.
type WithheldEvent struct {
	store.Aside
	// ID of the event; empty where the event itself is not there any more, which
	// can be for devices alone, whose events go when space runs out.
	ID string `json:"id"`
}

// WithheldEvents are all that are set aside now.
func (u *Uplink) WithheldEvents() ([]WithheldEvent, error) {
	held := u.asides.list()
	out := make([]WithheldEvent, len(held))
	err := u.store.ViewDurable(func(tx *store.Tx) error {
		for i, x := range held {
			out[i] = WithheldEvent{Aside: x}
			switch e, err := eventOf(tx, x); {
			case err != nil:
				return err
			case e != nil:
				out[i].ID = e.ID
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what is set aside: %w", err)
	}
	return out, nil
}

// WithheldMessage is the message of one that is set aside, as the very bytes
// that would go up; ErrNotWithheld.
func (u *Uplink) WithheldMessage(stream store.Stream, position uint64) (message []byte, err error) {
	x, err := u.asides.find(stream, position)
	if err != nil {
		return nil, err
	}
	err = u.store.ViewDurable(func(tx *store.Tx) error {
		e, err := eventOf(tx, x)
		if err == nil && e == nil {
			err = fmt.Errorf("%w: %s %d is not there any more", ErrNotWithheld, x.Stream, x.Sequence)
		}
		if err == nil {
			message = encodeEvent(e)
		}
		return err
	})
	return message, err
}

// Discard gives one up that is set aside: it goes up no more, nobody is told of
// it, and it is swept like any that was sent. The Withheld that went in its place
// stands, so it gives ErrTooSoon until that is acknowledged. copied (where a copy
// of the event is) and who are for the log. ErrNotWithheld where it is not set
// aside any more.
func (u *Uplink) Discard(stream store.Stream, position uint64, copied, who string) error {
	x, err := u.asides.find(stream, position)
	if err != nil {
		return err
	}
	u.marks.flush()
	if err := u.asides.discard(x, copied, who); err != nil {
		return err
	}
	u.log.Warn("an event that is larger than max_payload was given up",
		"stream", x.Stream, "sequence", x.Sequence, "type", x.Type, "copy", copied, "who", who)
	return nil
}

// eventOf is the event itself, nil where it is not there any more.
func eventOf(tx *store.Tx, x store.Aside) (*store.Event, error) {
	for e, err := range tx.Unsent(x.Stream, x.Position-1) {
		if err != nil {
			return nil, err
		}
		if e.Position == x.Position {
			return e, nil
		}
		break
	}
	return nil, nil
}

func (a *asides) find(stream store.Stream, position uint64) (store.Aside, error) {
	for _, x := range a.list() {
		if x.Stream == stream && x.Position == position {
			return x, nil
		}
	}
	return store.Aside{}, fmt.Errorf("%w: no event of %s at position %d is set aside (any more)", ErrNotWithheld, stream, position)
}

func (a *asides) discard(x store.Aside, copied, who string) error {
	if err := a.store.Update(func(tx *store.Tx) error {
		if x.Position > tx.Sent(x.Stream) {
			return fmt.Errorf("%w: what takes the place of %s %d has not been acknowledged yet; mostrador uplink flush waits for it", ErrTooSoon, x.Stream, x.Sequence)
		}
		switch was, err := tx.DropAside(x.Stream, x.Position); {
		case err != nil:
			return err
		case !was:
			return fmt.Errorf("%w: %s %d has just gone", ErrNotWithheld, x.Stream, x.Sequence)
		}
		return tx.Log(store.Entry{
			Kind: "uplink.discarded", Subject: string(x.Stream), Severity: store.Warning,
			Text: fmt.Sprintf("El evento %d de %s (%s, %d bytes), demasiado grande para el corredor, ya no espera para subir (%s). Copia: %s",
				x.Sequence, x.Stream, x.Type, x.Bytes, who, copied),
		})
	}); err != nil {
		return err
	}
	a.forget(func(h store.Aside) bool { return h.Stream == x.Stream && h.Position == x.Position })
	return nil
}

func (a *asides) forget(of func(store.Aside) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held = slices.DeleteFunc(a.held, of)
}
