package order

import (
	"fmt"

	"mostrador/store"
)

// A Draft is what a provider understood of one payload.
type Draft struct {
	// Order without ID, Seq, Revision, Hash and moments, which Intake gives.
	// Its Status is empty where the channel's word is not known; the word is
	// then in StatusRaw.
	Order store.Order
	// Event is the channel's own word for what happened, for the log.
	Event string
	// StatusOnly: the payload names an order and its status but none of its
	// content, which then stays as it is known.
	StatusOnly bool
	// Accept says who accepts an order that nobody has accepted yet.
	Accept Acceptance
	// PossibleDuplicate: another terminal of the store may have printed the order,
	// so that every paper of it here is headed POSIBLE DUPLICADO.
	PossibleDuplicate bool
	// Raw is the payload as it came; it is kept with the order.
	Raw []byte
}

// Acceptance is who accepts an order.
type Acceptance string

// The ways of accepting. The empty value counts as Automatic.
const (
	Automatic Acceptance = "automatic" // at once, by this terminal
	Manual    Acceptance = "manual"    // it waits as received until Accept or Reject
)

// The bounds of an order. What is past them is not an order of a restaurant
// but a fault or an attack, and is refused as a whole.
const (
	MaxLines     = 500
	MaxModifiers = 2000 // of the whole order
	MaxDepth     = 10   // of modifiers within modifiers
	MaxText      = 500  // runes of any one text; longer ones are shortened and flagged
)

// Invalid says why a draft is not an order, for people.
type Invalid struct{ Text string }

func (e *Invalid) Error() string { return "not an order: " + e.Text }

// check refuses what must not enter the store.
func (d *Draft) check() error {
	switch o := &d.Order; {
	case o.Key.Provider == "" || o.Key.Nickname == "":
		return &Invalid{"no dice de qué integración es"}
	case !readableID(o.Key.ChannelID):
		return &Invalid{"falta el identificador del pedido"}
	case len(o.Lines) > MaxLines:
		return &Invalid{fmt.Sprintf("tiene %d líneas; el máximo es %d", len(o.Lines), MaxLines)}
	}
	n := 0
	for _, l := range d.Order.Lines {
		if err := checkQuantity(l.Quantity, l.Name); err != nil {
			return err
		}
		if err := countModifiers(l.Modifiers, 1, &n); err != nil {
			return err
		}
	}
	return nil
}

func countModifiers(ms []store.Modifier, depth int, n *int) error {
	if len(ms) > 0 && depth > MaxDepth {
		return &Invalid{fmt.Sprintf("sus modificadores se anidan más de %d niveles", MaxDepth)}
	}
	*n += len(ms)
	if *n > MaxModifiers {
		return &Invalid{fmt.Sprintf("tiene más de %d modificadores", MaxModifiers)}
	}
	for i := range ms {
		if err := checkQuantity(ms[i].Quantity, ms[i].Name); err != nil {
			return err
		}
		if err := countModifiers(ms[i].Modifiers, depth+1, n); err != nil {
			return err
		}
	}
	return nil
}

// checkQuantity refuses a quantity that would be too long to be read again once
// it is written out.
func checkQuantity(q store.Quantity, of string) error {
	if _, err := store.ParseQuantity(q.String()); err != nil {
		of, _ = Clean(of, 40)
		return &Invalid{fmt.Sprintf("la cantidad de %q no es posible", of)}
	}
	return nil
}

// readableID: something of the id is left once it is cleaned. All orders
// without one would be the same order.
func readableID(id string) bool {
	clean, _ := Clean(id, MaxText)
	return clean != ""
}
