package receipt

import (
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/png"
	"reflect"
	"strings"
	"testing"
	"text/template"
	"text/template/parse"
)

// byText is a template for text/template whose actions all go through Escape.
func byText(text string, funcs template.FuncMap) (*template.Template, error) {
	t := template.New("test").Option("missingkey=error").
		Funcs(template.FuncMap{"lines": Lines, "escape": escapeAny}).Funcs(funcs)
	if _, err := t.Parse(hideControlLines(plainBreaks(text))); err != nil {
		return nil, err
	}
	for _, part := range t.Templates() {
		if part.Tree != nil {
			escapeActions(part.Tree.Root)
		}
	}
	return t, nil
}

// escapeActions hands what every action prints to escape.
func escapeActions(list *parse.ListNode) {
	if list == nil {
		return
	}
	branch := func(n *parse.BranchNode) {
		escapeActions(n.List)
		escapeActions(n.ElseList)
	}
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 {
				n.Pipe.Cmds = append(n.Pipe.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Args: []parse.Node{parse.NewIdentifier("escape")}})
			}
		case *parse.IfNode:
			branch(&n.BranchNode)
		case *parse.RangeNode:
			branch(&n.BranchNode)
		case *parse.WithNode:
			branch(&n.BranchNode)
		}
	}
}

// escapeAny is Escape for what an action yields.
func escapeAny(v any) string {
	switch v := v.(type) {
	case nil:
		return emptyMark
	case string:
		return Escape(v)
	case fmt.Stringer:
		return Escape(v.String())
	}
	return Escape(fmt.Sprint(v))
}

// A pair is a template of ours and what text/template makes of it.
type pair struct {
	text string
	ours *Template
	want *template.Template
}

func pairOf(t *testing.T, text string) pair {
	t.Helper()
	ours, err := NewTemplate("test", text, oracleFuncs())
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	want, err := byText(text, oracleFuncs())
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return pair{text, ours, want}
}

// check holds document and markup against text/template and Parse.
func (p pair) check(t *testing.T, data any) {
	t.Helper()
	text, tmpl := p.text, p.ours
	var filled strings.Builder
	wantErr := p.want.Execute(&filled, data)
	want := filled.String()
	got, err := tmpl.Markup(data)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%s with %#v: got %v, text/template has %v", text, data, err, wantErr)
	}
	doc, docErr := tmpl.Execute(data)
	if err != nil {
		if docErr == nil || len(doc.Lines) > 0 {
			t.Fatalf("%s with %#v: the markup fails (%v), the document does not", text, data, err)
		}
		return
	}
	if got != want {
		t.Fatalf("%s with %#v: the markup is\n%q, text/template has\n%q", text, data, got, want)
	}
	wantDoc, wantErr := Parse(want)
	switch {
	case wantErr != nil && docErr == nil && strings.Contains(wantErr.Error(), "the picture cannot be printed"):
		// A picture that came as data and cannot be read is left out.
	case wantErr != nil && docErr == nil:
		t.Fatalf("%s with %#v: the document has no fault, its markup has %v", text, data, wantErr)
	case wantErr != nil && docErr.Error() != fmt.Sprintf("template test: its markup: %v", wantErr):
		t.Fatalf("%s with %#v: got %v, want %v", text, data, docErr, wantErr)
	case wantErr == nil && docErr != nil:
		t.Fatalf("%s with %#v: %v", text, data, docErr)
	case !reflect.DeepEqual(doc, wantDoc):
		t.Fatalf("%s with %#v: got\n%s\nwant\n%s", text, data, outline(doc), outline(wantDoc))
	}
}

type (
	place1  struct{ Street string }
	named   string
	shouted string
	guest   struct {
		place1
		*nested
		Name   string
		Tags   []string
		Counts map[string]int
		Next   *guest
		Any    any
		Yes    bool
		N      int
		U      uint8
		F      float64
		Named  named
		Loud   shouted
		Func   func() string
		hidden string
	}
	nested struct{ Deep string }
)

