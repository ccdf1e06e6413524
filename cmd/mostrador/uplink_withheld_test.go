package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mostrador/agent/uplink"
	"mostrador/agent/uplink/uplinktest"
)

// What is too large for the broker is listed, copied as the bytes that would go
// up, and given up only with a copy.
func TestWithheld(t *testing.T) {
	broker := uplinktest.Mosquitto(t, uplinktest.BrokerOptions{})
	config := writeConfig(t, docsConfig(t)+"\n[uplink]\nbroker = \""+broker.URL()+"\"\nmax_payload = \"4KiB\"\n")
	do := func(want int, args ...string) string {
		t.Helper()
		code, stdout, stderr := call(t, append([]string{"-c", config}, args...)...)
		if code != want {
			t.Fatalf("%v: %d, %s%s", args, code, stdout, stderr)
		}
		return stdout + stderr
	}
	do(exitNotRunning, "uplink", "withheld")
	docsDaemon(t, config)
	dir := t.TempDir()
	file := filepath.Join(dir, "a.jsonl")
	if text := do(exitDone, "uplink", "withheld"); text != "No hay eventos demasiado grandes para el corredor.\n" {
		t.Errorf("of none it says %q", text)
	}
	if text := do(exitDone, "uplink", "withheld", "--json"); text != "[]\n" {
		t.Errorf("of none it says %q", text)
	}
	for _, args := range []string{"--discard all", "--discard all --export -", "--epoch x", "--discard sales --export x", "more"} {
		do(exitWrongUse, append([]string{"uplink", "withheld"}, strings.Fields(args)...)...)
	}
	do(exitNotFound, "uplink", "withheld", "--discard", "sales/4", "--export", file)

	do(exitDone, "printers", "pause", "caja", "--reason", strings.Repeat("<&", 2500))
	do(exitDone, "printers", "pause", "caja", "--reason", strings.Repeat("ñ", 2500))
	do(exitDone, "printers", "resume", "caja") // what its state says of the reason is too large, too
	do(exitDone, "uplink", "flush", "--timeout", "2m")
	var held []uplink.WithheldEvent
	if err := json.Unmarshal([]byte(do(exitDone, "uplink", "withheld", "--json")), &held); err != nil || len(held) < 2 {
		t.Fatalf("withheld: %+v, %v", held, err)
	}
	list := do(exitDone, "uplink", "withheld")
	if !strings.Contains(list, held[0].ID) || !strings.Contains(list, "mostrador.log.v1") || strings.Count(list, "\n") != len(held)+1 {
		t.Errorf("it lists\n%s", list)
	}

	text := do(exitDone, "uplink", "withheld", "--export", "-")
	do(exitDone, "uplink", "withheld", "--export", file)
	copied, err := os.ReadFile(file)
	if err != nil || string(copied) != text {
		t.Fatalf("the file differs from the standard output: %v", err)
	}
	for i, line := range bytes.Split(bytes.TrimSuffix(copied, []byte("\n")), []byte("\n")) {
		var e struct{ ID string }
		if err := json.Unmarshal(line, &e); err != nil || e.ID != held[i].ID || len(line) != held[i].Bytes {
			t.Errorf("line %d: %v, %.100s", i, err, line)
		}
	}
	name := fmt.Sprintf("%s/%d", held[0].Stream, held[0].Sequence)
	if says := do(exitFailed, "uplink", "withheld", "--discard", name, "--export", file); !strings.Contains(says, "is there already") {
		t.Errorf("over a file it says %s", says)
	}
	if again, err := os.ReadFile(file); err != nil || !bytes.Equal(again, copied) {
		t.Errorf("the file was written over: %v", err)
	}

	one := filepath.Join(dir, "b.jsonl")
	if says := do(exitDone, "uplink", "withheld", "--discard", name, "--export", one); !strings.Contains(says, "Ya no esperan para subir: 1.") {
		t.Errorf("given up, it says %s", says)
	}
	if line, _, _ := strings.Cut(text, "\n"); !is(one, line+"\n") {
		t.Error("the copy is not of what was given up")
	}
	if status := do(exitDone, "uplink", "status"); strings.Count(status, "mostrador uplink withheld") != len(held)-1 {
		t.Errorf("the status tells of\n%s", status)
	}
	var done withheldDone
	says := do(exitDone, "uplink", "withheld", "--discard", "all", "--export", filepath.Join(dir, "c.jsonl"), "--json")
	if err := json.Unmarshal([]byte(says), &done); err != nil || done.Exported != len(held)-1 || done.Discarded != len(held)-1 || done.Gone != 0 {
		t.Errorf("all given up: %v, %s", err, says)
	}
	if status := do(exitDone, "uplink", "status"); strings.Contains(status, "uplink withheld") {
		t.Errorf("the status still tells of\n%s", status)
	}
	if log := do(exitDone, "events", "--json"); strings.Count(log, `"uplink.discarded"`) != len(held) || !strings.Contains(log, one) {
		t.Errorf("the log has\n%.2000s", log)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 3 {
		t.Errorf("left in the folder: %v, %v", files, err)
	}
}

func is(file, content string) bool {
	b, err := os.ReadFile(file)
	return err == nil && string(b) == content
}
