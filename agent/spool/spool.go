// Package spool takes print jobs to paper: one worker per printer, every
// attempt on record before its first byte leaves, and an outcome that claims
// only what is known. Beside the workers one keeper watches over all printers:
// it tells what changed, hands tickets over to another printer, and lets
// expire what is too old.
package spool

import (
	"context"
	"fmt"
	"log/slog"
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
	Name string
	Port string // the port's URL, for people
	Open func(context.Context) (drivers.Port, error)
	// Profile is what the model can do. With Auto it is what is assumed of a
	// printer until it has said who it is.
	Profile profile.Profile
	Auto    bool
	Paper   string
	Timing  printer.Timing

	// Fallback are the printers that take over, in order, when this one has been
	// unable to print for FallbackAfter.
	Fallback      []string
	FallbackAfter time.Duration
	// AlarmsTo are the printers that say on paper that this one cannot print.
	AlarmsTo []string
	// Drawer: a cash drawer hangs on it and may be opened.
	Drawer bool
	// DrawerHigh: its switch makes pin 3 high when it is open, else low.
	DrawerHigh bool
	// DrawerLeft is how long it may stand open before staff are told; 0: for ever.
	DrawerLeft time.Duration
	// Buzzer: it sounds with each ticket of the kitchen, if its model can.
	Buzzer bool
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
	// AlarmAfter is how long a ticket of a kind may wait before staff are told;
	// of a kind that it does not hold they are not.
	AlarmAfter map[store.TicketKind]time.Duration
}

// A Spool owns the printers.
type Spool struct {
	store    *store.Store
	settings Settings
	log      *slog.Logger
	render   *renderer
	units    []*unit // in the configuration's order

	// changed has a token when a printer's condition has changed: the keeper
	// looks.
	changed chan struct{}
	// ledger is held while a printer's standing is changed on disk and here.
	ledger sync.Mutex

	mu sync.Mutex // guards what units say of themselves, and unreadable
	// unreadable are the records that staff have been told of.
	unreadable map[string]bool
}

// New makes a spooler; Run starts it.
func New(st *store.Store, settings Settings, log *slog.Logger) (*Spool, error) {
	render, err := newRenderer(settings.Ticket)
	if err != nil {
		return nil, fmt.Errorf("prepare tickets: %w", err)
	}
	return newWith(render, st, settings, log), nil
}

// newWith is New with a renderer, which several may share.
func newWith(render *renderer, st *store.Store, settings Settings, log *slog.Logger) *Spool {
	s := &Spool{
		store: st, settings: settings, log: log, render: render,
		changed: make(chan struct{}, 1), unreadable: map[string]bool{},
	}
	for _, p := range settings.Printers {
		s.units = append(s.units, newUnit(p))
	}
	return s
}

// Run settles what a crash left behind and then prints until ctx ends. Each
// printer has its own worker: one printer's fault never delays another's.
func (s *Spool) Run(ctx context.Context) error {
	if err := s.recallStandings(); err != nil {
		return fmt.Errorf("recall how the printers stood: %w", err)
	}
	if err := s.settleInterrupted(); err != nil {
		return fmt.Errorf("settle interrupted tickets: %w", err)
	}
	var parts sync.WaitGroup
	for _, u := range s.units {
		s.start(u)
		parts.Go(func() { s.newWorker(u).run(ctx) })
	}
	parts.Go(func() { s.keep(ctx) })
	parts.Wait()
	return nil
}

// Printer returns the printer of a name.
func (s *Spool) Printer(name string) (Printer, bool) {
	if u := s.unit(name); u != nil {
		return u.Printer, true
	}
	return Printer{}, false
}
