package order

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mostrador/store"
)

// Ready marks a whole order as ready and tells its channel. One that is ready
// already, or further, stays as it is. The error is store.ErrNotFound, or
// ErrRefused for an order that is not to be made.
func (in *Intake) Ready(seq uint64, who string) error {
	return in.act(seq, func(tx *store.Tx, o *store.Order) error {
		_, err := in.ready(tx, o, nil, who)
		return err
	})
}

// Dispatch marks an order as gone: with the courier, or in its guest's hands.
// Its errors are those of Ready.
func (in *Intake) Dispatch(seq uint64, who string) error {
	return in.act(seq, func(tx *store.Tx, o *store.Order) error {
		_, err := in.dispatch(tx, o, who)
		return err
	})
}

// ready marks the share of a station, nil for the whole order; the order is
// ready when all of its stations are. again: it was already.
func (in *Intake) ready(tx *store.Tx, o *store.Order, station *string, who string) (again bool, err error) {
	if err := canMove(o); err != nil {
		return false, err
	}
	if rank(o.Status) > rank(store.Ready) || isReady(o, station) {
		return true, nil
	}
	stations, err := stationsOf(tx, o)
	if err != nil {
		return false, err
	}
	if station == nil {
		o.ReadyStations = stations
	} else if *station != "" {
		o.ReadyStations = append(slices.Clone(o.ReadyStations), *station)
	}
	missing := missingOf(o, stations)
	if o.Status == store.Ready { // by the channel, or before a change
		return false, in.keep(tx, o, ChangeUpdated, fmt.Sprintf("%s: %s listo (%s)", title(o), shareOf(station), person(who)))
	}
	if len(missing) > 0 {
		o.Status, o.StatusRaw = advance(o.Status, store.Preparing), ""
		return false, in.keep(tx, o, ChangeUpdated,
			fmt.Sprintf("%s: %s listo (%s); falta %s", title(o), shareOf(station), person(who), strings.Join(missing, ", ")))
	}
	o.Status, o.StatusRaw, o.ReadyAt, o.ChannelState = store.Ready, "", tx.Now(), store.ChannelPending
	if err := in.request(tx, o, ActionReady, ""); err != nil {
		return false, err
	}
	return false, in.keep(tx, o, ChangeStatus, fmt.Sprintf("%s listo (%s)", title(o), person(who)))
}

// dispatch marks an order as gone. again: it was already.
func (in *Intake) dispatch(tx *store.Tx, o *store.Order, who string) (again bool, err error) {
	if err := canMove(o); err != nil {
		return false, err
	}
	if rank(o.Status) >= rank(store.Dispatched) {
		return true, nil
	}
	stations, err := stationsOf(tx, o)
	if err != nil {
		return false, err
	}
	text := fmt.Sprintf("%s despachado (%s)", title(o), person(who))
	if missing := missingOf(o, stations); o.Status != store.Ready && len(o.ReadyStations) > 0 && len(missing) > 0 {
		text += "; nadie marcó listo: " + strings.Join(missing, ", ")
	}
	o.Status, o.StatusRaw, o.ChannelState = store.Dispatched, "", store.ChannelPending
	if err := in.request(tx, o, ActionDispatch, ""); err != nil {
		return false, err
	}
	return false, in.keep(tx, o, ChangeStatus, text)
}

// canMove says why an order cannot become ready or leave.
func canMove(o *store.Order) error {
	switch {
	case ended(o.Status):
		return fmt.Errorf("order %d is %s: nothing of it is to leave: %w", o.Seq, o.Status, ErrRefused)
	case rank(o.Status) < rank(store.Accepted):
		return fmt.Errorf("order %d waits for acceptance; accept it first: %w", o.Seq, ErrRefused)
	case !o.HeldUntil.IsZero():
		return fmt.Errorf("order %d is held until %s; release it first: %w", o.Seq, o.HeldUntil.Format(time.RFC3339), ErrRefused)
	}
	return nil
}

// isReady reports whether that share of an order is known to be ready.
func isReady(o *store.Order, station *string) bool {
	if station == nil || *station == "" {
		return o.Status == store.Ready
	}
	return slices.Contains(o.ReadyStations, *station) || o.Status == store.Ready && len(o.ReadyStations) == 0
}

// stationsOf are the stations that make something of an order, by the papers
// that they have or are to get.
func stationsOf(tx *store.Tx, o *store.Order) ([]string, error) {
	jobs, err := tx.JobsOf(o.Seq)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, j := range jobs {
		if j.Station == "" || j.State == store.JobCancelled || j.State == store.JobReplaced {
			continue
		}
		at := slices.Index(out, j.Station)
		switch {
		case j.Kind == store.VoidTicket && at >= 0:
			out = slices.Delete(out, at, at+1)
		case j.Kind == store.ComandaTicket && at < 0:
			out = append(out, j.Station)
		}
	}
	return out, nil
}

// missingOf are those of stations that are not known to be ready.
func missingOf(o *store.Order, stations []string) (missing []string) {
	for _, s := range stations {
		if !slices.Contains(o.ReadyStations, s) {
			missing = append(missing, s)
		}
	}
	return missing
}

func shareOf(station *string) string {
	if station == nil || *station == "" {
		return "todo"
	}
	return *station
}

// unready takes back that a station is ready where a change has left it other
// dishes, and that the order is, unless its channel says so.
func (in *Intake) unready(known, next *store.Order, heard store.Status) {
	if len(next.ReadyStations) == 0 && next.ReadyAt.IsZero() {
		return
	}
	was, now := in.router.route(known), in.router.route(next)
	dishes := func(cs []Comanda, station string, o *store.Order) []dish {
		for _, c := range cs {
			if c.Station.Name == station {
				return dishesOf(c.Items, o)
			}
		}
		return nil
	}
	changed := func(station string) bool {
		return !sameDishes(dishes(was, station, known), dishes(now, station, next))
	}
	next.ReadyStations = slices.DeleteFunc(slices.Clone(next.ReadyStations), changed)
	more := slices.ContainsFunc(now, func(c Comanda) bool { return changed(c.Station.Name) })
	if more && next.Status == store.Ready && !next.ReadyAt.IsZero() && rank(heard) < rank(store.Ready) {
		next.Status, next.ReadyAt = store.Preparing, store.Moment{}
	}
}
