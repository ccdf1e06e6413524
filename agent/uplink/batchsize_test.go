package uplink_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

// TestBatchFigures measures what batches save: messages and bytes for a sale, on
// the line and at the backend, and how fast a backlog goes up at a round trip of
// 100 ms, freely and at AWS IoT's 100 messages a second. It asserts what came,
// and the bytes, never a rate. Under make drain the table goes into
// docs/uplink.md.
func TestBatchFigures(t *testing.T) {
	sales := 1_000
	if proof() {
		sales = 10_000
	}
	text := fmt.Sprintf("%d sales at a round trip of 100 ms, QoS 1, window %d. Bytes on the line are all that the terminal sends, MQTT's own words and the birth with them.\n\n", sales, benchWindow) +
		"| | messages | bytes a sale | bytes a sale on the line | sales/s | sales/s at `rate = 100` |\n|---|---|---|---|---|---|\n"
	var size [2]float64
	for i, batch := range []bool{false, true} {
		free, capped := measureBatch(t, sales, batch, 0), measureBatch(t, sales, batch, 100)
		size[i] = free.payload
		name := "one by one"
		if batch {
			name = "`batch = true`"
		}
		text += fmt.Sprintf("| %s | %d | %.0f | %.0f | %.0f | %.0f |\n", name, free.messages, free.payload, free.line, free.rate, capped.rate)
	}
	if size[1] > size[0]/4 {
		t.Errorf("a sale takes %.0f bytes in a batch and %.0f alone", size[1], size[0])
	}
	writeBlock(t, "batch", text)
}

type batchFigures struct {
	messages            int
	payload, line, rate float64
}

func measureBatch(t *testing.T, sales int, batch bool, rate int) batchFigures {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{Lines: []string{"log_type none"}})
	backend := consumer(t, broker)
	line := uplinktest.NewLine(t, broker.Addr())
	line.SetDelay(50 * time.Millisecond)
	st := openStore(t)
	emitVaried(t, st, sales)
	set := settings(line.URL())
	set.Window, set.Batch, set.Rate = benchWindow, batch, rate
	limit := patience
	if rate > 0 {
		limit += time.Duration(sales/rate) * time.Second
	}
	begun := time.Now()
	u, stop := start(t, set, st, newDesk())
	defer stop()
	eventuallyWithin(t, limit, func(s uplink.Status) bool { return len(s.Waiting) == 0 }, u)
	took := time.Since(begun)
	backend.Wait(patience, "all sales", func() bool { return backend.Count("sales") == sales })
	r := backend.Report()
	backend.Check()
	n := float64(sales)
	return batchFigures{r.Messages - len(backend.States()), float64(r.Bytes) / n, float64(line.Sent()) / n, n / took.Seconds()}
}

// emitVaried makes sales that differ as a restaurant's do: one to five lines of
// its products, ids of their own, cash or card.
func emitVaried(t *testing.T, st *store.Store, n int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	products := strings.Fields("Café Capuchino Lomo-saltado Ceviche Ají-de-gallina Causa Anticuchos Chicha-morada Inca-Kola Pisco-sour " +
		"Tallarines Pollo-a-la-brasa Papa-rellena Suspiro Picarones Agua Cerveza Jugo-de-naranja Arroz-chaufa Tacu-tacu")
	for done := 0; done < n; {
		if err := st.Update(func(tx *store.Tx) error {
			for range 50 {
				done++
				s := sale(tx.Now(), done)
				s.ID, s.Lines, s.Total = uuid.Must(uuid.NewV7()).String(), nil, 0
				for range 1 + random.IntN(5) {
					i, count := random.IntN(len(products)), 1+random.IntN(3)
					unit := int64(500 + 130*i)
					s.Lines = append(s.Lines, store.SaleLine{ExternalID: fmt.Sprintf("P-%04d", 17*i), Name: products[i], Quantity: store.Units(int64(count)), Unit: unit, Total: unit * int64(count)})
					s.Total += unit * int64(count)
				}
				s.Payments = []store.SalePayment{{Method: []string{"efectivo", "tarjeta"}[random.IntN(2)], Amount: s.Total}}
				if _, err := tx.Emit(store.StreamSales, "mostrador.sale.v1", s); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// eventuallyWithin looks at the status until ok holds.
func eventuallyWithin(t *testing.T, limit time.Duration, ok func(uplink.Status) bool, u *uplink.Uplink) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(u.Status()); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v: %+v", limit, u.Status())
		}
	}
}
