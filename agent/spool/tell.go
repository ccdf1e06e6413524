package spool

import (
	"fmt"
	"slices"
	"time"

	"mostrador/drivers"
	"mostrador/printer"
	"mostrador/store"
)

// A report is what drivers.Keep has said of a printer's line.
type report struct {
	known, up, failing bool
	cause              string
	flaps              int
	count              int // of reports
}

// A telling is what staff and the cloud were last told of a printer.
type telling struct {
	count  int // the report that it rests on
	up     bool
	faults []string // near_end aside, which is told once per roll
}

// heard takes what drivers.Keep says: once of each change between a line that
// is there and one that is not.
func (s *Spool) heard(u *unit, c drivers.Change) {
	s.change(u, func() {
		u.reported = report{
			known: true, up: c.Up, failing: isStoreFault(c.Err), cause: errorWords(c.Err),
			flaps: c.Flaps, count: u.reported.count + 1,
		}
	})
}

// said takes what a printer says of itself. It is called from the session's own
// goroutine and does not wait.
func (s *Spool) said(u *unit, c printer.Condition) {
	s.change(u, func() {
		u.faults = c
		if u.Drawer && !c.Offline {
			u.pin.see(c.Drawer, !u.DrawerHigh, time.Now())
		}
	})
}

// tell brings what staff and the cloud know of a printer up to date.
func (k *keeper) tell(u *unit) error {
	s := k.spool
	s.mu.Lock()
	was, now := u.told, telling{count: u.reported.count, up: u.reported.up}
	r, faults, st, open := u.reported, u.faults, u.standing, u.line == Ready
	s.mu.Unlock()
	switch {
	case now.up && open:
		now.faults = slices.DeleteFunc(codes(faults), func(c string) bool { return c == nearEnd })
	case now.up: // being opened again: what it says is not known for the moment
		now.faults = was.faults
	}
	entries := newsOf(u.Name, was, now, r)
	rolls, nearNews := rollOf(st, faults, now.up && open)
	if nearNews {
		entries = append(entries, entryOfFault(u.Name, nearEnd))
	}
	if len(entries) > 0 {
		if err := s.note(func(tx *store.Tx) error { return s.announce(tx, u, r, entries) }, entries[0].Text); err != nil {
			return err
		}
		for _, e := range entries {
			s.log.Info("printer", "printer", u.Name, "kind", e.Kind, "text", e.Text)
		}
	}
	s.mu.Lock()
	u.told = now
	s.mu.Unlock()
	if rolls.NearEnd == st.NearEnd && rolls.Opened == st.Opened {
		return nil
	}
	return s.restand(u, func(_ *store.Tx, st *standing) error {
		st.NearEnd, st.Opened = rolls.NearEnd, rolls.Opened
		return nil
	})
}

// newsOf says what has changed since staff were last told.
func newsOf(name string, was, now telling, r report) (entries []store.Entry) {
	if !r.known {
		return nil
	}
	if !now.up {
		if was.count != now.count {
			return []store.Entry{entryOfAbsence(name, r)}
		}
		return nil
	}
	for _, code := range now.faults {
		if !slices.Contains(was.faults, code) {
			entries = append(entries, entryOfFault(name, code))
		}
	}
	if len(now.faults) == 0 && (was.count != now.count || len(was.faults) > 0) {
		entries = append(entries, store.Entry{Kind: "printer.ready", Subject: name, Severity: store.Info,
			Text: fmt.Sprintf("impresora %s lista", name)})
	}
	return entries
}

// rollOf follows a roll to its end: staff are told once that it nears, and
// again only of another one, for which the printer was opened or empty.
func rollOf(st standing, c printer.Condition, up bool) (next standing, tell bool) {
	next = st
	if !up {
		return next, false
	}
	switch {
	case st.NearEnd && (c.Cover || c.PaperEnd):
		next.Opened = true
	case st.NearEnd && st.Opened && !c.NearEnd:
		next.NearEnd, next.Opened = false, false
	case !st.NearEnd && c.NearEnd && !c.PaperEnd:
		next.NearEnd, next.Opened, tell = true, false, true
	}
	return next, tell
}

func entryOfAbsence(name string, r report) store.Entry {
	if r.failing {
		return store.Entry{Kind: "printer.failing", Subject: name, Severity: store.Alarm,
			Text: fmt.Sprintf("impresora %s: el agente no puede trabajar con ella: %s", name, r.cause)}
	}
	return store.Entry{Kind: "printer.absent", Subject: name, Severity: store.Warning,
		Text: fmt.Sprintf("impresora %s no disponible: %s", name, r.cause)}
}

func entryOfFault(name, code string) store.Entry {
	severity := store.Alarm
	if code == nearEnd {
		severity = store.Warning
	}
	return store.Entry{Kind: "printer." + code, Subject: name, Severity: severity,
		Text: fmt.Sprintf("impresora %s: %s", name, wordsOfCode(code))}
}

func logAll(tx *store.Tx, entries []store.Entry) error {
	for _, e := range entries {
		if err := tx.Log(e); err != nil {
			return err
		}
	}
	return nil
}

// announce logs entries about a printer and sends its state up.
func (s *Spool) announce(tx *store.Tx, u *unit, r report, entries []store.Entry) error {
	if err := logAll(tx, entries); err != nil {
		return err
	}
	s.mu.Lock()
	state := store.DeviceState{
		Device: u.Name, Kind: "printer", State: string(u.condition()), Cause: u.cause(),
		Faults: u.codes(), Since: tx.Now(), Flaps: r.flaps,
	}
	s.mu.Unlock()
	_, err := tx.Emit(store.StreamDevices, "mostrador.device.v1", state)
	return err
}
