package order

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"mostrador/store"
)

// Hash is the hash of what matters in an order: everything that a person would
// cook, pack, carry or collect by. Not in it are what only says how far the
// order has come (status, courier, invoice number), the channel's own ids, and
// the order in which lines and modifiers stand.
func Hash(o *store.Order) (string, error) {
	what := matter{
		Kind: o.Kind, Table: o.Table, Scheduled: o.Scheduled, DueAt: utc(o.DueAt),
		Number: o.Number, Observations: o.Observations, Customer: o.Customer, Address: o.Address,
		Currency: o.Currency, Totals: o.Totals, Payment: o.Payment, Coupon: o.Coupon,
		InvoiceKind: o.Invoice.Kind, BuyerTaxID: o.Invoice.BuyerTaxID,
	}
	for _, l := range o.Lines {
		text, err := json.Marshal(matterLine{
			ExternalID: l.ExternalID, Name: l.Name, Quantity: plain(l.Quantity),
			Unit: l.Unit, Total: l.Total, Note: l.Note, Modifiers: matterOf(l.Modifiers),
		})
		if err != nil {
			return "", fmt.Errorf("hash order: %w", err)
		}
		what.Lines = append(what.Lines, string(text))
	}
	slices.Sort(what.Lines)
	text, err := json.Marshal(what)
	if err != nil {
		return "", fmt.Errorf("hash order: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

type matter struct {
	Kind                    store.OrderKind
	Table                   string
	Scheduled               bool
	DueAt                   time.Time
	Number, Observations    string
	Customer                store.Customer
	Address                 *store.Address
	Lines                   []string
	Currency                string
	Totals                  store.Totals
	Payment                 store.Payment
	Coupon                  string
	InvoiceKind, BuyerTaxID string
}

type matterLine struct {
	ExternalID, Name, Quantity string
	Unit, Total                int64
	Note                       string
	Modifiers                  []string
}

type matterModifier struct {
	ExternalID, Group, Name, Quantity string
	Price                             int64
	Modifiers                         []string
}

func matterOf(ms []store.Modifier) []string {
	var out []string
	for _, m := range ms {
		// A struct of strings and integers always marshals.
		text, _ := json.Marshal(matterModifier{m.ExternalID, m.Group, m.Name, plain(m.Quantity), m.Price, matterOf(m.Modifiers)})
		out = append(out, string(text))
	}
	slices.Sort(out)
	return out
}

// plain writes equal quantities equally: 2 and 2.0 are the same.
func plain(q store.Quantity) string {
	s := q.String()
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" || s == "" {
		return "0"
	}
	return s
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
