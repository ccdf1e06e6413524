package ticket

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/printer/receipt"
)

// Our tickets, written as markup without {text:words}, stand in every cell where
// the npm package receiptline puts them; with it, only what does not fit on one
// line is set otherwise.
func TestTicketsAgreeWithReceiptline(t *testing.T) {
	type reference struct {
		Doc      string `json:"doc"`
		Cpl      int    `json:"cpl"`
		Encoding string `json:"encoding"`
	}
	var names, ours []string
	var docs []reference
	for locale, s := range samples(t) {
		for name, job := range s.jobs {
			doc := render(t, s, job)
			for _, p := range papers(t) {
				checkWordsAlone(t, locale+" "+name, doc, p)
				markup := markupOf(doc, p.Profile)
				again, err := receipt.Parse(markup)
				if err != nil {
					t.Fatalf("%s %s: %v\n%s", locale, name, err, markup)
				}
				names = append(names, fmt.Sprintf("%s %s on %s", locale, name, p.name))
				ours = append(ours, lettersOf(set(t, again, p)))
				// Every character of our tickets has one cell, as those of a page of 437.
				docs = append(docs, reference{strings.TrimSuffix(markup, "\n"), p.Profile.Papers[p.name].Columns, "cp437"})
			}
		}
	}
	in, err := json.Marshal(docs)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", "../../../packaging/peers/layout.js")
	node.Stdin, node.Stderr = bytes.NewReader(in), new(strings.Builder)
	out, err := node.Output()
	if err != nil {
		t.Fatalf("receiptline did not answer: %v: run packaging/install-tools (make tools), which installs Node and the npm packages\n%v", err, node.Stderr)
	}
	var theirs []struct{ Text string }
	if err := json.Unmarshal(out, &theirs); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		if want := trimmed(theirs[i].Text); ours[i] != want {
			t.Errorf("%s\n ours\n%s\n receiptline's\n%s", name, ours[i], want)
		}
	}
}

// checkWordsAlone sets each line by words and by cells: where the cells need one
// row, so do the words, and it is the same one.
func checkWordsAlone(t *testing.T, name string, doc receipt.Document, p paper) {
	t.Helper()
	for _, l := range doc.Lines {
		if l.Kind != receipt.TextLine {
			continue
		}
		byCells := *l.Format
		byCells.Words = false
		cells := l
		cells.Format = &byCells
		one := lettersOf(set(t, receipt.Document{Lines: []receipt.Line{cells}}, p))
		words := lettersOf(set(t, receipt.Document{Lines: []receipt.Line{l}}, p))
		if l.Format.Border != receipt.BorderLine && strings.Count(one, "\n") == 1 && words != one {
			t.Errorf("%s on %s, line %d: by words\n%sby cells\n%s", name, p.name, l.Number, words, one)
		}
	}
}

// lettersOf is the text of a page with the lines of a typewriter.
func lettersOf(page layout.Page) string {
	page.Rows = slices.DeleteFunc(slices.Clone(page.Rows), func(r layout.Row) bool {
		return r.Kind != layout.TextRow && r.Kind != layout.FeedRow
	})
	return trimmed(layout.Text(page))
}

var typed = strings.NewReplacer("│", "|", "─", "-", "┌", "+", "┐", "+", "└", "+", "┘", "+", "├", "+", "┤", "+", "┬", "+", "┴", "+", "┼", "+", "\u00a0", " ")

func trimmed(text string) string {
	lines := strings.Split(typed.Replace(text), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// markupOf writes what a document prints as text on a printer. Characters that it
// replaces are replaced before, so that both sides measure the same ones.
func markupOf(doc receipt.Document, p profile.Profile) string {
	var b strings.Builder
	var format *receipt.Format
	for _, l := range doc.Lines {
		if l.Format != format {
			format = l.Format
			b.WriteString(propertiesOf(format))
		}
		switch l.Kind {
		case receipt.RuleLine:
			b.WriteString("-\n")
		case receipt.CutLine:
			b.WriteString("=\n")
		case receipt.TextLine:
			b.WriteByte('|')
			for _, c := range l.Columns {
				text := ""
				for _, s := range c.Spans {
					text += spanOf(s, p)
				}
				b.WriteString([]string{text + " ", text, " " + text}[c.Align] + "|")
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func propertiesOf(f *receipt.Format) string {
	widths := "auto"
	if f.Widths != nil {
		list := make([]string, len(f.Widths))
		for i, w := range f.Widths {
			if list[i] = fmt.Sprint(w); w == receipt.Star {
				list[i] = "*"
			}
		}
		widths = strings.Join(list, ",")
	}
	wrap := "wrap"
	if f.NoWrap {
		wrap = "nowrap"
	}
	return fmt.Sprintf("{width:%s; border:%s; align:%s; text:%s}\n", widths,
		[]string{"space", "line", "none", "2"}[f.Border], []string{"left", "center", "right"}[f.Align], wrap)
}

// spanOf writes a span. What holds nothing between its marks parts the carets of
// two spans.
func spanOf(s receipt.Span, p profile.Profile) string {
	marks := ""
	for _, m := range []struct {
		on   bool
		mark string
	}{{s.Style.Bold, `"`}, {s.Style.Underline, "_"}, {s.Style.Invert, "`"}} {
		if m.on {
			marks += m.mark
		}
	}
	switch w, h := max(s.Style.Width, 1), max(s.Style.Height, 1); {
	case w == 2 && h == 1:
		marks += "^"
	case w == 1 && h == 2:
		marks += "^^"
	case w > 1:
		marks += strings.Repeat("^", int(w)+1)
	}
	var b strings.Builder
	b.WriteString(marks)
	for i, part := range strings.Split(s.Text, "\n") {
		if i > 0 {
			b.WriteString(`\n`)
		}
		text, _ := p.Keep(strings.ReplaceAll(part, "\u00a0", " "))
		for _, r := range text {
			switch {
			case r == ' ':
				b.WriteByte('~')
			case strings.ContainsRune("\\|{}-=~_\"`^", r):
				b.WriteString(`\` + string(r))
			default:
				b.WriteRune(r)
			}
		}
	}
	return b.String() + marks + `\.`
}
