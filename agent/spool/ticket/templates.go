package ticket

import (
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mostrador/printer/receipt"
	"mostrador/store"
)

//go:embed templates/*.receipt
var templateFiles embed.FS

// A templateSet is one template for each kind of ticket.
type templateSet map[store.TicketKind]*receipt.Template

// Names beside those of the kinds: the blocks that all templates share, and
// what stands over the markup of a person.
const (
	partsName                       = "parts"
	markedTemplate store.TicketKind = "marked"
)

// kinds are those that have a template.
func kinds() []store.TicketKind {
	return []store.TicketKind{
		store.ReceiptTicket, store.InvoiceTicket, store.PrecheckTicket, store.DeliveryTicket, store.ComandaTicket,
		store.ChangeTicket, store.VoidTicket, store.ReportTicket, store.DigestTicket, store.TestTicket,
	}
}

func shippedText(name string) (string, error) {
	text, err := templateFiles.ReadFile("templates/" + name + ".receipt")
	return string(text), err
}

// compile reads a template with the shared blocks behind it, so that the
// numbers of its own lines stay right. All of it is ours or the installer's,
// who may command the printer; orders are data in it.
func compile(name, text, parts string) (*receipt.Template, error) {
	return receipt.NewTrustedTemplate(name, strings.TrimSuffix(text, "\n")+"\n"+parts, nil)
}

func shippedTemplates() (templateSet, error) {
	parts, err := shippedText(partsName)
	if err != nil {
		return nil, err
	}
	return shippedWith(parts)
}

// shippedWith are the shipped templates around some shared blocks.
func shippedWith(parts string) (templateSet, error) {
	set := templateSet{}
	for _, kind := range append(kinds(), markedTemplate) {
		text, err := shippedText(string(kind))
		if err != nil {
			return nil, err
		}
		if set[kind], err = compile(string(kind), text, parts); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// An ownFile is a template of the installer: KIND.receipt, KIND.LOCALE.receipt,
// KIND.PAPER.receipt or KIND.LOCALE.PAPER.receipt, KIND a kind of ticket or
// parts.
type ownFile struct {
	path, kind    string
	locale, paper string // empty: any
	text          string
}

var paperName = regexp.MustCompile(`^[0-9]{2,3}mm$`)

// ownName reads what a file's name says.
func ownName(path string) (f ownFile, err error) {
	fields := strings.Split(strings.TrimSuffix(filepath.Base(path), ".receipt"), ".")
	f = ownFile{path: path, kind: fields[0]}
	if f.kind != partsName && !slices.Contains(kinds(), store.TicketKind(f.kind)) {
		return f, fmt.Errorf("%s: there is no kind of ticket %q: name it after one of %v, or parts", path, f.kind, kinds())
	}
	rest := fields[1:]
	if n := len(rest); n > 0 && paperName.MatchString(rest[n-1]) {
		f.paper, rest = rest[n-1], rest[:n-1]
	}
	if len(rest) == 1 {
		f.locale, rest = rest[0], nil
		if _, err := wordsOf(f.locale); err != nil {
			return f, fmt.Errorf("%s: %w; or name a paper, such as 58mm", path, err)
		}
	}
	if len(rest) > 0 {
		return f, fmt.Errorf("%s: its name has too many parts: KIND.receipt, KIND.LOCALE.receipt, KIND.PAPER.receipt or KIND.LOCALE.PAPER.receipt", path)
	}
	return f, nil
}

// own are the installer's templates that have no faults.
type own []ownFile

// CheckTemplates says everything that is wrong with a folder of templates of
// the installer, each with its file, its line where that is known, and what
// would be right. Templates are filled with examples of all that they may get.
func CheckTemplates(folder string) []error {
	_, faults := readOwn(folder)
	return faults
}

func readOwn(folder string) (files own, faults []error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, []error{fmt.Errorf("templates: %w: make the folder, or take the key out", err)}
	}
	var all own
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".receipt") {
			continue
		}
		f, err := ownName(filepath.Join(folder, e.Name()))
		if err == nil {
			var text []byte
			if text, err = os.ReadFile(f.path); err == nil {
				f.text = strings.ReplaceAll(string(text), "\r\n", "\n")
				all = append(all, f)
				continue
			}
		}
		faults = append(faults, err)
	}
	// Shared blocks first: the others are tried with those that are good.
	slices.SortStableFunc(all, func(a, b ownFile) int {
		return boolOrder(a.kind != partsName) - boolOrder(b.kind != partsName)
	})
	for _, f := range all {
		if err := files.try(f); err != nil {
			faults = append(faults, err)
			continue
		}
		files = append(files, f)
	}
	return files, faults
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}

