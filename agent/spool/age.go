package spool

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"mostrador/store"
)

// lateAfter is how old a ticket is that says so, or a quarter of its maximum
// age where that is less.
const lateAfter = 5 * time.Minute

// dueOf is the moment that a ticket's age counts from.
func dueOf(j *store.Job) store.Moment {
	if !j.DueAt.IsZero() {
		return j.DueAt
	}
	return j.QueuedAt
}

// ageOf is how old a ticket is, and whether that is certain.
func ageOf(j *store.Job, now store.Moment) (age time.Duration, certain bool) {
	return dueOf(j).Since(now)
}

// waitedSince is the moment from which staff count a ticket's wait and its
// maximum age: when it was due, or when a person last asked for it.
func waitedSince(j *store.Job) store.Moment {
	if !j.RetriedAt.IsZero() {
		return j.RetriedAt
	}
	return dueOf(j)
}

// expired: it is certain that a ticket is older than its kind may get.
func expired(j *store.Job, now store.Moment) bool {
	if j.MaxAge <= 0 {
		return false
	}
	age, certain := waitedSince(j).Since(now)
	return certain && age > j.MaxAge
}

// dated is a waiting ticket with what it has to say of its age if it prints now.
func dated(j *store.Job, now store.Moment) *store.Job {
	d := *j
	d.Marks, d.Age = timeless(j.Marks), 0
	age, certain := ageOf(j, now)
	limit := lateAfter
	if j.MaxAge > 0 {
		limit = min(limit, j.MaxAge/4)
	}
	switch {
	case !certain && j.MaxAge > 0:
		d.Marks = append(d.Marks, store.MarkTimeUnconfirmed)
	case certain && age > limit && saysAge(j.Kind):
		d.Marks, d.Age = append(d.Marks, store.MarkLate), age
	}
	return &d
}

// saysAge: a digest tells of ages by itself, and a report has none.
func saysAge(kind store.TicketKind) bool {
	return kind != store.DigestTicket && kind != store.ReportTicket
}

// timeless are a ticket's marks without those that depend on when it prints.
func timeless(marks []store.Mark) []store.Mark {
	return slices.DeleteFunc(slices.Clone(marks), func(m store.Mark) bool {
		return m == store.MarkLate || m == store.MarkTimeUnconfirmed
	})
}

// expire ends what is too old, whether its printer is there or not, and returns
// what goes on waiting.
func (k *keeper) expire(queue map[string][]*store.Job, now store.Moment) map[string][]*store.Job {
	for name, jobs := range queue {
		var old, young []*store.Job
		for _, j := range jobs {
			if expired(j, now) {
				old = append(old, j)
				continue
			}
			if age, certain := waitedSince(j).Since(now); certain && j.MaxAge > 0 {
				k.in(j.MaxAge - age + time.Millisecond)
			}
			young = append(young, j)
		}
		if len(old) > 0 {
			k.failed("let tickets expire", k.spool.expire(name, old))
		}
		queue[name] = young
	}
	return queue
}

// expire ends tickets that wait for one printer and are too old, those that
// still are as they were seen, in one transaction: after a night there may be
// hundreds.
func (s *Spool) expire(printer string, seen []*store.Job) error {
	end := func(tx *store.Tx, st *standing) error {
		ended := 0
		for _, was := range seen {
			j, err := tx.Job(was.Seq)
			if err != nil {
				return err
			}
			if j.State != store.JobQueued || j.Printer != printer || !expired(j, tx.Now()) {
				continue
			}
			if err := s.concludeExpired(tx, j, st); err != nil {
				return err
			}
			ended++
		}
		if ended == 0 {
			return errAsItWas
		}
		return nil
	}
	if u := s.unit(printer); u != nil {
		return s.restand(u, end)
	}
	_, err := s.store.UpdateVital(func(tx *store.Tx) error { return end(tx, &standing{}) })
	if errors.Is(err, errAsItWas) {
		return nil
	}
	return err
}

// concludeExpired ends a ticket as expired. Of an order that is still to be made
// a person decides.
func (s *Spool) concludeExpired(tx *store.Tx, j *store.Job, st *standing) error {
	if o := st.Outage; o != nil {
		o.Lost++
		o.Expired = append(o.Expired, j.Seq)
		o.Expired = o.Expired[max(0, len(o.Expired)-maxExpired):]
	}
	age, _ := waitedSince(j).Since(tx.Now())
	cause := fmt.Sprintf("esperó %s en %s y puede esperar %s", durationWords(age), j.Printer, durationWords(j.MaxAge))
	if !orderOpen(tx, j) {
		return s.conclude(tx, j, store.JobExpired, cause)
	}
	if err := s.conclude(tx, j, store.JobExpired, cause+"; su pedido sigue abierto"); err != nil {
		return err
	}
	return tx.Log(store.Entry{Kind: "ticket.decide", Subject: j.ID, Severity: store.Alarm,
		Text: fmt.Sprintf("%s no salió a tiempo y su pedido sigue abierto: imprimir con mostrador tickets retry %d, o dejarl%s",
			TicketWords(j), j.Seq, nounOf(j.Kind).ending)})
}

// orderOpen: the ticket is of an order that is still to be made or to leave. Of
// one that cannot be read a person decides, too: it holds up no other ticket.
func orderOpen(tx *store.Tx, j *store.Job) bool {
	if j.Order == 0 {
		return false
	}
	o, err := tx.Order(j.Order)
	if err != nil {
		return !errors.Is(err, store.ErrNotFound)
	}
	switch o.Status {
	case store.Dispatched, store.Completed, store.Cancelled, store.Rejected:
		return false
	}
	return true
}

// durationWords says a duration as people do: 40 s, 12 min, 3 h 05 min.
func durationWords(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(0, d/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d h %02d min", d/time.Hour, d%time.Hour/time.Minute)
}
