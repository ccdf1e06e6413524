package spool

import (
	"errors"
	"fmt"
	"time"

	"mostrador/store"
)

// Pause keeps a printer from printing until Resume, also over a restart of the
// agent. The ticket that is on its way is seen to its end; what waits stays
// where it is unless a person moves it.
func (s *Spool) Pause(printer, who, reason string) error {
	u := s.unit(printer)
	if u == nil {
		return fmt.Errorf("printer %q: %w", printer, store.ErrNotFound)
	}
	return s.restand(u, func(tx *store.Tx, st *standing) error {
		if st.Paused == nil {
			st.Paused = &Pause{At: tx.Now()}
		}
		st.Paused.By, st.Paused.Reason = who, reason
		return tellPause(tx, printer, Paused, store.Warning, st.Paused.words())
	})
}

// Resume lets a paused printer print again. One that was paused for long is
// treated as after an outage: its tickets come with a digest.
func (s *Spool) Resume(printer, who string) error {
	u := s.unit(printer)
	if u == nil {
		return fmt.Errorf("printer %q: %w", printer, store.ErrNotFound)
	}
	err := s.restand(u, func(tx *store.Tx, st *standing) error {
		p := st.Paused
		if p == nil {
			return errAsItWas
		}
		st.Paused, st.Held = nil, &Held{*p, tx.Now()}
		if long, _ := p.At.Since(tx.Now()); st.Outage == nil && long >= longWait {
			st.Outage = &outage{From: p.At, Cause: p.words()}
		}
		words := "reanudada"
		if who != "" {
			words += " por " + who
		}
		return tellPause(tx, printer, Ready, store.Info, words)
	})
	if err == nil { // an outage that began with the pause ends now, and not before
		s.change(u, func() {
			if !u.able.IsZero() {
				u.able, u.proven = time.Now(), false
			}
		})
	}
	return err
}

func tellPause(tx *store.Tx, printer string, c Condition, severity store.Severity, words string) error {
	kind := "printer.paused"
	if c != Paused {
		kind = "printer.resumed"
	}
	err := tx.Log(store.Entry{Kind: kind, Subject: printer, Severity: severity, Text: "impresora " + printer + " " + words})
	if err != nil {
		return err
	}
	_, err = tx.Emit(store.StreamDevices, "mostrador.device.v1",
		store.DeviceState{Device: printer, Kind: "printer", State: string(c), Cause: words, Since: tx.Now()})
	return err
}

// ErrSamePrinter: tickets cannot be moved to where they are.
var ErrSamePrinter = errors.New("los tickets ya están en esa impresora")

// Move has all that waits for one printer, which need not be configured any
// more, come out of another. It returns how many tickets moved.
func (s *Spool) Move(from, to, who string) (moved int, err error) {
	if s.unit(to) == nil {
		return 0, fmt.Errorf("printer %q: %w", to, store.ErrNotFound)
	}
	if from == to {
		return 0, fmt.Errorf("%s: %w", to, ErrSamePrinter)
	}
	cause := "movido por " + who
	if who == "" {
		cause = "movido a mano"
	}
	_, err = s.store.UpdateVital(func(tx *store.Tx) error {
		moved = 0
		for j, err := range tx.Waiting(from) {
			if err != nil {
				continue // told by the keeper
			}
			j.By = who
			if err := move(tx, j, to, cause); err != nil {
				return err
			}
			moved++
		}
		return nil
	})
	return moved, err
}
