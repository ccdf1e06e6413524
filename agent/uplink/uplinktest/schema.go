package uplinktest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Docs is the module's docs folder, found from the folder that the test runs in.
func Docs() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "docs"), nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("there is no go.mod above the folder of this test")
		}
		dir = up
	}
}

// A Contract is docs/asyncapi.yaml and the schemas of docs/schemas, compiled;
// compiling also checks each against the metaschema of draft-07.
type Contract struct {
	// Version is the contract's own, of info in asyncapi.yaml.
	Version string

	channels []channel
	mu       sync.Mutex
	schemas  map[string]*jsonschema.Schema
}

// LoadContract reads the docs of the module that the test belongs to.
func LoadContract() (*Contract, error) {
	docs, err := Docs()
	if err != nil {
		return nil, err
	}
	return ReadContract(docs)
}

// ReadContract reads asyncapi.yaml and schemas of a folder.
func ReadContract(folder string) (*Contract, error) {
	c := &Contract{schemas: map[string]*jsonschema.Schema{}}
	files, err := filepath.Glob(filepath.Join(folder, "schemas", "*.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no schemas in %s: %w", folder, fs.ErrNotExist)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	compiler.AssertFormat()
	for _, f := range files {
		s, err := compiler.Compile(f)
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", f, err)
		}
		c.schemas[strings.TrimSuffix(filepath.Base(f), ".json")] = s
	}
	if c.Version, c.channels, err = channels(folder, compiler); err != nil {
		return nil, fmt.Errorf("asyncapi.yaml of %s: %w", folder, err)
	}
	return c, nil
}

// Names of the schemas, without .json.
func (c *Contract) Names() []string {
	var out []string
	for name := range c.schemas {
		out = append(out, name)
	}
	return out
}

// Check says what is wrong with data by the schema of that name, such as
// mostrador.sale.v1.
func (c *Contract) Check(schema string, data []byte) error {
	s := c.schemas[schema]
	if s == nil {
		return fmt.Errorf("docs/schemas has no %s.json", schema)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	return c.validate(schema, s, value)
}

func (c *Contract) validate(name string, s *jsonschema.Schema, value any) error {
	c.mu.Lock() // a schema is not made for use by many
	defer c.mu.Unlock()
	if err := s.Validate(value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Validate fails the test when a message breaks the contract.
func Validate(t testing.TB, topic string, payload []byte) {
	t.Helper()
	c, err := LoadContract()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CheckMessage(topic, payload); err != nil {
		t.Errorf("message on %s breaks the contract: %v\n%s", topic, err, payload)
	}
}
