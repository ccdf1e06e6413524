package receipt

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
)

// A Template is markup with actions of text/template in it. Whatever an action
// yields is escaped (Escape), so that no data can become markup. A Template is
// safe for concurrent use.
type Template struct {
	name string
	tree *template.Template
}

// NewTemplate reads a template. The functions join those of text/template and
// lines, which splits a text at its line breaks for range; what they yield is
// escaped like all data.
//
// A line that holds nothing but one control action (if, else, end, range,
// with, define, template, block, a variable or a comment) leaves no line in the
// markup.
//
// Refused are actions in places where data would decide the structure: behind
// a backslash, and in properties other than code, image and comment; and
// control actions inside of {…}.
func NewTemplate(name, text string, funcs template.FuncMap) (*Template, error) {
	t := template.New(name).Option("missingkey=error").
		Funcs(template.FuncMap{"lines": Lines, escapeName: escapeAny}).Funcs(funcs)
	if _, err := t.Parse(hideControlLines(text)); err != nil {
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
	return &Template{name: name, tree: t}, nil
}

// Execute fills the template and reads the document that comes of it.
func (t *Template) Execute(data any) (Document, error) {
	markup, err := t.Markup(data)
	if err != nil {
		return Document{}, err
	}
	doc, err := Parse(markup)
	if err != nil {
		return Document{}, fmt.Errorf("template %s: its markup: %w", t.name, err)
	}
	return doc, nil
}

// Markup fills the template and returns the markup, up to MaxSource bytes.
func (t *Template) Markup(data any) (string, error) {
	var out boundedBuilder
	out.Grow(4096)
	if err := t.tree.Execute(&out, data); err != nil {
		return "", fmt.Errorf("fill template: %w", err)
	}
	return out.String(), nil
}

// A boundedBuilder stops a template whose data would make an endless ticket.
type boundedBuilder struct{ strings.Builder }

var errTooLong = errors.New("the ticket is longer than a megabyte: shorten its data")

func (b *boundedBuilder) Write(p []byte) (int, error) {
	if b.Len()+len(p) > MaxSource {
		return 0, errTooLong
	}
	return b.Builder.Write(p)
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
