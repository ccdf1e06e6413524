package ticket

import (
	"cmp"
	"strings"
	"time"

	"mostrador/store"
)

// baseView is what every ticket of an order has.
type baseView struct {
	W     *Words
	Marks []markView
	// Number is what people call the order.
	Number   string
	Kind     string // DELIVERY, MESA 12
	IsTable  bool
	Customer string
	Phone    string
	Channel  string
	Came     string // clock of its arrival
	Due      string // clock when it is due, with the day where that is another one
	Copy     int    // from 2, of copies that were asked for; else 0
	OrderID  string
	Scan     string // for a code to scan: this ticket's id
	// Revision of the order, 0 for its first one. Replaces: this paper takes the
	// place of one that came out before, or may have (Unsure).
	Revision         int
	Replaces, Unsure bool
	Flags            []string
	More             int  // lines left out
	Cut              bool // texts were shortened

	Observations string
}

// A markView is something the ticket must say of itself.
type markView struct{ Title, Detail string }

func (r *Renderer) base(in Input, c *clipper) baseView {
	o := in.Order
	v := baseView{
		W: &r.words, Marks: r.marks(in, c),
		Number: c.short(number(o)), Kind: c.short(r.kind(o)), IsTable: o.Kind == store.Table,
		Customer: c.short(o.Customer.Name), Phone: strings.ReplaceAll(c.short(o.Customer.Phone), " ", noBreak), Channel: c.short(channel(o)),
		Came: r.clock(o.ReceivedAt.Wall), Due: r.due(o), Observations: c.long(o.Observations), OrderID: o.ID, Scan: cmp.Or(in.Job.ID, o.ID),
		Replaces: in.Job.Follows != 0, Unsure: in.Followed != nil && in.Followed.State == store.JobUnknown,
	}
	if in.Job.Revision > 1 {
		v.Revision = in.Job.Revision
	}
	if in.Job.Copy > 1 && in.Job.CopyOf == 0 {
		v.Copy = in.Job.Copy
	}
	return v
}

// maxFlags bounds the oddities that one ticket lists.
const maxFlags = 8

// flags are the texts of an order's oddities: those about money, or the others.
func flags(o *store.Order, c *clipper, money bool) []string {
	var out []string
	for _, f := range o.Flags {
		if f.Code == "unmatched_station" {
			continue // the item itself says so, at its station
		}
		if isMoney(f.Code) == money && len(out) < maxFlags && f.Text != "" {
			out = append(out, c.long(f.Text))
		}
	}
	return out
}

// isMoney tells the flags that concern who pays from those that concern who
// cooks.
func isMoney(code string) bool {
	return strings.HasPrefix(code, "sums") || strings.Contains(code, "price") || strings.Contains(code, "currency") || strings.Contains(code, "amount")
}

// number of an order, its # left to the templates.
func number(o *store.Order) string {
	n := strings.TrimLeft(strings.TrimSpace(o.Number), "#")
	if n == "" {
		n = o.Key.ChannelID
	}
	return n
}

func (r *Renderer) kind(o *store.Order) string {
	switch o.Kind {
	case store.Delivery:
		return r.words.Delivery
	case store.Pickup:
		return r.words.Pickup
	case store.Table:
		if table := strings.TrimSpace(o.Table); table != "" {
			return r.words.Table + " " + table
		}
		return r.words.NoTable
	}
	return r.words.Other
}

func channel(o *store.Order) string {
	if o.Origin != "" {
		return o.Origin
	}
	return o.Key.Provider
}

// due is when the order is expected, with its day if it came on another one.
func (r *Renderer) due(o *store.Order) string {
	if o.DueAt.IsZero() {
		return ""
	}
	due, came := o.DueAt.In(r.settings.Zone), o.ReceivedAt.Wall.In(r.settings.Zone)
	if o.ReceivedAt.IsZero() || due.YearDay() == came.YearDay() && due.Year() == came.Year() {
		return due.Format(r.words.Clock)
	}
	return due.Format(r.words.Day + " " + r.words.Clock)
}

func (r *Renderer) clock(t time.Time) string { return r.format(t, r.words.Clock) }

func (r *Renderer) format(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.In(r.settings.Zone).Format(layout)
}

// money is an amount as the locale writes it, its sign never on another line
// than its number.
func (r *Renderer) money(o *store.Order, minor int64) string {
	return r.minor(minor, o.Currency)
}

func (r *Renderer) minor(minor int64, currency string) string {
	return strings.ReplaceAll(r.amounts.Format(minor, currency), " ", noBreak)
}

// noBreak is the blank that layout breaks no line at.
const noBreak = "\u00a0"

// marks are what the ticket must say of itself, in the order of the job.
func (r *Renderer) marks(in Input, c *clipper) []markView {
	var out []markView
	for _, m := range in.Job.Marks {
		switch m {
		case store.MarkPossibleDuplicate:
			first := in.Original
			if first == nil {
				first = in.Followed
			}
			out = append(out, markView{r.words.PossibleDuplicate, r.firstCopy(first, c)})
		case store.MarkBackupCopy:
			out = append(out, markView{r.words.BackupCopy, r.words.MeantFor + ": " + c.short(in.Job.MeantFor)})
		case store.MarkReprint:
			out = append(out, markView{r.words.Reprint, r.reprint(in.Job, c)})
		case store.MarkLate:
			title := r.words.Late
			if in.Job.Age > 0 {
				title += " " + r.age(in.Job.Age)
			}
			out = append(out, markView{title, ""})
		case store.MarkTimeUnconfirmed:
			out = append(out, markView{r.words.TimeUnconfirmed, ""})
		default:
			out = append(out, markView{strings.ToUpper(c.short(string(m))), ""})
		}
	}
	return out
}

// reprint says which copy it is and who asked for it.
func (r *Renderer) reprint(j *store.Job, c *clipper) string {
	var words []string
	if j.Copy > 1 {
		words = append(words, r.words.Copy+noBreak+decimal(j.Copy))
	}
	if j.By != "" {
		words = append(words, r.words.AskedBy+" "+c.short(j.By))
	}
	return strings.Join(words, ". ")
}

// part is which of the order's comandas this is: 1 de 2.
func (r *Renderer) part(j *store.Job) string {
	if j.Parts < 2 {
		return ""
	}
	return decimal(j.Part) + " " + r.words.Part + " " + decimal(j.Parts)
}

// firstCopy says when and where the first copy went.
func (r *Renderer) firstCopy(original *store.Job, c *clipper) string {
	if original == nil || len(original.Attempts) == 0 {
		return ""
	}
	first := original.Attempts[len(original.Attempts)-1]
	return r.words.FirstCopy + ": " + r.format(first.Started.Wall, r.words.Seconds) + " (" + c.short(first.Printer) + ")"
}