func (s shouted) String() string             { return strings.ToUpper(string(s)) + "|!" }
func (g guest) Greet(word string) string     { return word + " " + g.Name }
func (g *guest) Pointed() string             { return "*" + g.Name }
func (g *guest) Fail(no bool) (int, error)   { return 1, map[bool]error{true: errors.New("no")}[no] }
func (g guest) Sum(first int, ns ...int) int { return first + len(ns) }

func oracleFuncs() template.FuncMap {
	return template.FuncMap{
		"upper": strings.ToUpper, "repeat": strings.Repeat, "fail": func() (string, error) { return "", errors.New("no") },
		"panics": func(any) string { panic("no") }, "half": func(f float64) float64 { return f / 2 }, "small": func(n uint8) int { return int(n) },
		"street": func(p place1) string { return p.Street }, "give": func(v any) any { return v }, "both": func(a, b named) named { return a + b },
	}
}

func guests(text string) []any {
	last := &guest{Name: "last", nested: &nested{Deep: text}, Any: 3}
	g := guest{
		place1: place1{text}, Name: text, Tags: []string{text, "", "b", text}, Counts: map[string]int{"b": 2, "a": 1, text: 3}, Next: last,
		Any: &place1{text}, Yes: true, N: -3, U: 200, F: 1.5, Named: named(text), Loud: shouted(text), hidden: text,
	}
	return []any{g, &g, last, nil, (*guest)(nil), text, []string{text, "x"}, 3, map[string]any{"Name": text, "Tags": []any{text, 2, nil}, "N": 4, "Any": nil}}
}

