package spool

import (
	"fmt"

	"mostrador/store"
)

// Forget drops what is known of a printer that another one has taken the place
// of: what it answers, the pictures in its memory, how its roll stood. It is met
// anew at once, or when the ticket that is on its way has ended. That it may
// stand in the middle of a torn ticket is not forgotten.
func (s *Spool) Forget(printer, who string) error {
	u := s.unit(printer)
	if u == nil {
		return fmt.Errorf("printer %q: %w", printer, store.ErrNotFound)
	}
	err := s.restand(u, func(tx *store.Tx, st *standing) error {
		st.NearEnd, st.Opened = false, false
		was, err := recall(tx, printer)
		if err != nil {
			was = memory{} // what cannot be read is forgotten, too
		}
		if err := remember(tx, printer, memory{Torn: was.Torn, Block: was.Block, Generation: was.Generation + 1}); err != nil {
			return err
		}
		if err := keepAs(tx, logosKey(printer), []storedLogo{}); err != nil {
			return err
		}
		words := "impresora " + printer + ": se olvida lo que se sabía de ella"
		if who != "" {
			words += ", dicho por " + who
		}
		return tx.Log(store.Entry{Kind: "printer.forgotten", Subject: printer, Severity: store.Info, Text: words})
	})
	if err != nil {
		return err
	}
	token(u.renew)
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.retry != nil {
		u.retry()
	}
	return nil
}
