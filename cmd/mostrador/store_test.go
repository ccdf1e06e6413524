package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mostrador/store"
)

// TestStoreVerbs goes through what a person can do with the file of an agent
// that is stopped.
func TestStoreVerbs(t *testing.T) {
	dir := t.TempDir()
	cfg := writeConfig(t, smallConfig+fmt.Sprintf("data_dir = %q\n", dir))
	verb := func(want int, says string, args ...string) string {
		t.Helper()
		code, stdout, stderr := call(t, append([]string{"-c", cfg, "store"}, args...)...)
		if code != want || !strings.Contains(stdout+stderr, says) {
			t.Errorf("store %v ends with %d: %s%s", args, code, stdout, stderr)
		}
		return stdout
	}
	for _, name := range []string{"check", "stats", "compact", "export"} {
		verb(exitNotFound, "there is no store yet", name)
	}
	st, err := store.Open(filepath.Join(dir, storeName), store.Options{Identity: "lima-01/caja-1", Machine: machineMarks()})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Update(func(tx *store.Tx) error {
		for n := range 300 {
			s := &store.Sale{Source: "register/r", SourceID: fmt.Sprint(n), Receipt: "B001", Currency: "PEN", RecordedAt: tx.Now()}
			if _, err := tx.PutSale(s); err != nil {
				return err
			}
			if _, err := tx.Emit(store.StreamSales, "mostrador.sale.v1", s); err != nil {
				return err
			}
		}
		return tx.MarkSent(store.StreamSales, 100)
	}); err != nil {
		t.Fatal(err)
	}
	verb(exitFailed, "mostrador service stop", "stats")
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	verb(exitDone, "está bien", "check")
	verb(exitDone, "200", "stats")
	verb(exitDone, "El archivo pasó de", "compact")
	text := filepath.Join(dir, "all.ndjson")
	verb(exitDone, "", "export", "--out", text)
	lines, err := os.ReadFile(text)
	if err != nil {
		t.Fatal(err)
	}
	buckets := map[string]int{}
	for line := range strings.Lines(string(lines)) {
		var e exported
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		buckets[e.Bucket]++
	}
	if buckets["sales"] != 300 || buckets["outbox.sales"] != 300 {
		t.Errorf("exported %v", buckets)
	}
	var report storeReport
	if err := json.Unmarshal([]byte(verb(exitDone, "", "stats", "--json")), &report); err != nil || report.Data == 0 {
		t.Errorf("stats are %+v (%v)", report, err)
	}
	// A damaged file is told of, and stays where it is.
	if err := os.Truncate(filepath.Join(dir, storeName), 9000); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"check", "stats", "compact", "export"} {
		verb(exitFailed, "not a store", name)
	}
	if _, err := os.Stat(filepath.Join(dir, storeName)); err != nil {
		t.Error(err)
	}
}
