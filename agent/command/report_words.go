package command

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mostrador/agent/spool"
	"mostrador/store"
)

// What a report tells in full; the rest it counts, so that its paper stays short.
const (
	maxTasks = 12
	// worstOutages is how many of one printer are told each.
	worstOutages = 2
)

// Tell says the report to a manager, by the clocks of a zone: first what needs
// somebody. What is zero and needs nobody is left out.
func (r *Report) Tell(zone *time.Location) store.Report {
	if zone == nil {
		zone = time.UTC
	}
	w := teller{zone}
	parts := []store.ReportPart{w.open(r), ticketsPart(r)}
	if marked := markedPart(r.All); len(marked.Lines) > 0 {
		parts = append(parts, marked)
	}
	parts = append(parts, printersPart(r.Printers), w.outages(r.Outages, r.To))
	return store.Report{Title: "BALANCE DE TICKETS", From: r.From, To: r.To, Parts: parts}
}

// A teller knows the clocks that people read.
type teller struct{ zone *time.Location }

func (w teller) clock(t time.Time) string { return t.In(w.zone).Format("15:04") }

// lines collects figures.
type lines []store.ReportLine

func (l *lines) add(name string, n int) {
	*l = append(*l, store.ReportLine{Name: name, Count: strconv.Itoa(n), Under: true})
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

// say adds a line without a figure, head one that others follow.
func (l *lines) say(text string) { *l = append(*l, store.ReportLine{Name: text, Under: true}) }

func (l *lines) head(text string) { *l = append(*l, store.ReportLine{Name: text, Strong: true}) }

// open is what somebody should do something about.
func (w teller) open(r *Report) store.ReportPart {
	var l lines
	for i, t := range r.Open {
		if i == maxTasks {
			l.say(fmt.Sprintf("y %d más: mostrador tickets report --json", len(r.Open)-i))
			break
		}
		l.head(fmt.Sprintf("#%s %s, %s", t.OrderNumber, ticketWords(t), w.clock(t.At.Wall)))
		l.say(fmt.Sprintf("ticket %d: %s", t.Ticket, taskWords(t)))
	}
	for _, o := range r.Outages {
		if o.To.IsZero() {
			cause, todo, _ := strings.Cut(o.Cause, ":")
			l.head(fmt.Sprintf("%s no imprime desde %s: %s", o.Printer, w.clock(o.From.Wall), cause))
			if todo = strings.TrimSpace(todo); todo != "" {
				l.say(todo)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Paused)) {
		l.head(name + " " + r.Paused[name])
	}
	for _, p := range r.Printers {
		if n := p.Waiting + p.Sending; n > 0 {
			l.head(fmt.Sprintf("%s en %s", counted(n, "ticket espera", "tickets esperan"), p.Printer))
		}
	}
	if r.Unreadable > 0 {
		l.head(counted(r.Unreadable, "ticket no se puede leer", "tickets no se pueden leer") + ": avise a soporte")
	}
	if len(l) == 0 {
		l.head("Nada por resolver")
		return store.ReportPart{Lines: l}
	}
	return store.ReportPart{Title: "Por resolver", Lines: l}
}

func ticketWords(t Task) string {
	words := spool.KindWords(t.Kind)
	if t.Station != "" {
		words += " " + t.Station
	}
	return words
}

// taskWords say what is known of a ticket, and what to do.
func taskWords(t Task) string {
	switch {
	case t.State == store.JobUnknown:
		return "no se sabe si salió en " + t.Printer + "; mire el papel"
	case t.State == store.JobExpired:
		return "esperó demasiado y no salió; ¿se atendió?"
	case t.Said:
		return "no salió en " + t.Printer + " y no se repitió"
	}
	return "no se pudo componer; avise a soporte"
}

func ticketsPart(r *Report) store.ReportPart {
	o, n := r.Orders, r.All
	doubt := 0 // what is unknown and still matters
	for _, t := range r.Open {
		if t.State == store.JobUnknown {
			doubt++
		}
	}
	var l lines
	l.strong("Pedidos", o.Taken)
	l.some("cambiados después", o.Changed)
	l.some("anulados", o.Cancelled)
	l.some("rechazados", o.Rejected)
	l.some("programados, para más tarde", o.Held)
	l.strong("Tickets", n.Asked)
	l.add("en papel, confirmado", n.Confirmed)
	l.some("en papel, sin confirmar", n.Unconfirmed)
	l.some("en papel, visto por alguien", n.SettledPrinted)
	l.some("reemplazados por otro más nuevo", n.Replaced)
	l.some("retirados antes de imprimirse", n.Cancelled)
	l.some("vencidos sin imprimirse", n.Expired)
	l.some("no salieron, visto por alguien", n.SettledNotPrinted)
	l.some("no se pudieron componer", n.NotPrinted)
	l.some("en duda, pero ya no hacen falta", n.Unknown-doubt)
	l.some("no se sabe si salieron", doubt)
	l.some("imprimiéndose ahora", n.Sending)
	l.some("en espera", n.Waiting)
	if n.Ends() == n.Asked {
		l.strong("Suma: cuadra", n.Ends())
	} else {
		l.strong("Suma: NO CUADRA, avise a soporte", n.Ends())
	}
	return store.ReportPart{Title: "Pedidos y tickets", Lines: l}
}

func markedPart(n spool.Count) store.ReportPart {
	var l lines
	l.some("POSIBLE DUPLICADO", n.MarkedCopies)
	l.some("COPIA DE RESPALDO", n.BackupCopies)
	l.some("REIMPRESIÓN", n.Reprints)
	l.some("ATRASADO", n.Late)
	for i := range l {
		l[i].Under = false
	}
	return store.ReportPart{Title: "Salieron con una marca", Lines: l}
}

// printersPart tells each printer's share.
func printersPart(all []spool.PrinterCount) store.ReportPart {
	var l lines
	for _, p := range all {
		l.strong(p.Printer, p.Asked)
		var shares []string
		for _, share := range []struct {
			n         int
			one, many string
		}{
			{p.OnPaper(), "en papel", "en papel"}, {p.Replaced + p.Cancelled, "ya no hacía falta", "ya no hacían falta"},
			{p.Expired, "venció", "vencieron"}, {p.NotPrinted + p.SettledNotPrinted, "no salió", "no salieron"},
			{p.Unknown, "en duda", "en duda"}, {p.Waiting + p.Sending, "en espera", "en espera"},
		} {
			if share.n > 0 {
				shares = append(shares, counted(share.n, share.one, share.many))
			}
		}
		l.say(strings.Join(shares, ", "))
	}
	return store.ReportPart{Title: "Por impresora", Lines: l}
}

// outages tells when printers could not print: of each the worst ones, and how
// much it was in all.
func (w teller) outages(all []spool.Outage, now time.Time) store.ReportPart {
	byPrinter := map[string][]spool.Outage{}
	for _, o := range all {
		byPrinter[o.Printer] = append(byPrinter[o.Printer], o)
	}
	var l lines
	for _, name := range slices.Sorted(maps.Keys(byPrinter)) {
		mine := byPrinter[name]
		l.head(fmt.Sprintf("%s: %s, %s en total", name, counted(len(mine), "corte", "cortes"), timeWords(lasted(mine, now))))
		worst := worst(mine, now)
		for _, o := range worst {
			l.say(w.outage(o))
		}
		if more := len(mine) - len(worst); more > 0 { // at least two: see worst
			l.say(fmt.Sprintf("y otros %d menores", more))
		}
	}
	if len(l) == 0 {
		l.head("Ninguno")
	}
	return store.ReportPart{Title: "Cortes de impresoras", Lines: l}
}

// worst are the outages that held up most, in the order in which they came; all
// of them where that is hardly more.
func worst(all []spool.Outage, now time.Time) []spool.Outage {
	if len(all) <= worstOutages+1 {
		return all
	}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b spool.Outage) int {
		switch { // what lasts is not left out
		case a.To.IsZero() && !b.To.IsZero():
			return -1
		case b.To.IsZero() && !a.To.IsZero():
			return 1
		}
		if a.Tickets != b.Tickets {
			return b.Tickets - a.Tickets
		}
		return int(lasted([]spool.Outage{b}, now) - lasted([]spool.Outage{a}, now))
	})
	sorted = sorted[:worstOutages]
	slices.SortStableFunc(sorted, func(a, b spool.Outage) int { return a.From.Wall.Compare(b.From.Wall) })
	return sorted
}