// programs are templates whose data is a guest.
var programs = []string{
	"{{.Name}}", "{{.}}", "a{{.Name}}b | {{.Street}}\n-\n", "{{.Deep}}", "{{.Next.Deep}} | {{.Next.Next.Name}}", "{{.Next.Next}}", "{{.hidden}}", "{{.Nothing}}",
	"{{range .Tags}}\n{{.}} |{{$.Name}}\n{{else}}\nnone\n{{end}}\n=", "{{range $i, $t := .Tags}}{{if $i}}, {{end}}{{$t}}{{end}}", "{{range $k, $v := .Counts}}\n{{$k}} | {{$v}}\n{{end}}",
	"{{range .Tags}}\n{{if eq . \"b\"}}\n{{break}}\n{{end}}\n{{if not .}}{{continue}}{{end}}\nx{{.}}\n{{end}}", "{{range .N}}{{.}}{{end}}", "{{range 3}}{{.}},{{end}}", "{{range $i, $x := 3}}{{end}}",
	"{{range .Yes}}{{end}}", "{{range .Any}}{{.}}{{end}}", "{{range $i, $_ := .}}\n{{$i}}\n{{end}}",
	"{{with .Next}}\n{{.Name}} | {{$.Name}}\n{{else with .Any}}\n{{.}}\n{{else}}\nno\n{{end}}", "{{with $n := .Name}}{{$n}}{{end}}", "{{$n := .Name}}\n{{$n}}\n{{$n = \"x\"}}\n{{$n}}", "{{$n := 1}}{{range .Tags}}{{$n = len .}}{{end}}{{$n}}",
	"{{if and .Name .Yes}}1{{end}}{{if or .Any .N}}2{{end}}{{if not .Next}}3{{end}}{{and .Name 0 .Nothing}}{{or .Name .Nothing}}{{or 0 \"\"}}",
	"{{if eq .Name \"x\" .Street}}1{{else if ne .N 3}}2{{end}}{{if lt .N 1}}3{{end}}{{if le (len .Name) 9}}4{{end}}{{if gt .U .N}}5{{end}}{{if ge .F 1.5}}6{{end}}", "{{eq .N .F}}", "{{lt .Name 3}}", "{{eq .Next nil}}{{eq nil .Next}}", "{{eq .Yes true}}{{eq .Yes .Name}}",
	"{{eq .Tags .Tags}}", "{{lt .Yes .Yes}}", "{{eq .Any .Any}}", "{{eq .U .N}}{{eq .N .U}}{{lt .N .U}}{{lt .U .N}}{{eq 1i 1i}}", "{{len .N}}", "{{len .Next}}", "{{len .Counts}}{{len .Tags}}{{.Tags | len}}",
	"{{printf \"%s|%d\" .Name .N}}", "{{print .Name 1 2 .F}}{{println .N}}", "{{.Name | printf \"%q\"}}", "{{urlquery .Name}} {{html .Name}} {{js .Name}}", "{{index .Tags 0}}{{index .Counts \"a\"}}{{index .Counts \"zz\"}}", "{{index .Tags 9}}", "{{index .Tags -1}}", "{{index .N 1}}", "{{index .Name 0}}",
	"{{slice .Name 0 1}}", "{{slice .Tags 1 3}}", "{{slice .Tags 3 1}}", "{{slice .N 1}}", "{{slice .Tags 0 1 2 | len}}", "{{slice .Name 0 1 2}}",
	"{{.Greet \"hi\"}}", "{{\"hi\" | .Greet}}", "{{.Greet}}", "{{.Greet 1}}", "{{.Pointed}}", "{{.Next.Pointed}}", "{{.Next.Next.Pointed}}", "{{.Fail false}}", "{{.Fail true}}", "{{.Sum 1 2 3}}{{.Sum 1}}", "{{.Sum}}", "{{.Name \"x\"}}", "{{.Any.Street}}", "{{(index .Tags 1).X}}", "{{(.Next).Name}}", "{{$x := .Next}}{{$x.Name}}{{$x.Greet \"a\"}}",
	"{{upper .Name}}", "{{upper .N}}", "{{upper .Named}}", "{{repeat \"ab\" 3}}", "{{repeat \"ab\" .N}}", "{{repeat .Name 2.0}}", "{{fail}}", "{{panics .Name}}", "{{panics nil}}", "{{half 3}}{{half .F}}", "{{half .N}}", "{{small 'a'}}{{small 300}}", "{{street .Any}}", "{{give nil}}{{give .Any}}{{give 1.50}}", "{{both \"a\" \"b\"}}",
	"{{.Named}}{{.Loud}}{{.N}}{{.U}}{{.F}}{{.Yes}}{{.Counts}}{{.Tags}}", "{{1}}{{1.5}}{{'a'}}{{0x10}}{{1e3}}{{true}}{{\"a|b\"}}{{`\n`}}", "{{1i}}", "{{.Func}}",
	"{{define \"row\"}}\n{{.}} | x\n{{end}}\n{{template \"row\" .Name}}\n{{range .Tags}}{{template \"row\" .}}{{end}}", "{{define \"in\"}}<{{.}}>{{end}}a{{template \"in\" .Name}}b\n{{template \"in\"}}", "{{block \"b\" .Name}}{{.}}{{end}} | {{.N}}",
	"{{define \"down\"}}{{.Name}}\n{{with .Next}}{{template \"down\" .}}{{end}}{{end}}{{template \"down\" .}}",
	"{width:* 3; border:line}\n{{.Name}} | {{.N}}\n{text:nowrap}\nx{{.Name}}\n{{if .Yes}}\n{width:auto;border:2;align:right}\n{{end}}\n{code:{{.Name}}; option:qrcode,4,m}\n{{.Name}} |", "{{if .Yes}}\n{option:ean 2 hri}\n{{end}}\n{code:12}\n{code:{{.Name}}{{.Street}}x}\n{{range .Tags}}\n{code:{{.}}}\n{{end}}",
	"{comment:{{.Name}}; width:3}\nx", "{code:{{.Name}};code:{{.Street}}}", "{widht:1}\n{{.Name}}\n}", "}{{.Name}}", "{{if .Yes}}{border:line}\n{{end}}{{.Name}}\n{border:space;code:{{.Name}}}", strings.Repeat("}\n", 30) + "{{.Name}}", strings.Repeat("}\n", 30) + "{{.Nothing}}",
	"-{{.Name}}-\n={{.Name}}\n---{{if .Yes}}--{{end}}\n{{if .Yes}}---{{end}}\n=={{if not .Yes}}x{{end}}", "\"^^{{.Name}}\"{{.Street}}\"{{.N}} | _`{{.Name}}`_\n", "{{if .Yes}}a|{{end}}{{.Name}}{{if .Yes}}|{{end}}\nb", "|{{if .Name}} {{end}}{{.Name}} |", "a\r\n{{.Name}}\r{{.Name}}", "\ufeff-\n{{.Name}}", "", "\n", "\n\n", "{{if .Yes}}{{end}}", "x\xc3{{.Name}}\xa9", "\U00100000{{.Name}}",
	"{image:iVBORw0KGgoAAAANSUhEUgAAAAgAAAACAQAAAABN76BAAAAADElEQVR42mMIZQgFAAFYAKtkPK9XAAAAAElFTkSuQmCC}\n{{.Name}} |\n{{range .Tags}}\n| {image:iVBORw0KGgoAAAANSUhEUgAAAAgAAAACAQAAAABN76BAAAAADElEQVR42mMIZQgFAAFYAKtkPK9XAAAAAElFTkSuQmCC;code:{{.}}}\n{{end}}", "{image:{{.Name}}}\nx",
	"||^^+ {{if .Name}}{{.Name}}: {{end}}\"{{if .N}}{{.N}} × {{end}}{{.Street}} |", "{{- .Name -}}\n  x  {{- /* c */ -}}  y\n", "{{/* c */}}\n{{.Name}}{{/* c */}}\n{{- range .Tags}}\n{{.}}{{end}}",
}

