package uplinktest

import (
	"sync"
	"testing"

	"mostrador/store"
)

// contractOfAll is the contract for tests that check one store each.
var contractOfAll = sync.OnceValues(LoadContract)

// checkPerType is how many events of each type CheckStore looks at.
const checkPerType = 100

// CheckStore fails the test when an event in a store's outbox is not what the
// contract says of its stream: what the rooms emit, whether or not a test sends
// it. skip are streams that a test fills with something of its own.
func CheckStore(t testing.TB, st *store.Store, skip ...store.Stream) {
	t.Helper()
	c, err := contractOfAll()
	if err != nil {
		t.Fatal(err)
	}
	skipped := map[store.Stream]bool{}
	for _, s := range skip {
		skipped[s] = true
	}
	err = st.View(func(tx *store.Tx) error {
		seen := map[string]int{}
		for _, s := range store.Streams() {
			for e, err := range tx.Unsent(s, 0) {
				if err != nil || skipped[s] {
					break
				}
				if seen[e.Type]++; seen[e.Type] > checkPerType {
					continue
				}
				if err := c.CheckData(s, e.Type, e.Data); err != nil {
					t.Errorf("event %d of %s breaks the contract: %v\n%s", e.Position, s, err, e.Data)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("look at the outbox: %v", err)
	}
}
