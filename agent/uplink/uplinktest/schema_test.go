package uplinktest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mostrador/agent/pairing"
	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

// Every schema names itself, and its own examples obey it.
func TestSchemasAndTheirExamples(t *testing.T) {
	c := contract(t)
	for _, name := range c.Names() {
		var doc struct {
			Schema   string            `json:"$schema"`
			Title    string            `json:"title"`
			Text     string            `json:"description"`
			Examples []json.RawMessage `json:"examples"`
		}
		if err := json.Unmarshal(readSchema(t, name), &doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if doc.Schema != "http://json-schema.org/draft-07/schema#" || doc.Title == "" || doc.Text == "" {
			t.Errorf("%s: needs $schema of draft-07, a title and a description", name)
		}
		if len(doc.Examples) == 0 && name != "common" {
			t.Errorf("%s: needs an example", name)
		}
		for _, e := range doc.Examples {
			if err := c.Check(name, e); err != nil {
				t.Errorf("example of %s: %v", name, err)
			}
		}
	}
}

// Each fault that is planted into a good example must be found.
func TestSchemasFindFaults(t *testing.T) {
	c := contract(t)
	tests := []struct{ name, schema, old, new string }{
		{"unknown field", "mostrador.sale.v1", `"total":`, `"totall":1,"total":`},
		{"missing field", "mostrador.sale.v1", `"receipt":`, `"point_of_sale":`},
		{"money with decimals", "mostrador.sale.v1", `"total":1300`, `"total":13.005`},
		{"money as text", "mostrador.sale.v1", `"total":1300`, `"total":"1300"`},
		{"quantity as number", "mostrador.sale.v1", `"quantity":"2"`, `"quantity":2`},
		{"quantity with exponent", "mostrador.sale.v1", `"quantity":"2"`, `"quantity":"2e1"`},
		{"null for a list", "mostrador.order.v1", `"lines":[`, `"flags":null,"lines":[`},
		{"unknown status", "mostrador.order.v1", `"status":"accepted"`, `"status":"eaten"`},
		{"unknown modifier field", "mostrador.order.v1", `"price":350`, `"price":350,"cost":1`},
		{"unknown outcome", "mostrador.ticket.v1", `"outcome":"printed"`, `"outcome":"perhaps"`},
		{"unknown mark", "mostrador.ticket.v1", `"marks":[]`, `"marks":["copy"]`},
		{"no proof", "mostrador.ticket.v1", `"proof":"transport",`, ``},
		{"short sequence", "cloudevent", `"00000000000000000042"`, `"42"`},
		{"no sequence", "cloudevent", `"sequence":"00000000000000000042",`, ``},
		{"wall clock without zone", "cloudevent", `05.123456789Z","datacontenttype"`, `05","datacontenttype"`},
		{"offline without reason", "mostrador.state.v1", `"status":"online"`, `"status":"offline"`},
		{"boot zero", "mostrador.state.v1", `"boot":12`, `"boot":0`},
		{"neither body", "down.orders.v1", `"body":`, `"bodi":`},
		{"both bodies", "down.orders.v1", `"body":`, `"body_base64":"AA==","body":`},
		{"acknowledgement of no stream", "down.acks.v1", `"sales"`, `"sails"`},
		{"unknown result", "down.results.v1", `"done"`, `"perhaps"`},
		{"unknown command", "down.commands.v1", `"reprint"`, `"explode"`},
		{"command without expiry", "down.commands.v1", `"expires_at"`, `"expired_at"`},
		{"argument of another command", "down.commands.v1", `"order":"4471"`, `"printer":"caja"`},
		{"two of one", "down.commands.v1", `"order":"4471"`, `"order":"4471","ticket":"12"`},
		{"version zero", "down.config.v1", `"version":7`, `"version":0`},
		{"no file", "down.config.v1", `"file":`, `"text":`},
		{"product without id", "down.catalogue.v1", `"external_id":"CAFE-01",`, ``},
		{"no result", "mostrador.result.v1", `"result":"done"`, `"result":"well"`},
		{"short acknowledgement", "down.acks.v1", `"00000000000000000812"`, `"812"`},
		{"renewal without key", "mostrador.renewal.v1", `"csr":`, `"csrs":`},
		{"issued without certificate", "down.credentials.v1", `"certificate":`, `"reason":"x","certificates":`},
		{"no such algorithm", "jws", `"eyJhbGciOiJIUzI1NiJ9"`, `"eyJhbGciOiJub25lIn0"`},
		{"a code of six", "pair.request.v1", `"7k3d9"`, `"7k3d9a"`},
		{"paired with a plain broker", "pair.answer.v1", `"tls://`, `"mqtt://`},
		{"issued without store", "pair.answer.v1", `"store":"lima-01",`, ``},
		{"gap among sales", "mostrador.gap.v1", `"devices"`, `"sales"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			good := example(t, test.schema)
			bad := strings.Replace(good, test.old, test.new, 1)
			if bad == good {
				t.Fatalf("the example of %s has no %s", test.schema, test.old)
			}
			if err := c.Check(test.schema, []byte(bad)); err == nil {
				t.Errorf("not found: %s", bad)
			}
		})
	}
}

// A schema that breaks the metaschema does not compile.
func TestBrokenSchema(t *testing.T) {
	folder := copyContract(t)
	if err := os.WriteFile(filepath.Join(folder, "schemas", "x.json"), []byte(`{"type":"objekt"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := uplinktest.ReadContract(folder); err == nil {
		t.Error("a schema of type objekt was accepted")
	}
}

// A message must fit its topic, not only a schema.
func TestMessagesBelongToTopics(t *testing.T) {
	c := contract(t)
	event := example(t, "cloudevent") // of the timeline
	for topic, ok := range map[string]bool{
		"mostrador/v1/lima-01/caja-1/up/timeline": true,
		"mostrador/v1/lima-01/caja-1/up/sales":    false,
		"mostrador/v1/lima-01/caja-2/up/timeline": false,
		"mostrador/v1/lima-01/caja-1/state":       false,
		"mostrador/v1/lima-01/caja-1/up/secrets":  false,
		"somewhere/else":                          false,
	} {
		if err := c.CheckMessage(topic, []byte(event)); (err == nil) != ok {
			t.Errorf("%s: %v", topic, err)
		}
	}
}

// The records and their schemas have the same fields.
func TestRecordsMatchSchemas(t *testing.T) {
	uplinktest.SameShape(t, "mostrador.sale.v1", store.Sale{})
	uplinktest.SameShape(t, "mostrador.log.v1", store.Entry{})
	uplinktest.SameShape(t, "mostrador.device.v1", store.DeviceState{})
	uplinktest.SameShape(t, "pair.request.v1", pairing.Request{})
	uplinktest.SameShape(t, "pair.answer.v1", pairing.Answer{})
	uplinktest.SameShape(t, "mostrador.order.v1", struct {
		Order  *store.Order `json:"order"`
		Change string       `json:"change"`
	}{})
}

// Drift is found in both directions and below the top.
func TestDriftIsFound(t *testing.T) {
	type line struct {
		Name     string         `json:"name"`
		Quantity store.Quantity `json:"quantity"`
		Unit     int64          `json:"unit"`
		Total    int64          `json:"total,omitempty"` // required by the schema
		Colour   string         `json:"colour"`          // not in the schema
	}
	type sale struct {
		ID           string       `json:"id"`
		Seq          string       `json:"seq"` // an integer in the schema
		Source       string       `json:"source"`
		SourceID     string       `json:"source_id"`
		Receipt      string       `json:"receipt"`
		BusinessDate string       `json:"business_date"`
		ClosedAt     store.Moment `json:"closed_at"` // a time in the schema
		Currency     string       `json:"currency"`
		Lines        []line       `json:"lines"`
		Total        int64        `json:"total"`
	}
	docs, err := uplinktest.Docs()
	if err != nil {
		t.Fatal(err)
	}
	faults := strings.Join(uplinktest.Drift(filepath.Join(docs, "schemas"), "mostrador.sale.v1", reflect.TypeFor[sale]()), "\n")
	for _, want := range []string{
		`.seq: Go writes string`, `.closed_at: Go writes object`, `the schema lacks "colour"`,
		`"total": optional in Go is true`, `Go lacks "recorded_at"`, `.lines[]: Go lacks "external_id"`,
	} {
		if !strings.Contains(faults, want) {
			t.Errorf("not found: %s\nin:\n%s", want, faults)
		}
	}
}

// Every example of the pages for backends obeys the contract. A fenced block
// says on which topic it goes: ```json mostrador/v1/….
func TestDocumentedMessages(t *testing.T) {
	seen := map[string]bool{}
	for _, page := range []string{"mqtt.md", "pairing.md"} {
		for _, topic := range checkExamples(t, page) {
			seen[topic[strings.LastIndex(topic, "/")+1:]] = true
		}
	}
	for _, kind := range []string{"sales", "orders", "tickets", "timeline", "requests", "devices", "state", "results", "credentials"} {
		if !seen[kind] {
			t.Errorf("the pages have no example of %s", kind)
		}
	}
}

// checkExamples holds a page's examples against the contract, and returns their
// topics.
func checkExamples(t *testing.T, page string) (topics []string) {
	t.Helper()
	f, err := os.Open(filepath.Join(docsFolder(t), page))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var topic string
	var body strings.Builder
	for in := bufio.NewScanner(f); in.Scan(); {
		switch line := in.Text(); {
		case strings.HasPrefix(line, "```json "):
			topic = strings.TrimPrefix(line, "```json ")
			body.Reset()
		case line == "```" && topic != "":
			uplinktest.Validate(t, topic, []byte(body.String()))
			topics = append(topics, topic)
			topic = ""
		case line == "```json":
			t.Errorf("%s: an example does not say its topic", page)
		case topic != "":
			body.WriteString(line + "\n")
		}
	}
	return topics
}

func contract(t *testing.T) *uplinktest.Contract {
	t.Helper()
	c, err := uplinktest.LoadContract()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func readSchema(t *testing.T, name string) []byte {
	t.Helper()
	docs, err := uplinktest.Docs()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(docs, "schemas", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// example is a schema's first one, without white space.
func example(t *testing.T, name string) string {
	t.Helper()
	var doc struct {
		Examples []json.RawMessage `json:"examples"`
	}
	if err := json.Unmarshal(readSchema(t, name), &doc); err != nil || len(doc.Examples) == 0 {
		t.Fatalf("no example in %s: %v", name, err)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, doc.Examples[0]); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
