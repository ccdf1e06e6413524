package spool

import (
	"time"

	"mostrador/drivers"
	"mostrador/printer"
	"mostrador/store"
)

// Condition is how a printer is now.
type Condition string

// The conditions of a printer.
const (
	Opening  Condition = "opening"  // not reached yet since the start
	Ready    Condition = "ready"    // open, nothing to print
	Printing Condition = "printing" // a ticket is on its way
	Blocked  Condition = "blocked"  // open, and prints nothing until somebody sees to it
	Paused   Condition = "paused"   // a person has paused it
	Absent   Condition = "absent"   // does not open, or does not answer
	Failing  Condition = "failing"  // this agent cannot work with it: its own store fails
)

// A State is what the spooler knows of one printer.
type State struct {
	Printer string    `json:"printer"`
	Port    string    `json:"port"`
	Profile string    `json:"profile"`
	Paper   string    `json:"paper"`
	State   Condition `json:"state"`
	// Faults as codes, the gravest first: paper_end, cover, cutter, error,
	// offline, near_end. Near end alone does not keep it from printing.
	Faults []string `json:"faults,omitempty"`
	// Cause in words, when it cannot print or will soon not.
	Cause string `json:"cause,omitempty"`
	// DrawerPin is the level of the drawer connector's pin 3. Which level means
	// an open drawer is the drawer's own affair.
	DrawerPin bool `json:"drawer_pin,omitempty"`
	// Drawer is open or closed, as the configuration reads that level; empty
	// where there is none, or its switch has not been seen to move.
	Drawer string `json:"drawer,omitempty"`
	// Waiting counts the tickets that are queued on it; Oldest is when the
	// first of them was asked for.
	Waiting int          `json:"waiting"`
	Oldest  store.Moment `json:"oldest,omitzero"`
	// Proof is the strongest that this printer can give, Abilities what it was
	// found to answer.
	Proof     store.Proof       `json:"proof,omitempty"`
	Abilities printer.Abilities `json:"abilities"`
	Since     time.Time         `json:"since,omitzero"`
	// Wire counts what a serial line has received wrongly since it was opened,
	// as of the last ticket.
	Wire *drivers.LineErrors `json:"wire,omitempty"`
}

// States are those of all printers, in the configuration's order. What waits is
// left out where the store cannot be read.
func (s *Spool) States() []State {
	out := make([]State, len(s.units))
	s.mu.Lock()
	for i, u := range s.units {
		out[i] = State{
			Printer: u.Name, Port: u.Port, Profile: u.model, Paper: u.Paper,
			State: u.condition(), Faults: u.codes(), Cause: u.cause(), DrawerPin: u.faults.Drawer,
			Drawer: u.pin.state(), Proof: u.proof, Abilities: u.abilities, Since: u.since, Wire: u.wire,
		}
	}
	s.mu.Unlock()
	err := s.store.View(func(tx *store.Tx) error {
		for i := range out {
			out[i].Waiting, out[i].Oldest = tx.CountWaiting(out[i].Printer), store.Moment{}
			for j, err := range tx.Waiting(out[i].Printer) {
				if err == nil {
					out[i].Oldest = j.QueuedAt
					break
				}
			}
		}
		return nil
	})
	if err != nil {
		s.log.Error("what waits for the printers cannot be read", "error", err)
	}
	return out
}
