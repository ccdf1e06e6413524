package integration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"

	"mostrador/agent/order"
	"mostrador/store"
)

// A Router takes what comes down for this terminal to where it belongs. What
// cannot be read is kept, told and counts as taken, so that it is not sent for
// ever and stops nothing behind it.
type Router struct {
	store        *store.Store
	intake       *order.Intake
	acks         *order.Acks
	integrations []linked
	known        []string // names of the providers
	log          *slog.Logger
}

// linked is an integration with its provider.
type linked struct {
	Settings
	provider Provider
}

// NewRouter links the configured integrations with the providers that this
// build has. It fails where one names a provider that is not there, where two
// have the same name, and where it cannot be told which of two a payload would
// be for.
func NewRouter(st *store.Store, intake *order.Intake, acks *order.Acks, providers []Provider, configured []Settings, log *slog.Logger) (*Router, error) {
	r := &Router{store: st, intake: intake, acks: acks, log: log}
	byName := map[string]Provider{}
	for _, p := range providers {
		byName[p.Name()] = p
		r.known = append(r.known, p.Name())
	}
	var faults []error
	names, open := map[string]bool{}, map[string]string{}
	for _, s := range configured {
		p := byName[s.Provider]
		if p == nil {
			faults = append(faults, fmt.Errorf("integration %q: no provider is called %q; there are: %s", s.Nickname, s.Provider, strings.Join(r.known, ", ")))
			continue
		}
		if key := s.Provider + "/" + s.Nickname; names[key] {
			faults = append(faults, fmt.Errorf("two integrations are called %q", key))
		} else {
			names[key] = true
		}
		if len(s.Stores) == 0 {
			if other, twice := open[s.Provider]; twice {
				faults = append(faults, fmt.Errorf("integrations %q and %q of %s both take every store; list the stores of one", other, s.Nickname, s.Provider))
			}
			open[s.Provider] = s.Nickname
		}
		r.integrations = append(r.integrations, linked{s, p})
	}
	return r, errors.Join(faults...)
}

// Order takes one message of down/orders. ack is called exactly once, when
// what came is safe (order.Acks says when). An error means that it could not
// be stored: then ack is not called, and the message must come again.
func (r *Router) Order(ctx context.Context, payload []byte, ack func() error) error {
	taken, err := r.take(payload, false)
	var bad *Unreadable
	if errors.As(err, &bad) {
		taken, err = r.keep(payload, bad)
	}
	if err != nil {
		return err
	}
	r.acks.Settle(taken, ack)
	return nil
}

// take reads a message and hands it to intake; what cannot be read is an
// *Unreadable.
func (r *Router) take(payload []byte, possibleDuplicate bool) (order.Taken, error) {
	m, a, err := readMessage(payload)
	if err != nil {
		return order.Taken{}, err
	}
	to, err := r.find(m.Provider, a)
	if err != nil {
		return order.Taken{}, err
	}
	draft, err := r.parse(to, a)
	if err != nil {
		return order.Taken{}, err
	}
	draft.PossibleDuplicate = possibleDuplicate
	draft.Order.Key.Provider, draft.Order.Key.Nickname = to.Provider, to.Nickname
	draft.Accept = to.Accept
	if draft.Raw == nil {
		draft.Raw = a.Body
	}
	taken, err := r.intake.Take(draft)
	var invalid *order.Invalid
	if errors.As(err, &invalid) {
		return taken, &Unreadable{Invalid, to.Nickname + ": " + invalid.Text}
	}
	return taken, err
}

// parse has a provider read a payload. A fault of the provider's code is a
// payload that cannot be read, and nothing worse.
func (r *Router) parse(to linked, a Arrival) (d order.Draft, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("provider crashed", "provider", to.Provider, "panic", p, "stack", string(debug.Stack()))
			err = &Unreadable{Crashed, to.Nickname + ": un fallo nuestro al leerlo; avise a soporte"}
		}
	}()
	d, err = to.provider.Parse(a, to.Settings)
	if err == nil {
		return d, nil
	}
	bad := &Unreadable{Code: WrongType, Text: err.Error()}
	errors.As(err, &bad)
	return d, &Unreadable{bad.Code, to.Nickname + ": " + bad.Text}
}

