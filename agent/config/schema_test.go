package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write descriptions.json anew")

// docComments reads the comments of the fields of config.go, by type and key.
func docComments(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range of.Fields.List {
				if f.Tag == nil {
					continue
				}
				tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("toml")
				key, _, _ := strings.Cut(tag, ",")
				comments[spec.Name.Name+"."+key] = strings.Join(strings.Fields(f.Doc.Text()), " ")
			}
		}
		return false
	})
	delete(comments, "Config.-")
	return comments
}

func TestDescriptionsAreTheDocComments(t *testing.T) {
	comments := docComments(t)
	for key, text := range comments {
		if text == "" {
			t.Errorf("%s has no doc comment: it is what people read about the key", key)
		}
	}
	want, err := json.MarshalIndent(comments, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("descriptions.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(want, descriptionsJSON) {
		t.Error("descriptions.json is not what the comments in config.go say; write it anew with: go test ./agent/config -run Descriptions -update")
	}
}

func compileSchema(t *testing.T, known Known) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema(known)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("config.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("config.json") // checks it against its metaschema
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func asJSON(t *testing.T, src []byte) any {
	t.Helper()
	var values map[string]any
	if err := toml.Unmarshal(src, &values); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestSchemaTakesWhatTheReaderTakes(t *testing.T) {
	schema := compileSchema(t, testKnown)
	for name, src := range map[string]string{"example": example(t), "least": least} {
		cfg, err := Parse(name, []byte(src), testKnown)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(asJSON(t, []byte(src))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := schema.Validate(asJSON(t, Show(cfg))); err != nil {
			t.Errorf("%s as shown: %v", name, err)
		}
	}
}

// TestSchemaRefusesWhatTheReaderRefuses plants the faults that a single key can
// have; those between keys are not the schema's.
func TestSchemaRefusesWhatTheReaderRefuses(t *testing.T) {
	schema := compileSchema(t, testKnown)
	for _, tt := range faultTests {
		if tt.between {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			var values map[string]any
			if toml.Unmarshal([]byte(tt.src), &values) != nil {
				t.Skip("not TOML at all")
			}
			if err := schema.Validate(asJSON(t, []byte(tt.src))); err == nil {
				t.Error("the schema takes it")
			}
		})
	}
}

func TestSchemaDescribesEveryKey(t *testing.T) {
	var walk func(name string, schema map[string]any)
	walk = func(name string, schema map[string]any) {
		properties, _ := schema["properties"].(map[string]any)
		for key, p := range properties {
			property := p.(map[string]any)
			if property["description"] == "" || property["description"] == nil {
				t.Errorf("%s.%s has no description", name, key)
			}
			walk(name+"."+key, property)
			if items, ok := property["items"].(map[string]any); ok {
				walk(name+"."+key, items)
			}
		}
	}
	var schema map[string]any
	if err := json.Unmarshal(Schema(Known{}), &schema); err != nil {
		t.Fatal(err)
	}
	walk("", schema)
}
