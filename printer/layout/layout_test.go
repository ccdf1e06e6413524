package layout

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"mostrador/printer/profile"
	"mostrador/printer/receipt"
)

// paperOf is a printer with code page 858 and a paper of so many columns.
func paperOf(columns int) profile.Profile {
	return profile.Profile{
		Name:   "test",
		Pages:  []profile.CodePage{{Number: 19, Encoding: "CP858"}},
		Papers: map[string]profile.Paper{"roll": {Columns: columns, Dots: 12 * columns}},
	}
}

func set(t testing.TB, markup string, columns int) Page {
	t.Helper()
	doc, err := receipt.Parse(markup)
	if err != nil {
		t.Fatal(err)
	}
	page, err := Layout(doc, paperOf(columns), "roll")
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// layouts are documents and what they are on paper of 20 columns.
var layouts = []struct{ name, markup, want string }{
	{"alignments", "a\n|a\na|\n|a|b|\n{width:3 *;border:none}\n|a |b", `
          a
a
                   a
    a          b
a  b`},
	{"words wrap", "{text:words}\n|the quick brown fox jumps over\n{width:* 4}\nthe quick brown fox |12.5", `
the quick brown fox
jumps over
the quick brown 12.5
fox`},
	{"long words break", "{text:words}\n|a pneumonoultramicroscopic b", `
a
pneumonoultramicrosc
opic b`},
	{"no break at no-break spaces", "{text:words}\n|COBRAR hoy S/\u00a0181.25\n{width:5}\n|a\u00a0bcdefg", `
COBRAR hoy S/ 181.25
       a bcd
       efg`},
	{"a no-break space moves its words down", "{text:words}\n|COBRAR mañana S/\u00a0181.25", `
COBRAR mañana
S/ 181.25`},
	{"blanks stay", "{text:words}\n|~~a~~b~\n|a\\n~~b", `
  a  b
a
  b`},
	{"text goes on where the line is full", "|the quick brown fox jumps over\n{width:* 4}\nthe quick brown fox |12.50", `
the quick brown fox
jumps over
the quick brown 12.5
 fox            0`},
	{"a full line and a break", "{width:3}\n|abc\\nd", `
        abc

        d`},
	{"what a column cannot hold is left out", "{width:1 *}\n^^^a^^^b|^^^^c|", `
b         c`},
	{"boxes one after the other", "{border:line;width:2;align:left}\na\n{border:none}\n{border:line;align:right}\n-\nb\n-\n{align:left}\nc", `
┌──┐
│ a│
└──┘
                ┌──┐
                │ b│
┌──┐            └──┘
│ c│
└──┘`},
	{"breaks by hand", "a\\n\\nb\\n", `
          a

          b`},
	{"double width", "^abc|\n|^abcdefghijkl\n|^ab^cd", `
              a b c
a b c d e f g h i j
k l
a b cd`},
	{"a size too large gets smaller", "{text:words}\n{width:1 *}\n^^^a|^^^^b|", `
a         b`},
	{"wide characters break anywhere", "{text:words}\n|\u65e5\u672c", `
日本`},
	{"shared widths", "{border:line}\na|b|c", `
┌─────┬─────┬──────┐
│    a│  b  │c     │
└─────┴─────┴──────┘`},
	{"rules join columns", "{border:line;width:4 4;align:left}\n|a|b\n-\n{width:9}\n|c\n-\n{width:2 2;align:right}\n|d|e\n{border:space}\nx", `
┌────┬────┐
│  a │b   │
├────┴────┤
│c        │
└─────────┘  ┌──┬──┐
             │ d│e │
             └──┴──┘
                x`},
	{"rule and cut", "-\n{width:10;align:right}\n-\n=", `
────────────────────
          ──────────
====================`},
	{"feeds add up", "a\n\n\n\nb", `
          a



          b`},
	{"hidden columns", "{width:5 0 *}\n|a |b |c |d", `
a     c`},
	{"more columns than cells", "{width:0 9 9 * 9 9 9 9 9 9 * 9 9 9 9 9}\n|-|a|b|c|d|e|f|g|h|i|j|k|l|m", `
 a b c d e f g h i j`},
	{"nowrap", "{text:nowrap}\n|the quick brown fox jumps\\nover", `
the quick brown fox`},
	{"fixed widths give way", "{width:100 3 100}\n|a |b |c|", `
a        b      c`},
	{"numbers take room from the words beside them", "{text:words}\n{width:* 4}\nthe quick brown fox |1,250.50\n{width:2 * 3}\n7 |abcdefgh |12345678901", `
the quick   1,250.50
brown fox
7 abcdef 12345678901
  gh`},
	{"then the words beside them get narrow", "{text:words}\n^^^TOTAL | ^^^S/\u00a0123", `
TOTAL   S /   1 2 3`},
	{"then the numbers", "{text:words}\n^^^TOTAL | ^^^S/\u00a01,234,567\n^^^S/\u00a012,345,678.90", `
TOTAL   S/ 1,234,567
  S/ 12,345,678.90`},
	{"numbers within lines get narrow", "{text:words}\n{border:line;width:* 6}\n^^^12.50 | ^^^12.50", `
┌───────────┬──────┐
│1 2 . 5 0  │ 12.50│
└───────────┴──────┘`},
	{"a number that the paper cannot hold", "{text:words}\n|123456789012345678901234\n{width:3 *}\n  12345|", `
12345678901234567890
1234
12345`},
	{"codes", "{code:1;option:qrcode}\n{code:}\n{code:22}|", `
     [qrcode 1]
         [qrcode 22]`},
}

func TestLayout(t *testing.T) {
	for _, c := range layouts {
		t.Run(c.name, func(t *testing.T) {
			got := strings.TrimSuffix(Text(set(t, c.markup, 20)), "\n")
			if want := strings.TrimPrefix(c.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestStylesReachTheRuns(t *testing.T) {
	page := set(t, "{border:line;width:6}\n^^^`ab`^^^_c_\"d", 20)
	got := fmt.Sprintf("%+v", page.Rows[1].Runs)
	want := fmt.Sprintf("%+v", []Run{
		{Column: 6, Text: "│", Style: Style{Height: 2}},
		{Column: 7, Text: "ab", Style: Style{Invert: true, Width: 2, Height: 2}},
		{Column: 11, Text: "c", Style: Style{Underline: true}, Joined: true},
		{Column: 12, Text: "d", Style: Style{Bold: true}, Joined: true},
		{Column: 13, Text: "│", Style: Style{Height: 2}},
	})
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPrinterWithoutLineCharacters(t *testing.T) {
	p := paperOf(12)
	p.Pages = []profile.CodePage{{Number: 16, Encoding: "WPC1252"}}
	doc, err := receipt.Parse("-\n{border:line}\na|\u0416")
	if err != nil {
		t.Fatal(err)
	}
	page, err := Layout(doc, p, "roll")
	if err != nil {
		t.Fatal(err)
	}
	want := "------------\n+----+-----+\n|   a|Ж    |\n+----+-----+\n"
	if got := Text(page); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		markup  string
		columns int
		paper   string
		want    string
	}{
		{"a", 20, "80mm", `no paper "80mm": use roll`},
		{"a", 7, "roll", "a ticket needs 8"},
		{"x\n{text:words;width:" + strings.Repeat("1 ", 20) + "}\na|b", 20, "roll", "line 3: more than 10 columns do not fit into 20 cells"},
		{strings.Repeat("a\n", MaxRows+1), 20, "roll", "more than 2000 rows"},
		{"|" + strings.Repeat("a ", 20*MaxRows), 20, "roll", "more than 2000 rows"},
		{strings.Repeat("{code:1}\n", MaxRows+1), 20, "roll", "more than 2000 rows"},
	} {
		doc, err := receipt.Parse(c.markup)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Layout(doc, paperOf(c.columns), c.paper); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q: got %v, want an error with %q", c.markup, err, c.want)
		}
	}
}

// FuzzLayout holds what every page promises: no row is wider than the paper, no
// run overlaps another, and where text wraps at words, all of them are there.
func FuzzLayout(f *testing.F) {
	for _, s := range []string{
		"{text:words}\na|b 12.50|c", "{border:line;width:3 * 1;text:words}\n^^^abc|`def`|~x\n-\na\n=\nb", "{width:auto}\n^^^^^^^wide|w",
		"\u65e5\u672c\u8a9e|é", "{width:1 1;border:2}\n^^^^^ab c|d", "{width:9,9,9;align:right;border:line}\n|a\\nb |c\n{width:1}\n-\n|d", "| ~~ |a  b\\n\\n",
	} {
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, markup string, columns int) {
		if len(markup) > 2000 {
			return
		}
		doc, err := receipt.Parse(markup)
		if err != nil {
			return
		}
		p := paperOf(minColumns + (columns&0xFF)%60)
		page, err := Layout(doc, p, "roll")
		if err != nil {
			return
		}
		checkRows(t, page)
		checkWords(t, doc, p, page)
	})
}

func checkRows(t *testing.T, page Page) {
	t.Helper()
	for i, row := range page.Rows {
		end := 0
		for _, run := range row.Runs {
			if run.Column < end {
				t.Fatalf("row %d: run %q at %d overlaps the one before, which ends at %d", i, run.Text, run.Column, end)
			}
			if run.Text == "" {
				t.Fatalf("row %d has an empty run", i)
			}
			end = run.Column
			for cluster, cells := range Clusters(run.Text) {
				end += cells * max(run.Style.Width, 1)
				if r, _ := utf8.DecodeRuneInString(cluster); !row.Drawn && r > 0x2fff {
					t.Fatalf("row %d has %q and is not drawn", i, cluster)
				}
			}
		}
		if end > page.Columns {
			t.Fatalf("row %d ends at cell %d of %d", i, end, page.Columns)
		}
	}
}

// checkWords compares the letters that a document shows with those on the page.
func checkWords(t *testing.T, doc receipt.Document, p profile.Profile, page Page) {
	t.Helper()
	want := map[rune]int{}
	for _, l := range doc.Lines {
		if l.Kind != receipt.TextLine || !l.Format.Words {
			continue
		}
		for i, c := range l.Columns {
			if l.Format.Widths != nil && (i >= len(l.Format.Widths) || l.Format.Widths[i] == 0) {
				continue
			}
			for _, s := range c.Spans {
				text, _ := p.Keep(s.Text)
				countLetters(want, text)
			}
		}
	}
	got := map[rune]int{}
	for _, row := range page.Rows {
		for _, run := range row.Runs {
			countLetters(got, run.Text)
		}
	}
	for r, n := range want {
		if got[r] < n {
			t.Fatalf("%q stands %d times on the page and %d times in the document", r, got[r], n)
		}
	}
}

func countLetters(to map[rune]int, s string) {
	for _, r := range s {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			to[r]++
		}
	}
}

func BenchmarkLayout(b *testing.B) {
	var src strings.Builder
	src.WriteString("^^^Café Müller\nCalle Berlín 123\n-\n{width:4 * 9}\n")
	for i := range 30 {
		fmt.Fprintf(&src, "%d x |Hamburguesa con piña y jamón |%d.00\n", i, i)
	}
	src.WriteString("-\n{width:auto}\n^TOTAL | ^123.45\n{code:https://example.com/o/123;option:qrcode,4,m}\n=\n")
	doc, err := receipt.Parse(src.String())
	if err != nil {
		b.Fatal(err)
	}
	p := paperOf(48)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Layout(doc, p, "roll"); err != nil {
			b.Fatal(err)
		}
	}
}
