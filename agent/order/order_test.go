package order

import (
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openStore(t testing.TB) *store.Store {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "m.db"), store.Options{Identity: "lima-01/caja-1", Reserve: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		uplinktest.CheckStore(t, st, store.StreamTickets) // newKitchen has its own
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// rules are a grill, a cold kitchen and a bar that takes the rest.
func rules() Rules {
	return Rules{
		Printers: []string{"caja", "cocina", "fria"},
		Stations: []Station{
			{Name: "parrilla", Printers: []string{"cocina", "caja"}, Products: []string{"CARNE-*", "pollo-*"}},
			{Name: "fría", Printers: []string{"fria"}, Categories: []string{"ensaladas"}, Names: []string{"*ceviche*"}},
			{Name: "barra", Printers: []string{"caja"}, Products: []string{"BEB-*"}, Default: true},
		},
		Tickets: map[store.TicketKind]TicketRule{
			store.ReceiptTicket: {Printers: []string{"caja"}, MaxAge: 4 * time.Hour},
			store.ComandaTicket: {MaxAge: 45 * time.Minute},
		},
		LeadTime: 30 * time.Minute,
	}
}

// A kitchen is an Intake with its store.
type kitchen struct {
	*Intake
	st *store.Store
}

func newKitchen(t testing.TB, r Rules) kitchen {
	t.Helper()
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	st := openStore(t)
	evidence := func(tx *store.Tx, j *store.Job) error {
		_, err := tx.Emit(store.StreamTickets, "mostrador.ticket.v1", map[string]any{"ticket": j.ID, "outcome": j.State})
		return err
	}
	return kitchen{NewIntake(st, r, evidence, slog.New(slog.DiscardHandler)), st}
}

// asado is an order for all three stations: a grilled combo with its drink, a
// salad, and something that no station names.
func asado(id string) Draft {
	return Draft{
		Event: "newOrder", Raw: []byte(`{"_id":"` + id + `"}`),
		Order: store.Order{
			Key:    store.OrderKey{Provider: "justo", Nickname: "Justo Centro", ChannelID: id},
			Dated:  time.Date(2026, 3, 1, 18, 0, 0, 0, time.UTC),
			Number: "48213", Origin: "web", Status: store.Received, Kind: store.Delivery, Currency: "PEN",
			Customer: store.Customer{Name: "Ñusta Quispe"}, Address: &store.Address{Street: "Av. Perú 123"},
			Lines: []store.Line{
				{ExternalID: "CARNE-01", Name: "Combo parrillero", Quantity: store.Units(2), Unit: 4500, Total: 9000,
					Modifiers: []store.Modifier{
						{Group: "Término", Name: "A punto", Quantity: store.Units(1)},
						{Group: "Bebida", Name: "Inca Kola", ExternalID: "BEB-7", Quantity: store.Units(1),
							Modifiers: []store.Modifier{{Group: "Hielo", Name: "Sin hielo", Quantity: store.Units(1)}}},
					}},
				{Name: "César", Category: "Ensaladas", Quantity: store.Units(1), Unit: 1800, Total: 1800},
				{Name: "Torta de lúcuma", Quantity: store.Units(1), Unit: 1200, Total: 1200, Note: "con vela"},
			},
			Totals: store.Totals{Items: 12000, Delivery: 500, Total: 12500, ToPay: 12500},
		},
	}
}

func (k kitchen) mustTake(t *testing.T, d Draft) Taken {
	t.Helper()
	taken, err := k.Take(d)
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

func (k kitchen) order(t *testing.T, seq uint64) *store.Order {
	t.Helper()
	var out *store.Order
	err := k.st.View(func(tx *store.Tx) (err error) {
		out, err = tx.Order(seq)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (k kitchen) jobs(t *testing.T, seq uint64) []*store.Job {
	t.Helper()
	var out []*store.Job
	err := k.st.View(func(tx *store.Tx) (err error) {
		out, err = tx.JobsOf(seq)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// setJob puts a job into a state, as the spooler would.
func (k kitchen) setJob(t *testing.T, seq uint64, state store.JobState) {
	t.Helper()
	_, err := k.st.UpdateVital(func(tx *store.Tx) error {
		j, err := tx.Job(seq)
		if err != nil {
			return err
		}
		j.State = state
		return tx.PutJob(j)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// entries are the kinds in the transaction log, oldest first.
func (k kitchen) entries(t *testing.T) []store.Entry {
	t.Helper()
	var out []store.Entry
	err := k.st.View(func(tx *store.Tx) error {
		out = nil
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			out = append(out, *e)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(out)
	return out
}

func (k kitchen) events(t *testing.T, s store.Stream) []*store.Event {
	t.Helper()
	var out []*store.Event
	err := k.st.View(func(tx *store.Tx) error {
		out = nil
		for e, err := range tx.Unsent(s, 0) {
			if err != nil {
				return err
			}
			out = append(out, e)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// papers says in short what jobs there are: kind, station, printer, state.
func papers(jobs []*store.Job) []string {
	var out []string
	for _, j := range jobs {
		out = append(out, string(j.Kind)+" "+j.Station+" "+j.Printer+" "+string(j.State))
	}
	return out
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}
