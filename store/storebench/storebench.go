// Package storebench measures the store beside the least that could be done: the
// same keys and values in bare bbolt, in groups of as many as there are callers,
// and a sale appended to a file and flushed, one by one. Only figures of one run
// mean anything together: the rounds of all alternate, and what counts is the
// median of the rounds' ratios.
package storebench

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mostrador/store"
)

// A Row is one thing that was measured.
type Row struct {
	What string `json:"what"`
	// Measured and Limit are ratios, unless Unit says otherwise.
	Measured float64 `json:"measured"`
	Limit    float64 `json:"limit,omitempty"`
	Unit     string  `json:"unit,omitempty"`
	// AtLeast: Limit is the least; else it is the most.
	AtLeast bool `json:"at_least,omitempty"`
	// Holds: the limit is kept, or there is none.
	Holds bool `json:"holds"`
	// How it was taken, with the figures that the ratio is of.
	How string `json:"how"`
}

// atLeast and atMost judge a row.
func atLeast(what string, measured, limit float64, how string, args ...any) Row {
	return Row{what, measured, limit, "", true, measured >= limit, fmt.Sprintf(how, args...)}
}

func atMost(what string, measured, limit float64, how string, args ...any) Row {
	return Row{what, measured, limit, "", false, measured <= limit, fmt.Sprintf(how, args...)}
}

// A Bench says where and how much is measured.
type Bench struct {
	// Dir is a folder on the disk that is measured; what is made in it goes again.
	Dir string
	// Rounds are how often everything is repeated, Scale how long a round is:
	// groups of commits.
	Rounds, Scale int
	// Waiting is how many sales wait where that is measured.
	Waiting int
	// Peers record sales, too, beside ours.
	Peers []Peer
	// Drainer is the command that calls Drain with the path of a store and writes
	// what it returns, in bytes; empty: memory is not measured.
	Drainer []string
	// Progress is told what is being done.
	Progress func(what string)

	used int64 // of the sales' numbers
}

// A Peer is another way to record sales.
type Peer struct {
	Name string
	// Record keeps some sales in an empty folder, so many a group, with values of
	// these sizes, and returns sales a second and device bytes per sale.
	Record func(dir string, sales, group, saleSize, eventSize int) (perSecond, bytes float64, err error)
}

func (b *Bench) say(format string, args ...any) {
	if b.Progress != nil {
		b.Progress(fmt.Sprintf(format, args...))
	}
}

// folder makes an empty folder, and the function that removes it.
func (b *Bench) folder() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(b.Dir, "bench-")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}

const identity = "lima-01/caja-1"

func open(path string) (*store.Store, error) {
	return store.Open(path, store.Options{Identity: identity})
}

func storePath(dir string) string { return filepath.Join(dir, "mostrador.db") }

// sale is a sale of about 600 bytes as JSON.
func sale(n int64) *store.Sale {
	return &store.Sale{
		Source: "register/registradora", SourceID: fmt.Sprintf("%012d", n), Receipt: fmt.Sprintf("B001-%08d", n),
		PointOfSale: "caja-1", BusinessDate: "2026-05-01", ClosedAt: time.Unix(1_777_000_000+n, 0).UTC(), Currency: "PEN",
		Lines: []store.SaleLine{
			{ExternalID: "LOMO-01", Name: "Lomo saltado", Quantity: store.Units(1), Unit: 3800, Total: 3800},
			{ExternalID: "CHICHA-05", Name: "Chicha morada 500 ml", Quantity: store.Units(2), Unit: 900, Total: 1800},
		},
		Payments: []store.SalePayment{{Method: "cash", Amount: 5600}}, Total: 5600,
	}
}

// keep records a sale with its event, as agent/sale does.
func keep(tx *store.Tx, s *store.Sale) error {
	s.RecordedAt = tx.Now()
	_, err := tx.RecordSale("mostrador.sale.v1", s)
	return err
}

func record(st *store.Store, s *store.Sale) error {
	return st.Update(func(tx *store.Tx) error { return keep(tx, s) })
}

func median[T cmp.Ordered](list []T) T {
	if len(list) == 0 {
		var none T
		return none
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