var hostileTexts = []string{"x", "", " ", "-", "=", "---", "|", "{", "}", "{code:1}", `\`, `\n`, "^", "~", "\"", "`", "_", ";", "a\nb\r\n", "\x1b@\x00", "\u202e\u200b", "\xff", "é", "\u00a0", "\U00100000", "\u2028", "日本 🍣", "\ufeff-"}

// TestPicturesOfATemplateAreBounded: those that stand in it, too.
func TestPicturesOfATemplateAreBounded(t *testing.T) {
	line := "{image:" + pictureOf(t, 576, 576) + "}\n"
	for n, ok := range map[int]bool{12: true, 13: false} {
		text := fmt.Sprintf("{{range %d}}\n%s{{end}}\n", n, line)
		p := pairOf(t, text)
		p.check(t, nil)
		if _, err := p.ours.Execute(nil); (err == nil) != ok {
			t.Errorf("%d pictures: %v", n, err)
		}
	}
}

// pictureOf is an empty PNG in base64.
func pictureOf(t *testing.T, width, height int) string {
	t.Helper()
	var b strings.Builder
	w := base64.NewEncoder(base64.StdEncoding, &b)
	if err := png.Encode(w, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestAgreesWithTextTemplate: over all that templates may say, the document and
// the markup are those of text/template and Parse.
func TestAgreesWithTextTemplate(t *testing.T) {
	for _, text := range programs {
		p := pairOf(t, text)
		for _, hostile := range hostileTexts {
			for _, data := range guests(hostile) {
				p.check(t, data)
			}
		}
	}
}

// FuzzAgreesWithTextTemplate does so with data and templates of any kind.
func FuzzAgreesWithTextTemplate(f *testing.F) {
	for i, text := range programs {
		f.Add(text, hostileTexts[i%len(hostileTexts)], uint8(i))
	}
	f.Fuzz(func(t *testing.T, text, data string, kind uint8) {
		if len(text) > 400 || len(data) > 400 {
			return
		}
		if _, err := NewTemplate("test", text, oracleFuncs()); err != nil {
			return
		}
		all := guests(data)
		pairOf(t, text).check(t, all[int(kind)%len(all)])
	})
}

func TestBasesDifferInEveryField(t *testing.T) {
	low, high := reflect.ValueOf(lowBase()), reflect.ValueOf(highBase())
	for part := range low.NumField() {
		for i := range low.Field(part).NumField() {
			if reflect.DeepEqual(low.Field(part).Field(i).Interface(), high.Field(part).Field(i).Interface()) {
				t.Errorf("%s is the same", low.Field(part).Type().Field(i).Name)
			}
		}
	}
}
