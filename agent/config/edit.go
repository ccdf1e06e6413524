package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// A Change sets one key of a table that is no array, such as uplink.broker.
type Change struct {
	Key string
	// Value is a text or true or false; nil takes the key away.
	Value any
}

// Edit makes changes in the text of a file and leaves all else as it is:
// comments, order, empty lines. What comes out has these values and no other
// change, or there is an error.
func Edit(src []byte, changes []Change) ([]byte, error) {
	body, hasMark := bytes.CutPrefix(src, []byte("\ufeff"))
	var want map[string]any
	if err := toml.Unmarshal(body, &want); err != nil {
		return nil, fmt.Errorf("edit the configuration: %w", err)
	}
	if want == nil {
		want = map[string]any{}
	}
	text := bytes.Clone(body)
	for _, c := range changes {
		e := edit{text: text, table: parent(c.Key), key: c.Key[len(parent(c.Key))+1:]}
		e.find()
		if e.inline {
			return nil, fmt.Errorf("edit the configuration: write %s as a table of its own, [%s]", e.table, e.table)
		}
		text = e.apply(c.Value)
		put(want, e.table, e.key, c.Value)
	}
	var got map[string]any
	err := toml.Unmarshal(text, &got)
	if err == nil && !reflect.DeepEqual(got, want) {
		err = errors.New("it would change more than it should")
	}
	if err != nil {
		return nil, fmt.Errorf("edit the configuration: %w; write the keys by hand: %s", err, inWords(changes))
	}
	if hasMark {
		text = append([]byte("\ufeff"), text...)
	}
	return text, nil
}

func inWords(changes []Change) string {
	var all []string
	for _, c := range changes {
		if c.Value == nil {
			all = append(all, "no "+c.Key)
			continue
		}
		all = append(all, c.Key+" = "+valueText(c.Value))
	}
	return strings.Join(all, ", ")
}

func put(values map[string]any, table, key string, value any) {
	in, ok := values[table].(map[string]any)
	if !ok {
		if value == nil {
			return
		}
		in = map[string]any{}
		values[table] = in
	}
	if value == nil {
		delete(in, key)
		return
	}
	in[key] = value
}

func valueText(v any) string {
	if s, ok := v.(string); ok {
		return tomlText(s)
	}
	return fmt.Sprint(v)
}

// An edit is one change, and where its place is.
type edit struct {
	text       []byte
	table, key string

	inline bool // the table is written {…}
	// whole is the key with its value, value the value alone; both end at the
	// same place. 0: it is not there.
	whole, value, end int
	// behind is where the table's last line ends; -1: there is no such table.
	behind int
}

// find looks for the key and for its table.
func (e *edit) find() {
	e.behind = -1
	var parser unstable.Parser
	parser.Reset(e.text)
	l := locator{at: positions{}, arrays: map[string]int{}, lines: lineStarts(e.text)}
	table := ""
	for parser.NextExpression() {
		node := parser.Expression()
		switch node.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = l.header(node.Key(), node.Kind == unstable.ArrayTable)
			if table == e.table {
				keys := node.Key()
				for keys.Next() {
					e.behind = e.lineEnd(int(keys.Node().Raw.Offset))
				}
			}
		case unstable.KeyValue:
			e.keyValue(table, node)
		}
	}
}

func (e *edit) keyValue(table string, node *unstable.Node) {
	name, keyEnd := table, 0
	for keys := node.Key(); keys.Next(); {
		key := keys.Node()
		name, keyEnd = join(name, string(key.Data)), int(key.Raw.Offset+key.Raw.Length)
	}
	begin, end := int(node.Raw.Offset), int(node.Raw.Offset+node.Raw.Length)
	switch {
	case name == join(e.table, e.key):
		at := keyEnd + bytes.IndexByte(e.text[keyEnd:end], '=') + 1
		for e.text[at] == ' ' || e.text[at] == '\t' {
			at++
		}
		e.whole, e.value, e.end = begin, at, end
	case name == e.table:
		e.inline = true
	}
	if table == e.table {
		e.behind = e.lineEnd(end)
	}
}

// lineEnd is behind the line that an offset is in.
func (e *edit) lineEnd(at int) int {
	if n := bytes.IndexByte(e.text[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(e.text)
}

func (e *edit) apply(value any) []byte {
	there := e.end > 0
	switch {
	case !there && value == nil:
		return e.text
	case value == nil:
		begin := bytes.LastIndexByte(e.text[:e.whole], '\n') + 1
		return splice(e.text, begin, e.lineEnd(e.end), "")
	case there:
		return splice(e.text, e.value, e.end, valueText(value))
	}
	newline := "\n"
	if bytes.Contains(e.text, []byte("\r\n")) {
		newline = "\r\n"
	}
	line := e.key + " = " + valueText(value) + newline
	at := e.behind
	if at < 0 {
		at = len(e.text)
		line = newline + "[" + e.table + "]" + newline + line
	}
	if at > 0 && e.text[at-1] != '\n' {
		line = newline + line
	}
	return splice(e.text, at, at, line)
}

func splice(text []byte, from, to int, middle string) []byte {
	return append(append(bytes.Clone(text[:from]), middle...), text[to:]...)
}

// Replace puts a file that has been checked in the place of the one at path,
// as a whole, with the rights of the one before. At every moment the file at
// path is a whole one: the old or the new.
func Replace(path string, file []byte) error {
	path, err := realPath(path)
	if err != nil {
		return err
	}
	return replace(path, file, path)
}

// asideSuffix is behind the name of the file of before.
const asideSuffix = ".before-pairing"

// PutAside is Replace that keeps the file of before beside the new one.
func PutAside(path string, file []byte) error {
	path, err := realPath(path)
	if err != nil {
		return err
	}
	before, err := os.ReadFile(path)
	if err == nil {
		err = replace(path+asideSuffix, before, path)
	}
	if err != nil {
		return fmt.Errorf("keep the configuration of before: %w", err)
	}
	return replace(path, file, path)
}

// TakeBack puts the file that PutAside has kept in place again, and keeps it no
// longer.
func TakeBack(path string) error {
	path, err := realPath(path)
	if err != nil {
		return err
	}
	before, err := os.ReadFile(path + asideSuffix)
	if err != nil {
		return fmt.Errorf("take the configuration of before back: %w", err)
	}
	if err := replace(path, before, path); err != nil {
		return err
	}
	return os.Remove(path + asideSuffix)
}

// Create writes a file where there is none, and the folder around it. It holds
// no secrets: everybody may read it.
func Create(path string, file []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(file)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(path))
	}
	return syncFolder(filepath.Dir(path))
}
