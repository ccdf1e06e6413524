package receipt

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// commandsOf are the bytes of a document's command lines, one after the other.
func commandsOf(d Document) []byte {
	var all []byte
	for _, l := range d.Lines {
		if l.Kind == CommandLine {
			all = append(all, l.Command...)
		}
	}
	return all
}

func TestCommandOfATrustedTemplate(t *testing.T) {
	tests := []struct{ markup, want string }{
		{`{command:\x1b\x70\x00\x19\xfa}`, "\x1bp\x00\x19\xfa"},
		{`{x: \x1bG\x01}`, "\x1bG\x01"},
		{`{command:a\n\\\;\}b}`, "a\n\\;}b"},
		{"{width:*; command:AB}\nx|y", "AB"},
	}
	for _, tt := range tests {
		tmpl, err := NewTrustedTemplate("own", tt.markup+"\n{{.}}\n", nil)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := tmpl.Execute(`{command:\x1b@} \x1b`)
		if err != nil {
			t.Errorf("%s: %v", tt.markup, err)
		}
		if got := commandsOf(doc); string(got) != tt.want {
			t.Errorf("%s: bytes %q, want %q", tt.markup, got, tt.want)
		}
	}
}

func TestCommandsThatAreRefused(t *testing.T) {
	for _, markup := range []string{`{command:}`, `{command:\x1}`, `{command:\xg0}`, `{command:ñ}`, `{command:` + strings.Repeat("a", maxCommand+1) + `}`} {
		tmpl, err := NewTrustedTemplate("own", markup+"\n", nil)
		if err != nil {
			continue
		}
		if doc, err := tmpl.Execute(nil); err == nil {
			t.Errorf("%.30s was taken: %q", markup, commandsOf(doc))
		}
	}
	if _, err := NewTrustedTemplate("own", "{command:{{.}}}\n", nil); err == nil {
		t.Error("data may stand in a command")
	}
	for name, read := range map[string]func() (Document, error){
		"a document": func() (Document, error) { return Parse(`{command:\x1bp}`) },
		"a template": func() (Document, error) {
			tmpl, err := NewTemplate("any", "{command:\\x1bp}\n", nil)
			if err != nil {
				return Document{}, err
			}
			return tmpl.Execute(nil)
		},
	} {
		if doc, err := read(); err == nil {
			t.Errorf("%s that nobody trusts commands the printer: %q", name, commandsOf(doc))
		}
	}
}

// No data of a trusted template becomes a command.
func TestDataCommandsNothing(t *testing.T) {
	tmpl, err := NewTrustedTemplate("own", "{{range lines .}}\n|{{.}} |{{.}}\n{{end}}\n{code:{{.}}}\n{{if .}}a{{.}}{{end}}\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, hostile := range []string{"{command:\\x1bp}", "{x:A}", "}\n{command:A}", "|{command:A}", "\\x7bcommand:A\\x7d", "\x1b@"} {
		doc, err := tmpl.Execute(hostile)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(doc.Lines, func(l Line) bool { return l.Kind == CommandLine }) || bytes.Contains(commandsOf(doc), []byte("A")) {
			t.Errorf("%q became a command", hostile)
		}
	}
}
