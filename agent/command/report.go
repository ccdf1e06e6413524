package command

import (
	"fmt"
	"strconv"
	"time"

	"mostrador/agent/spool"
	"mostrador/store"
)

// A Report is the balance of an evening: every ticket that was asked for, what
// became of it, and when printers could not print.
type Report struct {
	spool.Balance
	Orders OrderCount `json:"orders"`
	// Words is the same for people, and what prints.
	Words store.Report `json:"words"`
}

// An OrderCount counts the orders that came in a period, as they stand now.
type OrderCount struct {
	Taken     int `json:"taken"`
	Changed   int `json:"changed"` // more than one revision
	Cancelled int `json:"cancelled"`
	Rejected  int `json:"rejected"`
	Held      int `json:"held"` // their time to be made has not come
}

// Report balances the tickets from one time until before another. Zero times:
// from the start of the business day, until now.
func (c *Commands) Report(from, to time.Time) (Report, error) {
	now := c.store.Clock().Now().Wall
	if to.IsZero() {
		to = now.Add(time.Nanosecond) // the end is not part of it
	}
	if from.IsZero() {
		from = c.about.dayOf(to)
	}
	if !from.Before(to) {
		return Report{}, fmt.Errorf("%w: the report ends (%s) before it begins (%s)", ErrWrong, to.Format(time.RFC3339), from.Format(time.RFC3339))
	}
	r := Report{}
	var err error
	if r.Balance, err = c.spool.Balance(from, to); err != nil {
		return r, plain(err)
	}
	if r.Orders, err = c.countOrders(from, to); err != nil {
		return r, plain(err)
	}
	r.Words = c.words(r)
	return r, nil
}

// dayOf is when the business day began that t is in.
func (a About) dayOf(t time.Time) time.Time {
	zone := a.Location
	if zone == nil {
		zone = time.UTC
	}
	t = t.In(zone)
	start := func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), 0, int(a.DayStarts/time.Minute), 0, 0, zone)
	}
	if today := start(t); !today.After(t) {
		return today
	}
	return start(t.AddDate(0, 0, -1))
}

func (c *Commands) countOrders(from, to time.Time) (n OrderCount, err error) {
	err = c.store.View(func(tx *store.Tx) error {
		n = OrderCount{}
		for o, err := range tx.Orders() { // newest first
			if err != nil {
				return err
			}
			at := o.ReceivedAt.Wall
			if at.Before(from) {
				break
			}
			if at.Before(to) {
				n.add(o)
			}
		}
		return nil
	})
	return n, err
}

func (n *OrderCount) add(o *store.Order) {
	n.Taken++
	if o.Revision > 1 {
		n.Changed++
	}
	switch {
	case o.Status == store.Cancelled:
		n.Cancelled++
	case o.Status == store.Rejected:
		n.Rejected++
	case !o.HeldUntil.IsZero():
		n.Held++
	}
}

// PrintReport puts the balance on paper.
func (c *Commands) PrintReport(printer string, from, to time.Time, who string) (*store.Job, error) {
	if _, err := c.Printer(printer); err != nil {
		return nil, err
	}
	r, err := c.Report(from, to)
	if err != nil {
		return nil, err
	}
	job, err := c.spool.PrintReport(printer, who, &r.Words)
	return job, plain(err)
}

// words tells a report to a manager. What is zero and needs nobody is left out.
func (c *Commands) words(r Report) store.Report {
	parts := []store.ReportPart{ordersPart(r.Orders), balancePart(r.All)}
	for _, some := range []store.ReportPart{attentionPart(r.All), markedPart(r.All)} {
		if len(some.Lines) > 0 {
			parts = append(parts, some)
		}
	}
	parts = append(parts, printersPart(r), c.outagesPart(r.Outages))
	return store.Report{Title: "BALANCE DE TICKETS", From: r.From, To: r.To, Parts: parts}
}

// lines collects figures.
type lines []store.ReportLine

func (l *lines) add(name string, n int) {
	*l = append(*l, store.ReportLine{Name: name, Count: strconv.Itoa(n)})
}

// some adds a figure that is worth a line only if there is one.
func (l *lines) some(name string, n int) {
	if n != 0 {
		l.add(name, n)
	}
}

func (l *lines) strong(name string, n int) {
	*l = append(*l, store.ReportLine{Name: name, Count: strconv.Itoa(n), Strong: true})
}

