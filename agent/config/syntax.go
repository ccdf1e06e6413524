package config

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

const (
	// maxFile bounds the file: the longest real one has a few kilobytes.
	maxFile = 1 << 20
	// maxSyntaxFaults bounds how often reading starts again behind a fault.
	maxSyntaxFaults = 20
)

// lost stands in the place of a table header that could not be read, so that
// the keys below it are not taken for those of the table above.
const (
	lost       = "\x00lost"
	lostHeader = `[["\u0000lost"]]`
)

// readTOML reads as much of src as can be read: a statement that breaks the
// language is reported, taken out, and reading starts again.
func readTOML(src []byte) (map[string]any, positions, []Fault) {
	src, unreadable := plainText(src)
	if unreadable != nil {
		return nil, nil, []Fault{*unreadable}
	}
	text := src
	var faults []Fault
	for {
		var values map[string]any
		err := toml.Unmarshal(text, &values)
		if err == nil {
			return values, locate(text), faults
		}
		fault, at := syntaxFault(err)
		faults = append(faults, fault)
		if text = takeOut(text, at); text == nil || len(faults) == maxSyntaxFaults {
			return nil, nil, faults
		}
	}
}

// plainText takes off the mark that some editors put in front of UTF-8, and
// refuses what cannot be a configuration.
func plainText(src []byte) ([]byte, *Fault) {
	fault := &Fault{Line: 1, Column: 1}
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	switch {
	case len(src) > maxFile:
		fault.Problem, fault.Mend = "the file is larger than 1MiB", "is it the right file?"
	case bytes.HasPrefix(src, []byte("\xff\xfe")), bytes.HasPrefix(src, []byte("\xfe\xff")):
		fault.Problem, fault.Mend = "the file is written in UTF-16", "save it as UTF-8"
	case !utf8.Valid(src):
		fault.Problem, fault.Mend = "the file is not UTF-8", "save it as UTF-8"
		for i, line := range bytes.Split(src, []byte("\n")) {
			if !utf8.Valid(line) {
				fault.Line = i + 1
				break
			}
		}
	default:
		return src, nil
	}
	return nil, fault
}

// syntaxFault tells what the TOML library found, and at which line.
func syntaxFault(err error) (Fault, int) {
	fault := Fault{Line: 1, Column: 1, Problem: strings.TrimPrefix(err.Error(), "toml: ")}
	if at, ok := errors.AsType[*toml.DecodeError](err); ok {
		fault.Line, fault.Column = at.Position()
	}
	for _, known := range syntaxMends {
		if strings.Contains(fault.Problem, known.problem) {
			fault.Mend = known.mend
			break
		}
	}
	return fault, fault.Line
}

var syntaxMends = []struct{ problem, mend string }{
	{"at start of value", `a text stands in quotes, as in key = "value", and yes or no is true or false`},
	{"strings must be quoted", `put it in quotes, as in key = "30m"`},
	{"expected newline", `one key to a line, and text in quotes, as in key = "value"`},
	{"expected '=' after key", `a line is key = "value"; names have only letters a-z, digits, - and _`},
	{"start of key", `a line is key = "value"`},
	{"is already defined", "keep one of the two lines"},
	{"already exists as an array", "write its name in [[ ]] here, too"},
	{"should be an array table", "write its name in [[ ]] at both places, or in [ ] at one"},
	{"already exists", "put its keys together below the first one"},
	{"should be a table", "keep one of the two"},
	{"escape", `write \\ for a backslash, or use single quotes, as in 'C:\folder'`},
	{"strings cannot have new lines", "the closing quote is missing"},
	{"not terminated", "the closing quotes are missing"},
	{"array value", "a comma or the closing ] is missing before this"},
	{"inline table", "a comma or the closing } is missing before this"},
	{"array table name", "the closing ]] is missing"},
	{"table name", "the closing ] is missing"},
	{"control characters", "take out the invisible characters of this line"},
	{"date", "write a time in quotes, as in \"05:00\""},
}

// takeOut blanks the statement that holds the line (from 1) of a fault, keeping
// all lines in their places. It returns nil when that would change nothing.
func takeOut(text []byte, line int) []byte {
	lines := bytes.Split(text, []byte("\n"))
	if line < 1 || line > len(lines) {
		return nil
	}
	first, last := line, line
	if start := unfinished(text); start != 0 && start < line {
		first = start
		if newStatement.Match(lines[line-1]) {
			last = line - 1 // the fault shows where the next statement begins
		}
	}
	for last < len(lines) && !newStatement.Match(lines[last]) {
		last++
	}
	for i := first - 1; i < last; i++ {
		if bytes.HasPrefix(bytes.TrimSpace(lines[i]), []byte("[")) {
			lines[i] = []byte(lostHeader)
		} else {
			lines[i] = nil
		}
	}
	if after := bytes.Join(lines, []byte("\n")); !bytes.Equal(after, text) {
		return after
	}
	return nil
}

// newStatement is a line that a statement can begin on.
var newStatement = regexp.MustCompile(`^\s*($|#|\[|[A-Za-z0-9_."'-]+\s*=)`)

// unfinished is the line at which the first statement begins that the parser
// cannot read, or 0 when it can read all of them.
func unfinished(text []byte) int {
	var parser unstable.Parser
	parser.Reset(text)
	end := uint32(0)
	for parser.NextExpression() {
		end = max(end, endOf(parser.Expression()))
	}
	if parser.Error() == nil {
		return 0
	}
	rest := text[end:]
	line := 1 + bytes.Count(text[:end], []byte("\n"))
	if end > 0 {
		_, after, found := bytes.Cut(rest, []byte("\n"))
		if !found {
			return line
		}
		rest, line = after, line+1
	}
	for {
		head, after, found := bytes.Cut(rest, []byte("\n"))
		head = bytes.TrimSpace(head)
		if !found || (len(head) > 0 && head[0] != '#') {
			return line
		}
		rest, line = after, line+1
	}
}

func endOf(node *unstable.Node) uint32 {
	end := node.Raw.Offset + node.Raw.Length
	children := node.Children()
	for children.Next() {
		end = max(end, endOf(children.Node()))
	}
	return end
}
