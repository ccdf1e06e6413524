// Package spool takes print jobs to paper: one worker per printer, every
// attempt on record before its first byte leaves, and an outcome that claims
// only what is known.
package spool

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"mostrador/agent/spool/ticket"
	"mostrador/drivers"
	"mostrador/printer"
	"mostrador/printer/profile"
	"mostrador/store"
)

// A Printer is one printer of the configuration.
type Printer struct {
	Name    string
	Port    string // the port's URL, for people
	Open    func(context.Context) (drivers.Port, error)
	Profile profile.Profile
	Paper   string
	Timing  printer.Timing
}

// A Policy says what becomes of a ticket that was cut off in the middle.
type Policy string

// The policies.
const (
	// CopyOnce: one further copy, headed POSIBLE DUPLICADO.
	CopyOnce Policy = "copy"
	// Ask: it waits for a person.
	Ask Policy = "ask"
)

// Settings of the spooler.
type Settings struct {
	Printers []Printer
	// Ticket says how tickets look and speak.
	Ticket ticket.Settings
	// Unknown is the policy per kind of ticket; a kind that it does not hold
	// asks a person.
	Unknown map[store.TicketKind]Policy
}

// A Spool owns the printers.
type Spool struct {
	store    *store.Store
	settings Settings
	log      *slog.Logger
	render   *renderer

	mu     sync.Mutex
	states map[string]*State
}

// New makes a spooler; Run starts it.
func New(st *store.Store, settings Settings, log *slog.Logger) (*Spool, error) {
	render, err := newRenderer(settings.Ticket)
	if err != nil {
		return nil, fmt.Errorf("prepare tickets: %w", err)
	}
	s := &Spool{store: st, settings: settings, log: log, render: render, states: map[string]*State{}}
	for _, p := range settings.Printers {
		s.states[p.Name] = &State{
			Printer: p.Name, Port: p.Port, Profile: p.Profile.Name, Paper: p.Paper, State: Opening,
		}
	}
	return s, nil
}

// Run settles what a crash left behind and then prints until ctx ends. Each
// printer has its own worker: one printer's fault never delays another's.
func (s *Spool) Run(ctx context.Context) error {
	if err := s.settleInterrupted(); err != nil {
		return fmt.Errorf("settle interrupted tickets: %w", err)
	}
	var workers sync.WaitGroup
	for _, p := range s.settings.Printers {
		workers.Go(func() { s.newWorker(p).run(ctx) })
	}
	workers.Wait()
	return nil
}

// Printer returns the printer of a name.
func (s *Spool) Printer(name string) (Printer, bool) {
	i := slices.IndexFunc(s.settings.Printers, func(p Printer) bool { return p.Name == name })
	if i < 0 {
		return Printer{}, false
	}
	return s.settings.Printers[i], true
}

// Condition is how a printer is now.
type Condition string

// The conditions of a printer.
const (
	Opening  Condition = "opening"  // not reached yet since the start
	Ready    Condition = "ready"    // open, nothing to print
	Printing Condition = "printing" // a ticket is on its way
	Absent   Condition = "absent"   // does not open, or does not answer
)

// A State is what the spooler knows of one printer.
type State struct {
	Printer string    `json:"printer"`
	Port    string    `json:"port"`
	Profile string    `json:"profile"`
	Paper   string    `json:"paper"`
	State   Condition `json:"state"`
	// Cause in words, when it is absent.
	Cause string `json:"cause,omitempty"`
	// Proof is the strongest that this printer can give.
	Proof store.Proof `json:"proof,omitempty"`
	Since time.Time   `json:"since,omitzero"`
}

// States are those of all printers, in the configuration's order.
func (s *Spool) States() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]State, 0, len(s.settings.Printers))
	for _, p := range s.settings.Printers {
		out = append(out, *s.states[p.Name])
	}
	return out
}

// setState records a printer's state; an empty proof leaves the one that is known.
func (s *Spool) setState(name string, c Condition, cause string, proof store.Proof) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.states[name]
	if st.State != c {
		st.Since = time.Now()
	}
	st.State, st.Cause = c, cause
	if proof != "" {
		st.Proof = proof
	}
}
