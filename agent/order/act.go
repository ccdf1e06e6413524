package order

import (
	"errors"
	"fmt"
	"time"

	"mostrador/store"
)

// ErrRefused: the order's state does not allow what was asked.
var ErrRefused = errors.New("the order's state does not allow that")

// Accept accepts an order that waits for it: its tickets are made, unless it
// is held until later, and the channel is told. who did it goes into the log.
// The error is store.ErrNotFound or ErrRefused where it could not be done.
func (in *Intake) Accept(seq uint64, who string) error {
	return in.act(seq, func(tx *store.Tx, o *store.Order) error {
		if o.Status != store.Received {
			return fmt.Errorf("order %d is %s already: %w", seq, o.Status, ErrRefused)
		}
		o.Status, o.ChannelState = store.Accepted, store.ChannelPending
		if !o.HeldUntil.IsZero() && reached(o.HeldUntil, o.ReceivedAt, tx.Now()) {
			o.HeldUntil = time.Time{}
		}
		tickets, err := in.printIfDue(tx, o, in.router.route(o), store.Moment{})
		if err != nil {
			return err
		}
		if err := in.request(tx, o, ActionAccept, ""); err != nil {
			return err
		}
		return in.keep(tx, o, ChangeAccepted,
			fmt.Sprintf("%s aceptado por %s; %s", title(o), person(who), count(len(tickets), "ticket", "tickets")))
	})
}

// Reject refuses an order that waits for acceptance, and tells the channel why.
func (in *Intake) Reject(seq uint64, reason, who string) error {
	reason, _ = Clean(reason, MaxText)
	return in.act(seq, func(tx *store.Tx, o *store.Order) error {
		if o.Status != store.Received {
			return fmt.Errorf("order %d is %s; only one that nobody has accepted can be rejected, cancel it in the channel: %w", seq, o.Status, ErrRefused)
		}
		o.Status, o.ChannelState, o.HeldUntil = store.Rejected, store.ChannelPending, time.Time{}
		if err := in.request(tx, o, ActionReject, reason); err != nil {
			return err
		}
		text := fmt.Sprintf("%s rechazado por %s", title(o), person(who))
		if reason != "" {
			text += ": " + reason
		}
		return in.keep(tx, o, ChangeRejected, text)
	})
}

// Release sends a scheduled order to the kitchen before its time.
func (in *Intake) Release(seq uint64, who string) error {
	return in.act(seq, func(tx *store.Tx, o *store.Order) error {
		switch {
		case o.HeldUntil.IsZero():
			return fmt.Errorf("order %d is not held: %w", seq, ErrRefused)
		case o.Status == store.Received:
			return fmt.Errorf("order %d waits for acceptance; accept it first: %w", seq, ErrRefused)
		}
		return in.release(tx, o, person(who), store.Moment{})
	})
}

// release makes the tickets of a held order.
func (in *Intake) release(tx *store.Tx, o *store.Order, who string, due store.Moment) error {
	o.HeldUntil = time.Time{}
	tickets, err := in.printIfDue(tx, o, in.router.route(o), due)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s, programado, pasa a cocina (%s); %s", title(o), who, count(len(tickets), "ticket", "tickets"))
	return in.keep(tx, o, ChangeReleased, text)
}

// act does one thing to one order in one transaction.
func (in *Intake) act(seq uint64, do func(*store.Tx, *store.Order) error) error {
	_, err := in.store.UpdateVital(func(tx *store.Tx) error {
		o, err := tx.Order(seq)
		if err != nil {
			return fmt.Errorf("order %d: %w", seq, err)
		}
		return do(tx, o)
	})
	return err
}

// keep stores what an action made of an order, and says it.
func (in *Intake) keep(tx *store.Tx, o *store.Order, c Change, text string) error {
	o.ChangedAt = tx.Now()
	if err := tx.PutOrder(o); err != nil {
		return err
	}
	if err := emit(tx, o, c); err != nil {
		return err
	}
	return tx.Log(store.Entry{Kind: "order." + string(c), Subject: o.ID, Text: text, Severity: store.Info})
}

// person names who asked.
func person(who string) string {
	who, _ = Clean(who, 60)
	if who == "" {
		return "alguien"
	}
	return who
}
