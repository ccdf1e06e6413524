package spool

import (
	"path/filepath"
	"testing"

	"mostrador/printer/virtual"
	"mostrador/store"
)

// A person has settled that a ticket did not print whose copy did: once more,
// it says that it may be a duplicate. Without a copy it does not.
func TestRetryOfASettledTicket(t *testing.T) {
	for _, tt := range []struct {
		name string
		copy store.JobState
		want int // marks
	}{
		{"the copy is on paper", store.JobPrinted, 1},
		{"the copy waits", store.JobQueued, 1},
		{"the copy did not print either", store.JobNotPrinted, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			st := openStore(t, filepath.Join(t.TempDir(), "db"))
			seq := queue(t, st, "cocina", store.ComandaTicket, store.JobUnknown, "lomo\n=")
			if _, err := st.UpdateVital(func(tx *store.Tx) error {
				original, err := tx.Job(seq)
				if err != nil {
					return err
				}
				c := markedCopy(original, tx.Now())
				c.State = tt.copy
				return tx.PutJob(c)
			}); err != nil {
				t.Fatal(err)
			}
			sp := newSpool(t, st, newMachine(t, "cocina", virtual.Options{}))
			if _, err := sp.Settle(seq, false, "Ana"); err != nil {
				t.Fatal(err)
			}
			again, err := sp.Retry(seq, "Ana")
			if err != nil || again.State != store.JobQueued || len(again.Marks) != tt.want {
				t.Errorf("%+v, %v: want %d marks", again, err, tt.want)
			}
		})
	}
}
