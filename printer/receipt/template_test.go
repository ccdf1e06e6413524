package receipt

import (
	"fmt"
	"strings"
	"testing"
	"text/template"
)

func mustTemplate(t testing.TB, text string) *Template {
	t.Helper()
	tmpl, err := NewTemplate("test", text, template.FuncMap{"money": func(minor int) string { return fmt.Sprintf("S/ %d.%02d", minor/100, minor%100) }})
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

func TestTemplate(t *testing.T) {
	type line struct {
		Qty         int
		Name, Notes string
		Price       int
	}
	tmpl := mustTemplate(t, `^^^{{.Title}}
-
{{/* every line with its notes */}}
{width:4 * 9}
{{range $i, $l := .Lines}}
{{.Qty}} |{{.Name}} | {{money .Price}}
  {{range lines .Notes}}
||"{{.}}" |
  {{end}}
{{end}}
{{if .URL}}
{code:{{.URL}}; option:qrcode 4}
{{else}}
no code
{{end}}
{{$n := len .Lines}}
{{$n}} líneas |
=`)
	data := map[string]any{"Title": "A|B", "URL": "https://a/?b=1;c={2}", "Lines": []line{
		{2, "Pan \"rico\"", "sin sal\n\nbien ^tostado^", 1250}, {1, "---", "", 5}}}
	doc, err := tmpl.Execute(data)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		`^ 2x2"A|B"`,
		`rule`,
		`< "2" | < "Pan \"rico\"" | > "S/ 12.50"`,
		`^ | < b"sin sal"`,
		`^ | < b"bien ^tostado^"`,
		`< "1" | < "---" | > "S/ 0.05"`,
		`^ qrcode "https://a/?b=1;c={2}"`,
		`< "2 líneas"`,
		`cut`}, "\n")
	if got := outline(doc); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTemplateRefusals(t *testing.T) {
	for text, want := range map[string]string{
		`\{{.}}`:                           "backslash",
		`a\x4{{.}}`:                        "backslash",
		`{{if .}}\{{end}}n`:                "backslash",
		`{width:{{.}}}`:                    "only code, image and comment",
		`{code:1;align:{{.}}}`:             "only code, image and comment",
		`{ {{.}}:1}`:                       "its name",
		`{code:{{if .}}1{{end}}}`:          "control action",
		`{code:{{template "x"}}}`:          "control action",
		`{{if .}}{code:1{{end}}}`:          "not closed",
		`{{define "x"}}\{{.}}{{end}}`:      "backslash",
		`{{range .}}{border:{{.}}}{{end}}`: "only code, image and comment",
		`{{.`:                              "template test",
	} {
		if _, err := NewTemplate("test", text, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
}

func TestTemplateStopsAtTheBound(t *testing.T) {
	tmpl := mustTemplate(t, `{{range .}}{{$}}{{$}}{{end}}`)
	if _, err := tmpl.Markup(make([]int, 2000)); err == nil || !strings.Contains(err.Error(), "megabyte") {
		t.Errorf("got %v", err)
	}
}

// everywhere has data in every kind of place.
const everywhere = `{{.}}
{{.}}{{.}}
|{{.}}|
| {{.}} |{{.}} | x{{.}}y|
-{{.}}-
={{.}}
^^{{.}}"_` + "`{{.}}`" + `
a\\{{.}}\n{{.}}~{{.}}
{code:{{.}};option:qrcode}
{comment:{{.}}; width:*,{{/**/}}3}
{{with .}}{{.}}{{end}}`

func FuzzTemplateData(f *testing.F) {
	for _, s := range []string{"", " ", "-", "---", "=", "|", "{", "}", "{code:1}", `\`, `\n`, `\x41`, "^", "^^", "~", "_a_", "\"", "`", ";", ":", "a\nb", "\r\n", "\x1b@", "\u202e", "\u2028=", "\xff", "é", "\u00a0", "x;option:ean", "41", "日本", "\ufeff"} {
		f.Add(s)
	}
	tmpl := mustTemplate(f, everywhere)
	f.Fuzz(func(t *testing.T, data string) {
		if data == "" || len(data) > 1000 {
			data = "-"
		}
		checkData(t, tmpl, data)
	})
}

func TestEmptyDataKeepsTheStructure(t *testing.T) {
	// Without the last line: with leaves it out for empty data.
	text := everywhere[:strings.LastIndex(everywhere, "\n")]
	for _, data := range []string{"", "\x00", "\u200b\u202d"} {
		checkData(t, mustTemplate(t, text), data)
	}
}

// checkData fills a template with data and with "x": both documents have the
// same structure, and the first shows the data wherever the second shows x.
func checkData(t *testing.T, tmpl *Template, data string) {
	t.Helper()
	got, err := tmpl.Execute(data)
	if err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	const mark = "\U0010FFFD" // stands for the data in the document to compare with
	want, err := tmpl.Execute(mark)
	if err != nil {
		t.Fatal(err)
	}
	shown := shownAs(data)
	if len(got.Lines) != len(want.Lines) {
		t.Fatalf("%q: %d lines, want %d", data, len(got.Lines), len(want.Lines))
	}
	for i, l := range got.Lines {
		w := want.Lines[i]
		if l.Kind != w.Kind || l.Align != w.Align || len(l.Columns) != len(w.Columns) || fmt.Sprint(*l.Format) != fmt.Sprint(*w.Format) {
			t.Fatalf("%q: line %d is %+v, want %+v", data, l.Number, l, w)
		}
		if l.Kind == CodeLine {
			if want := strings.ReplaceAll(w.Code.Data, mark, shown); l.Code.Data != want || l.Code.Option != w.Code.Option {
				t.Fatalf("%q: the code is %+v", data, l.Code)
			}
		}
		for j, c := range l.Columns {
			wantText := strings.ReplaceAll(columnText(w.Columns[j]), mark, shown)
			if c.Align != w.Columns[j].Align || columnText(c) != wantText {
				t.Fatalf("%q: line %d column %d shows %q, want %q", data, l.Number, j, columnText(c), wantText)
			}
		}
	}
}

// shownAs is what the paper shows of data: written the other way around than
// Escape does it, rune by rune over the Unicode names of what is left out.
func shownAs(data string) string {
	data = strings.Map(func(r rune) rune {
		if strings.ContainsRune("\t\n\v\f\r\u0085\u2028\u2029", r) {
			return ' '
		}
		if !printable(r) {
			return -1
		}
		return r
	}, string([]rune(data)))
	return data
}

func columnText(c Column) string {
	var b strings.Builder
	for _, s := range c.Spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

func TestLines(t *testing.T) {
	if got := fmt.Sprintf("%q", Lines(" a\tb \r\n\nc\u2028d ")); got != `["a\tb" "c" "d"]` {
		t.Error(got)
	}
	if got := Lines(strings.Repeat("x\n", 100)); len(got) != maxDataLines {
		t.Errorf("%d lines", len(got))
	}
	if got := Lines(""); got != nil {
		t.Errorf("%q", got)
	}
}

// TestTemplatesThatDoNotEnd: whatever a template does, it ends, also where it
// prints nothing.
func TestTemplatesThatDoNotEnd(t *testing.T) {
	doubling := ""
	for i := range 60 {
		doubling += fmt.Sprintf(`{{define "t%d"}}{{template "t%d"}}{{template "t%d"}}{{end}}`, i, i+1, i+1)
	}
	for about, src := range map[string]string{
		"a long range":             "{{range 9000000000000000000}}{{end}}",
		"ranges in a range":        "{{range 1000000}}{{range 1000000}}{{end}}{{end}}",
		"templates in a template":  doubling + `{{define "t60"}}{{end}}{{template "t0"}}`,
		"a template calls itself":  `{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`,
		"a template prints itself": `{{define "a"}}x{{template "a"}}{{end}}{{template "a"}}`,
	} {
		tmpl, err := NewTemplate("t", src, nil)
		if err != nil {
			t.Fatalf("%s: %v", about, err)
		}
		if _, err := tmpl.Execute(nil); err == nil || !strings.Contains(err.Error(), "without an end") {
			t.Errorf("%s: %v", about, err)
		}
	}
}
