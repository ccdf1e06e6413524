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

// An asked request, as it is kept until nothing more can come of it.
type asked struct {
	ID        string    `json:"id"`
	Order     uint64    `json:"order"`
	Action    Action    `json:"action"`
	Reason    string    `json:"reason,omitempty"`
	ExpiresAt time.Time `json:"expires_at"`
	// AskedAt and TTL measure when it expires, which ExpiresAt only tells others:
	// the wall clock may be set meanwhile.
	AskedAt store.Moment  `json:"asked_at,omitzero"`
	TTL     time.Duration `json:"ttl_ns,omitempty"`
	// Again counts how often it was sent once more, Position is where it stands
	// in the outbox.
	Again    int    `json:"again,omitempty"`
	Position uint64 `json:"position,omitempty"`
	// Answered: by the channel; Expired: nobody has answered in time.
	Answered bool `json:"answered,omitempty"`
	Expired  bool `json:"expired,omitempty"`
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
	r := asked{
		ID: id.String(), Order: o.Seq, Action: a, Reason: reason, AskedAt: tx.Now(), TTL: in.rules.RequestTTL,
		ExpiresAt: tx.Now().Wall.Add(in.rules.RequestTTL).UTC().Truncate(time.Second),
	}
	next := numberIn(tx, ringNext)
	if err := r.send(tx, o); err != nil {
		return err
	}
	if err := r.put(tx, ringKey(next)); err != nil {
		return err
	}
	return tx.SetCursor(ringNext, strconv.AppendUint(nil, next+1, 10))
}

// send puts a request in the outbox, for the first time or once more.
func (r *asked) send(tx *store.Tx, o *store.Order) error {
	e, err := tx.Emit(store.StreamRequests, RequestType, Request{
		ID: r.ID, ExpiresAt: r.ExpiresAt,
		Integration: RequestIntegration{o.Key.Provider, o.Key.Nickname},
		Order:       RequestOrder{o.ID, o.Key.ChannelID, o.Number},
		Action:      r.Action, Reason: r.Reason,
	})
	if err == nil {
		r.Position = e.Position
	}
	return err
}

func (r *asked) put(tx *store.Tx, key string) error {
	kept, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	return tx.SetCursor(key, kept)
}

func numberIn(tx *store.Tx, cursor string) uint64 {
	n, _ := strconv.ParseUint(string(tx.Cursor(cursor)), 10, 64)
	return n
}

// isNewest reports whether nothing was asked of an order after a request: only
// the newest says what the channel knows.
func isNewest(tx *store.Tx, r asked) bool {
	next := numberIn(tx, ringNext)
	for back := uint64(1); back <= min(next, openRequests); back++ {
		var other asked
		if json.Unmarshal(tx.Cursor(ringKey(next-back)), &other) == nil && other.Order == r.Order {
			return other.ID == r.ID
		}
	}
	return false
}

// findRequest finds an open or answered request, the newest first.
func findRequest(tx *store.Tx, id string) (key string, r asked, ok bool) {
	next := numberIn(tx, ringNext)
	for back := uint64(1); back <= min(next, openRequests); back++ {
		key = ringKey(next - back)
		if json.Unmarshal(tx.Cursor(key), &r) == nil && r.ID == id {
			return key, r, true
		}
	}
	return "", asked{}, false
}

// An Answer is what came back for a Request (down/results).
type Answer struct {
	Request string // its id
	Done    bool   // otherwise refused
	Reason  string
}

// Answer records that a channel has taken our answer to an order, or refused
// it. One that comes after all is as good. One that comes twice, of which the
// channel itself has told since, or for nothing that was asked is only logged.
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
		if r.Answered || !awaits(o.ChannelState) {
			return tx.Log(store.Entry{Kind: "request.late", Subject: o.ID, Severity: store.Info,
				Text: fmt.Sprintf("%s: llegó tarde o repetida una respuesta del canal (%s)", title(o), answerWord(a))})
		}
		newest := isNewest(tx, r)
		r.Answered = true
		if err := r.put(tx, key); err != nil {
			return err
		}
		if !newest && a.Done { // what was asked since is still open
			return tx.Log(store.Entry{Kind: "order.channel", Subject: o.ID, Severity: store.Info,
				Text: fmt.Sprintf("%s: el canal confirmó (%s)", title(o), actionWord(r.Action))})
		}
		return in.answered(tx, o, r, a)
	})
}

// answered records the channel's answer in its order.
func (in *Intake) answered(tx *store.Tx, o *store.Order, r asked, a Answer) error {
	e := store.Entry{Kind: "order.channel", Subject: o.ID, Severity: store.Info}
	o.ChannelState = store.ChannelConfirmed
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
