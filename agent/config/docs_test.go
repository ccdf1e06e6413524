package config

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

const (
	docsPage  = "../../docs/configuration.md"
	docsBegin = "<!-- keys: written by go test ./agent/config -run Docs -update -->\n"
	docsEnd   = "<!-- end of keys -->\n"
)

// TestDocsHaveEveryKey keeps the tables of docs/configuration.md equal to the
// types that the file is read into.
func TestDocsHaveEveryKey(t *testing.T) {
	page, err := os.ReadFile(docsPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), docsBegin)
	tables, after, closed := strings.Cut(rest, docsEnd)
	if !found || !closed {
		t.Fatalf("%s has no place for the keys", docsPage)
	}
	want := keyTables(t)
	if *update {
		if err := os.WriteFile(docsPage, []byte(before+docsBegin+want+docsEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if tables != want {
		t.Errorf("%s does not have the keys as they are; write them anew with: go test ./agent/config -run 'Descriptions|Docs' -update", docsPage)
	}
}

// keyTables writes one table per section.
func keyTables(t *testing.T) string {
	t.Helper()
	var descriptions map[string]string
	if err := json.Unmarshal(descriptionsJSON, &descriptions); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cfg := reflect.New(reflect.TypeFor[Config]()).Elem()
	setDefaults(cfg)
	for _, f := range fieldsOf(cfg.Type()) {
		section, head := cfg.Field(f.index), "["+f.key+"]"
		if section.Kind() == reflect.Slice {
			head = "[[" + f.key + "]]"
			section = reflect.New(section.Type().Elem()).Elem()
			setDefaults(section)
		}
		fmt.Fprintf(&out, "\n### `%s`\n\n%s\n\n", head, descriptions["Config."+f.key])
		writeTable(&out, section, descriptions)
		if f.key == "tickets" {
			writeKinds(&out, section, descriptions)
		}
	}
	return out.String()
}

func writeTable(out *strings.Builder, section reflect.Value, descriptions map[string]string) {
	out.WriteString("| key | value | default | |\n|---|---|---|---|\n")
	for _, f := range fieldsOf(section.Type()) {
		value := section.Field(f.index)
		if value.Type() == reflect.TypeFor[Ticket]() {
			continue // writeKinds has these
		}
		normal := "–"
		switch {
		case f.required:
			normal = "**required**"
		case section.Type() == reflect.TypeFor[Ticket]():
			normal = "see above"
			if f.key == "printers" {
				normal = "–"
			}
		case schemaDefault(value) != nil:
			normal = fmt.Sprintf("`%v`", schemaDefault(value))
		}
		fmt.Fprintf(out, "| `%s` | %s | %s | %s |\n", f.key, valueOf(value, f), normal, escapeCell(descriptions[section.Type().Name()+"."+f.key]))
	}
}

// writeKinds writes the kinds of tickets and their defaults.
func writeKinds(out *strings.Builder, tickets reflect.Value, descriptions map[string]string) {
	out.WriteString("\n| kind | max_age | copies | unknown | |\n|---|---|---|---|---|\n")
	for _, f := range fieldsOf(tickets.Type()) {
		ticket, ok := tickets.Field(f.index).Interface().(Ticket)
		if !ok {
			continue
		}
		fmt.Fprintf(out, "| `%s` | `%s` | `%d` | `%s` | %s |\n", f.key, FormatDuration(ticket.MaxAge), ticket.Copies, ticket.Unknown, descriptions["Tickets."+f.key])
	}
	out.WriteString("\nEach kind takes these keys, as in `comanda = { max_age = \"30m\", copies = 2 }`:\n\n")
	writeTable(out, reflect.ValueOf(Ticket{}), descriptions)
}

// valueOf says what a key takes.
func valueOf(value reflect.Value, f field) string {
	within := ""
	switch {
	case f.min != "" && f.max != "":
		within = fmt.Sprintf(", `%s` to `%s`", f.min, f.max)
	case f.min != "" && value.Kind() != reflect.Slice:
		within = fmt.Sprintf(", at least `%s`", f.min)
	}
	switch value.Type() {
	case durationType:
		return "duration" + within
	case sizeType:
		return "size" + within
	case clockType:
		return "time, as `05:00`"
	}
	switch value.Kind() {
	case reflect.Bool:
		return "`true` or `false`"
	case reflect.Int:
		return "number" + within
	case reflect.Map:
		return "table of texts"
	case reflect.Slice:
		if f.max != "" {
			within = fmt.Sprintf(", at most %s", f.max)
		}
		return "list: " + strings.TrimPrefix(textValue(f.check), "use ") + within
	}
	return textValue(f.check)
}

func textValue(name string) string {
	c := checks[name]
	if name == "text" || name == "path" {
		return name
	}
	if len(c.oneOf) > 0 && c.right == "" {
		return "`" + strings.Join(c.oneOf, "`, `") + "`"
	}
	return escapeCell(strings.TrimPrefix(c.right, "use "))
}

func escapeCell(s string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "<", `\<`).Replace(s)
}
