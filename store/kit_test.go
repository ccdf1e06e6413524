package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// at opens the store in a folder; who opens it twice closes it first.
func at(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	if o.Identity == "" {
		o.Identity = "lima-01/caja-1"
	}
	if o.Reserve == 0 {
		o.Reserve = 64 << 10 // nothing to wait for in tests that have no need of it
	}
	s, err := Open(filepath.Join(dir, "mostrador.db"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func opened(t testing.TB, o Options) *Store {
	t.Helper()
	return at(t, t.TempDir(), o)
}

func update(t testing.TB, s *Store, fn func(*Tx) error) {
	t.Helper()
	if err := s.Update(fn); err != nil {
		t.Fatal(err)
	}
}

func view(t testing.TB, s *Store, fn func(*Tx) error) {
	t.Helper()
	if err := s.View(fn); err != nil {
		t.Fatal(err)
	}
}

// sampleSale is a sale of about 600 bytes as JSON.
func sampleSale(n int64) *Sale {
	return &Sale{
		Source: "register/registradora", SourceID: fmt.Sprintf("%012d", n), Receipt: fmt.Sprintf("B001-%08d", n),
		PointOfSale: "caja-1", BusinessDate: "2026-05-01", ClosedAt: time.Unix(1_777_000_000+n, 0).UTC(), Currency: "PEN",
		Lines: []SaleLine{
			{ExternalID: "LOMO-01", Name: "Lomo saltado", Quantity: Units(1), Unit: 3800, Total: 3800},
			{ExternalID: "CHICHA-05", Name: "Chicha morada 500 ml", Quantity: Units(2), Unit: 900, Total: 1800},
		},
		Payments: []SalePayment{{"cash", 5600}}, Total: 5600,
	}
}

// recordSale is what a recorder of sales does in one transaction.
func (s *Store) recordSale(n int64) error {
	sale := sampleSale(n)
	data, err := Encode(sale)
	if err != nil {
		return err
	}
	return s.Update(func(tx *Tx) error {
		if _, err := tx.PutSale(sale); err != nil {
			return err
		}
		_, err := tx.Emit(StreamSales, "mostrador.sale.v1", data)
		return err
	})
}

func sampleOrder(n int) *Order {
	return &Order{
		Key:      OrderKey{"justo", "Justo Centro", strconv.Itoa(n)},
		Revision: 1, Hash: "h1", Status: Received, Currency: "PEN", Number: strconv.Itoa(n),
		Customer: Customer{Name: "Ñusta Quispe", Phone: "+51 999 999 999"},
		Lines: []Line{
			{ExternalID: "LOMO-01", Name: "Lomo saltado", Quantity: Units(1), Unit: 3800, Total: 3800, Note: "sin cebolla"},
			{ExternalID: "CHICHA-05", Name: "Chicha morada 500 ml", Quantity: Units(2), Unit: 900, Total: 1800},
		},
		Totals: Totals{Items: 5600, Total: 5600, ToPay: 5600},
	}
}

// takeOrder is what an intake does in one transaction.
func takeOrder(tx *Tx, o *Order) error {
	o.ReceivedAt, o.ChangedAt = tx.Now(), tx.Now()
	if err := tx.PutOrder(o); err != nil {
		return err
	}
	j := &Job{Kind: ComandaTicket, Order: o.Seq, OrderID: o.ID, Printer: "cocina", State: JobQueued, QueuedAt: tx.Now()}
	if err := tx.PutJob(j); err != nil {
		return err
	}
	_, err := tx.Emit(StreamOrders, "mostrador.order.v1", o)
	return err
}

// checkSequences finds gaps and doubles in a stream.
func checkSequences(t testing.TB, s *Store, stream Stream) (count uint64) {
	t.Helper()
	ids := make(map[string]bool)
	view(t, s, func(tx *Tx) error {
		for e, err := range tx.Unsent(stream, 0) {
			if err != nil {
				return err
			}
			count++
			if e.Position != count || e.Sequence != count {
				return fmt.Errorf("%s: event %d has position %d and sequence %d", stream, count, e.Position, e.Sequence)
			}
			if ids[e.ID] {
				return fmt.Errorf("%s: id %s twice", stream, e.ID)
			}
			ids[e.ID] = true
		}
		if tx.Last(stream) != count {
			return fmt.Errorf("%s: ends at %d, has %d events", stream, tx.Last(stream), count)
		}
		return nil
	})
	return count
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}
