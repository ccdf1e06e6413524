package uplink_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
)

// noticed is the bound that the line must keep.
const noticed = 30 * time.Second

// TestHalfOpenWorstCase lets the line go dead without a word at every moment of
// the keep-alive's round, idle and amid sales, on a simulated clock, and takes
// the longest time until the terminal tries anew. Under make matrix the figures
// go into docs/uplink.md.
func TestHalfOpenWorstCase(t *testing.T) {
	step := time.Second
	if proof() {
		step = 100 * time.Millisecond
	}
	text := "| the line goes dead | moments tried | noticed after, median | worst |\n|---|---|---|---|\n"
	for _, c := range []struct {
		name  string
		every time.Duration // between two sales, 0: none
	}{{"while nothing is sold", 0}, {"with a sale every 2 s", 2 * time.Second}, {"with a sale every 7 s", 7 * time.Second}} {
		took := halfOpen(t, c.every, step)
		slices.Sort(took)
		worst := took[len(took)-1]
		if worst > noticed {
			t.Errorf("%s: noticed after %v", c.name, worst)
		}
		text += fmt.Sprintf("| %s | %d | %.1f s | %.1f s |\n", c.name, len(took), took[len(took)/2].Seconds(), worst.Seconds())
	}
	t.Log("\n" + text)
	if proof() && !t.Failed() {
		uplinktest.WriteBlock(t, "uplink.md", "half-open", text)
	}
}

// halfOpen has a line die at each moment of 25 s after its birth, and tells how
// long each time the next connection came later.
func halfOpen(t *testing.T, every, step time.Duration) (took []time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		lines := make(chan *mortal, 1)
		var work sync.WaitGroup
		defer work.Wait()
		set := settings("mqtt://broker")
		set.RetryMin, set.RetryMax = time.Millisecond, time.Millisecond
		set.Dial = func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			work.Go(func() { defer far.Close(); stubborn{suback: 1}.serve(far) })
			line := &mortal{Conn: near}
			lines <- line
			return line, nil
		}
		st := openStore(t)
		u := uplink.New(set, st, newDesk(), slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		work.Go(func() { _ = u.Run(ctx) })
		defer stop()
		if every > 0 {
			work.Go(func() {
				for tick := time.NewTicker(every); ; {
					select {
					case <-tick.C:
						emitSalesFrom(t, st, 1, 1<<30)
					case <-ctx.Done():
						tick.Stop()
						return
					}
				}
			})
		}
		line := <-lines
		for at := time.Duration(0); at < 25*time.Second; at += step {
			time.Sleep(time.Second + at) // it has logged in
			line.dead.Store(true)
			begun := time.Now()
			line = <-lines
			took = append(took, time.Since(begun))
		}
	})
	return took
}

// A mortal line takes what is written after its death, as a system's buffers
// do, and nothing comes any more.
type mortal struct {
	net.Conn
	dead atomic.Bool
}

func (m *mortal) Write(p []byte) (int, error) {
	if m.dead.Load() {
		return len(p), nil
	}
	return m.Conn.Write(p)
}
