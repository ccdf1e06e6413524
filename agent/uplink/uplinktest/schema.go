package uplinktest

import (
	"bytes"
	"encoding/json"
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

// A Contract is the schemas of docs/schemas, compiled; compiling also checks
// each against the metaschema of draft-07.
type Contract struct {
	folder string

	mu      sync.Mutex
	schemas map[string]*jsonschema.Schema
}

// LoadContract reads docs/schemas of the module that the test belongs to.
func LoadContract() (*Contract, error) {
	docs, err := Docs()
	if err != nil {
		return nil, err
	}
	return ReadContract(filepath.Join(docs, "schemas"))
}

// ReadContract reads the schemas of a folder.
func ReadContract(folder string) (*Contract, error) {
	c := &Contract{folder: folder, schemas: map[string]*jsonschema.Schema{}}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
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
	c.mu.Lock() // a schema is not made for use by many
	defer c.mu.Unlock()
	if err := s.Validate(value); err != nil {
		return fmt.Errorf("%s: %w", schema, err)
	}
	return nil
}

// CheckMessage says what is wrong with a message by its topic: the envelope,
// the data by its type, and whether type, source and topic belong together.
func (c *Contract) CheckMessage(topic string, payload []byte) error {
	level := strings.Split(topic, "/")
	if len(level) < 4 || level[0] != "mostrador" || level[1] != "v1" {
		return fmt.Errorf("topic %s does not begin with mostrador/v1/{store}/{terminal}", topic)
	}
	source := "/mostrador/" + level[2] + "/" + level[3] + "/"
	switch rest := strings.Join(level[4:], "/"); {
	case rest == "state":
		return c.checkEvent(source+"state", payload, "mostrador.state.v1")
	case rest == "down/orders" || level[3] == "down" && level[len(level)-1] == "orders":
		return c.Check("down.orders.v1", payload)
	case rest == "down/results":
		return c.Check("down.results.v1", payload)
	case strings.HasPrefix(rest, "up/"):
		return c.checkEvent(source+level[5], payload, typesOf(level[5])...)
	}
	return fmt.Errorf("topic %s is not in the contract", topic)
}

// typesOf are the types that a stream may carry.
func typesOf(stream string) []string {
	return map[string][]string{
		"sales": {"mostrador.sale.v1", "mostrador.day.v1"}, "orders": {"mostrador.order.v1"},
		"tickets": {"mostrador.ticket.v1"}, "timeline": {"mostrador.log.v1"},
		"requests": {"mostrador.request.v1"}, "devices": {"mostrador.device.v1"},
	}[stream]
}

func (c *Contract) checkEvent(source string, payload []byte, types ...string) error {
	if err := c.Check("cloudevent", payload); err != nil {
		return err
	}
	var e struct {
		Source, Type string
		Data         json.RawMessage
	}
	if err := json.Unmarshal(payload, &e); err != nil {
		return err
	}
	if e.Source != source {
		return fmt.Errorf("source %s on the topic of %s", e.Source, source)
	}
	for _, t := range types {
		if t == e.Type {
			return c.Check(t, e.Data)
		}
	}
	return fmt.Errorf("type %s does not belong to %s", e.Type, source)
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
