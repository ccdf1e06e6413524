package uplinktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// SameShape fails the test when a schema and a Go type do not have the same
// fields, in both directions and at every depth: a field that only one of them
// has, one that Go always writes and the schema does not require, or one that
// the schema requires and Go may leave out.
func SameShape(t testing.TB, schema string, sample any) {
	t.Helper()
	docs, err := Docs()
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range Drift(filepath.Join(docs, "schemas"), schema, reflect.TypeOf(sample)) {
		t.Errorf("%s.json and %T: %s", schema, sample, fault)
	}
}

// Drift lists in words how a Go type and a schema of a folder differ.
func Drift(folder, schema string, typ reflect.Type) []string {
	w := walker{folder: folder, files: map[string]node{}, seen: map[string]bool{}}
	w.compare(schema, typ, w.file(schema), schema+".json")
	return w.faults
}

type node = map[string]any

type walker struct {
	folder string
	files  map[string]node
	seen   map[string]bool // type and place of what was compared: modifiers nest
	faults []string
}

func (w *walker) fault(path, format string, args ...any) {
	w.faults = append(w.faults, path+": "+fmt.Sprintf(format, args...))
}

func (w *walker) file(name string) node {
	name = strings.TrimSuffix(name, ".json")
	if n, ok := w.files[name]; ok {
		return n
	}
	n := node{}
	b, err := os.ReadFile(filepath.Join(w.folder, name+".json"))
	if err == nil {
		err = json.Unmarshal(b, &n)
	}
	if err != nil {
		w.fault(name, "%v", err)
	}
	w.files[name] = n
	return n
}

// resolve follows $ref, a lone allOf, and the anyOf of something or null.
func (w *walker) resolve(n node, file string) (node, string) {
	for {
		if ref, ok := n["$ref"].(string); ok {
			name, path, _ := strings.Cut(ref, "#/definitions/")
			if name != "" {
				file = name
			}
			defs, _ := w.file(file)["definitions"].(node)
			n, _ = defs[path].(node)
			continue
		}
		next := w.only(n)
		if next == nil {
			return n, file
		}
		n = next
	}
}

func (w *walker) only(n node) node {
	if all, ok := n["allOf"].([]any); ok && len(all) == 1 {
		return all[0].(node)
	}
	if choice, ok := n["anyOf"].([]any); ok && len(choice) == 2 {
		return choice[0].(node)
	}
	return nil
}

func (w *walker) compare(path string, typ reflect.Type, n node, file string) {
	n, file = w.resolve(n, file)
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	key := typ.String() + " " + fmt.Sprintf("%p", n)
	if w.seen[key] {
		return
	}
	w.seen[key] = true
	want := kindOf(typ)
	if have, _ := n["type"].(string); have != want && want != "" && !isConst(n) {
		w.fault(path, "Go writes %s and the schema says %q", want, have)
		return
	}
	switch want {
	case "array":
		items, _ := n["items"].(node)
		w.compare(path+"[]", typ.Elem(), items, file)
	case "object":
		w.compareFields(path, typ, n, file)
	}
}

func isConst(n node) bool { _, ok := n["const"]; return ok }

func (w *walker) compareFields(path string, typ reflect.Type, n node, file string) {
	if n["additionalProperties"] != false {
		w.fault(path, "additionalProperties must be false")
	}
	props, _ := n["properties"].(node)
	required := map[string]bool{}
	list, _ := n["required"].([]any)
	for _, r := range list {
		required[r.(string)] = true
	}
	left := maps.Clone(props)
	for f := range fields(typ) {
		prop, ok := props[f.name].(node)
		if !ok {
			w.fault(path, "the schema lacks %q", f.name)
			continue
		}
		delete(left, f.name)
		if f.optional == required[f.name] {
			w.fault(path, "%q: optional in Go is %v, required in the schema is %v", f.name, f.optional, required[f.name])
		}
		w.compare(path+"."+f.name, f.typ, prop, file)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		w.fault(path, "Go lacks %q", name)
	}
}
