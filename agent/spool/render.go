package spool

import (
	"fmt"

	"mostrador/agent/spool/ticket"
	"mostrador/printer/escpos"
	"mostrador/printer/layout"
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

// bytes are the whole of a ticket, from its first command to its cut.
func (r *renderer) bytes(st *store.Store, j *store.Job, p Printer) ([]byte, error) {
	doc, err := r.document(st, j)
	if err != nil {
		return nil, err
	}
	page, err := layout.Layout(doc, p.Profile, p.Paper)
	if err != nil {
		return nil, fmt.Errorf("lay out: %w", err)
	}
	b, err := escpos.Encode(page, p.Profile, escpos.Options{})
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return b, nil
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
