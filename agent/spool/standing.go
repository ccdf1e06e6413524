package spool

import (
	"encoding/json"
	"errors"
	"fmt"

	"mostrador/store"
)

// A standing is what outlives the agent of how a printer stands with people.
type standing struct {
	Paused *Pause  `json:"paused,omitempty"`
	Outage *outage `json:"outage,omitempty"`
	// Held is the last pause that is over, while what waited in it may still wait.
	Held *Held `json:"held,omitempty"`
	// NearEnd: staff have been told that this roll nears its end. Opened: the
	// printer was seen open or empty since, so that the roll may be another one.
	NearEnd bool `json:"near_end,omitempty"`
	Opened  bool `json:"opened,omitempty"`
}

// A Pause is a person's word that a printer shall not print.
type Pause struct {
	By     string       `json:"by"`
	Reason string       `json:"reason,omitempty"`
	At     store.Moment `json:"at"`
}

func (p *Pause) words() string {
	words := "en pausa"
	if p.By != "" {
		words += " por " + p.By
	}
	if p.Reason != "" {
		words += " (" + p.Reason + ")"
	}
	return words
}

// Held is a pause that is over.
type Held struct {
	Pause
	Until store.Moment `json:"until"`
}

// An outage is a time in which a printer could not print, until it has been
// seen to print again.
type outage struct {
	From  store.Moment `json:"from"`
	Cause string       `json:"cause"`
	// Notice and Digest are the tickets (Job.Seq) that told of it on paper.
	Notice uint64 `json:"notice,omitempty"`
	Digest uint64 `json:"digest,omitempty"`
	// Waited counts the tickets that waited until the printer was back, Moved
	// those that another printer took over.
	Waited int `json:"waited,omitempty"`
	Moved  int `json:"moved,omitempty"`
	// MovedTo counts them by that printer.
	MovedTo map[string]int `json:"moved_to,omitempty"`
	// Expired are those that expired (Job.Seq), the last maxExpired of them.
	Expired []uint64 `json:"expired,omitempty"`
	// Lost counts all that expired.
	Lost int `json:"lost,omitempty"`
}

// maxExpired bounds what one digest can list of expired tickets.
const maxExpired = 200

func standingKey(printer string) string { return "printer/" + printer + "/standing" }

func standingOf(tx *store.Tx, printer string) (st standing, err error) {
	return st, recallInto(tx, standingKey(printer), &st)
}

// recallInto reads what remember kept under a key; nothing when there is none.
func recallInto(tx *store.Tx, key string, into any) error {
	b := tx.Cursor(key)
	if b == nil {
		return nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("what is kept as %s: %w", key, err)
	}
	return nil
}

func keepAs(tx *store.Tx, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.SetCursor(key, b)
}

// recallStandings reads how the printers stood when the agent last ran. What
// cannot be read is no reason not to print.
func (s *Spool) recallStandings() error {
	err := s.store.View(func(tx *store.Tx) error {
		for _, u := range s.units {
			st, err := standingOf(tx, u.Name)
			if err != nil {
				s.log.Error("how the printer stood is not known", "printer", u.Name, "error", err)
				st = standing{}
			}
			s.mu.Lock()
			u.standing = st
			s.mu.Unlock()
		}
		return nil
	})
	return err
}

// errAsItWas: a printer's standing is already as it should be.
var errAsItWas = errors.New("nothing changes")

// restand changes a printer's standing on disk and then here; alter may do what
// goes with it in the same transaction, runs anew when that does, and changes
// nothing by returning errAsItWas.
func (s *Spool) restand(u *unit, alter func(*store.Tx, *standing) error) error {
	s.ledger.Lock()
	defer s.ledger.Unlock()
	var now standing
	_, err := s.store.UpdateVital(func(tx *store.Tx) (err error) {
		if now, err = standingOf(tx, u.Name); err != nil {
			now = standing{} // what cannot be read is written anew
		}
		if err := alter(tx, &now); err != nil {
			return err
		}
		return keepAs(tx, standingKey(u.Name), now)
	})
	if errors.Is(err, errAsItWas) {
		return nil
	}
	if err != nil {
		return err
	}
	s.change(u, func() { u.standing = now })
	return nil
}

// An Outage is a time in which a printer could not print.
type Outage struct {
	Printer string       `json:"printer"`
	From    store.Moment `json:"from"`
	// To is the zero moment while it lasts.
	To    store.Moment `json:"to,omitzero"`
	Cause string       `json:"cause"`
	// Tickets that waited for it, and of these: Waited until it was back, Moved
	// to another printer, Expired.
	Tickets int `json:"tickets"`
	Waited  int `json:"waited"`
	Moved   int `json:"moved"`
	Expired int `json:"expired"`
	// MovedTo counts those of Moved by the printer that they moved to.
	MovedTo map[string]int `json:"moved_to,omitempty"`
}

func (o *outage) told(printer string, to store.Moment) Outage {
	return Outage{
		Printer: printer, From: o.From, To: to, Cause: o.Cause,
		Tickets: o.Waited + o.Moved + o.Lost, Waited: o.Waited, Moved: o.Moved, Expired: o.Lost, MovedTo: o.MovedTo,
	}
}

// maxOutages bounds the outages that are kept of each printer.
const maxOutages = 200

func outagesKey(printer string) string { return "printer/" + printer + "/outages" }

// fileOutage adds an outage that is over to those that are kept.
func fileOutage(tx *store.Tx, o Outage) error {
	var all []Outage
	if err := recallInto(tx, outagesKey(o.Printer), &all); err != nil {
		all = nil // rather the new ones than none
	}
	all = append(all, o)
	return keepAs(tx, outagesKey(o.Printer), all[max(0, len(all)-maxOutages):])
}
