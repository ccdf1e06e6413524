package sale

import (
	"fmt"
	"strconv"
	"strings"

	"mostrador/store"
)

// A report is a register's report that has begun.
type report struct {
	// Resets: it is a day report (Z), and not a reading (X).
	Resets  bool       `json:"resets"`
	Number  string     `json:"number,omitempty"`
	Date    string     `json:"date,omitempty"`
	Time    string     `json:"time,omitempty"`
	Pos     string     `json:"pos,omitempty"`
	Figures DayFigures `json:"figures"`
	// Awaits is the figure whose amount is on the next line, Method its means
	// of payment.
	Awaits string `json:"awaits,omitempty"`
	Method string `json:"method,omitempty"`
}

// report begins a report. What was open before it is closed.
func (r *Recorder) report(tx *store.Tx, m *memory, rec record) error {
	if m.Report != nil {
		if err := r.breakReport(tx, m); err != nil {
			return err
		}
	}
	head := append(m.Open, rec)
	_, inOne := rec.Fields["amount"]
	if err := r.finish(tx, m, !inOne); err != nil {
		return err
	}
	m.Report = &report{
		Resets: rec.kind() == "day", Number: rec.Fields["z"],
		Date: lastOf(head, "date"), Time: lastOf(head, "time"), Pos: lastOf(head, "pos"),
	}
	if !inOne {
		return nil
	}
	if m.Report.Number == "" { // the whole report in one record
		m.Report.Number = rec.Fields["receipt"]
	}
	m.Report.Figures.Net = r.figureOf(rec)
	if count, err := strconv.ParseInt(wholeOf(rec.Fields["quantity"]), 10, 64); err == nil {
		m.Report.Figures.Receipts = &count
	}
	return r.endReport(tx, m, nil)
}

// wholeOf is a quantity without the decimals that are zero.
func wholeOf(quantity string) string {
	whole, fraction, _ := strings.Cut(quantity, ".")
	if strings.Trim(fraction, "0") != "" {
		return quantity
	}
	return whole
}

// figure reads a line of a report.
func (r *Recorder) figure(tx *store.Tx, m *memory, rec record) error {
	rep := m.Report
	awaits, method := rep.Awaits, rep.Method
	rep.Awaits, rep.Method = "", ""
	kind := rec.kind()
	switch kind {
	case "done": // what follows, up to the next head, is of other reports
		return r.endReport(tx, m, &report{})
	case "figure":
		kind = awaits
	case "subtotal": // in a report the word for what the receipts came to
		kind = "net"
	case "payment", "tender":
		kind, method = "tender", clean(rec.Fields["name"])
	case "gross", "net":
	default:
		return nil
	}
	if count, err := strconv.ParseInt(rec.Fields["count"], 10, 64); err == nil && kind == "net" {
		rep.Figures.Receipts = &count
	}
	amount := r.figureOf(rec)
	if amount == nil {
		rep.Awaits, rep.Method = kind, method
		return nil
	}
	switch kind {
	case "gross":
		rep.Figures.Gross = amount
	case "net":
		rep.Figures.Net = amount
	case "tender":
		if len(rep.Figures.Payments) < maxMethods {
			rep.Figures.Payments = append(rep.Figures.Payments, store.SalePayment{Method: method, Amount: *amount})
		}
	}
	return nil
}

// figureOf is the amount of a line of a report, nil where it has none that can
// be read to the last digit.
func (r *Recorder) figureOf(rec record) *int64 {
	minor, err := store.ParseMinor(rec.Fields["amount"], r.source.Currency)
	if err != nil {
		return nil
	}
	return &minor
}

// endReport ends a report; next is what begins with that. A report without the
// day's net is about something else: products, clerks, hours.
func (r *Recorder) endReport(tx *store.Tx, m *memory, next *report) error {
	rep := m.Report
	m.Report = next
	if !rep.Resets || rep.Figures.Net == nil {
		return nil
	}
	return r.checkDay(tx, m, rep)
}

// breakReport ends a report whose foot did not come: it has none, or the paper
// or the line ended first.
func (r *Recorder) breakReport(tx *store.Tx, m *memory) error {
	rep := m.Report
	m.Report = nil
	switch {
	case !rep.Resets:
		return nil
	case rep.Figures.Net != nil:
		return r.checkDay(tx, m, rep)
	}
	torn := m.Day
	if m.Torn != nil {
		torn = m.Torn.plus(m.Day)
	}
	m.Torn, m.Day = &torn, day{}
	return tx.Log(store.Entry{Kind: "sale.day_torn", Subject: r.source.Name, Severity: store.Warning,
		Text: fmt.Sprintf("%s: el cierre Z %s se cortó antes del total; imprímalo otra vez", r.source.Name, orDash(clean(rep.Number)))})
}

// dayEntry is what the log says of a day report.
func (r *Recorder) dayEntry(d *DayReport) store.Entry {
	money := func(minor int64) string { return store.FormatMinor(minor, d.Currency, "es") }
	e := store.Entry{Kind: "sale.day", Subject: d.Source, Severity: store.Info,
		Text: fmt.Sprintf("%s: el cierre Z %s coincide con lo leído: %s en %d recibos",
			d.Source, orDash(d.Number), money(*d.Reported.Net), *d.Read.Receipts)}
	if d.Matches {
		return e
	}
	e.Kind, e.Severity = "sale.day_differs", store.Alarm
	var parts []string
	for _, x := range d.Differences {
		show := money
		if x.Figure == "receipts" {
			show = func(n int64) string { return strconv.FormatInt(n, 10) }
		}
		parts = append(parts, fmt.Sprintf("%s: la registradora dice %s, se leyó %s, diferencia %s",
			figureWords(x), show(x.Reported), show(x.Read), show(x.Difference)))
	}
	e.Text = fmt.Sprintf("%s: el cierre Z %s no coincide con lo leído. %s. Causa probable: %s",
		d.Source, orDash(d.Number), strings.Join(parts, "; "), d.Cause)
	return e
}

// figureWords names a figure.
func figureWords(x DayDifference) string {
	switch x.Figure {
	case "net":
		return "total"
	case "lines":
		return "suma de las líneas"
	case "receipts":
		return "recibos"
	}
	return "pagos " + x.Method
}
