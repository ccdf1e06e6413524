package integration

import (
	"context"
	"encoding/json"
	"fmt"

	"mostrador/agent/order"
	"mostrador/store"
)

// result is what comes on down/results: the answer to a request.
type result struct {
	Request string `json:"request"`
	Result  string `json:"result"` // done or refused
	Reason  string `json:"reason"`
}

// Result takes one message of down/results, under the rules of Order.
func (r *Router) Result(ctx context.Context, payload []byte, ack func() error) error {
	durable, err := r.answer(payload)
	if err != nil {
		return err
	}
	r.acks.Settle(order.Taken{Durable: durable}, ack)
	return nil
}

func (r *Router) answer(payload []byte) (durable bool, err error) {
	var m result
	switch {
	case len(payload) > MaxPayload:
		return r.strayResult(payload, "es demasiado grande")
	case json.Unmarshal(payload, &m) != nil:
		return r.strayResult(payload, "no es el JSON acordado")
	case m.Request == "":
		return r.strayResult(payload, "no dice a qué solicitud responde (request)")
	case m.Result != "done" && m.Result != "refused":
		word, _ := order.Clean(m.Result, 40)
		return r.strayResult(payload, fmt.Sprintf("su resultado «%s» no es done ni refused", word))
	}
	return r.intake.Answer(order.Answer{Request: m.Request, Done: m.Result == "done", Reason: m.Reason})
}

// strayResult records an answer that cannot be read.
func (r *Router) strayResult(payload []byte, why string) (durable bool, err error) {
	return r.store.UpdateVital(func(tx *store.Tx) error {
		raw, err := tx.PutRaw(payload)
		if err != nil {
			return err
		}
		return tx.Log(store.Entry{Kind: "request.unreadable", Severity: store.Warning, Raw: raw,
			Text: "Llegó la respuesta a una solicitud que no se pudo leer: " + why + ". Revise el relay"})
	})
}
