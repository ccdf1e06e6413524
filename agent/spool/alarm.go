package spool

import (
	"fmt"
	"time"

	"mostrador/store"
)

// againAfter is how long staff are left in peace about a ticket that they have
// been told of, however its printer changes.
const againAfter = 10 * time.Minute

// A wait is a ticket's that waits: since when this agent has seen it, and what
// staff were last told of it.
type wait struct {
	seen, told time.Time // told is zero before the first time
	where      Condition // how its printer was when they were told
}

// tellWaiting alarms staff of each ticket that waits for longer than its kind
// allows: once, and again when its printer has changed, at most every ten
// minutes.
func (k *keeper) tellWaiting(queue map[string][]*store.Job, now store.Moment) error {
	s := k.spool
	var entries []store.Entry
	waits := map[uint64]wait{}
	for name, jobs := range queue {
		where, why := s.whereabouts(name)
		for _, j := range jobs {
			limit := s.settings.AlarmAfter[j.Kind]
			if limit <= 0 {
				continue
			}
			w, known := k.waits[j.Seq]
			if !known {
				w.seen = time.Now()
			}
			waited, words := waitOf(j, w.seen, now)
			again := againAfter - time.Since(w.told)
			switch {
			case waited < limit:
				k.in(limit - waited)
			case !w.told.IsZero() && w.where == where:
			case !w.told.IsZero() && again > 0:
				k.in(again)
			default:
				w.told, w.where = time.Now(), where
				entries = append(entries, waitingEntry(j, words, why))
			}
			waits[j.Seq] = w
		}
	}
	if len(entries) > 0 {
		err := s.note(func(tx *store.Tx) error { return logAll(tx, entries) }, entries[0].Text)
		if err != nil {
			return err
		}
	}
	k.waits = waits
	return nil
}

// waitOf is how long a ticket has waited, and in words. Over a boot whose clock
// nobody has set that is not known; then it is as long as it was seen to.
func waitOf(j *store.Job, seen time.Time, now store.Moment) (time.Duration, string) {
	if waited, certain := waitedSince(j).Since(now); certain {
		return waited, durationWords(waited)
	}
	waited := time.Since(seen)
	return waited, "al menos " + durationWords(waited)
}

func waitingEntry(j *store.Job, waited, why string) store.Entry {
	text := fmt.Sprintf("%s espera desde hace %s en %s", TicketWords(j), waited, j.Printer)
	if why != "" {
		text += ": " + why
	}
	return store.Entry{Kind: "ticket.waiting", Subject: j.ID, Severity: store.Alarm, Text: text}
}

// whereabouts is how a printer is, as far as a ticket that waits for it is
// concerned, and why.
func (s *Spool) whereabouts(name string) (Condition, string) {
	u := s.unit(name)
	if u == nil {
		return Absent, "esa impresora ya no está configurada: mueva sus tickets a otra"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := u.condition()
	if c == Printing {
		c = Ready // between two tickets is no change
	}
	return c, u.cause()
}
