package spool

import (
	"fmt"

	"mostrador/store"
)

// Overtaken: a ticket is not printed again, because a newer paper stands in its
// place, or its order is not made any more. By is that paper (Job.Seq), or 0.
type Overtaken struct{ Ticket, By uint64 }

func (e *Overtaken) Error() string {
	if e.By == 0 {
		return fmt.Sprintf("el ticket %d ya no vale: su pedido está anulado", e.Ticket)
	}
	return fmt.Sprintf("el ticket %d ya no vale: lo reemplaza el %d; imprima ese: mostrador tickets reprint %d", e.Ticket, e.By, e.By)
}

// overtaker is the newest paper that ends j: its void ticket, or one that
// replaces it as a whole. A change ticket only adds to it.
func overtaker(tx *store.Tx, j *store.Job) (by *store.Job, err error) {
	if j.Order == 0 {
		return nil, nil
	}
	jobs, err := tx.JobsOf(j.Order)
	for _, v := range jobs {
		if v.Kind != store.ChangeTicket && v.Follows != 0 && (v.Follows == j.Seq || v.Follows == j.CopyOf) &&
			v.State != store.JobCancelled && v.State != store.JobReplaced {
			by = v
		}
	}
	return by, err
}

// checkStands is nil for a ticket that still says what holds.
func checkStands(tx *store.Tx, j *store.Job) error {
	by, err := overtaker(tx, j)
	if err != nil {
		return err
	}
	if by != nil {
		return &Overtaken{Ticket: j.Seq, By: by.Seq}
	}
	if j.Order == 0 || j.Kind != store.ComandaTicket && j.Kind != store.ChangeTicket && j.Kind != store.DeliveryTicket {
		return nil
	}
	o, err := tx.Order(j.Order)
	if err != nil {
		return fmt.Errorf("the order of ticket %d: %w", j.Seq, err)
	}
	if o.Status == store.Cancelled || o.Status == store.Rejected {
		return &Overtaken{Ticket: j.Seq}
	}
	return nil
}
