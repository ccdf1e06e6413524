package spool

import (
	"fmt"
	"slices"

	"mostrador/store"
)

// handOver moves what waits for a printer that has been unable to print for its
// FallbackAfter to the first printers of the chain that are ready. A printer
// that a person has paused keeps its tickets: that person moves them.
func (k *keeper) handOver(u *unit, waiting []*store.Job) error {
	s := k.spool
	l := s.lookAt(u)
	if l.works || l.standing.Paused != nil || len(waiting) == 0 {
		return nil
	}
	unable := l.unable
	// An outage may have flapped since. What an earlier run of the agent has left
	// does not count until the printer had its time to open.
	if o := l.standing.Outage; o != nil && !l.opening {
		long, _ := o.From.Since(s.store.Clock().Now())
		unable = max(unable, long)
	}
	if unable < u.FallbackAfter {
		k.in(u.FallbackAfter - unable)
		return nil
	}
	to := map[uint64]string{}
	for _, j := range waiting {
		if name := s.nextFor(j); name != "" {
			to[j.Seq] = name
		}
	}
	if len(to) == 0 {
		return nil // the keeper looks again when a printer has changed
	}
	var digest *store.Job
	err := s.restand(u, func(tx *store.Tx, st *standing) (err error) {
		digest, err = s.moveAll(tx, u, st, waiting, to, l.cause)
		return err
	})
	if err == nil && digest != nil {
		s.putAhead(digest)
	}
	return err
}

// moveAll moves tickets in the order of their numbers, in one transaction. When
// the oldest has waited for long, a digest goes ahead of them.
func (s *Spool) moveAll(tx *store.Tx, u *unit, st *standing, waiting []*store.Job, to map[uint64]string, cause string) (digest *store.Job, err error) {
	var late []store.DigestLine
	moved, first := map[string]int{}, ""
	for _, was := range waiting {
		target, ok := to[was.Seq]
		if !ok {
			continue
		}
		j, err := tx.Job(was.Seq)
		if err != nil {
			return nil, err
		}
		if j.State != store.JobQueued || j.Printer != u.Name {
			continue
		}
		moved[target]++
		if first == "" {
			first = target
		}
		if line := lineOf(tx, j); line.long && target == first && j.Kind != store.DigestTicket {
			late = append(late, line.DigestLine)
		}
		if err := move(tx, j, target, cause); err != nil {
			return nil, err
		}
	}
	if len(moved) == 0 {
		return nil, errAsItWas
	}
	if st.Outage == nil {
		st.Outage = &outage{From: tx.Now(), Cause: cause}
	}
	st.Outage.count(moved)
	if len(late) == 0 || st.Outage.Digest != 0 {
		return nil, nil
	}
	return s.putDigest(tx, u.Name, first, st.Outage, late)
}

// count adds tickets that have moved, by the printer that they moved to.
func (o *outage) count(moved map[string]int) {
	if o.MovedTo == nil {
		o.MovedTo = map[string]int{}
	}
	for name, n := range moved {
		o.Moved += n
		o.MovedTo[name] += n
	}
}

// nextFor is the printer that takes a ticket over from the one that it waits
// for, empty when none can now. Each printer of its chain has it once at most,
// and then the one that it was meant for once more, so that it never goes back
// and forth for long. A test says something about its own printer and stays.
func (s *Spool) nextFor(j *store.Job) string {
	if j.Kind == store.TestTicket || j.Stays {
		return ""
	}
	home := s.unit(j.MeantFor)
	if home == nil {
		home = s.unit(j.Printer)
	}
	if home == nil {
		return ""
	}
	for _, name := range home.Fallback {
		if name != j.Printer && !slices.Contains(j.Via, name) && s.ready(name) {
			return name
		}
	}
	left := slices.DeleteFunc(slices.Clone(j.Via), func(name string) bool { return name != home.Name })
	if home.Name != j.Printer && len(left) <= 1 && s.ready(home.Name) {
		return home.Name
	}
	return ""
}

// move has a waiting ticket come out of another printer, and says so at its
// head unless that is the one it was meant for.
func move(tx *store.Tx, j *store.Job, to, cause string) error {
	from := j.Printer
	j.Via = append(j.Via, from)
	j.Printer, j.Cause = to, fmt.Sprintf("pasó de %s a %s: %s", from, to, cause)
	j.Marks = slices.DeleteFunc(slices.Clone(j.Marks), func(m store.Mark) bool { return m == store.MarkBackupCopy })
	marked := ""
	if to != j.MeantFor {
		j.Marks, marked = append(j.Marks, store.MarkBackupCopy), ", marcad"+nounOf(j.Kind).ending+" COPIA DE RESPALDO"
	}
	if err := tx.PutJob(j); err != nil {
		return err
	}
	return tx.Log(store.Entry{Kind: "ticket.moved", Subject: j.ID, Severity: store.Warning,
		Text: fmt.Sprintf("%s pasa de %s a %s%s (%s)", TicketWords(j), from, to, marked, cause)})
}
