package command

import (
	"fmt"
	"strconv"

	"mostrador/agent/order"
	"mostrador/store"
)

// maxCatalogue bounds a catalogue, in bytes.
const maxCatalogue = 1 << 20

// takeCatalogue has a catalogue used from now on, and answers.
func (d *Desk) takeCatalogue(tx *store.Tx, payload []byte) error {
	var c order.Catalogue
	err := strict(payload, maxCatalogue, &c)
	if c.Version == 0 {
		if err == nil {
			err = c.Check()
		}
		return d.unreadable(tx, "catalogue", payload, err)
	}
	r := Result{Of: "catalogue", ID: strconv.FormatUint(c.Version, 10), Result: Refused, TakenAt: tx.Now(), FinishedAt: tx.Now()}
	used := order.CatalogueVersion(tx)
	if err == nil {
		err = c.Check()
	}
	switch {
	case err != nil:
		r.Reason = clean(err.Error(), 500)
	case c.Version == used:
		r.Result, r.Reason = Done, "it is in use already"
		return answer(tx, r)
	case c.Version < used:
		r.Reason = fmt.Sprintf("version %d is in use: send a higher one", used)
	default:
		if err := c.Put(tx); err != nil {
			return err
		}
		r.Result = Done
	}
	if err := answer(tx, r); err != nil {
		return err
	}
	e := store.Entry{Kind: "catalogue." + string(r.Result), Subject: r.ID, Severity: store.Info,
		Text: fmt.Sprintf("Catálogo %d de la central: %s", c.Version, outcomeWord(r.Result))}
	if r.Result != Done {
		e.Severity = store.Warning
		e.Text += ": " + r.Reason
	}
	return tx.Log(e)
}
