package spool

import (
	"fmt"

	"mostrador/agent/spool/ticket"
	"mostrador/printer"
	"mostrador/printer/escpos"
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

// ticket is the whole of a ticket for a printer, from its first command to its
// cut, for the kitchen with the sound that calls for it.
func (r *renderer) ticket(st *store.Store, j *store.Job, model profile.Profile, p Printer) (printer.Ticket, error) {
	doc, err := r.document(st, j)
	if err != nil {
		return printer.Ticket{}, err
	}
	page, err := layout.Layout(doc, model, p.Paper)
	if err != nil {
		return printer.Ticket{}, fmt.Errorf("lay out: %w", err)
	}
	b, err := escpos.Encode(page, model, escpos.Options{})
	if err != nil {
		return printer.Ticket{}, fmt.Errorf("encode: %w", err)
	}
	if sound, ok := escpos.Buzzer(model.Buzzer); ok && p.Buzzer && sounds(j.Kind) {
		b = append(b, sound...) // within what is proven, so that it never sounds for no paper
	}
	return printer.Ticket{Bytes: b, Dots: escpos.Height(page, model)}, nil
}

// sounds: a ticket of this kind is for people who do not look at the printer.
func sounds(kind store.TicketKind) bool {
	return kind == store.ComandaTicket || kind == store.ChangeTicket || kind == store.VoidTicket
}

func (r *renderer) document(st *store.Store, j *store.Job) (doc receipt.Document, err error) {
	in := ticket.Input{Job: j}
	err = st.View(func(tx *store.Tx) error {
		in.Order, in.Original = nil, nil
		if j.CopyOf != 0 {
			if in.Original, err = tx.Job(j.CopyOf); err != nil {
				return fmt.Errorf("the ticket that it copies: %w", err)
			}
		}
		if j.Order == 0 {
			return nil
		}
		if in.Order, err = tx.OrderAt(j.Order, j.Revision); err != nil {
			return fmt.Errorf("its order: %w", err)
		}
		return nil
	})
	if err != nil {
		return doc, err
	}
	return r.tickets.Render(in)
}
