// Package ticket makes the document of a print job: from the job, its order
// and the words of a locale, through the template of its kind.
package ticket

import (
	"embed"
	"errors"
	"fmt"
	"time"

	"mostrador/printer/receipt"
	"mostrador/store"
)

//go:embed templates/*.receipt
var templateFiles embed.FS

// Settings say how the tickets of one terminal look and speak.
type Settings struct {
	// Locale such as es-PE: the words, and how money is written. Empty is es.
	Locale string
	// Zone of all times on paper. Nil is UTC.
	Zone *time.Location
	// Header of the customer's ticket: the restaurant's name, then what stands
	// below it (address, phone, tax number). Without it the ticket bears the
	// name of the order's point of sale, and without that the nickname of its
	// integration.
	Header []string
}

// Input is what a ticket is made of.
type Input struct {
	Job *store.Job
	// Order in the job's revision. Nil for a job with markup of its own.
	Order *store.Order
	// Original is the job that this one is a copy of (Job.CopyOf), or nil.
	Original *store.Job
}

// A Renderer makes tickets. It is safe for concurrent use.
type Renderer struct {
	settings  Settings
	words     Words
	amounts   *store.MoneyFormat
	templates map[store.TicketKind]*receipt.Template
	marked    *receipt.Template // around markup that a person handed in
}

// New prepares the words and the templates. It fails for a locale that has no
// words.
func New(s Settings) (*Renderer, error) {
	if s.Locale == "" {
		s.Locale = "es"
	}
	if s.Zone == nil {
		s.Zone = time.UTC
	}
	words, err := wordsOf(s.Locale)
	if err != nil {
		return nil, err
	}
	r := &Renderer{
		settings: s, words: words, amounts: store.NewMoneyFormat(s.Locale),
		templates: map[store.TicketKind]*receipt.Template{},
	}
	parts, err := templateFiles.ReadFile("templates/parts.receipt")
	if err != nil {
		return nil, err
	}
	read := func(name string) (*receipt.Template, error) {
		text, err := templateFiles.ReadFile("templates/" + name + ".receipt")
		if err != nil {
			return nil, err
		}
		return receipt.NewTemplate(name, string(parts)+string(text), nil)
	}
	for _, kind := range []store.TicketKind{store.ReceiptTicket, store.DeliveryTicket, store.ComandaTicket} {
		if r.templates[kind], err = read(string(kind)); err != nil {
			return nil, err
		}
	}
	if r.marked, err = read("marked"); err != nil {
		return nil, err
	}
	return r, nil
}

// Render makes the document of a ticket. It fails for a kind that has no
// template, for a job without its order, and for markup with faults; whatever
// an order's texts hold, it does not fail for them.
func (r *Renderer) Render(in Input) (receipt.Document, error) {
	if in.Job.Markup != "" {
		return r.renderMarkup(in)
	}
	t, ok := r.templates[in.Job.Kind]
	if !ok {
		return receipt.Document{}, fmt.Errorf("there is no template for tickets of kind %q", in.Job.Kind)
	}
	if in.Order == nil {
		return receipt.Document{}, errors.New("the ticket has no order")
	}
	return t.Execute(r.view(in))
}

// view is what a ticket's template is filled with.
func (r *Renderer) view(in Input) any {
	switch in.Job.Kind {
	case store.ComandaTicket:
		return r.comanda(in)
	case store.DeliveryTicket:
		return r.delivery(in)
	default:
		return r.receipt(in)
	}
}

// renderMarkup reads markup as a person wrote it, behind the job's marks. The
// end of a document cuts the paper, as the language has it.
func (r *Renderer) renderMarkup(in Input) (receipt.Document, error) {
	doc, err := receipt.Parse(in.Job.Markup)
	if err != nil {
		return doc, err
	}
	if last := doc.Lines[len(doc.Lines)-1]; last.Kind != receipt.CutLine {
		doc.Lines = append(doc.Lines, receipt.Line{Kind: receipt.CutLine, Number: last.Number, Format: last.Format})
	}
	if len(in.Job.Marks) == 0 {
		return doc, nil
	}
	marks, err := r.marked.Execute(struct {
		W     *Words
		Marks []markView
	}{&r.words, r.marks(in, clipperFor(0))})
	if err != nil {
		return receipt.Document{}, err
	}
	doc.Lines = append(marks.Lines[:len(marks.Lines):len(marks.Lines)], doc.Lines...)
	return doc, nil
}
