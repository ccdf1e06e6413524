package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Fault is one thing that is wrong with a configuration.
type Fault struct {
	// Line and Column say where, both from 1. A fault of the file as a whole,
	// such as a missing section, is at line 1.
	Line   int `json:"line"`
	Column int `json:"column"`
	// Key is the key's whole name, such as printer[1].port; empty for a fault
	// of syntax.
	Key string `json:"key,omitempty"`
	// Problem says what is wrong.
	Problem string `json:"problem"`
	// Mend says what would be right.
	Mend string `json:"mend"`
}

// String is the fault without the name of the file.
func (f Fault) String() string {
	text := fmt.Sprintf("%d:%d: ", f.Line, f.Column)
	if f.Key != "" {
		text += f.Key + ": "
	}
	text += f.Problem
	if f.Mend != "" {
		text += "; " + f.Mend
	}
	return text
}

// Faults are all that is wrong with one file, in the order of its lines.
type Faults struct {
	File string
	List []Fault
}

// Error has one line per fault: file:line:column: key: what is wrong; what
// would be right.
func (f *Faults) Error() string {
	lines := make([]string, len(f.List))
	for i, fault := range f.List {
		lines[i] = f.File + ":" + fault.String()
	}
	return strings.Join(lines, "\n")
}

func sortFaults(list []Fault) []Fault {
	slices.SortStableFunc(list, func(a, b Fault) int {
		return cmp.Or(
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Key, b.Key), cmp.Compare(a.Problem, b.Problem))
	})
	return slices.Compact(list)
}

// quote shows text from the file, shortened: it may be anything.
func quote(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return strconv.Quote(s)
}

// didYouMean proposes the name that is nearest to a wrong one, or lists what
// there is.
func didYouMean(wrong string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	if best := nearest(wrong, names); best != "" {
		return "did you mean " + best + "?"
	}
	const most = 12
	sorted := slices.Sorted(slices.Values(names))
	if len(sorted) > most {
		sorted = append(sorted[:most], "…")
	}
	return "there is " + strings.Join(sorted, ", ")
}

// nearest is the name that takes the fewest edits, or "" when all take too
// many.
func nearest(wrong string, names []string) string {
	const longest = 80
	if len(wrong) > longest {
		return ""
	}
	best, fewest := "", max(2, len(wrong)/3)+1
	for _, name := range slices.Sorted(slices.Values(names)) {
		if n := edits(strings.ToLower(wrong), strings.ToLower(name)); n < fewest {
			best, fewest = name, n
		}
	}
	if fewest >= max(len(wrong), len(best)) {
		return ""
	}
	return best
}

// edits is how many insertions, deletions, replacements and swaps of
// neighbours turn a into b (the distance of optimal string alignment).
func edits(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
