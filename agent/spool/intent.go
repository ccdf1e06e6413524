package spool

import (
	"fmt"

	"mostrador/store"
)

// While a full disk keeps the store in memory, a job's sending state is lost in
// a crash, and with it that a paper may have come out: the source then hands
// the order over again as if nothing had been. So what is begun in that time is
// noted as an intent beside the store, under a name that the same ticket will
// have again.

// intentOf names a ticket by what it says and where it was first to come out: of
// an order the channel's id, for ours is another one when the order comes again. A
// copy goes by the name of what it copies and its place among the copies.
func intentOf(tx *store.Tx, j *store.Job) (string, error) {
	if j.Order == 0 {
		return "ticket/" + j.ID, nil
	}
	if j.CopyOf != 0 {
		original, err := ifKept(tx.Job(j.CopyOf))
		if err != nil {
			return "", fmt.Errorf("the original of ticket %d: %w", j.Seq, err)
		}
		if original != nil {
			return intentOfCopy(tx, j, original)
		}
	}
	o, err := tx.Order(j.Order)
	if err != nil {
		return "", fmt.Errorf("the order of ticket %d: %w", j.Seq, err)
	}
	name := fmt.Sprintf("ticket/%q/%q/%q/%d/%s/%q/%q/%q/%d", o.Key.Provider, o.Key.Nickname, o.Key.ChannelID,
		j.Revision, j.Kind, j.Station, j.MeantFor, birthplace(j), j.Copy)
	if j.Invoice != nil {
		name += fmt.Sprintf("/%q", j.Invoice.Number)
	}
	if j.CopyOf != 0 { // its original is gone
		name += "/copy"
	}
	return name, nil
}

func intentOfCopy(tx *store.Tx, j, original *store.Job) (string, error) {
	name, err := intentOf(tx, original)
	if err != nil {
		return "", err
	}
	copies, err := copiesOf(tx, original)
	if err != nil {
		return "", fmt.Errorf("the copies of ticket %d: %w", original.Seq, err)
	}
	kind, place := "copy", 0
	if isReprint(j) {
		kind = "reprint"
	}
	for _, c := range copies {
		if c.Seq < j.Seq && isReprint(c) == isReprint(j) {
			place++
		}
	}
	return fmt.Sprintf("%s/%s/%d", name, kind, place), nil
}

// birthplace is the printer that a ticket first waited for: of two void tickets
// of one paper and its backup copy, all that tells them apart.
func birthplace(j *store.Job) string {
	if len(j.Via) > 0 {
		return j.Via[0]
	}
	return j.Printer
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