// try fills a template with examples.
func (o own) try(f ownFile) error {
	locale := f.locale
	if locale == "" {
		locale = "es"
	}
	r, err := New(Settings{Locale: locale, Header: []string{"Restaurante", "Calle 1"}})
	if err != nil {
		return err
	}
	set := templateSet{}
	if f.kind == partsName {
		if set, err = shippedWith(f.text); err != nil {
			return located(f.path, f.text, err)
		}
		delete(set, markedTemplate)
	} else {
		parts, err := o.parts(locale, f.paper)
		if err != nil {
			return err
		}
		t, err := compile(f.kind, f.text, parts)
		if err != nil {
			return located(f.path, f.text, err)
		}
		set[store.TicketKind(f.kind)] = t
	}
	for kind, t := range set {
		for _, in := range examples(kind) {
			view, err := r.view(in)
			if err != nil {
				return err
			}
			if _, err := t.Execute(view); err != nil {
				return located(f.path, f.text, err)
			}
		}
	}
	return nil
}

var (
	errorLine = regexp.MustCompile(`[a-z_]+:([0-9]+)(?::[0-9]+)?: `)
	markLine  = regexp.MustCompile(`line ([0-9]+)`)
	nearText  = regexp.MustCompile(`near (\{\{[^}]*\}\})`)
)

// located puts a template's file and line before what is wrong with it.
func located(path, text string, err error) error {
	line, message := 0, err.Error()
	switch {
	case strings.Contains(message, "unexpected <define>"): // of the shared blocks behind it
		return fmt.Errorf("%s:%d: a block is still open at the end: close each if, range, with and define with {{end}}", path, 1+strings.Count(text, "\n"))
	case errorLine.MatchString(message):
		line, _ = strconv.Atoi(errorLine.FindStringSubmatch(message)[1])
	case markLine.MatchString(message):
		line, _ = strconv.Atoi(markLine.FindStringSubmatch(message)[1])
	case nearText.MatchString(message):
		if at := strings.Index(text, nearText.FindStringSubmatch(message)[1]); at >= 0 {
			line = 1 + strings.Count(text[:at], "\n")
		}
	}
	if line == 0 || line > 1+strings.Count(text, "\n") {
		return fmt.Errorf("%s: %w", path, err)
	}
	return fmt.Errorf("%s:%d: %w", path, line, err)
}

// best is the most specific file for a kind: one for the paper before one for
// the locale, one for the country before one for its language.
func (o own) best(kind, locale, paper string) (best ownFile, ok bool) {
	worth := -1
	for _, f := range o {
		if f.kind != kind || f.paper != "" && f.paper != paper {
			continue
		}
		n := 0
		switch {
		case f.locale == "":
		case strings.EqualFold(strings.ReplaceAll(f.locale, "_", "-"), strings.ReplaceAll(locale, "_", "-")):
			n = 2
		case strings.EqualFold(f.locale, language(locale)):
			n = 1
		default:
			continue
		}
		if f.paper != "" {
			n += 3
		}
		if n > worth {
			best, worth, ok = f, n, true
		}
	}
	return best, ok
}

func (o own) parts(locale, paper string) (string, error) {
	if f, ok := o.best(partsName, locale, paper); ok {
		return f.text, nil
	}
	return shippedText(partsName)
}

// sets are the templates by paper: the installer's where there is one, and the
// shipped ones. All have been tried (readOwn), so a fault here is one of files
// that do not go together, and leaves the shipped template.
func (o own) sets(locale string, shipped templateSet) map[string]templateSet {
	papers := []string{""}
	for _, f := range o {
		if !slices.Contains(papers, f.paper) {
			papers = append(papers, f.paper)
		}
	}
	out := map[string]templateSet{}
	for _, paper := range papers {
		set := templateSet{}
		parts, err := o.parts(locale, paper)
		for kind, t := range shipped {
			set[kind] = t
			text, e := shippedText(string(kind))
			f, mine := o.best(string(kind), locale, paper)
			if mine {
				text = f.text
			}
			if _, sharedMine := o.best(partsName, locale, paper); err != nil || e != nil || !mine && !sharedMine {
				continue
			}
			if t, err := compile(string(kind), text, parts); err == nil {
				set[kind] = t
			}
		}
		out[paper] = set
	}
	return out
}

// CheckLogo says what is wrong with a logo, the bytes of a PNG.
func CheckLogo(logo []byte) error {
	t, err := receipt.NewTemplate("logo", "{image:{{.}}}\n", nil)
	if err != nil {
		return err
	}
	doc, err := t.Execute(base64.StdEncoding.EncodeToString(logo))
	if err != nil {
		return fmt.Errorf("the logo: %w", err)
	}
	if !slices.ContainsFunc(doc.Lines, func(l receipt.Line) bool { return l.Kind == receipt.ImageLine && l.Image != nil }) {
		return errors.New("the logo is no PNG that can be printed: save it as a PNG of at most the paper's width in dots")
	}
	return nil
}
