package storeorder

import (
	"encoding/json"
	"errors"
	"fmt"

	"mostrador/agent/claim"
	"mostrador/store"
)

// unsaved is the doubt about an order whose claim only memory has: after a crash
// nobody would know that it was printed here.
const unsaved claim.Doubt = "unsaved"

// maxUnsaid bounds the answers that wait for a connection.
const maxUnsaid = 256

// act does what is on disk.
func (k *Keeper) act(durable bool) {
	todo := k.pending
	k.pending = nil
	for _, a := range todo {
		switch {
		case a.Take != "":
			if r := k.records[a.Take]; !durable && r.Doubt == "" && r.Order == 0 {
				r.Doubt = unsaved
			}
			k.log.Info("order of the store is this terminal's", "order", a.Take, "doubt", k.records[a.Take].Doubt, "other", a.Other)
		case a.Publish.Word == claim.Yours && !durable: // it might be forgotten
		case k.say != nil:
			k.say(*a.Publish)
		case a.Publish.Word == claim.Yours && len(k.unsaid) < maxUnsaid:
			k.unsaid = append(k.unsaid, *a.Publish)
		}
	}
	k.handIn()
}

// handIn gives intake what has come of the orders that are this terminal's. What
// it has already it takes again without harm, so a crash in between does none.
func (k *Keeper) handIn() {
	for key, r := range k.records {
		if o, _ := k.taker.Order(key); o.State != claim.Taken || len(r.Payloads) == 0 {
			continue
		}
		for len(r.Payloads) > 0 {
			taken, err := k.intake.TakeShared(r.Payloads[0], r.Doubt != "")
			if err != nil {
				k.log.Error("an order of the store cannot be stored; trying again", "order", key, "error", err)
				return
			}
			r.Payloads = r.Payloads[1:]
			if taken.Order != 0 {
				r.Order = taken.Order
			}
			k.dirty[key] = true
		}
		k.signal() // to have this on disk, and the papers looked for
	}
}

// entry is what people are told of an order that is taken in doubt.
func (k *Keeper) entry(a claim.Action) (store.Entry, bool) {
	if a.Take == "" || a.Doubt == "" {
		return store.Entry{}, false
	}
	e := store.Entry{Kind: "order.possible_duplicate", Severity: store.Alarm, Subject: a.Take}
	other := "otro terminal"
	if a.Other != "" {
		other = a.Other
	}
	switch a.Doubt {
	case claim.Unproven:
		e.Text = "otro terminal lo había tomado y no confirmó haberlo impreso"
	case claim.Unread:
		e.Text = "sin respuesta del corredor no se pudo acordar quién lo imprime"
	default:
		e.Severity, e.Text = store.Warning, other+" no respondió si lo imprimió"
	}
	e.Text = fmt.Sprintf("Pedido %s, dirigido a todo el local: %s. Sale aquí marcado POSIBLE DUPLICADO", a.Take, e.Text)
	return e, true
}

// Bounds of what is believed of a claims' message.
const (
	maxKey      = 600 // bytes of the order's name
	maxTerminal = 40
)

var errNoClaim = errors.New("it is no claim")

// decode reads a message of the claims' topic.
func decode(payload []byte) (claim.Message, error) {
	var m claim.Message
	if err := json.Unmarshal(payload, &m); err != nil {
		return m, fmt.Errorf("%w: %w", errNoClaim, err)
	}
	switch m.Word {
	case claim.Claim, claim.Yours, claim.Mine, claim.Proven:
	default:
		return m, fmt.Errorf("%w: its word is none that is known", errNoClaim)
	}
	switch {
	case m.Role != claim.Holder && m.Role != claim.StandIn:
		return m, fmt.Errorf("%w: its role is none that is known", errNoClaim)
	case m.Order == "" || len(m.Order) > maxKey || m.By == "" || len(m.By) > maxTerminal || len(m.To) > maxTerminal:
		return m, fmt.Errorf("%w: it does not say by whom and of which order", errNoClaim)
	}
	return m, nil
}
