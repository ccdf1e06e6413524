package device

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/drivers"
	"mostrador/store"
)

// A screen is a display that notes what it is to show.
type screen struct {
	mu    sync.Mutex
	rows  []string
	shown int
}

func (s *screen) Listen(ctx context.Context, _ drivers.Port, _ []byte, _ func(drivers.Heard) error) error {
	<-ctx.Done()
	return ctx.Err()
}

func (s *screen) Show(lines []drivers.Line) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows, s.shown = nil, s.shown+1
	for _, l := range lines {
		s.rows = append(s.rows, rowText(l))
	}
	return nil
}

func (s *screen) now() (rows string, shown int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.rows, "|"), s.shown
}

// withBoard runs a test with a display in synthetic time.
func withBoard(t *testing.T, settings BoardSettings, test func(*testing.T, *store.Store, *Board, *screen)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st := openStore(t)
		s, b := &screen{}, NewBoard(settings)
		open := func(context.Context) (drivers.Port, error) { return nil, drivers.ErrAbsent }
		d := New(st, []Config{{Name: "pantalla", Kind: "display", Open: open, Device: s, Keeper: Readings{}, Board: b}}, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		synctest.Wait()
		test(t, st, b, s)
		stop()
		<-ended
	})
}

func putOrder(t *testing.T, st *store.Store, number string, status store.Status) {
	t.Helper()
	_, err := st.UpdateVital(func(tx *store.Tx) error {
		o := &store.Order{Key: store.OrderKey{Provider: "p", Nickname: "n", ChannelID: number}}
		if known, err := tx.OrderByKey(o.Key); err == nil {
			o = known
		}
		o.Number, o.Status, o.Revision, o.ChangedAt = number, status, 1, tx.Now()
		if status == store.Ready {
			o.ReadyAt = tx.Now()
		}
		return tx.PutOrder(o)
	})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

func wants(t *testing.T, s *screen, want string) {
	t.Helper()
	synctest.Wait()
	if got, _ := s.now(); got != want {
		t.Errorf("it shows %q, want %q", got, want)
	}
}

// Ready orders stand there until they leave or are forgotten, the newest first,
// page by page where there are many.
func TestBoardShowsReadyOrders(t *testing.T) {
	withBoard(t, BoardSettings{Ready: true, Idle: []string{"La Brasa", "Bienvenidos"}}, func(t *testing.T, st *store.Store, _ *Board, s *screen) {
		wants(t, s, "La Brasa|Bienvenidos")
		putOrder(t, st, "101", store.Preparing)
		wants(t, s, "La Brasa|Bienvenidos")
		for _, n := range []string{"101", "102", "103", "104", "#J 105"} {
			time.Sleep(time.Second)
			putOrder(t, st, n, store.Ready)
		}
		wants(t, s, "LISTOS|J105 104 103 102 101")
		time.Sleep(time.Second)
		putOrder(t, st, "A-LARGO-NUMERO-106", store.Ready)
		wants(t, s, "LISTOS           1/2|UMERO-106 J105 104")
		time.Sleep(4 * time.Second)
		wants(t, s, "LISTOS           2/2|103 102 101")
		putOrder(t, st, "107", store.Ready) // a new one is seen at once
		wants(t, s, "LISTOS           1/2|107 UMERO-106 J105")
		for _, n := range []string{"101", "102", "103", "104", "#J 105", "A-LARGO-NUMERO-106"} {
			putOrder(t, st, n, store.Dispatched)
		}
		wants(t, s, "LISTOS|107")
		_, before := s.now()
		time.Sleep(29 * time.Minute)
		if _, after := s.now(); after != before {
			t.Errorf("it was shown %d times while nothing changed", after-before)
		}
		time.Sleep(2 * time.Minute)
		wants(t, s, "La Brasa|Bienvenidos")
	})
}

// A sale's total stands there for a moment, and the answer to a code over all.
func TestBoardShowsTotalsAndAnswers(t *testing.T) {
	withBoard(t, BoardSettings{Totals: true, Locale: "es-PE"}, func(t *testing.T, st *store.Store, b *Board, s *screen) {
		sell := func(id string, total int64, lines ...store.SaleLine) {
			err := st.Update(func(tx *store.Tx) error {
				_, err := tx.PutSale(&store.Sale{Source: "r", SourceID: id, Currency: "PEN", Total: total, Lines: lines, RecordedAt: tx.Now()})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		sell("1", 3800, store.SaleLine{Name: "Lomo saltado con papas", Quantity: store.Units(1), Total: 3800})
		wants(t, s, "Lomo saltad S/ 38.00|TOTAL       S/ 38.00")
		b.say([]drivers.Line{{Left: "#48213"}}, answerFor)
		wants(t, s, "#48213")
		time.Sleep(answerFor)
		wants(t, s, "Lomo saltad S/ 38.00|TOTAL       S/ 38.00")
		sell("2", 5600, store.SaleLine{Name: "A", Quantity: store.Units(1), Total: 2800}, store.SaleLine{Name: "B", Quantity: store.Units(1), Total: 2800})
		wants(t, s, "2 artículos|TOTAL       S/ 56.00")
		time.Sleep(15 * time.Second)
		wants(t, s, "")
		sell("3", 1<<62)
		synctest.Wait()
		if got, _ := s.now(); strings.Contains(got, "4611") {
			t.Errorf("an amount was cut: %q", got)
		}
	})
}
