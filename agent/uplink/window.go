package uplink

import (
	"context"
	"sync"
)

// bytesInFlight is what may be in flight for each publish of the window, on
// average: large batches would fill a thin line for many seconds, and what is
// urgent would wait behind them.
const bytesInFlight = 4 << 10

// A window bounds what waits for the broker's acknowledgement: so many
// publishes, and so many bytes, which the last of them may overshoot.
type window struct {
	publishes, bytes int

	mu       sync.Mutex
	inFlight int
	size     int
	freed    chan struct{}
}

func newWindow(publishes int) *window {
	return &window{publishes: publishes, bytes: publishes * bytesInFlight, freed: make(chan struct{}, 1)}
}

// wait waits until one more may go; false: ctx has ended first.
func (w *window) wait(ctx context.Context) bool {
	for {
		w.mu.Lock()
		open := w.inFlight < w.publishes && (w.size < w.bytes || w.inFlight == 0)
		w.mu.Unlock()
		if open {
			return true
		}
		select {
		case <-w.freed:
		case <-ctx.Done():
			return false
		}
	}
}

// sent says that a publish of so many bytes is in flight.
func (w *window) sent(size int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inFlight++
	w.size += size
}

// acknowledged says that it is no more.
func (w *window) acknowledged(size int) {
	w.mu.Lock()
	w.inFlight--
	w.size -= size
	w.mu.Unlock()
	signal(w.freed)
}
