package layout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"mostrador/printer/profile"
	"mostrador/printer/receipt"
)

// The npm package receiptline is the reference implementation of the markup
// language. These tests lay the same documents out with it and with us, and
// compare what stands in which cell.

// peers is where the npm packages are that packaging/install-tools installs.
const peers = "../../packaging/peers"

// A referenceDocument goes to packaging/peers/layout.js.
type referenceDocument struct {
	Markup string `json:"-"`   // as we read it
	Doc    string `json:"doc"` // as receiptline reads it
	Cpl    int    `json:"cpl"`
	// Encoding tells receiptline how wide characters are; graphemes is the width
	// by Unicode's rules, all others are receiptline's own.
	Encoding string `json:"encoding"`
}

// A referencePage comes from there.
type referencePage struct {
	Text string
	Rows []referenceRow
}

type referenceRow struct {
	Kind   string // text, code, picture or cut
	Runs   []referenceRun
	Align  int
	Narrow bool // the table in force is not as wide as the paper,
	Table  int  // and stands left, in the middle or right
	Code   struct {
		Data, Type, Level   string
		Width, Height, Cell int
		HRI                 bool
	}
}

type referenceRun struct {
	Column        int
	Text, Style   string
	Width, Height int
}

func newReference(markup string, columns int, encoding string) referenceDocument {
	return referenceDocument{Markup: markup, Doc: forReceiptline(markup), Cpl: columns, Encoding: encoding}
}

// forReceiptline writes a document as receiptline has to read it to print what we
// do: the differences that we chose. docs/printing.md has the reasons.
func forReceiptline(markup string) string {
	markup = lastBreak.ReplaceAllString(markup, "") // ends the last line and begins no other
	for _, mark := range unseen {
		markup = strings.ReplaceAll(markup, mark, "") // is left out
	}
	return substitutes.Replace(markup)
}

// substitutes are what a printer with CP858 prints for the signs of the examples
// and the alphabets that it has in another form.
var substitutes = strings.NewReplacer("（", "(", "）", ")", "？", "?", "　", " ", "□", "#")

var lastBreak = regexp.MustCompile(`(\r\n|\n|\r)$`)

// byReceiptline lays documents out with the npm package, all in one process.
func byReceiptline(t *testing.T, docs []referenceDocument) []referencePage {
	t.Helper()
	in, err := json.Marshal(docs)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", filepath.Join(peers, "layout.js"))
	node.Stdin, node.Stderr = bytes.NewReader(in), new(strings.Builder)
	out, err := node.Output()
	if err != nil {
		t.Fatalf("receiptline did not answer: %v: run packaging/install-tools (make tools), which installs Node and the npm packages\n%v", err, node.Stderr)
	}
	var pages []referencePage
	if err := json.Unmarshal(out, &pages); err != nil {
		t.Fatal(err)
	}
	if len(pages) != len(docs) {
		t.Fatalf("receiptline laid out %d documents of %d", len(pages), len(docs))
	}
	return pages
}

// everything is a printer that has every character, so that layout replaces none.
func everything(columns int) profile.Profile {
	p := paperOf(columns)
	p.UTF8 = true
	return p
}

// typewriter has drawn the lines of a text as receiptline's text output does.
var typewriter = strings.NewReplacer("│", "|", "─", "-", "┌", "+", "┐", "+", "└", "+", "┘", "+",
	"├", "+", "┤", "+", "┬", "+", "┴", "+", "┼", "+", noBreak, " ")

