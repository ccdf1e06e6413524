package spool

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mostrador/drivers"
	"mostrador/printer"
)

// Whatever a line or a session can say is told in Spanish, with what to do.
func TestErrorWords(t *testing.T) {
	byName := map[string]error{
		"drivers.ErrAbsent": drivers.ErrAbsent, "drivers.ErrAmbiguous": drivers.ErrAmbiguous, "drivers.ErrBusy": drivers.ErrBusy, "drivers.ErrDenied": drivers.ErrDenied,
		"drivers.ErrGone": drivers.ErrGone, "printer.ErrSilent": printer.ErrSilent, "printer.ErrUnconfirmed": printer.ErrUnconfirmed,
		"printer.ErrDoubt": printer.ErrDoubt, "printer.ErrNoise": printer.ErrNoise, "printer.ErrStuck": printer.ErrStuck,
		"printer.ErrLeft": printer.ErrLeft,
	}
	if there := append(errorsOf(t, "printer"), errorsOf(t, "drivers")...); !slices.Equal(slices.Sorted(slices.Values(there)), slices.Sorted(maps.Keys(byName))) {
		t.Errorf("there are %v: give each its words, and its place here", there)
	}
	all := append(slices.Collect(maps.Values(byName)),
		fmt.Errorf("%w: %w", printer.ErrUnconfirmed, printer.ErrSilent), fmt.Errorf("%w: %w", printer.ErrUnconfirmed, printer.ErrNoise),
		os.ErrDeadlineExceeded, context.Canceled, context.DeadlineExceeded, &printer.Blocked{}, &printer.Blocked{Condition: printer.Condition{Cover: true}})
	for _, f := range faultTable {
		all = append(all, &printer.Blocked{Condition: conditionOf(f.code)})
	}
	for _, err := range all {
		wrapped := fmt.Errorf("x: %w", err)
		words := errorWords(wrapped)
		does := slices.ContainsFunc([]string{": mire ", ", mire ", ": ponga ", ": ciérre", ": quite ", ": apáguela ", ": tenga ", "debe dárselo", "debe decir"}, func(do string) bool { return strings.Contains(words, do) })
		if !does || strings.Contains(words, "x:") || strings.Contains(words, err.Error()) {
			t.Errorf("%v is told as %q", err, words)
		}
	}
	for _, err := range []error{errors.New("what nobody expects"), storeFault{errors.New("what nobody expects")}} {
		if words := errorWords(err); !strings.Contains(words, "mire ") || !strings.Contains(words, err.Error()) {
			t.Errorf("%v is told as %q", err, words)
		}
	}
	if words := errorWords(nil); words != "" {
		t.Errorf("no error is told as %q", words)
	}
}

// What stands behind an error counts: a ticket that was taken whole may be on
// paper, whatever the printer did then; a line that takes no more because the
// device is gone is cut off.
func TestErrorWordsOfTwo(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("%w: %w", printer.ErrUnconfirmed, printer.ErrSilent), "dejó de contestar"},
		{fmt.Errorf("%w: %w", printer.ErrUnconfirmed, printer.ErrNoise), "no se entiende"},
		{fmt.Errorf("%w: %w", printer.ErrStuck, os.ErrDeadlineExceeded), "dejó de recibir datos"},
		{fmt.Errorf("%w: %w", printer.ErrStuck, drivers.ErrGone), "se cortó la línea"},
		{fmt.Errorf("%w: %w", printer.ErrSilent, context.Canceled), "no contesta"},
	} {
		if words := errorWords(tt.err); !strings.Contains(words, tt.want) {
			t.Errorf("%v is told as %q, want %q", tt.err, words, tt.want)
		}
	}
}

func conditionOf(code string) printer.Condition {
	return map[string]printer.Condition{
		"paper_end": {PaperEnd: true}, "cover": {Cover: true}, "cutter": {Cutter: true}, "error": {Error: true},
		"offline": {Offline: true}, "near_end": {NearEnd: true},
	}[code]
}

// errorsOf are the errors that a package declares, by their names.
func errorsOf(t *testing.T, pkg string) (names []string) {
	t.Helper()
	files, err := filepath.Glob("../../" + pkg + "/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of package %s: %v", pkg, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Err") {
				names = append(names, pkg+"."+spec.Names[0].Name)
			}
			return true
		})
	}
	return names
}
