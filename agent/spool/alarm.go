package spool

import (
	"fmt"
	"time"

	"mostrador/store"
)

// againAfter is how long staff are left in peace about a ticket that they have
// been told of, however its printer changes.
const againAfter = 10 * time.Minute

// An alarm is what staff were last told of a waiting ticket.
type alarm struct {
	at    time.Time
	where Condition // how its printer was
}

// tellWaiting alarms staff of each ticket that waits for longer than its kind
// allows: once, and again when its printer has changed, at most every ten
// minutes.
func (k *keeper) tellWaiting(queue map[string][]*store.Job, now store.Moment) error {
	s := k.spool
	var entries []store.Entry
	alarmed := map[uint64]alarm{}
	for name, jobs := range queue {
		where, why := s.whereabouts(name)
		for _, j := range jobs {
			limit := s.settings.AlarmAfter[j.Kind]
			if limit <= 0 {
				continue
			}
			age, _ := waitedSince(j).Since(now)
			if age < limit {
				k.in(limit - age)
				continue
			}
			last, told := k.alarmed[j.Seq]
			if told && last.where != where {
				k.in(againAfter - time.Since(last.at))
			}
			if told && (last.where == where || time.Since(last.at) < againAfter) {
				alarmed[j.Seq] = last
				continue
			}
			alarmed[j.Seq] = alarm{time.Now(), where}
			entries = append(entries, waitingEntry(j, age, why))
		}
	}
	if len(entries) > 0 {
		err := s.note(func(tx *store.Tx) error {
			for _, e := range entries {
				if err := tx.Log(e); err != nil {
					return err
				}
			}
			return nil
		}, entries[0].Text)
		if err != nil {
			return err
		}
	}
	k.alarmed = alarmed
	return nil
}

func waitingEntry(j *store.Job, age time.Duration, why string) store.Entry {
	text := fmt.Sprintf("%s espera desde hace %s en %s", TicketWords(j), durationWords(age), j.Printer)
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
