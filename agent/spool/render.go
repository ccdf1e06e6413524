package spool

import (
	"errors"
	"fmt"

	"mostrador/agent/spool/ticket"
	"mostrador/printer"
	"mostrador/printer/escpos"
	"mostrador/printer/font"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/printer/receipt"
	"mostrador/store"
)

// A renderer makes a job's bytes for one printer.
type renderer struct{ tickets *ticket.Renderer }

func newRenderer(s ticket.Settings) (*renderer, error) {
	t, err := ticket.New(s)
	if err != nil {
		return nil, err
	}
	return &renderer{t}, nil
}

// A sheet is where a ticket is to come out.
type sheet struct {
	Printer
	model profile.Profile // that it is printed with
	proof store.Proof     // that it can give
	tools *tools
}

// tools are what a worker makes one ticket after the other with.
type tools struct {
	filler   receipt.Filler
	layouter layout.Layouter
	font     font.Font // draws what no code page has
}

// page is a ticket laid out for a printer, and how many pictures of its data it
// lacks because they cannot be read. The page is valid until the next one is made
// with the same tools.
func (r *renderer) page(st *store.Store, j *store.Job, on sheet) (page layout.Page, leftOut int, err error) {
	doc, err := r.document(st, j, on)
	if err != nil {
		return page, 0, err
	}
	if page, err = on.tools.layouter.Layout(doc, on.model, on.Paper); err != nil {
		return page, 0, fmt.Errorf("lay out: %w", err)
	}
	return page, doc.LeftOut, nil
}

// ticket is the whole of a ticket, from its first command to its cut, for the
// kitchen with the sound that calls for it.
func (r *renderer) ticket(j *store.Job, page layout.Page, on sheet, kept map[escpos.LogoSum]escpos.LogoKey) (printer.Ticket, error) {
	b, err := escpos.Encode(page, on.model, escpos.Options{Font: &on.tools.font, Logos: kept})
	if err != nil {
		return printer.Ticket{}, fmt.Errorf("encode: %w", err)
	}
	if sound, ok := escpos.Buzzer(on.model.Buzzer); ok && on.Buzzer && sounds(j.Kind) {
		b = append(b, sound...) // within what is proven, so that it never sounds for no paper
	}
	return printer.Ticket{Bytes: b, Dots: escpos.Height(page, on.model)}, nil
}

// sounds: a ticket of this kind is for people who do not look at the printer.
func sounds(kind store.TicketKind) bool {
	return kind == store.ComandaTicket || kind == store.ChangeTicket || kind == store.VoidTicket
}

func (r *renderer) document(st *store.Store, j *store.Job, on sheet) (doc receipt.Document, err error) {
	in := ticket.Input{
		Job: j, Paper: on.Paper, Filler: &on.tools.filler,
		Printer: ticket.Printer{Name: on.Name, Profile: on.model.Name, Paper: on.Paper, Proof: on.proof},
	}
	if err := st.View(func(tx *store.Tx) error { return gather(tx, j, &in) }); err != nil {
		return doc, err
	}
	return r.tickets.Render(in)
}

// gather reads what a ticket is about. Other papers, and the order as it was, only
// add to its words: a ticket comes out without them where they are kept no longer.
func gather(tx *store.Tx, j *store.Job, in *ticket.Input) (err error) {
	if j.CopyOf != 0 {
		if in.Original, err = ifKept(tx.Job(j.CopyOf)); err != nil {
			return fmt.Errorf("the ticket that it copies: %w", err)
		}
	}
	if j.Order == 0 {
		return nil
	}
	if in.Order, err = tx.OrderAt(j.Order, j.Revision); err != nil {
		return fmt.Errorf("its order: %w", err)
	}
	if j.Follows == 0 {
		return nil
	}
	if in.Followed, err = ifKept(tx.Job(j.Follows)); err != nil {
		return fmt.Errorf("the ticket that it is about: %w", err)
	}
	if in.Followed != nil {
		if in.Before, err = ifKept(tx.OrderAt(j.Order, in.Followed.Revision)); err != nil {
			return fmt.Errorf("its order as it was: %w", err)
		}
	}
	if in.Before == nil {
		// Hour and note may have changed, so they are said; the rest stands at its head.
		in.Before = &store.Order{Key: in.Order.Key, Number: in.Order.Number, Kind: in.Order.Kind, Table: in.Order.Table}
	}
	return nil
}

// ifKept is a record, nil when it is not stored any more.
func ifKept[T any](record *T, err error) (*T, error) {
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return record, err
}
