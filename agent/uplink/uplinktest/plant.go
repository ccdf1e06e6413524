package uplinktest

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Examples are those of a schema of docs/schemas.
func Examples(t testing.TB, schema string) (all []json.RawMessage) {
	t.Helper()
	docs, err := Docs()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(docs, "schemas", schema+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Examples []json.RawMessage `json:"examples"`
	}
	if err := json.Unmarshal(text, &doc); err != nil || len(doc.Examples) == 0 {
		t.Fatalf("no examples in %s: %v", schema, err)
	}
	return doc.Examples
}

// Faults are an example, and what it becomes by one change at every place in
// turn: a field gone, one that nobody knows, a value of every other kind. Some
// are no faults; who reads them and the schema must agree which.
func Faults(t testing.TB, example []byte) (all [][]byte) {
	t.Helper()
	var tree any
	if err := json.Unmarshal(example, &tree); err != nil {
		t.Fatal(err)
	}
	all = append(all, example)
	vary(tree, func(changed any) {
		text, err := json.Marshal(changed)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	})
	return all
}

// vary yields a value with each change, at its own place and below.
func vary(v any, yield func(any)) {
	for _, other := range []any{
		nil, true, -1, 0, 1.5, 1e20, "", "x", "yesterday", strings.Repeat("y", 2000), []any{}, []any{1}, map[string]any{},
	} {
		yield(other)
	}
	switch node := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(node)) {
			less := maps.Clone(node)
			delete(less, key)
			yield(less)
			vary(node[key], func(changed any) {
				with := maps.Clone(node)
				with[key] = changed
				yield(with)
			})
		}
		more := maps.Clone(node)
		more["nobody_knows"] = 1
		yield(more)
	case []any:
		for i := range node {
			vary(node[i], func(changed any) {
				with := slices.Clone(node)
				with[i] = changed
				yield(with)
			})
		}
	}
}
