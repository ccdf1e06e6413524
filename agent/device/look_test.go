package device

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/drivers"
	"mostrador/store"
)

// A weigher is a scale that is asked; it says what it is told to say.
type weigher struct {
	mu     sync.Mutex
	wanted []bool
	say    chan string
}

func (w *weigher) Want(wanted bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wanted = append(w.wanted, wanted)
}

func (w *weigher) Listen(ctx context.Context, _ drivers.Port, _ []byte, keep func(drivers.Heard) error) error {
	for {
		select {
		case state := <-w.say:
			fields := map[string]string{"kind": "weight", "state": state}
			if state == "stable" {
				fields["weight"], fields["unit"] = "1.250", "kg"
			}
			if err := keep(drivers.Heard{Record: &drivers.Record{Fields: fields}}); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

type noPort struct{ drivers.Port }

func (noPort) Close() error { return nil }

// withScale runs a test with a scale in synthetic time.
func withScale(t *testing.T, test func(*testing.T, *store.Store, *Devices, *weigher)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st := openStore(t)
		w := &weigher{say: make(chan string)}
		open := func(context.Context) (drivers.Port, error) { return noPort{}, nil }
		d := New(st, []Config{{Name: "balanza", Kind: "scale", Open: open, Device: w, Keeper: Readings{}}}, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		synctest.Wait()
		test(t, st, d, w)
		stop()
		<-ended
	})
}

// A scale is asked while somebody looks, and a while after that, so that who
// looks again and again does not begin anew.
func TestLook(t *testing.T) {
	withScale(t, func(t *testing.T, _ *store.Store, d *Devices, w *weigher) {
		go func() {
			time.Sleep(time.Second)
			w.say <- "stable"
		}()
		s, err := d.Status(t.Context(), "balanza")
		if err != nil || s.Weight == nil || s.Weight.Weight != "1.250" || s.Weight.Unit != "kg" {
			t.Fatalf("status %+v, %v", s, err)
		}
		for range 5 {
			time.Sleep(5 * time.Second)
			if s, err := d.Status(t.Context(), "balanza"); err != nil || s.Weight == nil {
				t.Errorf("status %+v, %v", s, err)
			}
		}
		synctest.Wait()
		if got := slices.Clone(w.wanted); !slices.Equal(got, []bool{false, true}) {
			t.Errorf("wanted %v", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := slices.Clone(w.wanted); !slices.Equal(got, []bool{false, true, false}) || d.Statuses()[0].Weight != nil {
			t.Errorf("wanted %v, it weighs %+v", got, d.Statuses()[0].Weight)
		}
		began := time.Now()
		if s, err := d.Status(t.Context(), "balanza"); err != nil || s.Weight != nil || time.Since(began) != firstAnswer {
			t.Errorf("one that does not answer: %+v, %v after %v", s.Weight, err, time.Since(began))
		}
		if _, err := d.Status(t.Context(), "no"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("no such device: %v", err)
		}
		changed, stop := d.Watch()
		w.say <- "unstable"
		synctest.Wait()
		select {
		case <-changed:
		default:
			t.Error("who watches was not told")
		}
		stop()
		stop()
		time.Sleep(time.Minute)
	})
}

// A scale that falls silent on an open line is told once, and once that it is
// back, with how often it was gone between.
func TestSilentScale(t *testing.T) {
	withScale(t, func(t *testing.T, st *store.Store, d *Devices, w *weigher) {
		_, stop := d.Watch()
		w.say <- "stable"
		for range 4 {
			w.say <- silent
			time.Sleep(time.Second)
			w.say <- "stable"
			time.Sleep(time.Second)
		}
		if s := d.Statuses()[0]; s.State != Absent {
			t.Errorf("it is %s", s.State)
		}
		time.Sleep(time.Minute)
		if s := d.Statuses()[0]; s.State != Ready {
			t.Errorf("it is %s", s.State)
		}
		stop()
		var kinds []string
		err := st.View(func(tx *store.Tx) error {
			for e, err := range tx.Entries() {
				if err != nil {
					return err
				}
				kinds = append(kinds, e.Kind+" "+e.Text)
			}
			return nil
		})
		want := []string{"device.ready balanza: listo (se cortó 3 veces)", "device.absent balanza: no contesta: mire si está encendida, el cable y su protocolo", "device.ready balanza: listo"}
		if err != nil || !slices.Equal(kinds, want) {
			t.Errorf("told %q, %v", kinds, err)
		}
		time.Sleep(time.Minute)
	})
}
