package order

import (
	"fmt"
	"strings"

	"mostrador/store"
)

// title names an order in a log entry.
func title(o *store.Order) string {
	number := o.Number
	if number == "" {
		number = o.Key.ChannelID
	}
	return fmt.Sprintf("Pedido %s de %s", number, o.Key.Nickname)
}

// statusWord is a status in Spanish, or the channel's own word.
func statusWord(o *store.Order) string {
	if o.Status == "" {
		return o.StatusRaw
	}
	return StatusWords(o.Status)
}

// StatusWords says a status to people.
func StatusWords(s store.Status) string {
	switch s {
	case store.Received:
		return "recibido"
	case store.Accepted:
		return "aceptado"
	case store.Preparing:
		return "en preparación"
	case store.Ready:
		return "listo"
	case store.Dispatched:
		return "despachado"
	case store.Completed:
		return "entregado"
	case store.Cancelled:
		return "anulado"
	case store.Rejected:
		return "rechazado"
	}
	return string(s)
}

// kindWord is a kind of order in Spanish, with its table.
func kindWord(o *store.Order) string {
	if o.Kind != store.Table {
		return KindWords(o.Kind)
	}
	if strings.HasPrefix(fold(o.Table), "mesa") {
		return o.Table
	}
	return strings.TrimSpace("mesa " + o.Table)
}

// KindWords says a kind of order to people.
func KindWords(k store.OrderKind) string {
	switch k {
	case store.Delivery:
		return "reparto"
	case store.Pickup:
		return "retiro"
	case store.Table:
		return "mesa"
	}
	return string(k)
}

// ticketWord names a ticket and where it comes out.
func ticketWord(j *store.Job) string {
	name := map[store.TicketKind]string{
		store.ComandaTicket: "comanda", store.DeliveryTicket: "guía de reparto", store.ReceiptTicket: "ticket del cliente",
		store.InvoiceTicket: "comprobante", store.PrecheckTicket: "precuenta",
		store.ChangeTicket: "cambio", store.VoidTicket: "anulación",
	}[j.Kind]
	if j.Station != "" {
		name += " " + j.Station
	}
	return fmt.Sprintf("%s (%s)", name, j.Printer)
}

func ticketWords(jobs []*store.Job) string {
	words := make([]string, 0, len(jobs))
	for _, j := range jobs {
		words = append(words, ticketWord(j))
	}
	return strings.Join(words, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (r Rules) receivedEntry(o *store.Order, tickets []*store.Job) store.Entry {
	e := store.Entry{Kind: "order.received", Subject: o.ID, Severity: store.Info, Raw: o.Raw}
	head := fmt.Sprintf("%s: %s, %s", title(o), kindWord(o), count(len(o.Lines), "línea", "líneas"))
	switch {
	case ended(o.Status):
		e.Severity = store.Warning
		e.Text = fmt.Sprintf("%s; llegó ya %s, no se imprime", head, statusWord(o))
	case o.Status == store.Received:
		e.Severity = store.Warning
		e.Text = head + "; espera que alguien lo acepte o lo rechace"
	case !inKitchen(o.Status):
		e.Severity = store.Warning
		e.Text = fmt.Sprintf("%s; llegó ya %s, no se imprime: reimprímalo si hace falta", head, statusWord(o))
	case !o.HeldUntil.IsZero():
		e.Text = fmt.Sprintf("%s; programado, se imprime el %s", head, r.clock(o.HeldUntil))
	case len(tickets) == 0:
		e.Severity = store.Alarm
		e.Text = head + "; no hay impresora donde imprimirlo: configure una"
	default:
		e.Text = fmt.Sprintf("%s; %s", head, count(len(tickets), "ticket", "tickets"))
	}
	return e
}

func (r Rules) olderEntry(known *store.Order, d *Draft) store.Entry {
	return store.Entry{
		Kind: "order.older", Subject: known.ID, Severity: store.Info,
		Text: fmt.Sprintf("%s: llegó un aviso más antiguo que lo conocido (%s); no cambia nada",
			title(known), r.clock(d.Order.Dated)),
	}
}

func changedEntry(known, next *store.Order, kind Change, did effect) store.Entry {
	e := store.Entry{Kind: "order." + string(kind), Subject: next.ID, Severity: store.Info, Raw: next.Raw}
	switch kind {
	case ChangeCancelled, ChangeRejected:
		e.Severity = store.Warning
		e.Text = fmt.Sprintf("%s %s", title(next), statusWord(next))
	case ChangeRevised:
		e.Severity = store.Warning
		e.Text = fmt.Sprintf("%s cambió (revisión %d)", title(next), next.Revision)
		if diff := difference(known, next); diff != "" {
			e.Text += ": " + diff
		}
	case ChangeStatus:
		e.Text = fmt.Sprintf("%s: %s", title(next), statusWord(next))
		if next.StatusRaw != "" {
			e.Severity = store.Warning
			e.Text = fmt.Sprintf("%s: el canal dice «%s», un estado que aquí no se conoce", title(next), next.StatusRaw)
		}
	case ChangeChannel:
		e.Text = fmt.Sprintf("%s: el canal confirmó nuestra respuesta", title(next))
	default:
		e.Text = fmt.Sprintf("%s: nuevos datos del canal", title(next))
	}
	if n := len(did.back); n > 0 {
		e.Text += "; " + count(n, "ticket en espera retirado", "tickets en espera retirados")
	}
	var told, begun []*store.Job
	for _, j := range did.made {
		if j.Follows != 0 {
			told = append(told, j)
		} else {
			begun = append(begun, j)
		}
	}
	if n := len(begun); n > 0 {
		e.Text += "; " + count(n, "ticket nuevo", "tickets nuevos")
	}
	if len(told) > 0 {
		e.Text += "; el papel que ya salió se corrige con: " + ticketWords(told)
	}
	switch {
	case len(did.stale) == 0:
	case ended(next.Status):
		e.Severity = store.Alarm
		e.Text += fmt.Sprintf("; ya en papel: %s. Avise a quien lo tiene", ticketWords(did.stale))
	default:
		e.Severity = store.Alarm
		e.Text += fmt.Sprintf("; el papel muestra la revisión %d: %s. Avise a quien lo tiene",
			did.stale[0].Revision, ticketWords(did.stale))
	}
	return e
}

// difference says which lines an order has more and fewer than before.
func difference(before, after *store.Order) string {
	net := map[string]store.Quantity{}
	var names []string
	sum := func(o *store.Order, sign int64) {
		for _, l := range o.Lines {
			if _, ok := net[l.Name]; !ok {
				names = append(names, l.Name)
			}
			// x − (−sign × q) is x + sign × q.
			net[l.Name] = net[l.Name].Sub(l.Quantity.Mul(store.Units(-sign)))
		}
	}
	sum(before, -1)
	sum(after, 1)
	var words []string
	for _, name := range names {
		switch q := net[name]; q.Sign() {
		case 1:
			words = append(words, fmt.Sprintf("+%s %s", q, name))
		case -1:
			words = append(words, fmt.Sprintf("−%s %s", q.Mul(store.Units(-1)), name))
		}
	}
	const most = 6
	if len(words) > most {
		words = append(words[:most], "…")
	}
	return strings.Join(words, ", ")
}
