package order

import (
	"errors"

	"mostrador/store"
)

// FlagPossibleDuplicate is the code of the flag of an order that another
// terminal of the store may have printed: every paper of it is headed POSIBLE
// DUPLICADO.
const FlagPossibleDuplicate = "possible_duplicate"

// Settled reports whether nothing of an order is left to be printed: all of its
// papers are proven, or there are none to come.
func Settled(tx *store.Tx, seq uint64) (bool, error) {
	o, err := tx.Order(seq)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil // gone with its age
	}
	if err != nil {
		return false, err
	}
	if proven, err := papersProven(tx, seq); err != nil || proven {
		return proven, err
	}
	if !o.HeldUntil.IsZero() || o.Status == store.Received {
		return false, nil
	}
	jobs, err := tx.JobsOf(seq)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	for _, j := range jobs {
		if isWaiting(j) || onPaper(j) && j.State != store.JobPrinted || j.State == store.JobExpired {
			return false, nil
		}
	}
	return len(jobs) == 0 || ended(o.Status), nil
}
