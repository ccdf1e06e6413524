package receipt

import (
	"fmt"
	"strings"
	"sync/atomic"
	"text/template"
)

// A Template is markup with actions of text/template in it. It is read once:
// what stands around the data becomes lines, columns and styles then, and data is
// put into them as text. So no data can become markup. A Template is safe for
// concurrent use.
type Template struct {
	name string
	main *block
	// trusted: its command properties are followed.
	trusted bool
	first   *Format              // above its first line
	room    atomic.Pointer[room] // of the largest document so far
}

// NewTrustedTemplate reads a template that the installer wrote: unlike any other
// markup it may have the command property, whose bytes go to the printer as they
// are. No data can be part of one.
func NewTrustedTemplate(name, text string, funcs template.FuncMap) (*Template, error) {
	t, err := NewTemplate(name, text, funcs)
	if err == nil {
		t.trusted = true
	}
	return t, err
}

// NewTemplate reads a template. The functions join those of text/template (but
// call) and lines, which splits a text at its line breaks for range; what they
// yield is data like all data.
//
// A line that holds nothing but one control action (if, else, end, range,
// with, define, template, block, a variable or a comment) leaves no line in the
// markup.
//
// Refused are actions in places where data would decide the structure: behind
// a backslash, and in properties other than code, image and comment; and
// control actions inside of {…}.
func NewTemplate(name, text string, funcs template.FuncMap) (*Template, error) {
	t := template.New(name).Funcs(template.FuncMap{"lines": Lines}).Funcs(funcs)
	if _, err := t.Parse(hideControlLines(plainBreaks(text))); err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	for _, part := range t.Templates() {
		if part.Tree == nil {
			continue
		}
		if err := secure(part.Tree.Root); err != nil {
			return nil, fmt.Errorf("template %s: %w", part.Name(), err)
		}
	}
	main, err := compile(t, text, funcs)
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	tmpl := &Template{name: name, main: main, first: firstFormat()}
	tmpl.room.Store(roomFor(16))
	return tmpl, nil
}

// Execute fills the template with data. What it adds to a ticket is bounded to
// MaxSource bytes.
func (t *Template) Execute(data any) (Document, error) { return new(Filler).Fill(t, data) }

// A Filler fills one template after the other in the same memory. It belongs to
// one goroutine.
type Filler struct{ filler filler }

// Fill is Template.Execute, but that the document is valid until the next call.
func (fl *Filler) Fill(t *Template, data any) (Document, error) {
	before, f := t.room.Load(), &fl.filler
	f.reset(before, t.first)
	f.parser.trusted = t.trusted
	if err := f.fill(t.main, data); err != nil {
		return Document{}, fmt.Errorf("fill template: %w", err)
	}
	doc, err := f.parser.document()
	if err != nil {
		return Document{}, fmt.Errorf("template %s: its markup: %w", t.name, err)
	}
	if grown := before.grown(&f.parser); grown != before {
		t.room.CompareAndSwap(before, grown)
	}
	return doc, nil
}

// Markup fills the template and returns the markup that means the same document:
// data is escaped in it.
func (t *Template) Markup(data any) (string, error) {
	f := filler{markup: true}
	if err := f.fill(t.main, data); err != nil {
		return "", fmt.Errorf("fill template: %w", err)
	}
	return string(f.line), nil
}

// controlWords begin the actions that print nothing by themselves.
var controlWords = []string{"if", "else", "end", "range", "with", "define", "template", "block", "break", "continue", "/*", "$"}

// hideControlLines moves the line break behind a line of one control action
// into the action, where it means nothing: the numbers of the lines stay right.
func hideControlLines(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for line := range strings.Lines(text) {
		body := strings.TrimSpace(line)
		if !strings.HasSuffix(line, "\n") || !isControlLine(body) {
			b.WriteString(line)
			continue
		}
		closing := "}}"
		if strings.HasSuffix(body, "*/}}") {
			closing = "*/}}"
		}
		b.WriteString(strings.TrimSuffix(body, closing))
		b.WriteString("\n" + closing)
	}
	return b.String()
}

func isControlLine(body string) bool {
	action, ok := strings.CutPrefix(body, "{{")
	if !ok || !strings.HasSuffix(action, "}}") || strings.Contains(action, "{{") || strings.HasSuffix(action, "-}}") || strings.HasPrefix(action, "- ") {
		return false
	}
	action = strings.TrimSpace(strings.TrimSuffix(action, "}}"))
	for _, word := range controlWords {
		rest, ok := strings.CutPrefix(action, word)
		if !ok {
			continue
		}
		if word == "$" {
			name := strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
			name = strings.TrimSpace(name)
			return strings.HasPrefix(name, ":=") || strings.HasPrefix(name, "=")
		}
		if rest == "" || word == "/*" || rest[0] == ' ' {
			return true
		}
	}
	return false
}
