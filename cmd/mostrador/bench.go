package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mostrador/agent/spool/ticket"
	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/store"
	"mostrador/store/storebench"
)

// A benchReport is what the verb bench shows and writes.
type benchReport struct {
	Version string           `json:"version"`
	Go      string           `json:"go"`
	System  string           `json:"system"`
	Cores   int              `json:"cores"`
	At      time.Time        `json:"at"`
	Rounds  int              `json:"rounds"`
	Rows    []storebench.Row `json:"rows"`
	Holds   bool             `json:"holds"`
}

// benchParts are what can be measured.
var benchParts = []string{"intake", "backlog", "receipts"}

type benching struct {
	dir, out string
	only     []string
	storebench.Bench
}

func (a *app) benchCommand() *cobra.Command {
	b := benching{dir: os.TempDir(), only: benchParts, Bench: storebench.Bench{Rounds: 5, Scale: 100, Waiting: 100_000}}
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure what this terminal can do, beside the least that could be done", Args: usage(cobra.NoArgs),
		Long: `Measures on this machine, beside the least that could be done with the same
disk: sales kept a second, what a backlog costs, receipts made a second. It
touches neither the agent nor its data. Each figure is the median of its rounds,
which alternate with those beside which it is shown; stop what else is at work
for steady ones. It ends with 1 when a limit is not kept.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.bench(c.Context(), b) },
	}
	f := cmd.Flags()
	f.StringVar(&b.dir, "dir", b.dir, "measure the disk of this `FOLDER`; what is made there goes again")
	f.IntVar(&b.Rounds, "rounds", b.Rounds, "how often everything is measured")
	f.IntVar(&b.Scale, "scale", b.Scale, "commits in a round")
	f.IntVar(&b.Waiting, "waiting", b.Waiting, "sales in the backlog; a million takes some 1.7 GB and minutes")
	f.StringSliceVar(&b.only, "only", b.only, "what to measure")
	f.StringVar(&b.out, "out", "", "write the figures as JSON to `FILE`, too")
	cmd.AddCommand(&cobra.Command{
		Use: "drain FILE", Short: "Mark everything in a store as sent, and write how much memory it took", Hidden: true,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			most, err := storebench.Drain(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.stdout, most)
			return err
		},
	})
	return cmd
}

func (a *app) bench(ctx context.Context, b benching) error {
	for _, part := range b.only {
		if !slices.Contains(benchParts, part) {
			return wrongUse("--only %s: there are %s", part, strings.Join(benchParts, ", "))
		}
	}
	if b.Rounds < 1 || b.Scale < 1 || b.Waiting < 1 {
		return wrongUse("--rounds, --scale and --waiting are at least 1")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	b.Dir, b.Drainer, b.Progress = b.dir, []string{self, "bench", "drain"}, a.progressLine()
	rows, err := measure(ctx, b)
	b.Progress("")
	if err != nil {
		return err
	}
	report := benchReport{
		Version: version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(),
		At: time.Now().UTC().Truncate(time.Second), Rounds: b.Rounds, Rows: rows,
		Holds: !slices.ContainsFunc(rows, func(r storebench.Row) bool { return !r.Holds }),
	}
	if b.out != "" {
		text, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(b.out, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	if err := a.show(report, func(w io.Writer) { writeBench(w, report) }); err != nil {
		return err
	}
	if !report.Holds {
		return &exitError{exitFailed, errors.New("not every limit is kept; on a machine that does other work at the same time, measure again")}
	}
	return nil
}

func measure(ctx context.Context, b benching) (rows []storebench.Row, err error) {
	parts := map[string]func(context.Context) ([]storebench.Row, error){
		"intake": b.Intake, "backlog": b.Backlog,
		"receipts": func(context.Context) ([]storebench.Row, error) {
			b.Progress("receipts")
			return receiptRate()
		},
	}
	for _, name := range b.only {
		more, err := parts[name](ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// progressLine shows how far long work has come, to a person on one line that is
// written over; "" clears it.
func (a *app) progressLine() func(string) {
	f, ok := a.stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func(what string) {
			if what != "" {
				fmt.Fprintln(a.stderr, what)
			}
		}
	}
	return func(what string) { fmt.Fprintf(f, "\r\x1b[K%s", what) }
}

// receiptRate makes receipts on one core, from the document to the bytes.
func receiptRate() ([]storebench.Row, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	text, err := ticket.Shipped(store.ReceiptTicket)
	if err != nil {
		return nil, err
	}
	const paper = "80mm"
	doc, err := ticket.Preview(ticket.Settings{Locale: "es-PE", Terminal: "caja-1", Header: []string{"Restaurante", "Calle 1"}},
		store.ReceiptTicket, text, paper)
	if err != nil {
		return nil, err
	}
	model, _ := profile.Lookup("TM-T20II")
	var setter layout.Layouter
	var out []byte
	begun, count := time.Now(), 0
	for ; time.Since(begun) < time.Second; count++ {
		page, err := setter.Layout(doc, model, paper)
		if err != nil {
			return nil, err
		}
		if out, err = escpos.Append(out[:0], page, model, escpos.Options{}); err != nil {
			return nil, err
		}
	}
	rate := float64(count) / time.Since(begun).Seconds()
	return []storebench.Row{{
		What: "receipts a second on one core", Measured: rate, Limit: 20_000, Unit: "/s", AtLeast: true, Holds: rate >= 20_000,
		How: fmt.Sprintf("the shipped receipt's example, 80 mm, layout and bytes; %d bytes each", len(out)),
	}}, nil
}

func writeBench(w io.Writer, r benchReport) {
	rows := make([]string, len(r.Rows))
	for i, x := range r.Rows {
		verdict := "ok"
		if !x.Holds {
			verdict = "NOT KEPT"
		}
		rows[i] = row(x.What, benchFigure(x.Measured, x.Unit), benchLimit(x), verdict, x.How)
	}
	table(w, "Nothing was measured.", "WHAT\tMEASURED\tLIMIT\t\tHOW", rows)
	fmt.Fprintf(w, "mostrador %s, %s, %s, %d cores, medians of %d rounds\n", r.Version, r.Go, r.System, r.Cores, r.Rounds)
}

func benchLimit(r storebench.Row) string {
	switch {
	case r.Limit == 0:
		return "–"
	case r.AtLeast:
		return "≥ " + benchFigure(r.Limit, r.Unit)
	}
	return "≤ " + benchFigure(r.Limit, r.Unit)
}

// benchFigure is a ratio, or a figure with its unit.
func benchFigure(f float64, unit string) string {
	switch {
	case unit == "":
		return fmt.Sprintf("%.2f ×", f)
	case f >= 1000:
		return fmt.Sprintf("%.0f%s", f, unit)
	}
	return fmt.Sprintf("%.1f %s", f, unit)
}
