package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"mostrador/agent/spool/ticket"
	"mostrador/agent/web"
	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/printer/receipt"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// A printing is one call of the verb print.
type printing struct {
	printer        string
	profile, paper string
	png            string
	text, bytes    bool
	// kind: the document is a template of this kind, filled with an example in
	// the words of locale.
	kind, locale string
}

func (a *app) printCommand() *cobra.Command {
	p := printing{profile: "generic", paper: "80mm", locale: "es"}
	cmd := &cobra.Command{
		Use:   "print [FILE]",
		Short: "Print a document in the ticket markup, or see it without a printer (FILE - reads standard input)",
		Args:  usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case p.kind != "":
				return a.previewTemplate(args, p)
			case len(args) == 0:
				return wrongUse("name the document; or see a shipped ticket with --kind KIND")
			}
			return a.print(c, args[0], p)
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.printer, "printer", "", "print on this printer of the running agent")
	f.StringVar(&p.png, "png", "", "write a picture of the paper to `FILE`, and of further papers to FILE-2, FILE-3 …")
	f.BoolVar(&p.text, "text", false, "write the paper as text")
	f.BoolVar(&p.bytes, "bytes", false, "write the printer's bytes")
	f.StringVar(&p.profile, "profile", p.profile, "printer `MODEL` for --png, --text and --bytes")
	f.StringVar(&p.paper, "paper", p.paper, "paper for --png, --text and --bytes: 80mm or 58mm")
	f.StringVar(&p.kind, "kind", "", "FILE is a template of this `KIND` of ticket: fill it with an example; without FILE the shipped one")
	f.StringVar(&p.locale, "locale", p.locale, "language and country of the example for --kind")
	return cmd
}

// oneWay: a document goes to one place.
func (p printing) oneWay() error {
	ways := 0
	for _, chosen := range []bool{p.printer != "", p.png != "", p.text, p.bytes} {
		if chosen {
			ways++
		}
	}
	if ways != 1 {
		return wrongUse("say where to, in one way: --printer NAME, --png FILE, --text or --bytes")
	}
	return nil
}

func (a *app) print(c *cobra.Command, file string, p printing) error {
	if err := p.oneWay(); err != nil {
		return err
	}
	markup, err := a.readFile(file)
	if err != nil {
		return err
	}
	if p.printer == "" {
		return a.preview(markup, p)
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	var job store.Job
	err = client.Post(c.Context(), "/v1/print", web.PrintRequest{Printer: p.printer, Markup: string(markup)}, &job)
	if err != nil {
		return exitOf(err)
	}
	return a.show(&job, func(w io.Writer) {
		fmt.Fprintf(w, "ticket %d en espera de %s; su estado: mostrador tickets show %d\n", job.Seq, job.Printer, job.Seq)
	})
}

// maxDocument bounds a document from a file, in bytes.
const maxDocument = 64 << 10

func (a *app) readFile(name string) ([]byte, error) {
	in := a.stdin
	if name != "-" {
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			return nil, &exitError{exitNotFound, err}
		}
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxDocument+1))
	if err == nil && len(b) > maxDocument {
		err = fmt.Errorf("%s: a document has at most %d bytes", name, maxDocument)
	}
	return b, err
}

// model is the printer that a preview is for.
func (p printing) model() (profile.Profile, error) {
	model, ok := profile.Lookup(p.profile)
	if !ok {
		return model, wrongUse("printer model %q is not known; there are: %v", p.profile, profile.Names())
	}
	if _, ok := model.Papers[p.paper]; !ok {
		return model, wrongUse("a %s takes no paper %q", model.Name, p.paper)
	}
	return model, nil
}

// previewTemplate shows what a template makes of an example.
func (a *app) previewTemplate(args []string, p printing) error {
	if p.printer != "" {
		return wrongUse("an example of a template goes to no printer: --png FILE, --text or --bytes shows it")
	}
	if err := p.oneWay(); err != nil {
		return err
	}
	model, err := p.model()
	if err != nil {
		return err
	}
	kind := store.TicketKind(p.kind)
	text, err := ticket.Shipped(kind)
	if err != nil {
		return wrongUse("%w", err)
	}
	if len(args) > 0 {
		file, err := a.readFile(args[0])
		if err != nil {
			return err
		}
		text = string(file)
	}
	doc, err := ticket.Preview(ticket.Settings{Locale: p.locale, Terminal: "ejemplo", Header: []string{"Restaurante", "Calle 1"}}, kind, text, p.paper)
	if err != nil {
		return &exitError{exitWrongUse, err}
	}
	return a.showDocument(doc, model, p)
}

// preview shows what a printer would print, from the very bytes that it would get.
func (a *app) preview(markup []byte, p printing) error {
	model, err := p.model()
	if err != nil {
		return err
	}
	doc, err := receipt.Parse(string(markup))
	if err != nil {
		return &exitError{exitWrongUse, err}
	}
	return a.showDocument(doc, model, p)
}

func (a *app) showDocument(doc receipt.Document, model profile.Profile, p printing) error {
	page, err := layout.Layout(doc, model, p.paper)
	if err != nil {
		return err
	}
	if p.text {
		_, err := io.WriteString(a.stdout, layout.Text(page))
		return err
	}
	stream, err := escpos.Encode(page, model, escpos.Options{})
	if err != nil {
		return err
	}
	if p.bytes {
		_, err := a.stdout.Write(stream)
		return err
	}
	return writePictures(p.png, model, p.paper, stream)
}

// writePictures draws what a printer would make of a stream: each paper that is
// cut off is a picture of its own, nota.png, nota-2.png and so on.
func writePictures(name string, model profile.Profile, paper string, stream []byte) error {
	printer := virtual.New(model, model.Papers[paper], virtual.Options{Keep: maxDocument})
	if _, err := printer.Write(stream); err != nil {
		return err
	}
	sheets := printer.Papers()
	if rest := printer.Current(); len(sheets) == 0 || !rest.Blank() {
		sheets = append(sheets, rest)
	}
	for i, sheet := range sheets {
		var png bytes.Buffer
		if err := sheet.PNG(&png); err != nil {
			return err
		}
		if err := os.WriteFile(pictureName(name, i), png.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// pictureName is the name of the i-th picture, from 0.
func pictureName(name string, i int) string {
	if i == 0 {
		return name
	}
	end := filepath.Ext(name)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, end), i+1, end)
}
