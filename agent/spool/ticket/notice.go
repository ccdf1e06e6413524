package ticket

import (
	"strings"
	"time"

	"mostrador/store"
)

// digestView tells after an outage what waited and what expired.
type digestView struct {
	W               *Words
	Marks           []markView
	Printer         string
	From, To        string
	Cause           string
	Waited, Expired []digestLine
	MoreWaited      int
	MoreExpired     int
}

// A digestLine is one ticket of a digest.
type digestLine struct {
	Number, Ticket string
	Came, Age      string
	Open           bool // its order is still to be made: somebody must decide
}

// maxDigest bounds the lines of each list of a digest.
const maxDigest = 150

func (r *Renderer) digest(in Input) digestView {
	d, c := in.Job.Digest, clipperFor(0)
	v := digestView{
		W: &r.words, Marks: r.marks(in, c), Printer: c.short(d.Printer), Cause: c.long(d.Cause),
		From: r.moment(d.From, d.To), To: r.moment(d.To, d.To),
	}
	v.Waited, v.MoreWaited = r.digestLines(d.Waited, d.To, c)
	v.Expired, v.MoreExpired = r.digestLines(d.Expired, d.To, c)
	return v
}

func (r *Renderer) digestLines(lines []store.DigestLine, now store.Moment, c *clipper) (out []digestLine, more int) {
	for i, l := range lines {
		if i == maxDigest {
			return out, len(lines) - i
		}
		name := r.kindWord(l.Kind)
		if l.Station != "" {
			name += " " + l.Station
		}
		age := "" // not certain
		if l.Age > 0 {
			age = r.age(l.Age)
		}
		out = append(out, digestLine{
			Number: c.short(strings.TrimLeft(l.OrderNumber, "#")), Ticket: c.short(name),
			Came: r.moment(l.QueuedAt, now), Age: age, Open: l.Open,
		})
	}
	return out, 0
}

// moment is a clock, with the day where that is another one than now's.
func (r *Renderer) moment(m, now store.Moment) string {
	if m.Wall.IsZero() {
		return ""
	}
	at, ref := m.Wall.In(r.settings.Zone), now.Wall.In(r.settings.Zone)
	if at.YearDay() == ref.YearDay() && at.Year() == ref.Year() {
		return at.Format(r.words.Clock)
	}
	return at.Format(r.words.Day + " " + r.words.Clock)
}

// age is a time that has gone by, as people say it: 23 min, 2 h 05 min, 3 d 4 h.
func (r *Renderer) age(d time.Duration) string {
	minutes := int(d.Round(time.Minute) / time.Minute)
	unit := func(n int, word string) string { return decimal(n) + noBreak + word }
	switch hours := minutes / 60; {
	case minutes < 60:
		return unit(max(minutes, 0), r.words.Minutes)
	case hours < 24:
		return unit(hours, r.words.Hours) + noBreak + unit(minutes%60, r.words.Minutes)
	default:
		return unit(hours/24, r.words.Days) + noBreak + unit(hours%24, r.words.Hours)
	}
}

func (r *Renderer) kindWord(kind store.TicketKind) string {
	w := &r.words
	return map[store.TicketKind]string{
		store.ReceiptTicket: w.KindReceipt, store.InvoiceTicket: w.KindInvoice, store.PrecheckTicket: w.KindPrecheck,
		store.DeliveryTicket: w.KindDelivery, store.ComandaTicket: w.KindComanda, store.ChangeTicket: w.KindChange,
		store.VoidTicket: w.KindVoid, store.ReportTicket: w.KindReport, store.DigestTicket: w.KindDigest, store.TestTicket: w.KindTest,
	}[kind]
}

// reportView is figures.
type reportView struct {
	W          *Words
	Marks      []markView
	Restaurant string
	Title      string
	From, To   string
	Parts      []reportPart
	PrintedAt  string
	By         string
	More       int
}

type reportPart struct {
	Title   string
	Lines   []reportLine
	Amounts bool // some of its lines have one
}

type reportLine struct {
	Name, Count, Amount string
	Strong              bool
	Text                bool // there is nothing but the name
	Under               bool // the line before
}

// maxReport bounds the lines of a report.
const maxReport = 400

func (r *Renderer) report(in Input) reportView {
	p, c := in.Job.Report, clipperFor(0)
	v := reportView{
		W: &r.words, Marks: r.marks(in, c), Title: c.short(p.Title), By: c.short(in.Job.By),
		From: r.format(p.From, r.words.Date), To: r.format(p.To, r.words.Date), PrintedAt: r.format(in.Job.QueuedAt.Wall, r.words.Date),
	}
	if v.Title == "" {
		v.Title = r.words.Report
	}
	if len(r.settings.Header) > 0 {
		v.Restaurant = c.short(r.settings.Header[0])
	}
	left := maxReport
	for _, part := range p.Parts {
		out := reportPart{Title: c.short(part.Title)}
		for _, l := range part.Lines {
			if left--; left < 0 {
				v.More++
				continue
			}
			line := reportLine{Name: c.long(l.Name), Count: c.short(l.Count), Strong: l.Strong}
			if l.Amount != nil {
				line.Amount = r.minor(*l.Amount, p.Currency)
				out.Amounts = true
			}
			line.Text, line.Under = line.Count == "" && line.Amount == "", l.Under
			out.Lines = append(out.Lines, line)
		}
		if left >= 0 || len(out.Lines) > 0 {
			v.Parts = append(v.Parts, out)
		}
	}
	return v
}

// testView shows what a printer can do, and that this is the right one.
type testView struct {
	W         *Words
	Marks     []markView
	Terminal  string
	Printer   string
	Profile   string
	Paper     string
	Proof     string
	PrintedAt string
	By        string
	Euro      string // an amount with its sign
	Scan      string // for the code
}

func (r *Renderer) test(in Input) testView {
	c, p := clipperFor(0), in.Printer
	if p.Name == "" {
		p.Name = in.Job.Printer
	}
	if p.Paper == "" {
		p.Paper = in.Paper
	}
	v := testView{
		W: &r.words, Marks: r.marks(in, c), Terminal: c.short(r.settings.Terminal), Printer: c.short(p.Name),
		Profile: c.short(p.Profile), Paper: c.short(p.Paper), By: c.short(in.Job.By),
		PrintedAt: r.format(in.Job.QueuedAt.Wall, r.words.Date), Euro: r.minor(123456, "EUR"), Scan: in.Job.ID,
	}
	if v.Scan == "" {
		v.Scan = "MOSTRADOR"
	}
	v.Proof = map[store.Proof]string{
		store.ProofProcessID: r.words.ProofProcessID, store.ProofFence: r.words.ProofFence,
		store.ProofStatus: r.words.ProofStatus, store.ProofTransport: r.words.ProofTransport,
	}[p.Proof]
	if v.Proof == "" {
		v.Proof = r.words.ProofUnknown
	}
	return v
}