func ordersPart(n OrderCount) store.ReportPart {
	var l lines
	l.strong("Pedidos que entraron", n.Taken)
	l.some("cambiados después", n.Changed)
	l.some("anulados", n.Cancelled)
	l.some("rechazados", n.Rejected)
	l.some("programados, aún sin imprimir", n.Held)
	return store.ReportPart{Lines: l}
}

func balancePart(n spool.Count) store.ReportPart {
	var l lines
	l.strong("Tickets pedidos", n.Asked)
	l.add("en papel, confirmado por la impresora", n.Confirmed)
	l.some("en papel, la impresora no lo puede confirmar", n.Unconfirmed)
	l.some("en papel, dicho por una persona", n.SettledPrinted)
	l.some("reemplazados por otro más nuevo", n.Replaced)
	l.some("retirados antes de imprimirse", n.Cancelled)
	l.some("vencidos, no se imprimieron", n.Expired)
	l.some("no salieron, dicho por una persona", n.SettledNotPrinted)
	l.some("no se pudieron componer", n.NotPrinted)
	l.some("no se sabe si salieron", n.Unknown)
	l.some("imprimiéndose ahora", n.Sending)
	l.some("esperan su impresora", n.Waiting)
	if n.Ends() == n.Asked {
		l.strong("Suma (cuadra)", n.Ends())
	} else {
		l.strong("Suma: NO CUADRA", n.Ends())
	}
	return store.ReportPart{Title: "Tickets", Lines: l}
}

// attentionPart is what somebody should do something about.
func attentionPart(n spool.Count) store.ReportPart {
	var l lines
	if n.Unknown > 0 {
		l.strong("mire el papel y dígalo: tickets settle", n.Unknown)
	}
	if n.Expired > 0 {
		l.strong("vencidos: ¿se atendieron los pedidos?", n.Expired)
	}
	if n.NotPrinted > 0 {
		l.strong("no se pudieron componer: tickets retry", n.NotPrinted)
	}
	if n.Waiting > 0 {
		l.strong("esperan: revise las impresoras", n.Waiting)
	}
	return store.ReportPart{Title: "Por resolver", Lines: l}
}

func markedPart(n spool.Count) store.ReportPart {
	var l lines
	l.some("POSIBLE DUPLICADO", n.MarkedCopies)
	l.some("COPIA DE RESPALDO, en otra impresora", n.BackupCopies)
	l.some("REIMPRESIÓN, pedida por una persona", n.Reprints)
	l.some("ATRASADO", n.Late)
	return store.ReportPart{Title: "Salieron con marca", Lines: l}
}

// printersPart tells each printer's share.
func printersPart(r Report) store.ReportPart {
	var l lines
	for _, p := range r.Printers {
		l.strong(p.Printer, p.Asked)
		l.add("  en papel", p.OnPaper())
		l.some("  no se sabe", p.Unknown)
		l.some("  sin imprimir", p.Asked-p.OnPaper()-p.Unknown)
	}
	return store.ReportPart{Title: "Por impresora", Lines: l}
}

// outagesPart tells when printers could not print.
func (c *Commands) outagesPart(all []spool.Outage) store.ReportPart {
	var l lines
	for _, o := range all {
		name := fmt.Sprintf("%s %s: %s", c.span(o), o.Printer, o.Cause)
		if o.Tickets > 0 {
			name += "; " + ticketsOf(o)
		}
		l = append(l, store.ReportLine{Name: name})
	}
	if len(l) == 0 {
		l = lines{{Name: "ninguno"}}
	}
	return store.ReportPart{Title: "Cortes de impresoras", Lines: l}
}

// span is when an outage was, by the terminal's clock.
func (c *Commands) span(o spool.Outage) string {
	clock := func(m store.Moment) string {
		if c.about.Location == nil {
			return m.Wall.UTC().Format("15:04")
		}
		return m.Wall.In(c.about.Location).Format("15:04")
	}
	if o.To.IsZero() {
		return "desde " + clock(o.From)
	}
	return clock(o.From) + "-" + clock(o.To)
}

// ticketsOf says what became of the tickets that an outage held up.
func ticketsOf(o spool.Outage) string {
	text := fmt.Sprintf("%d esperaron", o.Tickets)
	if o.Tickets == 1 {
		text = "1 esperó"
	}
	for _, part := range []struct {
		n    int
		word string
	}{{o.Moved, "por otra impresora"}, {o.Expired, "vencidos"}} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.word)
		}
	}
	return text
}
