package spool

import (
	"errors"
	"slices"
	"time"

	"mostrador/store"
)

const (
	// longWait is how long an outage must have lasted, and a ticket waited, for a
	// digest to tell of it.
	longWait = 2 * time.Minute
	// digestAge is how long a digest is worth its paper.
	digestAge = 24 * time.Hour
	// maxDigest bounds each list of a digest.
	maxDigest = 100
)

// catchUp is what a printer does before it prints again: what has expired in
// the meantime expires, and where tickets waited for long a digest of what
// waited and what expired comes out before them.
func (s *Spool) catchUp(u *unit) error {
	if needed, err := s.mustCatchUp(u); err != nil || !needed {
		return err
	}
	var digest *store.Job
	err := s.restand(u, func(tx *store.Tx, st *standing) (err error) {
		digest, err = s.takeStock(tx, u, st)
		return err
	})
	if err == nil && digest != nil {
		s.putAhead(digest)
	}
	return err
}

// mustCatchUp: there was an outage, or the oldest ticket has waited for long
// without one, as after a night without the agent.
func (s *Spool) mustCatchUp(u *unit) (needed bool, err error) {
	s.mu.Lock()
	out := u.standing.Outage != nil
	s.mu.Unlock()
	if out {
		return true, nil
	}
	err = s.store.View(func(tx *store.Tx) error {
		needed = false
		for j, err := range tx.Waiting(u.Name) {
			if err != nil {
				continue // told by the keeper
			}
			needed = lineOf(tx, j).long
			return nil
		}
		return nil
	})
	return needed, err
}

// takeStock lets expire what is too old and makes the digest, nil when there is
// nothing worth one.
func (s *Spool) takeStock(tx *store.Tx, u *unit, st *standing) (*store.Job, error) {
	now := tx.Now()
	var waited []store.DigestLine
	waiting := 0
	oldest := now
	for j, err := range tx.Waiting(u.Name) {
		if err != nil || j.Kind == store.DigestTicket {
			continue
		}
		if j.QueuedAt.Wall.Before(oldest.Wall) {
			oldest = j.QueuedAt
		}
		if expired(j, now) {
			if st.Outage == nil {
				st.Outage = &outage{From: oldest, Cause: idleWords(st, oldest)}
			}
			if err := s.concludeExpired(tx, j, st); err != nil {
				return nil, err
			}
			continue
		}
		waiting++
		if line := lineOf(tx, j); line.long {
			waited = append(waited, line.DigestLine)
		}
	}
	if st.Outage == nil && len(waited) == 0 {
		return nil, errAsItWas
	}
	if st.Outage == nil {
		st.Outage = &outage{From: oldest, Cause: idleWords(st, oldest)}
	}
	o := st.Outage
	o.Waited = max(o.Waited, waiting)
	if o.Digest != 0 {
		return waitingDigest(tx, o)
	}
	if lasted, certain := o.From.Since(now); certain && lasted < longWait || len(waited)+o.Lost == 0 {
		return nil, nil
	}
	return s.putDigest(tx, u.Name, u.Name, o, waited)
}

// idleWords say why tickets since oldest waited although the printer could have
// printed.
func idleWords(st *standing, oldest store.Moment) string {
	if st.Paused != nil {
		return st.Paused.words()
	}
	if st.Held != nil {
		if waited, _ := oldest.Since(st.Held.Until); waited > 0 {
			return st.Held.words()
		}
	}
	return "el agente o la impresora estuvieron parados"
}

// waitingDigest is the digest of an outage that has not come out yet.
func waitingDigest(tx *store.Tx, o *outage) (*store.Job, error) {
	j, err := tx.Job(o.Digest)
	if errors.Is(err, store.ErrNotFound) || err == nil && j.State != store.JobQueued {
		return nil, nil
	}
	return j, err
}

// putDigest queues the digest of an outage of one printer on another, or on
// itself.
func (s *Spool) putDigest(tx *store.Tx, of, on string, o *outage, waited []store.DigestLine) (*store.Job, error) {
	d := &store.Digest{Printer: of, From: o.From, To: tx.Now(), Cause: o.Cause, Waited: waited[:min(len(waited), maxDigest)]}
	for _, seq := range o.Expired[max(0, len(o.Expired)-maxDigest):] {
		j, err := tx.Job(seq)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		d.Expired = append(d.Expired, lineOf(tx, j).DigestLine)
	}
	j := &store.Job{
		Kind: store.DigestTicket, Digest: d, Copy: 1, MaxAge: digestAge,
		Printer: on, MeantFor: on, State: store.JobQueued, QueuedAt: tx.Now(),
	}
	if err := tx.PutJob(j); err != nil {
		return nil, err
	}
	o.Digest = j.Seq
	return j, nil
}

// A line is a ticket as a digest lists it.
type line struct {
	store.DigestLine
	long bool // it has waited for long enough to be listed
}

// lineOf is a ticket's line. One whose age is not certain has waited over a boot
// at least: its line says when it came and not how long ago that is.
func lineOf(tx *store.Tx, j *store.Job) line {
	l := line{DigestLine: store.DigestLine{
		Ticket: j.Seq, Kind: j.Kind, OrderNumber: j.OrderNumber, Station: j.Station,
		QueuedAt: j.QueuedAt, Open: orderOpen(tx, j),
	}}
	age, certain := ageOf(j, tx.Now())
	if certain {
		l.Age = max(age, 0)
	}
	l.long = !certain || age >= longWait
	return l
}

// putAhead has a ticket come out of its printer before older ones.
func (s *Spool) putAhead(j *store.Job) {
	u := s.unit(j.Printer)
	if u == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(u.ahead, j.Seq) {
		u.ahead = append(u.ahead, j.Seq)
	}
}
