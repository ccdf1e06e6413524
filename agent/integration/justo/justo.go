// Package justo reads the orders of Justo (getjusto.com): the webhook's
// envelope in its generations, and the bare order that its API answers with.
// docs/providers/justo.md says what is supported and what is not public.
package justo

import (
	"crypto/sha1"
	"fmt"
	"strings"

	"mostrador/agent/integration"
	"mostrador/agent/order"
	"mostrador/store"
)

// Name of the provider in the configuration.
const Name = "justo"

// Provider reads what Justo sends.
type Provider struct{}

// New returns the provider.
func New() Provider { return Provider{} }

// Name is justo.
func (Provider) Name() string { return Name }

// Stores are the order's store by Justo's id and by the restaurant's own.
func (Provider) Stores(a integration.Arrival) []string {
	e, err := open(a.Body)
	if err != nil {
		return nil
	}
	var ids []string
	st := e.order.Object("store")
	for _, id := range []string{st.Text("_id"), st.Text("id"), st.Text("externalId"), e.order.Text("storeId"), e.order.Text("store")} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// signatureHeader holds the hex HMAC-SHA1 of the body with the webhook secret.
const signatureHeader = "x-orion-signature"

// Parse reads one payload.
func (Provider) Parse(a integration.Arrival, s integration.Settings) (order.Draft, error) {
	doubt, err := verify(a, s)
	if err != nil {
		return order.Draft{}, err
	}
	e, err := open(a.Body)
	if err != nil {
		return order.Draft{}, err
	}
	d := order.Draft{Event: e.event, Raw: a.Body}
	r := &reader{settings: s, arrival: a, in: e, o: &d.Order, amounts: integration.Amounts{Currency: s.Currency}}
	if d.StatusOnly, err = r.read(); err != nil {
		return order.Draft{}, err
	}
	if doubt != "" {
		order.AddFlag(&d.Order, "signature_unverified", doubt)
	}
	return d, nil
}

// verify checks the signature where a secret is configured. A body that is
// exactly what Justo sent must carry a right one. Of a body that a relay may
// have written anew nothing can be said: the order is taken, as losing it would
// be worse, and says that nobody checked it.
func verify(a integration.Arrival, s integration.Settings) (doubt string, err error) {
	signature := a.Headers[signatureHeader]
	switch {
	case len(s.WebhookSecret) == 0:
		return "", nil
	case signature != "" && integration.VerifyHex(sha1.New, "sha1=", s.WebhookSecret, a.Body, signature):
		return "", nil
	case !a.Exact:
		return "firma sin comprobar: el relay debe enviar body_base64", nil
	case signature == "":
		return "", &integration.Unreadable{Code: integration.BadSignature, Text: "viene sin firma y la integración la exige: puede no ser de Justo"}
	}
	return "", &integration.Unreadable{Code: integration.BadSignature, Text: "su firma no corresponde: puede no ser de Justo, o webhook_secret es otro"}
}

// An envelope is what stands around an order.
type envelope struct {
	event string // newOrder, …; empty for a bare order
	outer integration.Object
	data  integration.Object
	order integration.Object
}

// The events that carry an order. Others may too; they are read all the same.
func carriesOrder(event string) bool {
	switch event {
	case "", "newOrder", "orderStatusUpdated", "orderItemsUpdated", "ecommerce.order.created":
		return true
	}
	return false
}

// open finds the order in a payload: data.order, data itself, or the whole.
func open(body []byte) (envelope, error) {
	outer, err := integration.Decode(body)
	if err != nil {
		return envelope{}, err
	}
	e := envelope{event: outer.Text("type"), outer: outer, data: outer.Object("data")}
	places := []integration.Object{e.data.Object("order"), outer.Object("order"), e.data}
	if bare := outer["data"] == nil && outer["order"] == nil; bare {
		places, e.event = []integration.Object{outer}, ""
	}
	for _, o := range places {
		if idOf(o) != "" {
			e.order = o
			break
		}
	}
	if e.order != nil && (carriesOrder(e.event) || e.order.Has("items")) {
		return e, nil
	}
	if !carriesOrder(e.event) {
		event, _ := order.Clean(e.event, 60)
		return e, &integration.Unreadable{Code: integration.UnsupportedEvent, Text: fmt.Sprintf("Justo avisó «%s», que no es un pedido", event)}
	}
	return e, &integration.Unreadable{Code: integration.NoID, Text: "falta el identificador del pedido (_id)"}
}

// idOf is the order's id, empty where there is none.
func idOf(o integration.Object) string { return o.Text("_id", "id", "orderId") }

// status maps Justo's words (docs/providers/justo.md); unknown ones are empty.
func status(word string) store.Status {
	switch strings.ToLower(word) {
	case "pending":
		return store.Received
	case "waiting":
		return store.Accepted
	case "preparing":
		return store.Preparing
	case "neartofinish":
		return store.Ready
	case "delivering":
		return store.Dispatched
	case "done":
		return store.Completed
	case "cancelled", "canceled":
		return store.Cancelled
	}
	return ""
}
