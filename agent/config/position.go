package config

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"

	"github.com/pelletier/go-toml/v2/unstable"
)

// A position is a place in the file, both from 1.
type position struct{ line, column int }

// positions has, for each key by its whole name, where it stands. The name of
// a value is that of its key; the elements of an array are numbered from 1.
type positions map[string]position

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// join puts a key behind the name of its table.
func join(table, key string) string {
	if !bareKey.MatchString(key) {
		key = quote(key)
	}
	if table == "" {
		return key
	}
	return table + "." + key
}

// element is the name of an array's element, counted from 0.
func element(array string, i int) string { return array + "[" + strconv.Itoa(i+1) + "]" }

// locate finds every key of a text that the parser can read.
func locate(text []byte) positions {
	l := locator{at: positions{}, arrays: map[string]int{}, lines: lineStarts(text)}
	var parser unstable.Parser
	parser.Reset(text)
	table := ""
	for parser.NextExpression() {
		switch node := parser.Expression(); node.Kind {
		case unstable.Table:
			table = l.header(node.Key(), false)
		case unstable.ArrayTable:
			table = l.header(node.Key(), true)
		case unstable.KeyValue:
			l.keyValue(table, node)
		}
	}
	return l.at
}

type locator struct {
	at     positions
	arrays map[string]int // how many elements an array of tables has so far
	lines  []int
}

func lineStarts(text []byte) []int {
	starts := []int{0}
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '\n')
		if n < 0 {
			return starts
		}
		i += n + 1
		starts = append(starts, i)
	}
}

func (l *locator) mark(name string, offset uint32) {
	if _, known := l.at[name]; known {
		return
	}
	low, high := 0, len(l.lines)
	for high-low > 1 {
		if middle := (low + high) / 2; l.lines[middle] <= int(offset) {
			low = middle
		} else {
			high = middle
		}
	}
	l.at[name] = position{line: low + 1, column: int(offset) - l.lines[low] + 1}
}

// header walks the dotted key of a [table] or [[array of tables]].
func (l *locator) header(keys unstable.Iterator, array bool) string {
	name := ""
	for keys.Next() {
		key := keys.Node()
		name = join(name, string(key.Data))
		l.mark(name, key.Raw.Offset)
		if array && keys.IsLast() {
			l.arrays[name]++
		}
		if n := l.arrays[name]; n > 0 {
			name = element(name, n-1)
			l.mark(name, key.Raw.Offset)
		}
	}
	return name
}

func (l *locator) keyValue(table string, node *unstable.Node) {
	name := table
	keys := node.Key()
	for keys.Next() {
		name = join(name, string(keys.Node().Data))
		l.mark(name, keys.Node().Raw.Offset)
	}
	l.value(name, node.Value(), l.at[name])
}

func (l *locator) value(name string, node *unstable.Node, around position) {
	children := node.Children()
	switch node.Kind {
	case unstable.InlineTable:
		for children.Next() {
			l.keyValue(name, children.Node())
		}
	case unstable.Array:
		for i := 0; children.Next(); i++ {
			child, inner := children.Node(), element(name, i)
			if child.Raw.Length == 0 {
				l.at[inner] = around
			} else {
				l.mark(inner, child.Raw.Offset)
			}
			l.value(inner, child, l.at[inner])
		}
	}
}

// describe names what a value of TOML is.
func describe(value any) string {
	switch v := value.(type) {
	case string:
		return "a text"
	case int64, float64:
		return "a number"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	default:
		return fmt.Sprintf("a date or time (%v)", v)
	}
}