// lasted is how long outages, the earliest first, were together: a time that
// lies in two of them counts once.
func lasted(all []spool.Outage, now time.Time) (sum time.Duration) {
	var until time.Time
	for _, o := range all {
		from, to := o.From.Wall, o.To.Wall
		if o.To.IsZero() {
			to = now
		}
		if from.Before(until) {
			from = until
		}
		if to.After(from) {
			sum, until = sum+to.Sub(from), to
		}
	}
	return sum
}

// outage is one: 19:42-19:51 sin papel: 4 esperaron, 3 salieron por caja.
func (w teller) outage(o spool.Outage) string {
	span := "desde " + w.clock(o.From.Wall)
	if !o.To.IsZero() {
		span = w.clock(o.From.Wall) + "-" + w.clock(o.To.Wall)
	}
	cause, _, _ := strings.Cut(o.Cause, ":") // what to do about it is over
	text := span + " " + cause
	if held := heldUp(o); len(held) > 0 {
		text += ": " + strings.Join(held, ", ")
	}
	return text
}

// heldUp says what became of the tickets that an outage held up.
func heldUp(o spool.Outage) (held []string) {
	if o.Waited > 0 {
		held = append(held, counted(o.Waited, "esperó", "esperaron"))
	}
	rest := o.Moved
	for _, name := range slices.Sorted(maps.Keys(o.MovedTo)) {
		n := o.MovedTo[name]
		rest -= n
		held = append(held, counted(n, "salió", "salieron")+" por "+name)
	}
	if rest > 0 {
		held = append(held, counted(rest, "salió", "salieron")+" por otra impresora")
	}
	if o.Expired > 0 {
		held = append(held, counted(o.Expired, "venció", "vencieron"))
	}
	return held
}

// noBreak keeps a number and its word on one line of the paper.
const noBreak = "\u00a0"

// counted is a number with its word.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1" + noBreak + one
	}
	return strconv.Itoa(n) + noBreak + many
}

// timeWords says a duration as people do, to the minute.
func timeWords(d time.Duration) string {
	switch minutes := int(d.Round(time.Minute) / time.Minute); {
	case minutes < 1:
		return "menos de 1 min"
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	default:
		return fmt.Sprintf("%d h %02d min", minutes/60, minutes%60)
	}
}
