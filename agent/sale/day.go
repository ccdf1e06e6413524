package sale

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"mostrador/store"
)

// DayEventType is the type of the event on store.StreamSales that tells of a
// register's day report; its data is a DayReport.
const DayEventType = "mostrador.day.v1"

// A DayReport is a register's report that resets its totals (Z), beside what
// this terminal read since the one before. Amounts are in minor units of
// Currency.
type DayReport struct {
	Source      string `json:"source"`
	PointOfSale string `json:"point_of_sale,omitempty"`
	// Number of the report, as the register counts them.
	Number       string    `json:"number,omitempty"`
	BusinessDate string    `json:"business_date"`
	ClosedAt     time.Time `json:"closed_at"`
	Currency     string    `json:"currency"`
	// Reported is what the register says; what it does not say is missing.
	Reported DayFigures `json:"reported"`
	// Read is what the sales come to. Lines is the sum of their lines.
	Read DayFigures `json:"read"`
	// Matches: no figure that both have differs.
	Matches bool `json:"matches"`
	// Differences is reported minus read, of each figure that differs.
	Differences []DayDifference `json:"differences,omitempty"`
	// Cause is what probably led to them, in words.
	Cause string `json:"cause,omitempty"`
}

// DayFigures are the figures of a day.
type DayFigures struct {
	Gross    *int64              `json:"gross,omitempty"`
	Net      *int64              `json:"net,omitempty"`
	Lines    *int64              `json:"lines,omitempty"`
	Receipts *int64              `json:"receipts,omitempty"`
	Payments []store.SalePayment `json:"payments,omitempty"`
}

// A DayDifference is one figure that differs: net, lines, receipts, or payment
// with its Method.
type DayDifference struct {
	Figure     string `json:"figure"`
	Method     string `json:"method,omitempty"`
	Reported   int64  `json:"reported"`
	Read       int64  `json:"read"`
	Difference int64  `json:"difference"`
}

// A day is what was read since a day report.
type day struct {
	Receipts int64            `json:"receipts,omitempty"`
	Net      int64            `json:"net,omitempty"`
	Lines    int64            `json:"lines,omitempty"`
	Payments map[string]int64 `json:"payments,omitempty"`
	// Unread pieces, receipts that do not add up, gaps in their numbers, and
	// lines without a receipt that is read: what may have led to a difference.
	Unread int `json:"unread,omitempty"`
	Odd    int `json:"odd,omitempty"`
	Gaps   int `json:"gaps,omitempty"`
	Loose  int `json:"loose,omitempty"`
}

// maxMethods bounds the means of payment of a day, whatever the line says.
const maxMethods = 50

// add counts a sale. Lines that are not printed come to the total.
func (d *day) add(s *store.Sale) {
	d.Receipts++
	if slices.ContainsFunc(s.Flags, func(f store.Flag) bool { return f.Code == "void" }) {
		d.Receipts -= 2 // the one that it takes back was counted
	}
	d.Net += s.Total
	if len(s.Lines) == 0 {
		d.Lines += s.Total
	}
	for _, l := range s.Lines {
		d.Lines += l.Total
	}
	if d.Payments == nil {
		d.Payments = map[string]int64{}
	}
	for _, p := range s.Payments {
		if _, known := d.Payments[p.Method]; known || len(d.Payments) < maxMethods {
			d.Payments[p.Method] += p.Amount
		}
	}
	for _, f := range s.Flags {
		if f.Code != "void" {
			d.Odd++
			break
		}
	}
}

// plus is both days together.
func (d day) plus(o day) day {
	d.Receipts, d.Net, d.Lines = d.Receipts+o.Receipts, d.Net+o.Net, d.Lines+o.Lines
	d.Unread, d.Odd, d.Gaps, d.Loose = d.Unread+o.Unread, d.Odd+o.Odd, d.Gaps+o.Gaps, d.Loose+o.Loose
	sums := maps.Clone(d.Payments)
	if sums == nil {
		sums = map[string]int64{}
	}
	for method, amount := range o.Payments {
		sums[method] += amount
	}
	d.Payments = sums
	return d
}

func (d day) figures() DayFigures {
	f := DayFigures{Net: &d.Net, Lines: &d.Lines, Receipts: &d.Receipts}
	for _, method := range slices.Sorted(maps.Keys(d.Payments)) {
		f.Payments = append(f.Payments, store.SalePayment{Method: method, Amount: d.Payments[method]})
	}
	return f
}

// seen is a day report that was read.
type seen struct {
	Number string `json:"number,omitempty"`
	Hash   string `json:"hash"`
}

