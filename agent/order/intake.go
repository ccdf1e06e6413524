package order

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"mostrador/store"
)

// Intake takes orders into the store and does what is asked of them.
type Intake struct {
	store  *store.Store
	rules  Rules
	router router
	// evidence emits the event of a ticket that ended without being printed.
	evidence func(*store.Tx, *store.Job) error
	log      *slog.Logger
	shelf    shelf
}

// NewIntake returns an Intake by rules that Rules.Check has found right.
// evidence emits the ticket event of a job that a change or a cancellation has
// just ended; it belongs to the spooler, as every ticket event does.
func NewIntake(st *store.Store, rules Rules, evidence func(*store.Tx, *store.Job) error, log *slog.Logger) *Intake {
	if rules.RequestTTL <= 0 {
		rules.RequestTTL = defaultRequestTTL
	}
	return &Intake{store: st, rules: rules, router: newRouter(rules), evidence: evidence, log: log}
}

// Taken is what a payload came to.
type Taken struct {
	// Order is its number on this terminal (store.Order.Seq), 0 for none; ID
	// and Revision are as they now stand.
	Order    uint64
	ID       string
	Revision int
	Change   Change
	// Durable: it is on disk. Otherwise it is held in memory, and the source
	// may be acknowledged only as Acks says.
	Durable bool
}

// Take takes what a channel said of an order: a new one, a change, a status,
// or what is known already. All that follows from it, jobs and events
// included, is one transaction. The draft is Take's from here on.
//
// The error is an *Invalid when the draft is not an order; any other one means
// that it could not be stored.
func (in *Intake) Take(d Draft) (Taken, error) {
	if err := d.check(); err != nil {
		return Taken{}, err
	}
	Tidy(&d.Order)
	hash, err := Hash(&d.Order)
	if err != nil {
		return Taken{}, err
	}
	d.Order.Hash = hash
	if d.PossibleDuplicate {
		AddFlag(&d.Order, FlagPossibleDuplicate, "otro terminal del local pudo imprimirlo también")
	}
	if taken, err := in.repeated(&d); err != nil || taken.Change == ChangeNone {
		return taken, err
	}
	var taken Taken
	durable, err := in.store.UpdateVital(func(tx *store.Tx) error {
		var err error
		taken, err = in.take(tx, &d)
		return err
	})
	if err != nil {
		return Taken{}, fmt.Errorf("take order %s: %w", d.Order.Key.ChannelID, err)
	}
	taken.Durable = durable
	in.log.Info("order taken", "order", taken.ID, "channel_id", d.Order.Key.ChannelID,
		"change", string(taken.Change), "revision", taken.Revision, "durable", durable)
	return taken, nil
}

// repeated finds without writing that a payload says nothing new.
func (in *Intake) repeated(d *Draft) (Taken, error) {
	var taken Taken
	err := in.store.View(func(tx *store.Tx) error {
		known, err := tx.OrderByKey(d.Order.Key)
		if err != nil {
			return err
		}
		if compare(known, d) == (step{}) {
			taken = takenOf(known, ChangeNone)
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return Taken{}, nil
	}
	if err != nil {
		return Taken{}, fmt.Errorf("look for order %s: %w", d.Order.Key.ChannelID, err)
	}
	taken.Durable = !in.store.Health().InMemory
	return taken, nil
}

func takenOf(o *store.Order, c Change) Taken {
	return Taken{Order: o.Seq, ID: o.ID, Revision: o.Revision, Change: c}
}

func (in *Intake) take(tx *store.Tx, d *Draft) (Taken, error) {
	if err := in.shelf.complete(tx, &d.Order); err != nil { // an order as the channel sent it is better than none
		in.log.Error("an order is taken without the catalogue", "error", err)
	}
	known, err := tx.OrderByKey(d.Order.Key)
	switch {
	case errors.Is(err, store.ErrNotFound) && d.StatusOnly:
		return in.stranger(tx, d)
	case errors.Is(err, store.ErrNotFound):
		return in.create(tx, d)
	case err != nil:
		return Taken{}, err
	}
	return in.change(tx, known, d)
}

// stranger notes a status of an order that never came.
func (in *Intake) stranger(tx *store.Tx, d *Draft) (Taken, error) {
	raw, err := tx.PutRaw(d.Raw)
	if err != nil {
		return Taken{}, err
	}
	return Taken{Change: ChangeUnknown}, tx.Log(store.Entry{
		Kind: "order.unknown", Severity: store.Warning, Raw: raw,
		Text: fmt.Sprintf("%s avisa «%s» de un pedido que aquí no se conoce (%s): búsquelo en el canal",
			d.Order.Key.Nickname, statusWord(&d.Order), d.Order.Key.ChannelID),
	})
}

// create records an order that is new here.
func (in *Intake) create(tx *store.Tx, d *Draft) (Taken, error) {
	o := d.Order
	o.Flags = append([]store.Flag(nil), o.Flags...)
	o.Revision = 1
	o.ReceivedAt, o.ChangedAt = tx.Now(), tx.Now()
	if o.Invoice.State == "" {
		o.Invoice.State = store.InvoiceNone
	}
	if o.Status == "" {
		o.Status = store.Received
	}
	asks := o.Status == store.Received && d.Accept != Manual
	if asks {
		o.Status, o.ChannelState = store.Accepted, store.ChannelPending
	}
	in.hold(&o, tx.Now())
	raw, err := tx.PutRaw(d.Raw)
	if err != nil {
		return Taken{}, err
	}
	o.Raw = raw
	comandas := in.flagUnmatched(&o)
	if err := putNew(tx, &o); err != nil {
		return Taken{}, err
	}
	tickets, err := in.printIfDue(tx, &o, comandas, store.Moment{})
	if err != nil {
		return Taken{}, err
	}
	if err := emit(tx, &o, ChangeReceived); err != nil {
		return Taken{}, err
	}
	if asks {
		if err := in.request(tx, &o, ActionAccept, ""); err != nil {
			return Taken{}, err
		}
	}
	return takenOf(&o, ChangeReceived), tx.Log(in.rules.receivedEntry(&o, tickets))
}

// putNew stores a new order; where the channel has no transaction number, its
// own number on this terminal, which storing gives it, is one.
func putNew(tx *store.Tx, o *store.Order) error {
	if err := tx.PutOrder(o); err != nil || o.Transaction != "" {
		return err
	}
	o.Transaction = strconv.FormatUint(o.Seq, 10)
	return tx.PutOrder(o)
}

// hold sets when a scheduled order's tickets are released: not at all for one
// whose time has come already.
func (in *Intake) hold(o *store.Order, now store.Moment) {
	o.HeldUntil = time.Time{}
	if !o.Scheduled || o.DueAt.IsZero() || ended(o.Status) {
		return
	}
	if at := o.DueAt.Add(-in.rules.LeadTime).UTC(); !reached(at, o.ReceivedAt, now) {
		o.HeldUntil = at
	}
}

func emit(tx *store.Tx, o *store.Order, c Change) error {
	_, err := tx.Emit(store.StreamOrders, EventType, Event{o, c})
	return err
}
