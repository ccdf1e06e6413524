package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mostrador/store/storebench"
)

func TestBenchVerb(t *testing.T) {
	for _, args := range [][]string{{"--only", "teatime"}, {"--rounds", "0"}, {"--waiting", "x"}, {"more"}} {
		if code, _, stderr := call(t, append([]string{"bench"}, args...)...); code != exitWrongUse {
			t.Errorf("bench %v ends with %d: %s", args, code, stderr)
		}
	}
	file := filepath.Join(t.TempDir(), "bench.json")
	_, shown, _ := call(t, "bench", "--only", "receipts", "--out", file) // whether limits are kept is the machine's
	if !strings.Contains(shown, "receipts a second on one core") || !strings.Contains(shown, "≥ 20000/s") {
		t.Errorf("bench shows\n%s", shown)
	}
	var report benchReport
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &report)
	}
	if err != nil || len(report.Rows) != 1 || report.Rows[0].Measured <= 0 {
		t.Errorf("the file has %s (%v)", text, err)
	}
}

// TestBench measures the store: in make test little, to see that it can be done,
// and what does not depend on how busy the machine is; under make proof in full,
// beside SQLite, for docs/figures.md.
func TestBench(t *testing.T) {
	binary, err := daemonBinary()
	if err != nil {
		t.Fatal(err)
	}
	b := storebench.Bench{Dir: t.TempDir(), Rounds: 1, Scale: 5, Waiting: 30_000, Drainer: []string{binary, "bench", "drain"}}
	if proof() {
		b.Rounds, b.Scale, b.Waiting = 7, 200, 1_000_000
		b.Peers = []storebench.Peer{sqlite(t)}
		b.Progress = func(what string) { t.Log(what) }
	}
	intake, err := b.Intake(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	backlog, err := b.Backlog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	record(t, "Intake", benchFigures(intake))
	record(t, "A backlog", benchFigures(backlog))
	steady := []string{"file beside the data", "anonymous memory while draining"}
	seen := 0
	for _, r := range slices.Concat(intake, backlog) {
		if r.Measured <= 0 {
			t.Errorf("%s: %v", r.What, r.Measured)
		}
		if slices.ContainsFunc(steady, func(text string) bool { return strings.Contains(r.What, text) }) {
			seen++
			if !r.Holds {
				t.Errorf("%s: %s, the limit is %s (%s)", r.What, benchFigure(r.Measured, r.Unit), benchLimit(r), r.How)
			}
		}
	}
	if seen != 3 {
		t.Errorf("%d rows are steady, want 3", seen)
	}
}

func benchFigures(rows []storebench.Row) (figures []figure) {
	for _, r := range rows {
		measured := benchFigure(r.Measured, r.Unit)
		if !r.Holds {
			measured += ", not kept"
		}
		figures = append(figures, figure{r.What, benchLimit(r), measured, r.How})
	}
	return figures
}

// sqlite is the peer in packaging/peers/sqlite, a program of its own.
func sqlite(t *testing.T) storebench.Peer {
	t.Helper()
	program := filepath.Join(t.TempDir(), "sqlite")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = filepath.Join("..", "..", "packaging", "peers", "sqlite")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", build.Dir, err, out)
	}
	peer := exec.Command(program)
	peer.Stderr = os.Stderr
	in, err := peer.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := peer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := peer.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := peer.Wait(); err != nil {
			t.Errorf("sqlite: %v", err)
		}
	})
	answers := bufio.NewReader(out)
	return storebench.Peer{
		Name: "SQLite (modernc, WAL, synchronous=FULL)",
		Record: func(dir string, sales, group, saleSize, eventSize int) (perSecond, bytes float64, err error) {
			if _, err := fmt.Fprintln(in, dir, sales, group, saleSize, eventSize); err != nil {
				return 0, 0, err
			}
			line, err := answers.ReadString('\n')
			if err != nil {
				return 0, 0, err
			}
			_, err = fmt.Sscan(line, &perSecond, &bytes)
			return perSecond, bytes, err
		},
	}
}
