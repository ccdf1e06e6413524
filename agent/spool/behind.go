package spool

import (
	"errors"
	"slices"

	"mostrador/store"
)

// leaveBehind follows up a ticket that voids or replaces another one and has
// come out elsewhere than where that one was sent. What a printer has in its
// buffer it prints when it is mended, minutes later and without a word; then
// the old paper would be the last one that its people read. So where it is not
// certain that nothing is left in there, the newer ticket comes out once more
// behind it, marked, at that printer and no other.
func (s *Spool) leaveBehind(tx *store.Tx, j *store.Job) error {
	if j.Follows == 0 || isReprint(j) || len(j.Attempts) == 0 {
		return nil
	}
	old, err := tx.Job(j.Follows)
	if errors.Is(err, store.ErrNotFound) {
		return nil // no longer kept: its paper is out since long
	}
	var family []*store.Job
	if err == nil {
		family, err = tx.JobsOf(j.Order)
	}
	if err != nil { // what is known of this ticket is recorded all the same
		s.log.Error("a ticket may come out behind the one that takes it back", "ticket", j.ID, "error", err)
		return nil
	}
	here := j.Attempts[len(j.Attempts)-1].Printer
	for _, k := range family {
		if !sameTicket(k, old) || !mayComeOut(k) {
			continue
		}
		there := k.Attempts[len(k.Attempts)-1].Printer
		told := slices.ContainsFunc(family, func(o *store.Job) bool {
			return o.Kind == j.Kind && o.Follows == j.Follows && o.Seq > k.Seq && o.Printer == there && mayBeOnPaper(o)
		})
		if there == here || told || s.unit(there) == nil {
			continue
		}
		c := markedCopy(j, tx.Now())
		c.Printer, c.Stays, c.Via = there, true, nil
		c.Marks = slices.DeleteFunc(c.Marks, func(m store.Mark) bool { return m == store.MarkBackupCopy })
		if there != c.MeantFor {
			c.Marks = append(c.Marks, store.MarkBackupCopy)
		}
		if err := tx.PutJob(c); err != nil {
			return err
		}
		family = append(family, c)
	}
	return nil
}

// sameTicket: two jobs print the same, as the original and a copy or as copies.
func sameTicket(a, b *store.Job) bool {
	return a.Seq == b.Seq || a.Seq == b.CopyOf || b.Seq == a.CopyOf || a.CopyOf != 0 && a.CopyOf == b.CopyOf
}

// mayComeOut: it was sent, and it is not known that its paper is out already, or
// never will be.
func mayComeOut(j *store.Job) bool {
	return len(j.Attempts) > 0 && (j.State == store.JobSending || j.State == store.JobUnknown)
}
