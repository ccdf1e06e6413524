package spool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mostrador/printer"
	"mostrador/printer/escpos"
	"mostrador/store"
)

// A kick is the wish to open a drawer, answered by the printer's worker.
type kick struct {
	who, reason string
	done        chan error // holds one
}

// kickWait bounds how long somebody waits for a drawer: it must not open when
// they have long gone.
const kickWait = 10 * time.Second

var (
	// ErrNoDrawer: the configuration has no drawer on that printer.
	ErrNoDrawer = errors.New("no hay cajón configurado en esa impresora (drawer = true)")
	// ErrNotNow: the printer cannot do that now, and it will not be done later.
	ErrNotNow = errors.New("la impresora no puede ahora")
)

// KickDrawer opens the drawer on a printer, between two tickets, and logs who
// wanted it and why. It is done when it returns nil, and never afterwards.
func (s *Spool) KickDrawer(ctx context.Context, printer, who, reason string) error {
	u := s.unit(printer)
	if u == nil {
		return fmt.Errorf("printer %q: %w", printer, store.ErrNotFound)
	}
	if !u.Drawer {
		return fmt.Errorf("%s: %w", printer, ErrNoDrawer)
	}
	if works, cause := s.worksNow(u); !works {
		return fmt.Errorf("%s: %w: %s", printer, ErrNotNow, cause)
	}
	wish := kick{who: who, reason: reason, done: make(chan error, 1)}
	ctx, cancel := context.WithTimeout(ctx, kickWait)
	defer cancel()
	select {
	case u.kicks <- wish:
		return <-wish.done
	case <-ctx.Done():
		return fmt.Errorf("%s: %w: está imprimiendo", printer, ErrNotNow)
	}
}

func (s *Spool) worksNow(u *unit) (bool, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return u.works(), u.fault()
}

// kickIfAsked serves a wish that came while a ticket was printing.
func (w *worker) kickIfAsked(ctx context.Context, session *printer.Session) {
	select {
	case k := <-w.kicks:
		k.done <- w.kick(ctx, session, k)
	default:
	}
}

// kick opens the drawer, on record.
func (w *worker) kick(ctx context.Context, session *printer.Session, k kick) error {
	pulse, err := escpos.Drawer(2)
	if err != nil {
		return err
	}
	w.spool.change(w.unit, func() { w.pin.pulsed(time.Now()) })
	if r := session.Send(ctx, printer.Ticket{Bytes: pulse}); r.Err != nil {
		return fmt.Errorf("%s: %w: %s", w.Name, ErrNotNow, errorWords(r.Err))
	}
	w.spool.change(w.unit, func() { w.pin.sent(time.Now()) })
	text := "cajón de " + w.Name + " abierto"
	if k.who != "" {
		text += " por " + k.who
	}
	if k.reason != "" {
		text += " (" + k.reason + ")"
	}
	err = w.spool.store.Update(func(tx *store.Tx) error {
		return tx.Log(store.Entry{Kind: "drawer.opened", Subject: w.Name, Severity: store.Info, Text: text})
	})
	if err != nil {
		w.log.Error("an opened drawer is not on record", "who", k.who, "reason", k.reason, "error", err)
	}
	return nil
}

// kickForCash opens the drawer for the first receipt of an order that is paid
// in cash at the counter.
func (w *worker) kickForCash(ctx context.Context, session *printer.Session, j *store.Job) error {
	if !w.Drawer || j.Kind != store.ReceiptTicket || j.Order == 0 || j.CopyOf != 0 || j.Copy > 1 || j.Follows != 0 ||
		slices.Contains(j.Marks, store.MarkPossibleDuplicate) {
		return nil
	}
	var o *store.Order
	err := w.spool.store.View(func(tx *store.Tx) (err error) {
		o, err = tx.OrderAt(j.Order, j.Revision)
		return err
	})
	if err != nil || o.Kind == store.Delivery || !o.Payment.Cash || o.Payment.Paid {
		return err
	}
	return w.kick(ctx, session, kick{reason: "cobro en efectivo del pedido " + j.OrderNumber})
}