// find returns the integration that a payload is for: by the store that it
// names where several take part.
func (r *Router) find(provider string, a Arrival) (linked, error) {
	var of, fit []linked
	for _, l := range r.integrations {
		if l.Provider == provider {
			of = append(of, l)
		}
	}
	if len(of) == 0 {
		text := fmt.Sprintf("aquí no hay ninguna integración de «%s»", provider)
		if slices.Contains(r.known, provider) {
			return linked{}, &Unreadable{UnknownProvider, text + ": agréguela a la configuración"}
		}
		return linked{}, &Unreadable{UnknownProvider, fmt.Sprintf("%s; esta versión conoce: %s", text, strings.Join(r.known, ", "))}
	}
	named := r.stores(of[0].provider, a)
	for _, l := range of {
		if slices.ContainsFunc(l.Stores, func(s string) bool { return slices.Contains(named, s) }) {
			fit = append(fit, l)
		}
	}
	if len(fit) == 0 {
		for _, l := range of {
			if len(l.Stores) == 0 {
				fit = append(fit, l)
			}
		}
	}
	switch len(fit) {
	case 1:
		return fit[0], nil
	case 0:
		words, _ := order.Clean(strings.Join(named, ", "), 120)
		if words == "" {
			words = "no dice cuál"
		}
		return linked{}, &Unreadable{UnknownStore, fmt.Sprintf("ninguna integración de %s toma los pedidos de su local (%s): agréguelo a stores", provider, words)}
	}
	return linked{}, &Unreadable{AmbiguousStore, fmt.Sprintf("%q y %q toman el mismo local: déjelo en stores de una sola", fit[0].Nickname, fit[1].Nickname)}
}

func (r *Router) stores(p Provider, a Arrival) (ids []string) {
	defer func() {
		if v := recover(); v != nil {
			r.log.Error("provider crashed", "provider", p.Name(), "panic", v, "stack", string(debug.Stack()))
			ids = nil
		}
	}()
	return p.Stores(a)
}

// recentUnreadable is how many payloads that could not be read are recognised
// when they come again.
const recentUnreadable = 16

// recentKey is the cursor that holds their hashes.
const recentKey = "integration/unreadable"

// keep records what cannot be taken: its bytes, and one clear entry, which is
// an event of the timeline too. The same bytes again make no second entry.
func (r *Router) keep(payload []byte, bad *Unreadable) (order.Taken, error) {
	sum := sha256.Sum256(payload)
	hash := hex.EncodeToString(sum[:16])
	entry := store.Entry{Kind: "order.unreadable", Severity: store.Alarm,
		Text: "Llegó un pedido que no se pudo leer. " + bad.Text + ". Búsquelo en el canal y atiéndalo a mano"}
	if bad.Code == UnsupportedEvent {
		entry.Kind, entry.Severity = "order.unsupported", store.Info
		entry.Text = "Llegó un aviso que no es un pedido. " + bad.Text
	}
	entry.Text, _ = order.Clean(entry.Text, order.MaxText)
	durable, err := r.store.UpdateVital(func(tx *store.Tx) error {
		var recent []string
		// A cursor that cannot be read is as good as none.
		_ = json.Unmarshal(tx.Cursor(recentKey), &recent)
		if slices.Contains(recent, hash) {
			return nil
		}
		recent = append(recent[max(0, len(recent)-recentUnreadable+1):], hash)
		kept, err := json.Marshal(recent)
		if err != nil {
			return err
		}
		if err := tx.SetCursor(recentKey, kept); err != nil {
			return err
		}
		e := entry
		if e.Raw, err = tx.PutRaw(payload); err != nil {
			return err
		}
		return tx.Log(e)
	})
	if err != nil {
		return order.Taken{}, fmt.Errorf("keep what cannot be read: %w", err)
	}
	r.log.Warn("payload not taken", "code", bad.Code, "cause", bad.Text, "bytes", len(payload))
	return order.Taken{Durable: durable}, nil
}
