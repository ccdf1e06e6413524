package order

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"mostrador/store"
)

// run starts a part and returns what stops it and waits for it.
func run(t *testing.T, part func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- part(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("run: %v", err)
		}
	}
}

func TestAckAtOnce(t *testing.T) {
	a := NewAcks(openStore(t), slog.New(slog.DiscardHandler))
	n := 0
	a.Settle(Taken{Durable: true}, func() error { n++; return errors.New("the connection has gone") })
	if n != 1 || a.Held() != 0 {
		t.Errorf("%d calls, %d held", n, a.Held())
	}
}

// fullKitchen has a store that takes orders into memory only.
func fullKitchen(t *testing.T) kitchen {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "m.db"), store.Options{Identity: "lima-01/caja-1", MaxSize: 2 << 20, Reserve: 512 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	for {
		err := st.Update(func(tx *store.Tx) error {
			_, err := tx.Emit(store.StreamSales, "mostrador.sale.v1", strings.Repeat("x", 4000))
			return err
		})
		if errors.Is(err, store.ErrFull) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	k := kitchen{NewIntake(st, rules(), nil, slog.New(slog.DiscardHandler)), st}
	for i := 0; k.mustTake(t, asado(fmt.Sprint("full", i))).Durable; i++ {
		if i > 1000 {
			t.Fatal("the reserve does not end")
		}
	}
	return k
}

func TestAcksInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := fullKitchen(t)
		a := NewAcks(k.st, slog.New(slog.DiscardHandler))
		stop := run(t, a.Run)
		acked := map[string]int{}
		take := func(id string) Taken {
			taken := k.mustTake(t, asado(id))
			if taken.Durable {
				t.Fatalf("%s is durable on a full disk", id)
			}
			a.Settle(taken, func() error { acked[id]++; return nil })
			synctest.Wait()
			return taken
		}
		// The source may send again meanwhile; each time is answered once.
		one := take("one")
		take("one")
		if len(acked) != 0 || a.Held() != 1 {
			t.Fatalf("acked %v, %d held", acked, a.Held())
		}
		for _, j := range k.jobs(t, one.Order) {
			if acked["one"] != 0 {
				t.Error("acknowledged before all papers were proven")
			}
			k.setJob(t, j.Seq, store.JobPrinted)
			synctest.Wait()
		}
		if acked["one"] != 2 || a.Held() != 0 {
			t.Errorf("acked %v, %d held", acked, a.Held())
		}
		// A copy stands for the ticket whose outcome is unknown.
		torn := take("torn")
		jobs := k.jobs(t, torn.Order)
		for _, j := range jobs[1:] {
			k.setJob(t, j.Seq, store.JobPrinted)
		}
		k.setJob(t, jobs[0].Seq, store.JobUnknown)
		synctest.Wait()
		if acked["torn"] != 0 {
			t.Error("acknowledged although a paper is unknown")
		}
		again := *jobs[0]
		again.ID, again.Seq, again.CopyOf, again.Copy, again.State = "", 0, jobs[0].Seq, 2, store.JobPrinted
		if _, err := k.st.UpdateVital(func(tx *store.Tx) error { c := again; return tx.PutJob(&c) }); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if acked["torn"] != 1 {
			t.Errorf("acked %v", acked)
		}
		// Written after all.
		take("two")
		if err := k.st.Update(func(tx *store.Tx) error { return tx.MarkSent(store.StreamSales, tx.Last(store.StreamSales)) }); err != nil {
			t.Fatal(err)
		}
		if err := k.st.Recover(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if acked["two"] != 1 {
			t.Errorf("acked %v", acked)
		}
		stop()
	})
}

// At sixteen the oldest is acknowledged although only memory has it, loudly.
func TestAcksAtSixteen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := fullKitchen(t)
		a := NewAcks(k.st, slog.New(slog.DiscardHandler))
		stop := run(t, a.Run)
		var acked []int
		for i := range MaxUnacknowledged + 2 {
			a.Settle(k.mustTake(t, asado(fmt.Sprint("o", i))), func() error { acked = append(acked, i); return nil })
			synctest.Wait()
		}
		if !slices.Equal(acked, []int{0, 1, 2}) || a.Held() != MaxUnacknowledged-1 {
			t.Errorf("acked %v, %d held", acked, a.Held())
		}
		alarms := 0
		for _, e := range k.entries(t) {
			if e.Kind == "order.only_in_memory" && e.Severity == store.Alarm && e.Subject != "" {
				alarms++
			}
		}
		if alarms != 3 {
			t.Errorf("%d alarms", alarms)
		}
		stop()
		if len(acked) != 3 {
			t.Errorf("the end acknowledged %v", acked)
		}
	})
}