// cellsOf says of every row what stands where, in which style; blanks that leave
// the paper white do not count.
func cellsOf(page Page) []string {
	var rows []string
	for _, row := range page.Rows {
		switch row.Kind {
		case FeedRow:
			rows = append(rows, slices.Repeat([]string{"text"}, row.Feed)...)
		case CutRow:
			rows = append(rows, "cut")
		case PictureRow:
			rows = append(rows, fmt.Sprintf("picture %d", row.Align))
		case CodeRow:
			rows = append(rows, codeCell(row.Code, row.Align))
		case TextRow:
			text := "text"
			for _, r := range row.Runs {
				style := ""
				for _, s := range []struct {
					on   bool
					name string
				}{{r.Style.Underline, "u"}, {r.Style.Bold, "b"}, {r.Style.Invert, "i"}} {
					if s.on {
						style += s.name
					}
				}
				text += runCells(referenceRun{r.Column, r.Text, style, max(r.Style.Width, 1), max(r.Style.Height, 1)})
			}
			rows = append(rows, text)
		}
	}
	return rows
}

func runCells(r referenceRun) string {
	var b strings.Builder
	text, state, cluster, width := typewriter.Replace(r.Text), -1, "", 0
	for text != "" {
		cluster, text, width, state = uniseg.FirstGraphemeClusterInString(text, state)
		if cluster != " " || strings.ContainsAny(r.Style, "ui") {
			fmt.Fprintf(&b, " %d:%s", r.Column, cluster)
			if r.Style != "" || r.Width > 1 || r.Height > 1 {
				fmt.Fprintf(&b, "/%s%dx%d", r.Style, r.Width, r.Height)
			}
		}
		r.Column += width * r.Width
	}
	return b.String()
}

func codeCell(c Code, align int) string {
	if c.Type == "qrcode" {
		return fmt.Sprintf("code %d %s %q %d %s", align, c.Type, c.Data, c.Cell, c.Level)
	}
	return fmt.Sprintf("code %d %s %q %d %d %v", align, c.Type, c.Data, c.Cell, c.Height, c.HRI)
}

// referenceCells is cellsOf for receiptline's page.
func referenceCells(page referencePage) []string {
	var rows []string
	for _, row := range page.Rows {
		switch row.Kind {
		case "code":
			c := Code{Data: row.Code.Data, Type: row.Code.Type, Cell: row.Code.Cell, Level: row.Code.Level, Height: row.Code.Height, HRI: row.Code.HRI}
			switch c.Type {
			case "jan":
				c.Type = "ean"
			case "nw7":
				c.Type = "codabar"
			}
			if c.Type != "qrcode" {
				c.Cell = row.Code.Width
			}
			align := row.Align
			if align == 1 && row.Narrow {
				align = row.Table // codes stand in the paper, not in the table
			}
			rows = append(rows, codeCell(c, align))
		case "text":
			text := "text"
			for _, r := range row.Runs {
				text += runCells(r)
			}
			rows = append(rows, text)
		case "picture":
			rows = append(rows, fmt.Sprintf("picture %d", row.Align))
		default:
			rows = append(rows, row.Kind)
		}
	}
	return rows
}

// textOf is a page as receiptline's text output writes one: no cut, no code, no
// picture. Blanks at the ends of lines do not count.
func textOf(page Page) string {
	page.Rows = slices.DeleteFunc(slices.Clone(page.Rows), func(r Row) bool { return r.Kind != TextRow && r.Kind != FeedRow })
	return typewriter.Replace(Text(page))
}

func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(typewriter.Replace(lines[i]), " ")
	}
	return strings.Join(lines, "\n")
}

// compare holds our page of a document against receiptline's.
func compare(doc referenceDocument, want referencePage) error {
	document, err := receipt.Parse(doc.Markup)
	if err != nil {
		return fmt.Errorf("we refuse it: %w", err)
	}
	page, err := Layout(document, everything(doc.Cpl), "roll")
	if err != nil {
		return fmt.Errorf("we refuse it: %w", err)
	}
	if got, want := textOf(page), trimLines(want.Text); doc.Encoding != "graphemes" && got != want {
		return fmt.Errorf("the text differs\n ours\n%s\n receiptline's\n%s", got, want)
	}
	got, cells := cellsOf(page), referenceCells(want)
	if doc.Encoding != "graphemes" {
		return nil
	}
	for i := range max(len(got), len(cells)) {
		switch {
		case i >= len(got):
			return fmt.Errorf("row %d is missing\nours %d rows\nwant %s", i, len(got), cells[i])
		case i >= len(cells):
			return fmt.Errorf("row %d should not be\nours %s", i, got[i])
		case got[i] != cells[i]:
			return fmt.Errorf("row %d differs\nours %s\nwant %s", i, got[i], cells[i])
		}
	}
	return nil
}

