package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"mostrador/store"
)

// firstPatience is how long a request waits for its answer before it is sent
// once more; each further time twice as long.
const firstPatience = time.Minute

// ringOpen is the number of the first request that something may still come of.
const ringOpen = "order/requests/open"

// A due request: its number, and whether its time is over or it is to be sent
// once more.
type due struct {
	n    uint64
	over bool
}

// followUp sends what channels were asked and nobody has answered once more,
// tells people of what nobody has answered in time, and says how long to wait
// until it must look again, 0 when nothing is open.
func (in *Intake) followUp(ctx context.Context) (wait time.Duration, err error) {
	var todo []due
	err = in.store.View(func(tx *store.Tx) (err error) {
		todo, wait = openRequestsOf(tx)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("look for open requests: %w", err)
	}
	var faults []error
	for _, d := range todo {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if _, err := in.store.UpdateVital(func(tx *store.Tx) error { return in.pursue(tx, d) }); err != nil {
			faults = append(faults, err)
		}
	}
	return wait, errors.Join(faults...)
}

// openRequestsOf finds what is due, and how long it is until the next is.
func openRequestsOf(tx *store.Tx) (todo []due, wait time.Duration) {
	next := numberIn(tx, ringNext)
	sent := tx.Sent(store.StreamRequests)
	for n := max(numberIn(tx, ringOpen), next-min(next, openRequests)); n < next; n++ {
		var r asked
		if json.Unmarshal(tx.Cursor(ringKey(n)), &r) != nil || r.Answered || r.Expired {
			continue
		}
		age, _ := r.AskedAt.Since(tx.Now())
		at := firstPatience<<(r.Again+1) - firstPatience // 1, 3, 7, … minutes
		switch {
		case age >= r.TTL:
			todo = append(todo, due{n, true})
			continue
		case age < at:
		case r.Position <= sent:
			todo = append(todo, due{n, false})
			at = firstPatience<<(r.Again+2) - firstPatience
		default: // the one before has not even left
			at = age + recheck
		}
		if left := min(at, r.TTL) - age; wait == 0 || left < wait {
			wait = max(left, time.Second)
		}
	}
	return todo, wait
}

// pursue does what is due with one request, unless it has changed since.
func (in *Intake) pursue(tx *store.Tx, d due) error {
	var r asked
	key := ringKey(d.n)
	if json.Unmarshal(tx.Cursor(key), &r) != nil || r.Answered || r.Expired {
		return nil
	}
	o, err := tx.Order(r.Order)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("order %d of request %s: %w", r.Order, r.ID, err)
	}
	switch {
	case err != nil || o.ChannelState != store.ChannelPending: // the channel has told by itself
		r.Expired = true
	case d.over:
		r.Expired = true
		if err := in.unanswered(tx, o, r); err != nil {
			return err
		}
	default:
		r.Again++
		if err := r.send(tx, o); err != nil {
			return err
		}
	}
	if err := r.put(tx, key); err != nil {
		return err
	}
	return closeRequests(tx)
}

// unanswered records that nobody has answered what an order's channel was asked.
func (in *Intake) unanswered(tx *store.Tx, o *store.Order, r asked) error {
	if !isNewest(tx, r) {
		return nil
	}
	o.ChannelState, o.ChangedAt = store.ChannelUnanswered, tx.Now()
	if err := tx.PutOrder(o); err != nil {
		return err
	}
	if err := emit(tx, o, ChangeChannel); err != nil {
		return err
	}
	return tx.Log(store.Entry{Kind: "order.unanswered", Subject: o.ID, Severity: store.Alarm,
		Text: fmt.Sprintf("%s: el canal no respondió en %.0f minutos (%s). Revise el pedido en el canal", title(o), r.TTL.Minutes(), actionWord(r.Action))})
}

// closeRequests moves on behind the requests that nothing more comes of.
func closeRequests(tx *store.Tx) error {
	next := numberIn(tx, ringNext)
	open := max(numberIn(tx, ringOpen), next-min(next, openRequests))
	for ; open < next; open++ {
		var r asked
		if json.Unmarshal(tx.Cursor(ringKey(open)), &r) == nil && !r.Answered && !r.Expired {
			break
		}
	}
	return tx.SetCursor(ringOpen, strconv.AppendUint(nil, open, 10))
}
