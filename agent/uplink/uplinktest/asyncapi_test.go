package uplinktest_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mostrador/agent/uplink/uplinktest"
	"mostrador/store"
)

// peers is where the npm packages are that packaging/install-tools installs.
const peers = "../../../packaging/peers"

// What the AsyncAPI initiative's own parser says of a document.
type parsed struct {
	Diagnostics []struct{ Severity, Path, Message string }
	Channels    []string
	Messages    []string
}

// faults are what is wrong; that 3.1 exists is only a hint.
func (p parsed) faults() (out []string) {
	for _, d := range p.Diagnostics {
		if d.Severity == "error" || d.Severity == "warning" {
			out = append(out, d.Path+": "+d.Message)
		}
	}
	return out
}

func parse(t *testing.T, folders ...string) []parsed {
	t.Helper()
	args := []string{filepath.Join(peers, "asyncapi.js")}
	for _, f := range folders {
		args = append(args, filepath.Join(f, "asyncapi.yaml"))
	}
	node := exec.Command("node", args...)
	node.Stderr = new(strings.Builder)
	out, err := node.Output()
	if err != nil {
		t.Fatalf("the AsyncAPI parser did not answer: %v: run packaging/install-tools (make tools), which installs Node and the npm packages\n%v", err, node.Stderr)
	}
	var all []parsed
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// The document is AsyncAPI 3 by the initiative's own parser, which understands
// what our reader does, and carries every schema and every stream there is.
func TestAsyncAPI(t *testing.T) {
	docs, c := docsFolder(t), contract(t)
	p := parse(t, docs)[0]
	for _, fault := range p.faults() {
		t.Error(fault)
	}
	topics, messages := c.Topics(), c.Messages()
	slices.Sort(p.Channels)
	slices.Sort(p.Messages)
	if !slices.Equal(slices.Sorted(maps.Keys(topics)), p.Channels) || !slices.Equal(messages, p.Messages) {
		t.Errorf("the parser has %v and %v, we have %v and %v", p.Channels, p.Messages, topics, messages)
	}
	for _, name := range c.Names() {
		if name != "common" && name != "cloudevent" && name != "jws" && !slices.Contains(messages, name) {
			t.Errorf("no message of asyncapi.yaml uses %s.json", name)
		}
	}
	for _, s := range store.Streams() {
		if sent, ok := topics["mostrador/v1/{store}/{terminal}/up/"+string(s)]; !ok || !sent {
			t.Errorf("asyncapi.yaml does not say that the terminal sends up/%s", s)
		}
	}
}

// A fault that is planted into a copy of the contract is found: by the parser,
// by our reader, or by both.
func TestFaultsInTheContractAreFound(t *testing.T) {
	faults := []struct {
		name, file, old, new string
		parser, reader       bool
	}{
		{"no such keyword", "asyncapi.yaml", "    address: mostrador/v1/{store}/{terminal}/up/sales", "    adress: x", true, false},
		{"action of nobody", "asyncapi.yaml", "action: send", "action: publish", true, false},
		{"message of nobody", "asyncapi.yaml", "'#/components/messages/day'", "'#/components/messages/dai'", true, true},
		{"parameter of nobody", "asyncapi.yaml", "{terminal}/up/orders", "{till}/up/orders", false, true},
		{"schema of nobody", "asyncapi.yaml", "schemas/mostrador.sale.v1.json", "schemas/mostrador.sail.v1.json", true, true},
		{"no such type", "schemas/mostrador.sale.v1.json", `"type": "object"`, `"type": "objekt"`, true, true},
		{"negative length", "schemas/down.commands.v1.json", `"maxLength": 120`, `"maxLength": -1`, true, true},
	}
	var folders []string
	for _, f := range faults {
		folders = append(folders, plant(t, f.file, f.old, f.new))
	}
	results := parse(t, folders...)
	for i, f := range faults {
		if found := len(results[i].faults()) > 0; found != f.parser {
			t.Errorf("%s: the parser finds %v", f.name, results[i].faults())
		}
		if _, err := uplinktest.ReadContract(folders[i]); (err != nil) != f.reader {
			t.Errorf("%s: the reader finds %v", f.name, err)
		}
	}
}

// plant copies the contract and changes one place in it.
func plant(t *testing.T, file, old, changed string) (folder string) {
	t.Helper()
	folder = copyContract(t)
	path := filepath.Join(folder, file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %s", file, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, changed, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// copyContract copies asyncapi.yaml and schemas.
func copyContract(t *testing.T) (folder string) {
	t.Helper()
	docs, folder := docsFolder(t), t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "schemas"), os.DirFS(filepath.Join(docs, "schemas"))); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(docs, "asyncapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "asyncapi.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func docsFolder(t *testing.T) string {
	t.Helper()
	docs, err := uplinktest.Docs()
	if err != nil {
		t.Fatal(err)
	}
	return docs
}
