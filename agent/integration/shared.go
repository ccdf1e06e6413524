package integration

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"mostrador/agent/order"
)

// Which reads a message of the store's down/orders as far as to tell which order
// it is about: key is the provider and the channel's id of the order, the same
// on every terminal whatever it calls its integration. body tells apart what was
// said of it; again: the backend says that it may have sent it before. What
// cannot be read is an *Unreadable.
func (r *Router) Which(payload []byte) (key, body string, again bool, err error) {
	m, arrival, err := readMessage(payload)
	if err != nil {
		return "", "", false, err
	}
	to, err := r.find(m.Provider, arrival)
	if err != nil {
		return "", "", false, err
	}
	draft, err := r.parse(to, arrival)
	if err != nil {
		return "", "", false, err
	}
	id, _ := order.Clean(draft.Order.Key.ChannelID, order.MaxText)
	if id == "" {
		return "", "", false, &Unreadable{NoID, to.Nickname + ": falta el identificador del pedido"}
	}
	sum := sha256.Sum256(arrival.Body)
	return to.Provider + "/" + id, hex.EncodeToString(sum[:8]), m.Again == true, nil
}

// TakeShared takes a message of the store's down/orders that is this terminal's
// to print. possibleDuplicate: another terminal may have printed the order. An
// error means that it could not be stored.
func (r *Router) TakeShared(payload []byte, possibleDuplicate bool) (order.Taken, error) {
	taken, err := r.take(payload, possibleDuplicate)
	var bad *Unreadable
	if errors.As(err, &bad) {
		return r.keep(payload, bad)
	}
	return taken, err
}
