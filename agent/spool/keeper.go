package spool

import (
	"context"
	"errors"
	"time"

	"mostrador/store"
)

// How the keeper paces itself: it looks again at the earliest settle after it
// last did, so that what a printer says and takes back within it is not told;
// and for new tickets' sake once in a lull.
const (
	settle = 250 * time.Millisecond
	lull   = time.Second
	// doze is how long it sleeps when nothing is due.
	doze = time.Hour
)

// keep is the one goroutine that watches over all printers until ctx ends. It
// only reads and writes the store, so that no printer can delay it.
func (s *Spool) keep(ctx context.Context) {
	jobs, stop := s.store.Watch(store.TopicJobs)
	defer stop()
	k := keeper{spool: s}
	timer := time.NewTimer(0)
	defer timer.Stop()
	last, next := time.Time{}, time.Now()
	sooner := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	for {
		timer.Reset(time.Until(next))
		select {
		case <-ctx.Done():
			return
		case <-s.changed:
			sooner(last.Add(settle))
		case <-jobs:
			sooner(last.Add(lull))
		case <-timer.C:
			last = time.Now()
			next = last.Add(k.look())
		}
	}
}

// A keeper does what time and changes bring.
type keeper struct {
	spool *Spool
	// waits are those of the tickets that staff are to be told of (Job.Seq).
	waits map[uint64]wait
	// due is how long it is until the next thing is.
	due time.Duration
}

// in notes that something is due after d.
func (k *keeper) in(d time.Duration) { k.due = min(k.due, max(d, settle)) }

// look does what is due now, and says how long it is until the next thing is.
// What fails is tried again after a lull.
func (k *keeper) look() time.Duration {
	k.due = doze
	queue, now, err := k.spool.queue()
	k.failed("read what waits", err)
	queue = k.expire(queue, now)
	for _, u := range k.spool.units {
		waiting := queue[u.Name]
		k.failed("tell a printer's condition", k.tell(u))
		k.failed("tell what a drawer did", k.tellDrawer(u))
		k.failed("note an outage", k.noteOutage(u))
		k.failed("give notice of an outage", k.giveNotice(u, len(waiting)))
		k.failed("hand tickets over", k.handOver(u, waiting))
	}
	k.failed("tell of waiting tickets", k.tellWaiting(queue, now))
	return k.due
}

func (k *keeper) failed(what string, err error) {
	if err == nil {
		return
	}
	k.in(lull)
	k.spool.log.Error("the spooler could not "+what, "error", err)
}

// queue is what waits, by printer and in order. Printers that are not
// configured any more may have tickets, too.
func (s *Spool) queue() (waiting map[string][]*store.Job, now store.Moment, err error) {
	waiting = map[string][]*store.Job{}
	var unreadable []error
	err = s.store.View(func(tx *store.Tx) error {
		now = tx.Now()
		for j, err := range tx.JobsIn(store.JobQueued) {
			if err != nil {
				unreadable = append(unreadable, err)
				continue
			}
			waiting[j.Printer] = append(waiting[j.Printer], j)
		}
		return nil
	})
	return waiting, now, errors.Join(err, s.tellUnreadable(unreadable))
}

// note keeps what staff are told. On a full disk it is only said in the agent's
// own log: what is told must not take the room of orders and tickets.
func (s *Spool) note(keep func(*store.Tx) error, words string) error {
	err := s.store.Update(keep)
	if errors.Is(err, store.ErrFull) {
		s.log.Error("the store is too full to keep what staff are told", "text", words)
		return nil
	}
	return err
}

// tellUnreadable raises an alarm for each record that cannot be read, once. It
// stays where it is for those who can mend it, and blocks no other.
func (s *Spool) tellUnreadable(found []error) error {
	for _, why := range found {
		s.mu.Lock()
		known := s.unreadable[why.Error()]
		s.unreadable[why.Error()] = true
		s.mu.Unlock()
		if known {
			continue
		}
		e := store.Entry{Kind: "ticket.unreadable", Severity: store.Alarm,
			Text: "hay un ticket que no se puede leer y no se imprime; los demás siguen (" + why.Error() + ")"}
		if err := s.note(func(tx *store.Tx) error { return tx.Log(e) }, e.Text); err != nil {
			return err
		}
	}
	return nil
}
