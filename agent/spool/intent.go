package spool

import (
	"fmt"
	"slices"

	"mostrador/store"
)

// While a full disk keeps the store in memory, a job's sending state is lost in
// a crash, and with it that a paper may have come out: the source then hands
// the order over again as if nothing had been. So what is begun in that time is
// noted as an intent beside the store, under a name that the same ticket will
// have again.

// intentOf names a ticket by what it says: of an order the channel's id, for
// ours is another one when the order comes again.
func intentOf(tx *store.Tx, j *store.Job) (string, error) {
	if j.Order == 0 {
		return "ticket/" + j.ID, nil
	}
	o, err := tx.OrderAt(j.Order, j.Revision)
	if err != nil {
		return "", fmt.Errorf("the order of ticket %d: %w", j.Seq, err)
	}
	name := fmt.Sprintf("ticket/%q/%q/%q/%d/%s/%q/%q/%d", o.Key.Provider, o.Key.Nickname, o.Key.ChannelID,
		j.Revision, j.Kind, j.Station, j.MeantFor, j.Copy)
	switch {
	case slices.Contains(j.Marks, store.MarkReprint):
		name += "/reprint"
	case j.CopyOf != 0:
		name += "/copy" // not to be taken for the second of two that were asked for
	}
	return name, nil
}

// tornIntent says that a printer was in the middle of something, its detail how
// much of it the printer may still wait for (printer.Options.Resync).
func tornIntent(printer string) string { return "torn/" + printer }

// concludeBegun ends a ticket that an earlier run of the agent has begun.
func (s *Spool) concludeBegun(tx *store.Tx, j *store.Job) error {
	last := &j.Attempts[len(j.Attempts)-1]
	last.Finished, last.Outcome, last.Proof = tx.Now(), store.OutcomeUnknown, store.ProofNone
	last.Cause = "se empezó a imprimir con el disco lleno y el agente se detuvo"
	return s.concludeUnknown(tx, j, last.Cause)
}
