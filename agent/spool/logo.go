package spool

import (
	"context"
	"encoding/hex"
	"slices"

	"mostrador/printer"
	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/receipt"
	"mostrador/store"
)

// A stored logo is a picture in a printer's own memory, which outlives power
// cuts and bears few writes. Tried comes before it is written: a printer that
// does not take a picture is not written to with every ticket.
type storedLogo struct {
	Sum  string `json:"sum"` // of the picture, hexadecimal
	Kept bool   `json:"kept,omitempty"`
}

// maxLogos bounds the pictures that are written to one printer, ever.
const maxLogos = 8

func logosKey(printer string) string { return "printer/" + printer + "/logos" }

// hasLogo: tickets of this kind bear the logo of the house, again and again.
func hasLogo(kind store.TicketKind) bool {
	return kind == store.ReceiptTicket || kind == store.InvoiceTicket || kind == store.PrecheckTicket || kind == store.DeliveryTicket
}

// recallLogos reads which pictures the printer keeps.
func (w *worker) recallLogos() error {
	return w.spool.store.View(func(tx *store.Tx) error {
		w.logos = nil
		return recallInto(tx, logosKey(w.Name), &w.logos)
	})
}

// kept are the pictures that can be recalled, as the encoder wants them.
func (w *worker) kept() map[escpos.LogoSum]escpos.LogoKey {
	kept := map[escpos.LogoSum]escpos.LogoKey{}
	for _, l := range w.logos {
		var sum escpos.LogoSum
		if b, err := hex.DecodeString(l.Sum); err == nil && len(b) == len(sum) && l.Kept {
			copy(sum[:], b)
			kept[sum] = sum.Key()
		}
	}
	return kept
}

// storeLogos writes the pictures of a page to the printer's memory, so that the
// tickets after it only name them. Where that fails they are drawn: the error is
// only of a line or a store that cannot be trusted any more.
func (w *worker) storeLogos(ctx context.Context, session *printer.Session, kind store.TicketKind, page layout.Page) error {
	if !w.model.Logos || !hasLogo(kind) || session.Proof() == printer.Transport {
		return nil
	}
	for _, row := range page.Rows {
		if row.Picture == nil {
			continue
		}
		sum := escpos.SumLogo(*row.Picture)
		known := slices.ContainsFunc(w.logos, func(l storedLogo) bool { return l.Sum == hex.EncodeToString(sum[:]) })
		if known || len(w.logos) >= maxLogos || w.taken(sum.Key()) {
			continue
		}
		if err := w.storeLogo(ctx, session, sum, *row.Picture); err != nil {
			return err
		}
	}
	return nil
}

// taken: another picture has this place in the printer's memory.
func (w *worker) taken(key escpos.LogoKey) bool {
	for _, k := range w.kept() {
		if k == key {
			return true
		}
	}
	return false
}

// storeLogo writes one picture. Cut off in the middle of it the printer waits for
// the rest: that it may is on record before the first byte.
func (w *worker) storeLogo(ctx context.Context, session *printer.Session, sum escpos.LogoSum, picture receipt.Image) error {
	define, err := escpos.LogoDefine(sum.Key(), picture)
	if err != nil {
		w.log.Info("a picture is drawn each time", "cause", err)
		return nil
	}
	w.logos = append(w.logos, storedLogo{Sum: hex.EncodeToString(sum[:])})
	if err := w.keepLogos(true, len(define)); err != nil {
		return err
	}
	r := session.Send(ctx, printer.Ticket{Bytes: define})
	if r.Err != nil && r.Sent > 0 {
		return r.Err
	}
	if r.Err != nil { // nothing was sent: another time
		w.logos = w.logos[:len(w.logos)-1]
	} else {
		w.logos[len(w.logos)-1].Kept = true
	}
	if err := w.keepLogos(false, 0); err != nil {
		return err
	}
	return r.Err
}

// keepLogos records the pictures, and whether the printer may stand in the
// middle of one.
func (w *worker) keepLogos(torn bool, block int) error {
	_, err := w.spool.store.UpdateVital(func(tx *store.Tx) error {
		m, err := recall(tx, w.Name)
		if err != nil {
			return err
		}
		m.Torn, m.Block = torn, block
		if err := remember(tx, w.Name, m); err != nil {
			return err
		}
		if m.Generation != w.generation {
			return nil // these are of a printer that was forgotten
		}
		return keepAs(tx, logosKey(w.Name), w.logos)
	})
	return asStoreFault(err)
}
