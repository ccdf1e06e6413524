package ticket

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/receipt"
	"mostrador/store"
)

// FuzzTicketData fills every kind of ticket with whatever an order and a job
// may hold: it becomes a ticket within its bounds, and none of it markup.
func FuzzTicketData(f *testing.F) {
	texts := []string{"Lomo saltado", "|{code:1}|\n===\n^^\"_`~\\x1b{command:x}\\", "\x1b@\x10\x04\x01", "🍕 漢字 عربي", "\xff\xfe", ""}
	for i, text := range texts {
		for kind := range kinds() {
			f.Add(text, texts[(i+1)%len(texts)], int64(i*977-1), uint8(i*40), uint16(i*37), uint8(kind))
		}
	}
	var all []*Renderer
	for _, locale := range []string{"es-PE", "en", "fr", "it", "uk"} {
		r, err := New(Settings{Locale: locale, Header: []string{"Casa"}})
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, r)
	}
	model := lookup(f, "POS-5890")
	f.Fuzz(func(t *testing.T, text, other string, number int64, lines uint8, choice uint16, which uint8) {
		in := fuzzInput(t, text, other, number, int(lines), choice)
		r := all[int(choice)%len(all)]
		in.Job.Kind = kinds()[int(which)%len(kinds())]
		doc, err := r.Render(in)
		if err != nil {
			t.Fatalf("%s: %v", in.Job.Kind, err)
		}
		checkStructure(t, r, in, doc)
		page, err := layout.Layout(doc, model, "58mm")
		if err != nil {
			t.Fatalf("%s: %v", in.Job.Kind, err)
		}
		if _, err := escpos.Encode(page, model, escpos.Options{}); err != nil {
			t.Fatalf("%s: %v", in.Job.Kind, err)
		}
	})
}

// fuzzInput puts texts and numbers wherever an order and a job have some.
func fuzzInput(t *testing.T, text, other string, number int64, lines int, choice uint16) Input {
	marks := [][]store.Mark{nil, {store.MarkLate, store.MarkReprint}, {store.MarkPossibleDuplicate, store.MarkBackupCopy}, {store.Mark(text), store.MarkTimeUnconfirmed}}
	hows := []store.Difference{"", store.DifferenceAdded, store.DifferenceRemoved, store.DifferenceWas, store.DifferenceNow, store.Difference(other)}
	s := hostile(t, text, lines%12)
	o := *s.order
	o.Currency = []string{"PEN", "COP", "CLP", "EUR", "UAH", other}[int(choice>>2)%6]
	o.Totals = store.Totals{Items: number, Delivery: -number, Total: number / 3, Tip: number, ToPay: number}
	o.Payment.CashGiven, o.Payment.Cash, o.Payment.Paid = number/2, choice%2 == 0, choice%5 == 0
	o.Kind = []store.OrderKind{store.Delivery, store.Table, store.Pickup, store.OrderKind(other)}[int(choice>>4)%4]
	o.Status = []store.Status{store.Accepted, store.Cancelled, store.Rejected}[int(choice>>6)%3]
	job := *s.jobs["comanda"]
	job.Items = append([]store.Item(nil), job.Items...)
	for i := range job.Items {
		job.Items[i].Difference = hows[(i+int(choice))%len(hows)]
	}
	job.ID, job.By, job.Reason, job.Age = other, text, other, time.Duration(number)
	job.Copy, job.Revision, job.Unchanged, job.Part, job.Parts = int(choice%4), int(choice%7), int(choice%9), int(choice), int(choice%3)
	job.Marks = marks[int(choice>>3)%len(marks)]
	job.Invoice = &store.Invoice{Kind: text, Number: other, Code: other, BuyerTaxID: text}
	line := store.DigestLine{Kind: store.TicketKind(text), OrderNumber: other, Station: text, Age: time.Duration(number), Open: choice%2 == 1}
	job.Digest = &store.Digest{Printer: text, Cause: other}
	part := store.ReportPart{Title: text}
	for range lines % 24 {
		job.Digest.Waited = append(job.Digest.Waited, line)
		part.Lines = append(part.Lines, store.ReportLine{Name: text, Count: other, Amount: &number, Strong: choice%2 == 0})
	}
	job.Digest.Expired = job.Digest.Waited
	job.Report = &store.Report{Title: other, Currency: o.Currency, Parts: []store.ReportPart{part, part, part}}
	before := store.Order{Number: other, Table: other, Kind: store.Table, Observations: other}
	return Input{Job: &job, Order: &o, Followed: &store.Job{Kind: store.TicketKind(other), State: store.JobUnknown}, Before: &before,
		Printer: Printer{text, other, text, store.Proof(other)}}
}

// checkStructure: the document is what the template's own markup makes, as seen
// by its escaped form, and cuts once.
func checkStructure(t *testing.T, r *Renderer, in Input, doc receipt.Document) {
	t.Helper()
	cuts := 0
	for _, l := range doc.Lines {
		if l.Kind == receipt.CutLine {
			cuts++
		}
	}
	if cuts != 1 || doc.Lines[len(doc.Lines)-1].Kind != receipt.CutLine {
		t.Fatalf("%s: the paper is cut %d times", in.Job.Kind, cuts)
	}
	view, err := r.view(in)
	if err != nil {
		t.Fatal(err)
	}
	markup, err := r.shipped[in.Job.Kind].Markup(view)
	if err != nil {
		t.Fatal(err)
	}
	want, err := receipt.Parse(markup)
	if err != nil {
		t.Fatalf("%s: %v", in.Job.Kind, err)
	}
	got, _ := json.Marshal(doc)
	meant, _ := json.Marshal(want)
	if !bytes.Equal(got, meant) {
		t.Fatalf("%s: the document is not what its markup means:\n%s", in.Job.Kind, markup)
	}
}
