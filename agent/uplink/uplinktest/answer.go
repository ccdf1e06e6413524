package uplinktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// answerEvery is how often a Consumer acknowledges what has come.
const answerEvery = 50 * time.Millisecond

// Answer makes the consumer acknowledge what it has on down/acks, as a backend
// does that is asked to (acknowledged_by = "backend"): cumulative per source and
// epoch, and once more what comes once more. It ends with the test.
func (c *Consumer) Answer() {
	stop := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		tick := time.NewTicker(answerEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				c.answer()
			case <-stop:
				return
			}
		}
	})
	c.t.Cleanup(func() { close(stop); work.Wait() })
}

// answer publishes what is new since the last time, without waiting: a lost one
// is made up for by the next.
func (c *Consumer) answer() {
	c.mu.Lock()
	due := maps.Clone(c.through)
	for key := range due {
		if !c.unanswered[key] {
			delete(due, key)
		}
	}
	c.unanswered = map[series]bool{}
	c.mu.Unlock()
	for key, through := range due {
		name := strings.Split(key.source, "/") // "", mostrador, store, terminal, stream
		payload, err := json.Marshal(map[string]string{
			"stream": name[4], "epoch": key.epoch, "through": fmt.Sprintf("%020d", through), "time": time.Now().UTC().Format(time.RFC3339Nano),
		})
		if err != nil {
			c.t.Error(err)
			return
		}
		c.client.Publish("mostrador/v1/"+name[2]+"/"+name[3]+"/down/acks", 1, false, payload)
	}
}

// note counts how far each series has come without a gap; under mu.
func (c *Consumer) note(key series) {
	if c.through == nil {
		c.through, c.unanswered = map[series]uint64{}, map[series]bool{}
	}
	for c.there(key, c.through[key]+1) {
		c.through[key]++
	}
	if c.through[key] > 0 {
		c.unanswered[key] = true
	}
}

// Slow makes the consumer take so long over each message from now on.
func (c *Consumer) Slow(d time.Duration) { c.pause.Store(int64(d)) }

// Through is how many events of a stream have come without a gap, over all
// sources and epochs.
func (c *Consumer) Through(stream string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range slices.Collect(maps.Keys(c.through)) {
		if strings.HasSuffix(key.source, "/"+stream) {
			n += int(c.through[key])
		}
	}
	return n
}
