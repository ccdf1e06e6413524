package spool

import (
	"slices"
	"strings"
	"time"

	"mostrador/store"
)

// A Balance says of a period what became of every ticket that was asked for in
// it, as far as is known now.
type Balance struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"` // not part of it
	// All printers together, and each by itself: where a ticket came out, or
	// waits, or should have. Printers without a ticket are left out.
	All      Count          `json:"all"`
	Printers []PrinterCount `json:"printers"`
	// Outages that lie at least partly in the period, the earliest first.
	Outages []Outage `json:"outages"`
	// Unreadable counts the tickets, of whatever time, whose records cannot be
	// read; they are counted nowhere else.
	Unreadable int `json:"unreadable,omitempty"`
}

// A PrinterCount is one printer's part of a balance.
type PrinterCount struct {
	Printer string `json:"printer"`
	Count
}

// A Count of tickets. Asked is the sum of the ends and of what has none yet:
// Confirmed, Unconfirmed, SettledPrinted, NotPrinted, SettledNotPrinted,
// Unknown, Expired, Replaced, Cancelled, Waiting and Sending.
type Count struct {
	Asked int `json:"asked"`
	// On paper: by the printer's own word, as far as the transport tells, and by
	// a person's.
	Confirmed      int `json:"confirmed"`
	Unconfirmed    int `json:"unconfirmed"`
	SettledPrinted int `json:"settled_printed"`
	// Not on paper: could not be made, and by a person's word.
	NotPrinted        int `json:"not_printed"`
	SettledNotPrinted int `json:"settled_not_printed"`
	Unknown           int `json:"unknown"` // and nobody has said
	Expired           int `json:"expired"`
	Replaced          int `json:"replaced"`
	Cancelled         int `json:"cancelled"`
	Waiting           int `json:"waiting"`
	Sending           int `json:"sending"`

	// What of Asked says of itself, whatever became of it: POSIBLE DUPLICADO,
	// REIMPRESIÓN, COPIA DE RESPALDO, late.
	MarkedCopies int `json:"marked_copies"`
	Reprints     int `json:"reprints"`
	BackupCopies int `json:"backup_copies"`
	Late         int `json:"late"`
}

// Ends is the sum that Asked must be.
func (c Count) Ends() int {
	return c.Confirmed + c.Unconfirmed + c.SettledPrinted + c.NotPrinted + c.SettledNotPrinted +
		c.Unknown + c.Expired + c.Replaced + c.Cancelled + c.Waiting + c.Sending
}

// OnPaper counts the tickets that are known, or said, to be on paper.
func (c Count) OnPaper() int { return c.Confirmed + c.Unconfirmed + c.SettledPrinted }

// add counts one ticket.
func (c *Count) add(j *store.Job) {
	c.Asked++
	*c.end(j)++
	for _, m := range j.Marks {
		switch m {
		case store.MarkPossibleDuplicate:
			c.MarkedCopies++
		case store.MarkReprint:
			c.Reprints++
		case store.MarkBackupCopy:
			c.BackupCopies++
		case store.MarkLate:
			c.Late++
		}
	}
}

// end is the count that a ticket's end, or want of one, belongs to.
func (c *Count) end(j *store.Job) *int {
	tried := store.OutcomeNotPrinted
	if n := len(j.Attempts); n > 0 {
		tried = j.Attempts[n-1].Outcome
	}
	switch j.State {
	case store.JobPrinted:
		switch {
		case tried != store.OutcomePrinted:
			return &c.SettledPrinted
		case j.Proof() == store.ProofTransport || j.Proof() == store.ProofNone:
			return &c.Unconfirmed
		}
		return &c.Confirmed
	case store.JobNotPrinted:
		if tried == store.OutcomeUnknown {
			return &c.SettledNotPrinted
		}
		return &c.NotPrinted
	case store.JobUnknown:
		return &c.Unknown
	case store.JobExpired:
		return &c.Expired
	case store.JobReplaced:
		return &c.Replaced
	case store.JobCancelled:
		return &c.Cancelled
	case store.JobSending:
		return &c.Sending
	}
	return &c.Waiting
}

// Balance counts the tickets that were asked for from one time until before
// another, by this terminal's wall clock, which never goes back in its records.
func (s *Spool) Balance(from, to time.Time) (b Balance, err error) {
	err = s.store.View(func(tx *store.Tx) error {
		b = Balance{From: from, To: to, Printers: []PrinterCount{}, Outages: []Outage{}}
		byPrinter := map[string]*Count{}
		for j, err := range tx.Jobs() { // newest first
			if err != nil {
				b.Unreadable++
				continue
			}
			if j.QueuedAt.Wall.Before(from) {
				break
			}
			if !j.QueuedAt.Wall.Before(to) {
				continue
			}
			if byPrinter[j.Printer] == nil {
				byPrinter[j.Printer] = &Count{}
			}
			byPrinter[j.Printer].add(j)
			b.All.add(j)
		}
		for name, c := range byPrinter {
			b.Printers = append(b.Printers, PrinterCount{name, *c})
		}
		slices.SortFunc(b.Printers, func(x, y PrinterCount) int { return strings.Compare(x.Printer, y.Printer) })
		b.Outages, err = s.outages(tx, from, to)
		return err
	})
	return b, err
}

// outages are those that lie at least partly in a period, the earliest first.
func (s *Spool) outages(tx *store.Tx, from, to time.Time) ([]Outage, error) {
	found := []Outage{}
	for _, u := range s.units {
		var all []Outage
		if err := recallInto(tx, outagesKey(u.Name), &all); err != nil {
			return nil, err
		}
		st, err := standingOf(tx, u.Name)
		if err != nil {
			return nil, err
		}
		if st.Outage != nil {
			all = append(all, st.Outage.told(u.Name, store.Moment{}))
		}
		for _, o := range all {
			if o.From.Wall.Before(to) && (o.To.IsZero() || o.To.Wall.After(from)) {
				found = append(found, o)
			}
		}
	}
	slices.SortStableFunc(found, func(x, y Outage) int { return x.From.Wall.Compare(y.From.Wall) })
	return found, nil
}
