package spool

import (
	"fmt"
	"time"

	"mostrador/store"
)

// TicketEvent is the data of mostrador.ticket.v1 (docs/schemas): the evidence
// of one finished ticket.
type TicketEvent struct {
	Ticket      string           `json:"ticket"`
	Order       string           `json:"order"`
	OrderNumber string           `json:"order_number"`
	Revision    int              `json:"revision"`
	Kind        store.TicketKind `json:"kind"`
	Station     string           `json:"station"`
	Printer     string           `json:"printer"`
	MeantFor    string           `json:"meant_for"`
	Copy        int              `json:"copy"`
	Attempt     int              `json:"attempt"`
	Marks       []store.Mark     `json:"marks"`
	Outcome     store.JobState   `json:"outcome"`
	Proof       store.Proof      `json:"proof"`
	QueuedAt    store.Moment     `json:"queued_at"`
	StartedAt   *store.Moment    `json:"started_at"`
	FinishedAt  *store.Moment    `json:"finished_at"`
	Cause       string           `json:"cause"`
	// CopyOf is the ticket that this one repeats; Follows the one that a change
	// or void ticket is about, for a Reason.
	CopyOf  string `json:"copy_of,omitempty"`
	Follows string `json:"follows,omitempty"`
	Reason  string `json:"reason,omitempty"`
	// By is the person who asked for it, or who said how it ended.
	By  string        `json:"by,omitempty"`
	Via []string      `json:"via,omitempty"`
	Age time.Duration `json:"age_ns,omitempty"`
}

// Evidence emits the event of a ticket that has ended (docs/mqtt.md, tickets).
func Evidence(tx *store.Tx, j *store.Job) error {
	e := TicketEvent{
		Ticket: j.ID, Order: j.OrderID, OrderNumber: j.OrderNumber, Revision: j.Revision,
		Kind: j.Kind, Station: j.Station, Printer: j.Printer, MeantFor: j.MeantFor,
		Copy: j.Copy, Attempt: j.Tries(), Marks: j.Marks,
		Outcome: j.State, Proof: store.ProofNone, QueuedAt: j.QueuedAt, Cause: j.Cause,
		Reason: j.Reason, By: j.By, Via: j.Via, Age: j.Age,
	}
	if e.Marks == nil {
		e.Marks = []store.Mark{}
	}
	if n := len(j.Attempts); n > 0 {
		last := j.Attempts[n-1]
		e.StartedAt, e.FinishedAt = orNever(last.Started), orNever(last.Finished)
		if last.Proof != "" {
			e.Proof = last.Proof
		}
	}
	e.CopyOf, e.Follows = nameOf(tx, j.CopyOf), nameOf(tx, j.Follows)
	_, err := tx.Emit(store.StreamTickets, "mostrador.ticket.v1", e)
	return err
}

// nameOf is the UUID of a ticket; of none, and of one that is gone or cannot be
// read, the empty text: what became of another ticket is recorded all the same.
func nameOf(tx *store.Tx, seq uint64) string {
	if seq == 0 {
		return ""
	}
	j, err := tx.Job(seq)
	if err != nil {
		return ""
	}
	return j.ID
}

// entryOf is what the log says of a ticket that has ended.
func entryOf(j *store.Job) store.Entry {
	what := TicketWords(j)
	e := store.Entry{Kind: "ticket." + string(j.State), Subject: j.ID, Severity: store.Info}
	switch j.State {
	case store.JobPrinted:
		e.Text = fmt.Sprintf("%s impres%s en %s (%s", what, nounOf(j.Kind).ending, j.Printer, proofWords(j))
		if j.Cause != "" {
			e.Text += "; " + j.Cause
		}
		e.Text += ")"
	case store.JobUnknown:
		e.Severity = store.Alarm
		e.Text = fmt.Sprintf("%s en %s: no se sabe si salió (%s)", what, j.Printer, j.Cause)
	case store.JobExpired:
		e.Severity = store.Warning
		e.Text = fmt.Sprintf("%s %s sin imprimir: %s", what, StateWords(j), j.Cause)
	case store.JobNotPrinted:
		e.Severity = store.Alarm
		e.Text = fmt.Sprintf("%s no salió en %s: %s", what, j.Printer, j.Cause)
	default:
		e.Text = fmt.Sprintf("%s %s en %s", what, StateWords(j), j.Printer)
		if j.Cause != "" {
			e.Text += " (" + j.Cause + ")"
		}
	}
	return e
}

// orNever is nil for a moment that was never set.
func orNever(m store.Moment) *store.Moment {
	if m.IsZero() {
		return nil
	}
	return &m
}
