//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mostrador/agent/command"
)

var update = flag.Bool("update", false, "write the example report of an evening anew: with -run 'Evening$/0', then with -run EveningReport")

// Where a report of the evening with seed 0 is kept: its figures, and how the
// command tells them. No two runs of an evening are quite the same.
var (
	eveningFigures = filepath.Join("testdata", "evening-report.json")
	eveningText    = filepath.Join("testdata", "evening-report.txt")
)

// keepExample writes the report of an evening as the example.
func (a *account) keepExample() {
	if !*update || a.seed != 0 {
		return
	}
	r := a.example
	r.Words.Parts = nil
	b, err := json.MarshalIndent(r, "", " ")
	must(a, err)
	must(a, os.MkdirAll("testdata", 0o755))
	must(a, os.WriteFile(eveningFigures, append(b, '\n'), 0o644))
}

// The report reads as people want it.
func TestEveningReport(t *testing.T) {
	b, err := os.ReadFile(eveningFigures)
	must(t, err)
	var r command.Report
	must(t, json.Unmarshal(b, &r))
	zone, err := time.LoadLocation("America/Lima")
	must(t, err)
	a := &app{}
	a.terminal.Timezone = "America/Lima"
	var out bytes.Buffer
	a.writeReport(&out, r.Tell(zone))
	if *update {
		must(t, os.WriteFile(eveningText, out.Bytes(), 0o644))
	}
	want, err := os.ReadFile(eveningText)
	must(t, err)
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("the report reads\n%s\nwant\n%s", out.Bytes(), want)
	}
	docs, err := os.ReadFile(filepath.Join("..", "..", "docs", "printing.md"))
	must(t, err)
	if !bytes.Contains(docs, want) {
		t.Errorf("docs/printing.md does not show the report as it is now: copy %s there", eveningText)
	}
}
