package order

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"mostrador/store"
)

// openRequests is how many of the newest requests can still be answered. The
// store keeps them in a ring, so that channels that never answer fill nothing.
const openRequests = 256

// An asked request, as it is kept until it is answered.
type asked struct {
	ID        string    `json:"id"`
	Order     uint64    `json:"order"`
	Action    Action    `json:"action"`
	ExpiresAt time.Time `json:"expires_at"`
	Answered  bool      `json:"answered,omitempty"`
}

func ringKey(n uint64) string {
	return "order/request/" + strconv.FormatUint(n%openRequests, 10)
}

const ringNext = "order/requests"

// request asks upstream that the channel be told.
func (in *Intake) request(tx *store.Tx, o *store.Order, a Action, reason string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make an id: %w", err)
	}
	r := Request{
		ID: id.String(), ExpiresAt: tx.Now().Wall.Add(in.rules.RequestTTL).UTC().Truncate(time.Second),
		Integration: RequestIntegration{o.Key.Provider, o.Key.Nickname},
		Order:       RequestOrder{o.ID, o.Key.ChannelID, o.Number},
		Action:      a, Reason: reason,
	}
	next, _ := strconv.ParseUint(string(tx.Cursor(ringNext)), 10, 64)
	kept, err := json.Marshal(asked{ID: r.ID, Order: o.Seq, Action: a, ExpiresAt: r.ExpiresAt})
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	if err := tx.SetCursor(ringKey(next), kept); err != nil {
		return err
	}
	if err := tx.SetCursor(ringNext, strconv.AppendUint(nil, next+1, 10)); err != nil {
		return err
	}
	_, err = tx.Emit(store.StreamRequests, RequestType, r)
	return err
}

// findRequest finds an open or answered request, the newest first.
func findRequest(tx *store.Tx, id string) (key string, r asked, ok bool) {
	next, _ := strconv.ParseUint(string(tx.Cursor(ringNext)), 10, 64)
	for back := uint64(1); back <= min(next, openRequests); back++ {
		key = ringKey(next - back)
		if json.Unmarshal(tx.Cursor(key), &r) == nil && r.ID == id {
			return key, r, true
		}
	}
	return "", asked{}, false
}

// asksSince reports whether something was asked of an order after r.
func asksSince(tx *store.Tx, r asked) bool {
	next, _ := strconv.ParseUint(string(tx.Cursor(ringNext)), 10, 64)
	for back := uint64(1); back <= min(next, openRequests); back++ {
		var other asked
		if json.Unmarshal(tx.Cursor(ringKey(next-back)), &other) == nil && other.Order == r.Order {
			return other.ID != r.ID
		}
	}
	return false
}

// An Answer is what came back for a Request (down/results).
type Answer struct {
	Request string // its id
	Done    bool   // otherwise refused
	Reason  string
}

// Answer records that a channel has taken our answer to an order, or refused
// it. One that comes too late, twice, or for nothing that was asked is only
// logged.
func (in *Intake) Answer(a Answer) (durable bool, err error) {
	a.Reason, _ = Clean(a.Reason, MaxText)
	a.Request, _ = Clean(a.Request, 64)
	return in.store.UpdateVital(func(tx *store.Tx) error {
		key, r, ok := findRequest(tx, a.Request)
		if !ok {
			return tx.Log(store.Entry{Kind: "request.unknown", Subject: a.Request, Severity: store.Warning,
				Text: "Llegó la respuesta a una solicitud que no se conoce: " + a.Request})
		}
		o, err := tx.Order(r.Order)
		if err != nil {
			return fmt.Errorf("order %d of request %s: %w", r.Order, a.Request, err)
		}
		if r.Answered || tx.Now().Wall.After(r.ExpiresAt) || o.ChannelState != store.ChannelPending {
			return tx.Log(store.Entry{Kind: "request.late", Subject: o.ID, Severity: store.Info,
				Text: fmt.Sprintf("%s: llegó tarde o repetida una respuesta del canal (%s)", title(o), answerWord(a))})
		}
		r.Answered = true
		kept, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		if err := tx.SetCursor(key, kept); err != nil {
			return err
		}
		return in.answered(tx, o, r, a)
	})
}

// answered records the channel's answer in its order.
func (in *Intake) answered(tx *store.Tx, o *store.Order, r asked, a Answer) error {
	e := store.Entry{Kind: "order.channel", Subject: o.ID, Severity: store.Info}
	if !asksSince(tx, r) { // else a later question is still open
		o.ChannelState = store.ChannelConfirmed
	}
	e.Text = fmt.Sprintf("%s: el canal confirmó (%s)", title(o), actionWord(r.Action))
	if !a.Done {
		o.ChannelState = store.ChannelRefused
		e.Severity = store.Alarm
		e.Text = fmt.Sprintf("%s: el canal no tomó nuestra respuesta (%s). Revise el pedido en el canal", title(o), actionWord(r.Action))
		if a.Reason != "" {
			e.Text += ": " + a.Reason
		}
	}
	o.ChangedAt = tx.Now()
	if err := tx.PutOrder(o); err != nil {
		return err
	}
	if err := emit(tx, o, ChangeChannel); err != nil {
		return err
	}
	return tx.Log(e)
}

func answerWord(a Answer) string {
	if a.Done {
		return "hecho"
	}
	return "rechazado"
}

func actionWord(a Action) string {
	switch a {
	case ActionAccept:
		return "aceptar"
	case ActionReject:
		return "rechazar"
	case ActionReady:
		return "listo"
	case ActionDispatch:
		return "despachado"
	}
	return string(a)
}
