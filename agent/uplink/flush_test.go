package uplink

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/store"
)

// What comes later is not waited for, and what is acknowledged counts down.
func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t)
		emitOn(t, st, store.StreamSales, 10)
		emitOn(t, st, store.StreamOrders, 2)
		u := New(Settings{Store: "lima-01", Terminal: "caja-1", Broker: "mqtt://h"}, st, nil, slog.New(slog.DiscardHandler))
		ask := func(through map[store.Stream]uint64, want uint64) Flush {
			t.Helper()
			f, err := u.Flush(through)
			if err != nil || f.Left != want {
				t.Errorf("%d are left, want %d: %v", f.Left, want, err)
			}
			return f
		}
		f := ask(nil, 12)
		emitOn(t, st, store.StreamSales, 5)
		emitOn(t, st, store.StreamTickets, 5)
		f = ask(f.Through, 12)
		u.marks.acknowledged(store.StreamSales, 10)
		f = ask(f.Through, 2)
		if f.Waiting[store.StreamOrders] != 2 || len(f.Waiting) != 1 {
			t.Errorf("waiting: %v", f.Waiting)
		}
		u.marks.acknowledged(store.StreamOrders, 2)
		ask(f.Through, 0)
		ask(map[store.Stream]uint64{"nobody": 3, store.StreamSales: 1 << 60}, 5)

		// Somebody who asks ends the pause, and the next one is whole again.
		begun := time.Now()
		u.signalSoon(t)
		u.rest(t.Context(), time.Hour)
		if took := time.Since(begun); took != time.Minute {
			t.Errorf("the pause lasted %v", took)
		}
		ask(nil, 10)
		begun = time.Now()
		u.rest(t.Context(), time.Hour)
		if took := time.Since(begun); took != time.Hour {
			t.Errorf("the next lasted %v", took)
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		u.rest(ctx, time.Hour)
	})
}

// signalSoon asks in a minute.
func (u *Uplink) signalSoon(t *testing.T) {
	go func() {
		time.Sleep(time.Minute)
		if _, err := u.Flush(nil); err != nil {
			t.Error(err)
		}
	}()
}
