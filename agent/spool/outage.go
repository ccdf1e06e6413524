package spool

import (
	"fmt"
	"time"

	"mostrador/printer"
	"mostrador/printer/receipt"
	"mostrador/store"
)

const (
	// brief is how long a printer may be unable to print before that is an
	// outage; no paper is one at once.
	brief = 5 * time.Second
	// recovered is how long a printer must have been able to print, without
	// having had anything to, for its outage to be over.
	recovered = 10 * time.Second
)

// A look at one unit, so that the keeper decides on what was true at one time.
type look struct {
	works, opening bool
	faults         printer.Condition
	unable, able   time.Duration // for how long; 0 where it is not
	proven         bool
	cause          string
	standing       standing
}

func (s *Spool) lookAt(u *unit) look {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := look{
		works: u.works(), opening: u.line == Opening, faults: u.faults, proven: u.proven,
		cause: u.fault(), standing: u.standing,
	}
	if l.works {
		l.able = time.Since(u.able)
	} else {
		l.unable = time.Since(u.unable)
	}
	if u.line != Ready {
		l.faults = printer.Condition{}
	}
	return l
}

// noteOutage opens a printer's outage, and closes it once it prints again. What
// a person has paused is none.
func (k *keeper) noteOutage(u *unit) error {
	l := k.spool.lookAt(u)
	o := l.standing.Outage
	switch {
	case !l.works && o == nil && (l.unable >= brief || l.faults.PaperEnd):
		return k.spool.restand(u, func(tx *store.Tx, st *standing) error {
			st.Outage = &outage{From: before(tx.Now(), l.unable), Cause: l.cause}
			return nil
		})
	case !l.works && o != nil && o.Cause == notOpened && l.cause != notOpened:
		return k.spool.restand(u, func(_ *store.Tx, st *standing) error {
			if st.Outage == nil {
				return errAsItWas
			}
			st.Outage.Cause = l.cause // known only now
			return nil
		})
	case !l.works && o == nil:
		k.in(brief - l.unable)
	case l.works && o != nil && (l.proven || l.able >= recovered):
		return k.spool.closeOutage(u, l.able)
	case l.works && o != nil:
		k.in(recovered - l.able)
	}
	return nil
}

// before is the moment that lies d before m.
func before(m store.Moment, d time.Duration) store.Moment {
	m.Wall, m.Uptime = m.Wall.Add(-d), m.Uptime-d
	return m
}

// closeOutage files an outage that was worth it, and takes back the notice that
// still waits to tell of it.
func (s *Spool) closeOutage(u *unit, able time.Duration) error {
	return s.restand(u, func(tx *store.Tx, st *standing) error {
		o := st.Outage
		if o == nil {
			return errAsItWas
		}
		st.Outage = nil
		told := o.told(u.Name, before(tx.Now(), able))
		if lasted, _ := told.From.Since(told.To); lasted >= recovered || told.Tickets > 0 {
			if err := fileOutage(tx, told); err != nil {
				return err
			}
		}
		if o.Notice == 0 {
			return nil
		}
		notice, err := tx.Job(o.Notice)
		if err != nil || notice.State != store.JobQueued {
			return nil // it is out, or gone
		}
		return s.conclude(tx, notice, store.JobCancelled, "la impresora "+u.Name+" ya imprime")
	})
}

// giveNotice prints elsewhere that a printer cannot print: at once when it has
// no paper, and else when something waits for it. Once per outage.
func (k *keeper) giveNotice(u *unit, waiting int) error {
	s := k.spool
	l := s.lookAt(u)
	o := l.standing.Outage
	if l.works || o == nil || o.Notice != 0 || l.standing.Paused != nil || waiting == 0 && !l.faults.PaperEnd {
		return nil
	}
	to := ""
	for _, name := range u.AlarmsTo {
		if name != u.Name && s.ready(name) {
			to = name
			break
		}
	}
	if to == "" {
		return nil
	}
	return s.restand(u, func(tx *store.Tx, st *standing) error {
		if st.Outage == nil || st.Outage.Notice != 0 {
			return errAsItWas
		}
		notice := &store.Job{
			Kind: store.ReportTicket, Markup: noticeMarkup(u.Name, l.cause, waiting), Copy: 1, MaxAge: noticeAge,
			Stays: true, Printer: to, MeantFor: to, State: store.JobQueued, QueuedAt: tx.Now(),
		}
		if err := tx.PutJob(notice); err != nil {
			return err
		}
		st.Outage.Notice = notice.Seq
		return nil
	})
}

// noticeAge is how long a notice is worth its paper.
const noticeAge = 15 * time.Minute

// noticeMarkup says on another printer's paper that one cannot print.
func noticeMarkup(printer, cause string, waiting int) string {
	waits := "No hay tickets en espera"
	switch {
	case waiting == 1:
		waits = "Un ticket espera"
	case waiting > 1:
		waits = fmt.Sprintf("%d tickets esperan", waiting)
	}
	return "{text:words}\n^^`" + " " + "AVISO" + " " + "`\n\n^^" + receipt.Escape("Impresora "+printer) + "\n^^no imprime\n\n" +
		receipt.Escape(cause) + "\n\n\"" + receipt.Escape(waits) + "\"\n="
}

// ready reports whether a printer of a name would print now.
func (s *Spool) ready(name string) bool {
	u := s.unit(name)
	if u == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return u.canPrint()
}