// hash tells whether a report is the same again. One without a number is known
// by its date and time as well.
func (rep *report) hash() string {
	text, _ := json.Marshal(rep.Figures) // cannot fail: numbers and texts
	head := rep.Number
	if head == "" {
		head = rep.Date + " " + rep.Time
	}
	sum := sha256.Sum256(append([]byte(head+"\x00"), text...))
	return hex.EncodeToString(sum[:8])
}

// checkDay compares a day report with what was read, and begins a new day. The
// same report again changes nothing: it was printed twice.
func (r *Recorder) checkDay(tx *store.Tx, m *memory, rep *report) error {
	this := seen{rep.Number, rep.hash()}
	if m.LastDay != nil && *m.LastDay == this && (rep.Number != "" || rep.Date != "") {
		return tx.Log(store.Entry{Kind: "sale.day_again", Subject: r.source.Name, Severity: store.Info,
			Text: fmt.Sprintf("%s: el cierre Z %s llegó otra vez", r.source.Name, orDash(clean(rep.Number)))})
	}
	d := r.dayReport(tx, m, rep)
	if _, err := tx.Emit(store.StreamSales, DayEventType, d); err != nil {
		return err
	}
	m.LastDay, m.Day, m.Torn = &this, day{}, nil
	return tx.Log(r.dayEntry(d))
}

// dayReport compares a report with what was read. After one that broke off,
// nobody knows whether the register began anew: both are tried.
func (r *Recorder) dayReport(tx *store.Tx, m *memory, rep *report) *DayReport {
	read := m.Day
	if m.Torn != nil {
		if whole := m.Torn.plus(m.Day); len(differences(rep.Figures, m.Day.figures())) > 0 {
			read = whole
		}
	}
	at, date := r.when(record{Fields: map[string]string{"date": rep.Date, "time": rep.Time}}, tx.Now())
	pos := clean(rep.Pos)
	if pos == "" {
		pos = r.source.PointOfSale
	}
	d := &DayReport{
		Source: r.source.Name, PointOfSale: pos, Number: clean(rep.Number), BusinessDate: date, ClosedAt: at,
		Currency: r.source.Currency, Reported: rep.Figures, Read: read.figures(),
	}
	d.Differences = differences(d.Reported, d.Read)
	d.Matches = len(d.Differences) == 0
	if !d.Matches {
		d.Cause = causeOf(m, rep, read, d)
	}
	return d
}

// differences compares the figures that both have. The lines must come to the
// net as well: they are what the day's products are counted by.
func differences(reported, read DayFigures) (out []DayDifference) {
	compare := func(figure, method string, a, b *int64) {
		if a != nil && b != nil && *a != *b {
			out = append(out, DayDifference{figure, method, *a, *b, *a - *b})
		}
	}
	compare("net", "", reported.Net, read.Net)
	compare("lines", "", reported.Net, read.Lines)
	compare("receipts", "", reported.Receipts, read.Receipts)
	for _, p := range reported.Payments {
		var sum int64
		for _, q := range read.Payments {
			if q.Method == p.Method {
				sum = q.Amount
			}
		}
		compare("payment", p.Method, &p.Amount, &sum)
	}
	return out
}

// causeOf says what probably led to a difference.
func causeOf(m *memory, rep *report, read day, d *DayReport) string {
	missing, skipped := skippedReport(m.LastDay, rep.Number)
	switch {
	case skipped:
		return fmt.Sprintf("no se leyó el cierre Z %s: lo de los dos días está junto", missing)
	case read.Gaps > 0:
		return "faltan números de recibo: Mostrador estuvo apagado o la línea se cortó mientras la registradora vendía"
	case m.LastDay == nil && fewer(d):
		return "es el primer cierre que se lee: Mostrador empezó a escuchar cuando ya se había vendido"
	case read.Unread > 0:
		return fmt.Sprintf("líneas que no se pudieron leer: %d", read.Unread)
	case read.Odd > 0:
		return fmt.Sprintf("recibos leídos que no cuadran: %d; revíselos en la lista de ventas", read.Odd)
	case read.Loose > 0:
		return "llegaron recibos sin su comienzo, o de un modo que este formato no lee"
	case fewer(d):
		return "faltan recibos: Mostrador estuvo apagado o la línea se cortó mientras la registradora vendía"
	}
	return "un importe se leyó mal, o la registradora cobró algo que este formato no lee"
}

// fewer reports whether less was read than the register says.
func fewer(d *DayReport) bool {
	for _, x := range d.Differences {
		if (x.Figure == "net" || x.Figure == "receipts") && x.Difference > 0 {
			return true
		}
	}
	return false
}

// skippedReport names the report between the last one and this, if one is
// missing.
func skippedReport(last *seen, number string) (missing string, ok bool) {
	if last == nil {
		return "", false
	}
	_, a, okA := numberOf(last.Number)
	_, b, okB := numberOf(number)
	return strconv.FormatUint(a+1, 10), okA && okB && b == a+2
}
