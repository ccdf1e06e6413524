package ticket

import (
	"errors"
	"strings"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/printer/receipt"
	"mostrador/store"
)

// TestNoWordIsBroken: every word that a ticket says in a language of ours stands
// in one piece on the narrowest paper, however large.
func TestNoWordIsBroken(t *testing.T) {
	narrow := paper{"58mm", lookup(t, "POS-5890")}
	for _, locale := range []string{"es", "es-CL", "es-CO", "es-PE", "es-MX", "en", "fr", "it", "uk"} {
		r, err := New(Settings{Locale: locale, Header: []string{"Restaurante", "Calle 1"}, Terminal: "lima-01/caja-1"})
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range kinds() {
			for _, in := range inAllWords(kind) {
				doc, err := r.Render(in)
				if err != nil {
					t.Fatal(err)
				}
				checkWordsWhole(t, locale+" "+string(kind), doc, narrow)
			}
		}
	}
}

// inAllWords are the examples of a kind, so that each of our words is said.
func inAllWords(kind store.TicketKind) []Input {
	var all []Input
	for _, in := range examples(kind) {
		for _, of := range []store.OrderKind{store.Delivery, store.Pickup, store.Table, "other"} {
			for _, paid := range []bool{true, false} {
				for _, status := range []store.Status{store.Accepted, store.Cancelled, store.Rejected} {
					o := *in.Order
					o.Kind, o.Payment.Paid, o.Status = of, paid, status
					if status == store.Rejected {
						o.Payment.CashGiven = 100
					}
					variant := in
					variant.Order = &o
					all = append(all, variant)
				}
			}
		}
	}
	return all
}

func checkWordsWhole(t *testing.T, name string, doc receipt.Document, p paper) {
	t.Helper()
	page, err := layout.Layout(doc, p.Profile, p.name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	seen := map[string]bool{}
	for _, row := range page.Rows {
		text := ""
		for _, run := range row.Runs {
			if !run.Joined {
				text += " "
			}
			text += run.Text
		}
		for _, word := range strings.Fields(text) {
			seen[word] = true
		}
	}
	for _, l := range doc.Lines {
		if l.Format != nil && l.Format.NoWrap {
			continue
		}
		for _, c := range l.Columns {
			for _, word := range wordsIn(c, &p.Profile) {
				if !seen[word] {
					t.Errorf("%s: %q is broken in\n%s", name, word, layout.Text(page))
				}
			}
		}
	}
}

func wordsIn(c receipt.Column, p *profile.Profile) []string {
	var b strings.Builder
	for _, s := range c.Spans {
		b.WriteString(strings.ReplaceAll(s.Text, noBreak, " "))
	}
	text, _ := p.Keep(b.String())
	return strings.Fields(text)
}

// TestLongestCode: the longest code of an issuer that a paper shows is a symbol
// for a scanner; for a longer one the paper says so, in its place.
func TestLongestCode(t *testing.T) {
	r, err := New(Settings{Locale: "es-PE"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		bytes  int
		symbol bool
	}{{1000, true}, {1001, false}} {
		in := examples(store.InvoiceTicket)[0]
		job := *in.Job
		job.Invoice = &store.Invoice{Kind: "Boleta", Number: "B001-7", Code: strings.Repeat("x", c.bytes)}
		in.Job = &job
		doc, err := r.Render(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, model := range []string{"POS-5890", "TM-T20II"} {
			p := lookup(t, model)
			page, err := layout.Layout(doc, p, "58mm")
			if err != nil {
				t.Fatal(err)
			}
			b, err := escpos.Encode(page, p, escpos.Options{})
			if err != nil {
				t.Fatal(err)
			}
			seen, text := false, ""
			d := escpos.NewDecoder(p)
			d.Feed(b, func(e escpos.Event) {
				seen = seen || e.Kind == escpos.Code || e.Kind == escpos.Picture && e.Raster.Width > 300
				text += e.Text
			})
			if seen != c.symbol || strings.Contains(text, "código del emisor") == c.symbol || strings.Contains(text, "xxx") {
				t.Errorf("%s, %d bytes: a symbol: %v, and the text\n%s", model, c.bytes, seen, text)
			}
		}
	}
}

// TestMarkupThatPrintsNothing is refused: properties alone make no ticket.
func TestMarkupThatPrintsNothing(t *testing.T) {
	r, err := New(Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, markup := range []string{"{comment:x}", "{align:left}\n{width:*}\n"} {
		_, err := r.Render(Input{Job: &store.Job{Kind: store.TestTicket, Markup: markup, Marks: []store.Mark{store.MarkReprint}}})
		if !errors.Is(err, ErrNothing) {
			t.Errorf("%q: %v", markup, err)
		}
	}
}