// voiced takes the one halfwidth letter with a voicing mark out of the examples: to
// Unicode it is one character of one cell, to a Japanese code page two of one.
var voiced = strings.NewReplacer("ﾋﾞ", "ﾋ")

// The package's own example documents, and those of its README.
func TestReceiptlinesExamples(t *testing.T) {
	var docs []referenceDocument
	var names []string
	for _, language := range []string{"en", "ja"} {
		files, err := filepath.Glob(filepath.Join(peers, "node_modules/receiptline/example/data", language, "*.receipt"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) < 20 {
			t.Fatalf("receiptline has %d examples in %q: run packaging/install-tools (make tools), which installs it", len(files), language)
		}
		for _, file := range files {
			markup, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, columns := range []int{32, 42, 48} {
				own := "cp437"
				if language == "ja" {
					own = "shiftjis"
				}
				for _, encoding := range []string{own, "graphemes"} {
					names = append(names, fmt.Sprintf("%s/%s on %d cells, %s", language, filepath.Base(file), columns, encoding))
					docs = append(docs, newReference(voiced.Replace(string(markup)), columns, encoding))
				}
			}
		}
	}
	for i, page := range byReceiptline(t, docs) {
		if err := compare(docs[i], page); err != nil {
			t.Errorf("%s: %v\n%s", names[i], err, docs[i].Markup)
		}
	}
}

// documents is how many random documents a test makes.
func documents() int {
	if os.Getenv("MOSTRADOR_PROOF") != "" {
		return 12_000
	}
	return 600
}

// Random documents are in every cell as receiptline has them.
func TestRandomDocuments(t *testing.T) {
	const batch = 2000
	for first := 0; first < documents(); first += batch {
		var docs []referenceDocument
		for seed := first; seed < min(first+batch, documents()); seed++ {
			g := newGenerator(uint64(seed))
			docs = append(docs, newReference(g.document(), minColumns+g.IntN(57), "graphemes"))
		}
		for i, page := range byReceiptline(t, docs) {
			if err := compare(docs[i], page); err != nil {
				t.Errorf("seed %d on %d cells: %v\n%q", first+i, docs[i].Cpl, err, docs[i].Markup)
			}
		}
	}
}

// Lines that receiptline leaves out are refused by us, each by its number; what
// remains without them agrees.
func TestMistakesAreRefused(t *testing.T) {
	var docs []referenceDocument
	for seed := range documents() / 4 {
		g := newGenerator(uint64(seed))
		lines, wrong := []string{}, map[int]bool{}
		for range 5 + g.IntN(10) {
			if g.one(3) {
				wrong[len(lines)] = true
				lines = append(lines, g.mistake())
			} else {
				lines = append(lines, g.line())
			}
		}
		_, err := receipt.Parse(strings.Join(lines, "\n"))
		if got, want := faultLines(err), slices.Sorted(maps.Keys(wrong)); !slices.Equal(got, want) {
			t.Errorf("seed %d: lines %v are refused, want %v\n%q\n%v", seed, got, want, lines, err)
		}
		for i := range wrong {
			lines[i] = "{}"
		}
		docs = append(docs, newReference(strings.Join(lines, "\n"), 48, "graphemes"))
	}
	for i, page := range byReceiptline(t, docs) {
		if err := compare(docs[i], page); err != nil {
			t.Errorf("seed %d: %v\n%q", i, err, docs[i].Markup)
		}
	}
}

// faultLines are the lines, from 0, that errors of Parse name.
func faultLines(err error) []int {
	var lines []int
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			var fault *receipt.SyntaxError
			if errors.As(err, &fault) {
				lines = append(lines, fault.Line-1)
			}
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}
