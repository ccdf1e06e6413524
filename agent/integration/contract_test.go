package integration_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"mostrador/agent/integration"
	"mostrador/store"
)

// Every event that the fixtures make holds to its schema in docs/schemas, and
// so does what odd payloads make of them.
func TestEventsHoldToTheContract(t *testing.T) {
	files, err := filepath.Glob("justo/testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d fixtures: %v", len(files), err)
	}
	byCurrency := map[string]*counter{}
	for _, c := range []string{"clp", "pen", "cop", "eur"} {
		byCurrency[c] = newCounter(t, integration.Settings{Provider: "justo", Nickname: "Centro", Currency: strings.ToUpper(c)})
	}
	// The delivery comes before what changes it.
	byCurrency["clp"].send(t, wrap("justo", fixture(t, "delivery_clp")))
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for c, k := range byCurrency {
			if strings.Contains(f, c) {
				k.send(t, wrap("justo", body))
				k.send(t, body) // as it must not be sent
			}
		}
	}
	byCurrency["eur"].send(t, wrap("justo", []byte(`{"_id":"empty","items":[]}`)))
	byCurrency["eur"].send(t, wrap("justo", []byte(`{"_id":"bare","items":[{"options":[{"selections":["a"]}]}],"address":{"comment":"x"}}`)))
	seen := map[string]int{}
	for _, k := range byCurrency {
		checkEvents(t, k.st, seen)
	}
	for _, typ := range []string{"mostrador.order.v1", "mostrador.request.v1", "mostrador.log.v1"} {
		if seen[typ] < 10 {
			t.Errorf("%d events of %s", seen[typ], typ)
		}
	}
}

// The message that the relay is shown in docs is one that is taken.
func TestTheDocumentedMessage(t *testing.T) {
	page, err := os.ReadFile("../../docs/providers/justo.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "```json\n")
	payload, _, ends := strings.Cut(rest, "```")
	if !ok || !ends {
		t.Fatal("the page shows no message")
	}
	k := newCounter(t)
	k.send(t, []byte(payload))
	if orders := k.orders(t); len(orders) != 1 || orders[0].Number != "48213" || orders[0].Dated.IsZero() {
		t.Errorf("orders %+v", orders)
	}
}

// checkEvents validates everything in the outbox, and counts it by type.
func checkEvents(t *testing.T, st *store.Store, seen map[string]int) {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	compiler.AssertFormat()
	err := st.View(func(tx *store.Tx) error {
		for _, stream := range store.Streams() {
			for e, err := range tx.Unsent(stream, 0) {
				if err != nil {
					return err
				}
				schema, err := compiler.Compile("../../docs/schemas/" + e.Type + ".json")
				if err != nil {
					return err
				}
				var data any
				if err := json.Unmarshal(e.Data, &data); err != nil {
					return err
				}
				if err := schema.Validate(data); err != nil {
					t.Errorf("%s: %v\n%s", e.Type, err, e.Data)
				}
				seen[e.Type]++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
