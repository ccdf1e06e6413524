// Package ticket makes the document of a print job: from the job, its order
// and the words of a locale, through the template of its kind.
package ticket

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"mostrador/printer/receipt"
	"mostrador/store"
)

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
	// Terminal is its name on the test ticket: lima-01/caja-1.
	Terminal string
	// Logo over the customer's papers, the bytes of a PNG, or nil.
	Logo []byte
	// Templates is the folder of the installer's own templates (CheckTemplates),
	// or empty.
	Templates string
	// Log is told of templates of the installer that are not used because they
	// have faults. Nil: nobody.
	Log *slog.Logger
}

// Input is what a ticket is made of.
type Input struct {
	Job *store.Job
	// Order in the job's revision. Nil for a job that is about no order.
	Order *store.Order
	// Original is the job that this one is a copy of (Job.CopyOf), or nil.
	Original *store.Job
	// Followed is the job whose paper this one is about (Job.Follows), and
	// Before its order in that job's revision; nil where there is none.
	Followed *store.Job
	Before   *store.Order
	// Paper is the name of the paper that it comes out on, such as 58mm: an
	// installer may have a template for it.
	Paper string
	// Printer that it comes out of, for the test ticket.
	Printer Printer
	// Filler whose memory the document stands in, until it fills another one. Nil:
	// the document has its own.
	Filler *receipt.Filler
}

func (in *Input) fill(t *receipt.Template, view any) (receipt.Document, error) {
	if in.Filler == nil {
		return t.Execute(view)
	}
	return in.Filler.Fill(t, view)
}

// A Printer is what the test ticket says of the printer that it comes out of.
type Printer struct {
	Name, Profile, Paper string
	// Proof is the strongest that it can give; empty while that is not known.
	Proof store.Proof
}

// A Renderer makes tickets. It is safe for concurrent use.
type Renderer struct {
	settings Settings
	words    Words
	amounts  *store.MoneyFormat
	log      *slog.Logger
	logo     string // base64
	// templates by the name of the paper; those of "" are for any other.
	templates map[string]templateSet
	shipped   templateSet
}

// New prepares the words and the templates. It fails for a locale that has no
// words. A template of the installer that has faults does not make it fail: the
// shipped one is used in its place, and the log says so.
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
		settings: s, words: words, amounts: store.NewMoneyFormat(s.Locale), log: s.Log,
		logo: base64.StdEncoding.EncodeToString(s.Logo),
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.shipped, err = shippedTemplates(); err != nil {
		return nil, err
	}
	r.templates = map[string]templateSet{"": r.shipped}
	if s.Templates != "" {
		own, faults := readOwn(s.Templates)
		for _, err := range faults {
			r.log.Error("a template of your own is not used", "error", err)
		}
		r.templates = own.sets(s.Locale, r.shipped)
	}
	return r, nil
}

// Render makes the document of a ticket. It fails for a kind that has no
// template, for a job without its order, and for markup with faults; whatever
// an order's texts hold, it does not fail for them. Where a template of the
// installer fails, the shipped one is used, and the paper and the log say so.
func (r *Renderer) Render(in Input) (receipt.Document, error) {
	if in.Job.Markup != "" {
		return r.renderMarkup(in)
	}
	view, err := r.view(in)
	if err != nil {
		return receipt.Document{}, err
	}
	set, ok := r.templates[in.Paper]
	if !ok {
		set = r.templates[""]
	}
	kind := in.Job.Kind
	doc, err := in.fill(set[kind], view)
	if err == nil || set[kind] == r.shipped[kind] {
		return doc, err
	}
	r.log.Error("a template of your own failed; the shipped one is used", "kind", string(kind), "error", err)
	if doc, err = in.fill(r.shipped[kind], view); err != nil {
		return doc, err
	}
	return r.headed(doc, []markView{{r.words.TemplateFault, ""}})
}

// view is the data of a ticket's template.
func (r *Renderer) view(in Input) (any, error) {
	switch in.Job.Kind {
	case store.DigestTicket:
		if in.Job.Digest == nil {
			return nil, errors.New("the digest ticket has no digest")
		}
		return r.digest(in), nil
	case store.ReportTicket:
		if in.Job.Report == nil {
			return nil, errors.New("the report ticket has no report")
		}
		return r.report(in), nil
	case store.TestTicket:
		return r.test(in), nil
	}
	make, ok := map[store.TicketKind]func(Input) any{
		store.ComandaTicket:  func(in Input) any { return r.comanda(in) },
		store.DeliveryTicket: func(in Input) any { return r.delivery(in) },
		store.ReceiptTicket:  func(in Input) any { return r.receipt(in) },
		store.PrecheckTicket: func(in Input) any { return r.receipt(in) },
		store.InvoiceTicket:  func(in Input) any { return r.invoice(in) },
		store.ChangeTicket:   func(in Input) any { return r.change(in) },
		store.VoidTicket:     func(in Input) any { return r.void(in) },
	}[in.Job.Kind]
	switch {
	case !ok:
		return nil, fmt.Errorf("there is no template for tickets of kind %q", in.Job.Kind)
	case in.Order == nil:
		return nil, errors.New("the ticket has no order")
	}
	return make(in), nil
}

// ErrNothing: a document of properties alone leaves nothing on paper.
var ErrNothing = errors.New("the document prints nothing: write a line of text below its properties")

// renderMarkup reads markup as a person wrote it, behind the job's marks. The
// end of a document cuts the paper, as the language has it.
func (r *Renderer) renderMarkup(in Input) (receipt.Document, error) {
	doc, err := receipt.Parse(in.Job.Markup)
	if err != nil {
		return doc, err
	}
	if len(doc.Lines) == 0 {
		return doc, ErrNothing
	}
	if last := doc.Lines[len(doc.Lines)-1]; last.Kind != receipt.CutLine {
		doc.Lines = append(doc.Lines, receipt.Line{Kind: receipt.CutLine, Number: last.Number, Format: last.Format})
	}
	return r.headed(doc, r.marks(in, clipperFor(0)))
}

// headed puts marks over a document.
func (r *Renderer) headed(doc receipt.Document, marks []markView) (receipt.Document, error) {
	if len(marks) == 0 {
		return doc, nil
	}
	head, err := r.shipped[markedTemplate].Execute(struct {
		W     *Words
		Marks []markView
	}{&r.words, marks})
	if err != nil {
		return receipt.Document{}, err
	}
	doc.Lines = append(head.Lines[:len(head.Lines):len(head.Lines)], doc.Lines...)
	return doc, nil
}

// language of the renderer's locale, in lower case: es.
func language(locale string) string {
	code, _, _ := strings.Cut(strings.ReplaceAll(locale, "_", "-"), "-")
	return strings.ToLower(code)
}
