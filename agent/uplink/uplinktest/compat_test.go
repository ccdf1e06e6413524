package uplinktest_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mostrador/agent/uplink/uplinktest"
)

// published is the contract that backends are built on.
const published = "testdata/published"

var publish = flag.Bool("publish", false, "take docs/asyncapi.yaml and docs/schemas as published from now on, if they break nothing that was")

// The contract in docs breaks no backend that was built on the published one.
func TestNothingBreaksBackends(t *testing.T) {
	breaks, err := uplinktest.Breaks(published, docsFolder(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range breaks {
		t.Error(b)
	}
	if t.Failed() {
		t.Fatal("this breaks backends that were built on the published contract: keep what was published and say the new thing beside it, under a new version of the type or topic (docs/mqtt.md, Growth)")
	}
	if *publish {
		if err := os.RemoveAll(published); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(published, os.DirFS(copyContract(t))); err != nil {
			t.Fatal(err)
		}
	}
	was, err := uplinktest.ReadContract(published)
	if err != nil {
		t.Fatal(err)
	}
	if changed := difference(t, published, docsFolder(t)); changed != "" && was.Version == contract(t).Version {
		t.Errorf("%s is not as published: raise info.version in docs/asyncapi.yaml above %s", changed, was.Version)
	}
}

// difference names the first file of the contract that is not the same in both.
func difference(t *testing.T, one, other string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(other, "schemas", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(files, filepath.Join(other, "asyncapi.yaml")) {
		name, err := filepath.Rel(other, f)
		if err != nil {
			t.Fatal(err)
		}
		now, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if was, err := os.ReadFile(filepath.Join(one, name)); err != nil || string(was) != string(now) {
			return name
		}
	}
	return ""
}

// Each change that would break a backend is found, and the message says which.
func TestBreakingChangesAreFound(t *testing.T) {
	const sale, command = "schemas/mostrador.sale.v1.json", "schemas/down.commands.v1.json"
	changes := []struct{ name, file, old, new, want string }{
		{"topic gone", "asyncapi.yaml", "/up/sales", "/up/sold", "up/sales: the topic is gone"},
		{"sides changed", "asyncapi.yaml", "action: send\n    channel: { $ref: '#/channels/upSales'", "action: receive\n    channel: { $ref: '#/channels/upSales'", "changed sides"},
		{"not retained", "asyncapi.yaml", "retain: true", "retain: false", "QoS and retain"},
		{"message gone", "asyncapi.yaml", "      day: { $ref: '#/components/messages/day' }\n", "", "mostrador.day.v1 is gone"},
		{"type renamed", "asyncapi.yaml", "name: mostrador.ticket.v1", "name: mostrador.ticket.v2", "mostrador.ticket.v1 is gone"},
		{"field gone", "schemas/common.json", `"synced": {`, `"sync": {`, `synced: is gone ("sync" looks like it)`},
		{"nested field retyped", "schemas/common.json", `"type": "integer",
      "description": "An amount`, `"type": "string",
      "description": "An amount`, "mostrador.sale.v1.data.total: may be string now and was integer"},
		{"field retyped", "schemas/mostrador.log.v1.json", `"type": "integer",
      "description": "Its number`, `"type": "number",
      "description": "Its number`, "mostrador.log.v1.data.seq: may be number now"},
		{"null too", sale, `"type": "string"`, `"type": ["string", "null"]`, "may be null now"},
		{"may be missing", "schemas/mostrador.ticket.v1.json", `    "proof",
`, ``, "mostrador.ticket.v1.data.proof: was always there"},
		{"value gone", "schemas/mostrador.ticket.v1.json", `        "unknown",
`, ``, `the value "unknown" is gone: backends wait for it`},
		{"form of a value", "schemas/common.json", `^[A-Z]{3}$`, `^[A-Za-z]{3}$`, "pattern was"},
		{"wider range", "schemas/mostrador.state.v1.json", `"minimum": 1`, `"minimum": 0`, "minimum was 1"},
		{"envelope", "schemas/cloudevent.json", `"epoch": {`, `"era": {`, "epoch: is gone"},
		{"down: new duty", command, `"issued_at",
    "expires_at"`, `"issued_at",
    "by",
    "expires_at"`, "down.commands.v1.by: must be there now"},
		{"down: value gone", command, `        "pause",
`, ``, `the value "pause" is gone: backends send it`},
		{"down: field gone", command, `"by": {`, `"from_whom": {`, `down.commands.v1.by: is gone ("from_whom" looks like it)`},
		{"down: shorter", "schemas/down.config.v1.json", `262144`, `1024`, "maxLength was 262144 and is 1024"},
		{"down: argument's new duty", command, `        "text"
      ]`, `        "text",
        "severity"
      ]`, "severity: must be there now"},
		{"down: alternative gone", "schemas/down.orders.v1.json", `      "required": [
        "body_base64"
      ]`, `      "required": [
        "body_base32"
      ]`, "body_base32: must be there now"},
		{"down: retyped", "schemas/down.acks.v1.json", `"rejected": {
      "type": "array"`, `"rejected": {
      "type": "object"`, "was array and must be object now"},
	}
	for _, change := range changes {
		breaks, err := uplinktest.Breaks(copyContract(t), plant(t, change.file, change.old, change.new))
		if err != nil {
			t.Errorf("%s: %v", change.name, err)
			continue
		}
		if got := strings.Join(breaks, "\n"); !strings.Contains(got, change.want) {
			t.Errorf("%s: not told: %s\nbut:\n%s", change.name, change.want, got)
		}
	}
}

// What only adds, or only changes words, breaks nothing.
func TestGrowthBreaksNothing(t *testing.T) {
	changes := []struct{ name, file, old, new string }{
		{"a field more", "schemas/mostrador.log.v1.json", `"kind": {`, `"floor": {"type": "string"}, "kind": {`},
		{"always there now", "schemas/mostrador.log.v1.json", `"severity"
  ]`, `"severity",
    "subject"
  ]`},
		{"a value more", "schemas/mostrador.ticket.v1.json", `"possible_duplicate",`, `"possible_duplicate", "folded",`},
		{"other words", "schemas/mostrador.sale.v1.json", `"description": "`, `"description": "Well: `},
		{"down: an argument more", "schemas/down.commands.v1.json", `"by": {`, `"why": {"type": "string"}, "by": {`},
		{"down: a value more", "schemas/down.commands.v1.json", `        "pause",
`, `        "pause", "explode",
`},
		{"down: longer", "schemas/down.config.v1.json", `262144`, `524288`},
		{"down: a duty less", "schemas/down.commands.v1.json", `    "issued_at",
    "expires_at"`, `    "expires_at"`},
		{"a message more", "asyncapi.yaml", "      sale: { $ref: '#/components/messages/sale' }\n", "      sale: { $ref: '#/components/messages/sale' }\n      log: { $ref: '#/components/messages/log' }\n"},
	}
	for _, change := range changes {
		breaks, err := uplinktest.Breaks(copyContract(t), plant(t, change.file, change.old, change.new))
		if err != nil || len(breaks) > 0 {
			t.Errorf("%s: %v, %v", change.name, breaks, err)
		}
	}
}
