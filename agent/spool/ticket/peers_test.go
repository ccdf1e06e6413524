package ticket

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/receipt"
	"mostrador/store"
)

// BenchmarkPeers prints the measured receipt with us and with the npm packages
// receiptline and node-thermal-printer, one after the other in the same run, each
// on one core and warmed up, and shows a table.
func BenchmarkPeers(b *testing.B) {
	content, err := os.ReadFile("testdata/receipt.json")
	if err != nil {
		b.Fatal(err)
	}
	var table strings.Builder
	row := func(name string, f figures, ours figures) {
		fmt.Fprintf(&table, "\n%-22s %12.0f %8d %8.1f", name, f.PerSecond, f.Bytes, ours.PerSecond/f.PerSecond)
	}
	for b.Loop() {
		ours, theirs := ourFigures(b), peerFigures(b, content)
		table.Reset()
		fmt.Fprintf(&table, "\n%-22s %12s %8s %8s", "", "receipts/s", "bytes", "ours/it")
		row("mostrador", ours, ours)
		for _, name := range []string{"receiptline", "node-thermal-printer"} {
			row(name, theirs[name], ours)
			b.ReportMetric(ours.PerSecond/theirs[name].PerSecond, "×"+name)
		}
		b.ReportMetric(ours.PerSecond, "receipts/s")
		b.ReportMetric(float64(ours.Bytes), "bytes")
	}
	b.Log(table.String())
}

type figures struct {
	PerSecond float64
	Bytes     int
}

// ourFigures are those of BenchmarkReceipt/whole on one core.
func ourFigures(b *testing.B) figures {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	m, money, tmpl, p := readMeasured(b), store.NewMoneyFormat("de"), measuredTemplate(b), lookup(b, "TM-T20II")
	var out []byte
	var v measuredView
	var filler receipt.Filler
	var setter layout.Layouter
	once := func() {
		doc, err := filler.Fill(tmpl, m.view(money, &v))
		if err != nil {
			b.Fatal(err)
		}
		page, err := setter.Layout(doc, p, "80mm")
		if err != nil {
			b.Fatal(err)
		}
		if out, err = escpos.Append(out[:0], page, p, escpos.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	run := func(d time.Duration) float64 {
		start, count := time.Now(), 0
		for ; time.Since(start) < d; count++ {
			once()
		}
		return float64(count) / time.Since(start).Seconds()
	}
	run(500 * time.Millisecond)
	return figures{run(3 * time.Second), len(out)}
}

func peerFigures(b *testing.B, content []byte) map[string]figures {
	node := exec.Command("node", "../../../packaging/peers/bench.js")
	node.Stdin, node.Stderr = bytes.NewReader(content), new(strings.Builder)
	out, err := node.Output()
	if err != nil {
		b.Fatalf("the npm packages did not answer: %v: run packaging/install-tools (make tools), which installs them\n%v", err, node.Stderr)
	}
	var all map[string]figures
	if err := json.Unmarshal(out, &all); err != nil {
		b.Fatal(err)
	}
	return all
}
