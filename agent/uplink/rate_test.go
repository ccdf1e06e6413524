package uplink

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// No second holds more than the rate and the few that may be saved up, and the
// rate is reached also by one who comes late now and then.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 100
		p, begun := newPace(rate), time.Now()
		var went []time.Duration
		for i := range 1000 {
			if i%50 == 49 {
				time.Sleep(30 * time.Millisecond) // the outbox had to be read
			}
			if i == 500 {
				time.Sleep(time.Minute) // nothing was to be sent
			}
			if !p.wait(t.Context()) {
				t.Fatal("it gave up")
			}
			went = append(went, time.Since(begun))
		}
		for i, at := range went {
			n := 0
			for _, other := range went[i:] {
				if other-at < time.Second {
					n++
				}
			}
			if n > rate+3 {
				t.Fatalf("%d in the second after %v", n, at)
			}
		}
		if took := went[999] - time.Minute; took > 10500*time.Millisecond {
			t.Errorf("1,000 took %v", took)
		}
	})
}

func TestPaceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		p := newPace(1)
		for range 2 {
			p.wait(ctx)
		}
		if p.wait(ctx) {
			t.Error("it waited for its turn past the end")
		}
		if free := newPace(0); !free.wait(ctx) {
			t.Error("without a rate there is nothing to wait for")
		}
	})
}
