//go:build linux

package spool

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mostrador/store"
)

// The markers in docs/printing.md between which the table stands.
const (
	tableBegin = "<!-- every byte: begin -->"
	tableEnd   = "<!-- every byte: end -->"
)

// recordEveryByte shows the table in the test's log and, under proof, puts it
// into docs/printing.md in place of the one before.
func recordEveryByte(t *testing.T, rows []row, proof bool, where string, took time.Duration) {
	t.Helper()
	text := everyByteTable(rows, where, took)
	t.Log(text)
	for _, r := range rows {
		if r.tally.Cases == 0 {
			t.Errorf("%s, %s: nothing was cut", r.level.name, r.action)
		}
		if r.level.proof != store.ProofTransport && r.tally.Swallowed > 0 {
			t.Logf("%s, %s: %d papers are missing of tickets with a weaker proof", r.level.name, r.action, r.tally.Swallowed)
		}
	}
	if !proof || t.Failed() {
		return
	}
	name := filepath.Join("..", "..", "docs", "printing.md")
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, begins := strings.Cut(string(page), tableBegin+"\n")
	_, tail, ends := strings.Cut(rest, tableEnd+"\n")
	if !begins || !ends {
		t.Fatalf("%s has no room for the table: it needs the lines %s and %s", name, tableBegin, tableEnd)
	}
	if err := os.WriteFile(name, []byte(head+tableBegin+"\n"+text+tableEnd+"\n"+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

func everyByteTable(rows []row, where string, took time.Duration) string {
	text := fmt.Sprintf("Made by `make every-byte` in %v; seed of the pairs %d. %s.\n\n",
		took.Round(time.Second), everyByteSeed, where)
	text += "| proof | what was cut | cuts | lost | doubles without a mark | false \"printed\" | record ≠ event | unconfirmed, not on paper | tickets printed | by a weaker proof | unknown | marked copies on paper | torn papers |\n" +
		"|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
	for _, r := range rows {
		v := r.tally
		text += fmt.Sprintf("| %s | %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d |\n", r.level.name, r.action,
			v.Cases, v.Lost, v.Doubles, v.False+v.Misproven, v.Disagree, v.Swallowed, v.Printed, v.Weaker, v.Unknown, v.Copies, v.Torn)
	}
	return text
}

// circumstances are the commit, the machine and the day.
func circumstances(t *testing.T) string {
	t.Helper()
	commit, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		commit = []byte("unknown")
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("Commit %s, %s, %d × %s, Linux %s, %s", strings.TrimSpace(string(commit)), runtime.Version(),
		runtime.NumCPU(), runtime.GOARCH, strings.TrimSpace(string(kernel)), time.Now().UTC().Format(time.DateOnly))
}
