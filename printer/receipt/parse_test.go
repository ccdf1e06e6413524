package receipt

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// outline writes a document in one line of text per line, for comparison: the
// kind or the columns, each with its alignment before its spans.
func outline(doc Document) string {
	var b strings.Builder
	for _, l := range doc.Lines {
		switch l.Kind {
		case RuleLine:
			b.WriteString("rule")
		case CutLine:
			b.WriteString("cut")
		case BoxEnd:
			b.WriteString("box ends")
		case CodeLine:
			fmt.Fprintf(&b, "%c %s %q", "<^>"[l.Align], l.Code.Type, l.Code.Data)
		case TextLine:
			for i, c := range l.Columns {
				if i > 0 {
					b.WriteString(" | ")
				}
				b.WriteByte("<^>"[c.Align])
				for _, s := range c.Spans {
					fmt.Fprintf(&b, " %s%q", styleName(s.Style), s.Text)
				}
			}
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func styleName(s Style) string {
	name := ""
	for _, on := range []struct {
		is   bool
		mark string
	}{{s.Bold, "b"}, {s.Underline, "u"}, {s.Invert, "i"}} {
		if on.is {
			name += on.mark
		}
	}
	if s.Width > 0 || s.Height > 0 {
		name += fmt.Sprintf("%dx%d", max(s.Width, 1), max(s.Height, 1))
	}
	return name
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, markup, want string }{
		{"alone is centred", "a", `^ "a"`},
		{"between pipes", "|a|", `^ "a"`},
		{"away from both pipes", "| a |", `^ "a"`},
		{"left pipe pulls", "|a", `< "a"`},
		{"right pipe pushes", "a |", `< "a"`},
		{"both to the left", "|a |", `< "a"`},
		{"right pipe pulls", "a|", `> "a"`},
		{"left pipe pushes", "| a", `> "a"`},
		{"two columns apart", "a | b", `< "a" | > "b"`},
		{"three columns", "a|b|c", `> "a" | ^ "b" | < "c"`},
		{"edges do not count", " a | b ", `< "a" | > "b"`},
		{"empty column", "||b|", `^ | ^ "b"`},
		{"one pipe", "|", `<`},
		{"two pipes", "||", `^`},
		{"nothing", "", `^`},
		{"escaped pipe at the end", `a\|`, `^ "a|"`},
		{"backslash before the last pipe", `a\\|`, `> "a\\"`},
		{"rule", "---", "rule"},
		{"rule between pipes", "| - |", "rule"},
		{"not a rule", "- -", `^ "- -"`},
		{"cancelled rule", `\---`, `^ "---"`},
		{"rule in a column", "a|-", `> "a" | < "-"`},
		{"cut", "==", "cut"},
		{"tilde is a blank", "~a~", `^ " a "`},
		{"escapes", `\\\|\{\}\-\=\~\_\"\` + "`" + `\^\n\x41\xe9`, `^ "\\|{}-=~_\"` + "`" + `^\nAé"`},
		{"needless backslash", `a\qb\`, `^ "ab"`},
		{"control characters", "a\x07\tb\\x1bc", `^ "abc"`},
		{"control characters among marks", "^\x01^\\x1b^a\\\x01\x02n", `^ 2x2"a\n"`},
		{"no direction marks", "a\u202eb\u200fc", `^ "abc"`},
		{"invalid UTF-8", "a\xffb", "^ \"a\ufffdb\""},
		{"styles", "\"b_bu_\"`i`", `^ b"b" bu"bu" i"i"`},
		{"sizes", "^a^b^^c^^^d^^^e", `^ 2x1"a" "b" 1x2"c" 2x2"d" "e"`},
		{"size replaces size", "^^^a^b^^^^c", `^ 2x2"a" 2x1"b" 3x3"c"`},
		{"sizes end at six", "^^^^^^^^^^a", `^ 6x6"a"`},
		{"styles end with the column", "\"a|b", `> b"a" | < "b"`},
		{"code", "{code:1}", `^ code128 "1"`},
		{"code to the right", "| {c:12; o:ean hri}", `> ean "12"`},
		{"options are kept", "{option:qrcode,4,m}\n{code:a:b\\;\\n}", "^ qrcode \"a:b;\\n\""},
		{"properties print nothing", "{width:10;;comment:a\\}b}\nx", `^ "x"`},
		{"carriage return", "a\r\n-\r\n\r\n", "^ \"a\"\nrule\n^"},
		{"carriage returns alone", "a\r-\r\rb", "^ \"a\"\nrule\n^\n^ \"b\""},
		{"byte order mark", "\ufeff-", "rule"},
		{"any border but lines ends a box", "{border:line}\n{border:02}\n{width:1}", "box ends"},
		{"the last line break begins no line", "a\n", `^ "a"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, err := Parse(c.markup)
			if err != nil {
				t.Fatal(err)
			}
			if got := outline(doc); got != c.want {
				t.Errorf("%q\n got %s\nwant %s", c.markup, got, c.want)
			}
		})
	}
}

func TestFormatHoldsForTheLinesBelow(t *testing.T) {
	doc, err := Parse("a\n{width:*,4 8; border:line; align:right; text:nowrap}\nb\n{width:auto; border:2}\nc\n{width:1,,2}\nd\n{text:Words}\ne\n{text:wrap; width:1  0, 2}\nf")
	if err != nil {
		t.Fatal(err)
	}
	want := []Format{
		{Align: Center},
		{Align: Right, Widths: []int{Star, 4, 8}, Border: BorderLine, NoWrap: true},
		{Align: Right, Border: BorderWide, NoWrap: true},
		{Align: Right, Border: BorderWide, NoWrap: true, Widths: []int{1, 0, 2}},
		{Align: Right, Border: BorderWide, Words: true, Widths: []int{1, 0, 2}},
		{Align: Right, Border: BorderWide, Widths: []int{1, 0, 0, 2}},
	}
	var texts []Line
	for _, l := range doc.Lines {
		if l.Kind == TextLine {
			texts = append(texts, l)
		}
	}
	for i, l := range texts {
		if !reflect.DeepEqual(*l.Format, want[i]) {
			t.Errorf("line %d has format %+v, want %+v", l.Number, *l.Format, want[i])
		}
	}
}

func TestCodeOptions(t *testing.T) {
	for option, want := range map[string]Option{
		"nohri":            defaultOption(),
		"hri; option:ean":  {Type: "ean", Module: 2, Cell: 3, Height: 72, Level: "l"},
		"q 4 ean 3 itf l":  {Type: "ean", Module: 4, Cell: 4, Height: 72, Level: "q"},
		"qrcode 3 h":       {Type: "qrcode", Module: 3, Cell: 3, Height: 72, Level: "h"},
		"jan, 100, hri, 2": {Type: "ean", Module: 2, Cell: 3, Height: 100, HRI: true, Level: "l"},
		"nw7 8":            {Type: "codabar", Module: 2, Cell: 8, Height: 72, Level: "l"},
	} {
		doc, err := Parse("{option:" + option + "; code:1}")
		if err != nil {
			t.Fatal(err)
		}
		if got := doc.Lines[0].Code.Option; got != want {
			t.Errorf("option %q gives %+v, want %+v", option, got, want)
		}
	}
}

func TestFaultsNameLineAndMend(t *testing.T) {
	for markup, want := range map[string]string{
		"a{b}":                "a brace stands in text",
		"a\n}b":               "line 2: a brace stands in text",
		"{code:1":             "not closed",
		"{code:1} x":          "text follows it",
		"{a:left}{b:line}":    "text follows it",
		"a|{code:1}":          "a brace stands in text",
		"{code}":              `the property "code" has no value`,
		"{width:}":            `the property "width" has no value`,
		"{widht:1}":           `there is no property "widht"`,
		"{width:1,-5}":        `a column cannot be "-5" wide`,
		"{width:9999999}":     "0 to 1000",
		"{width:0,}":          "no column would be shown",
		"{Width:1}":           `there is no property "Width"`,
		"{border:3}":          "use line, space, none, 0, 1 or 2",
		"{align:top}":         "use left, center or right",
		"{text:cut}":          "use wrap, nowrap or words",
		"{option:9 qrcode}":   `a code has no option "9"`,
		"{image:iVBORw0KGgo}": "it is no PNG",
		`{command:\x1bp}`:     "raw bytes",
		`\x4g`:                "two hexadecimal digits",
		`\x4`:                 "two hexadecimal digits",
		"{width:" + strings.Repeat("1 ", 65) + "}": "at most 64 columns",
	} {
		_, err := Parse(markup)
		var fault *SyntaxError
		if !errors.As(err, &fault) {
			t.Errorf("%q: got %v, want a *SyntaxError", markup, err)
			continue
		}
		if !strings.Contains(err.Error(), want) || fault.Mend == "" {
			t.Errorf("%q: %v does not say %q", markup, err, want)
		}
	}
}

func TestAllFaultsAreReportedUpToABound(t *testing.T) {
	_, err := Parse("{a:1}\nok\n{b:9}\n}")
	if n := strings.Count(err.Error(), "\n") + 1; n != 3 {
		t.Errorf("%d faults reported, want 3:\n%v", n, err)
	}
	_, err = Parse(strings.Repeat("}\n", 100))
	if n := strings.Count(err.Error(), "\n") + 1; n != maxFaults {
		t.Errorf("%d faults reported, want %d", n, maxFaults)
	}
	if _, err := Parse(strings.Repeat("x", MaxSource+1)); err == nil {
		t.Error("a document past the bound was read")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "|", `\`, `\x`, `a\x4`, "{", "}", "{:}", "{c:\\", "{w:,;o:,}", "^^^^^^^^`_\"", "a|b|{c:1}|", "\xff|\xfe\n==\n-", "{width:* 1;border:line}\n|a |^^b|", "~\\n~|\\ "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		doc, err := Parse(src)
		if err != nil {
			if len(doc.Lines) > 0 {
				t.Error("a document comes with an error")
			}
			return
		}
		for _, l := range doc.Lines {
			if l.Format == nil {
				t.Fatal("a line has no format")
			}
			if l.Kind == TextLine && len(l.Columns) == 0 {
				t.Fatal("a text line has no column")
			}
			for _, c := range l.Columns {
				for _, s := range c.Spans {
					checkText(t, s.Text)
				}
			}
			if l.Kind == CodeLine && l.Code.Data != "" {
				checkText(t, l.Code.Data)
			}
		}
	})
}

// checkText holds what every span and every code promises.
func checkText(t *testing.T, s string) {
	t.Helper()
	if s == "" {
		t.Fatal("a span is empty")
	}
	if strings.ToValidUTF8(s, "") != s {
		t.Fatalf("%q is not valid UTF-8", s)
	}
	for _, r := range s {
		if r != '\n' && !printable(r) {
			t.Fatalf("%q holds %U", s, r)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	var src strings.Builder
	src.WriteString("^^^Café Müller\nCalle Berlín 123\n-\n{width:4 * 9}\n")
	for i := range 30 {
		fmt.Fprintf(&src, "%d x |Hamburguesa con piña y jamón |%d.00\n", i, i)
	}
	src.WriteString("-\n{width:auto}\n^TOTAL | ^123.45\n{code:https://example.com/o/123;option:qrcode,4,m}\n=\n")
	text := src.String()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
