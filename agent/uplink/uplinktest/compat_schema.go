package uplinktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A talk is what is said on one topic.
type talk struct {
	send     bool
	qos      int
	retain   bool
	messages map[string]node // payload schemas, by name
}

// topics are the talks of a document, by address.
func (d apiDocument) topics() map[string]talk {
	out := map[string]talk{}
	for key, c := range d.Channels {
		t := talk{messages: map[string]node{}}
		for _, o := range d.Operations {
			if o.Channel.Ref == "#/channels/"+key {
				t.send, t.qos, t.retain = o.Action == "send", o.Bindings.MQTT.QoS, o.Bindings.MQTT.Retain
			}
		}
		for _, m := range c.Messages {
			component := d.Components.Messages[m.Ref[strings.LastIndex(m.Ref, "/")+1:]]
			n := node{}
			// What is no object has no form that could change.
			_ = json.Unmarshal(component.Payload.Schema, &n)
			t.messages[component.Name] = n
		}
		out[c.Address] = t
	}
	return out
}

// A tree is one contract's files.
type tree struct {
	folder string
	doc    apiDocument
	files  map[string]node
	faults []string
}

// A schema is one place of a contract: all of these hold there.
type schema []located

// A located node knows its file, for the references in it.
type located struct {
	node node
	file string
}

// name tells places apart.
func (s schema) name() (out string) {
	for _, l := range s {
		out += fmt.Sprintf(" %p", l.node)
	}
	return out
}

// flatten follows references, and takes what allOf says for what is said here.
func (t *tree) flatten(s schema) (out schema) {
	for _, l := range s {
		if ref, ok := l.node["$ref"].(string); ok {
			out = append(out, t.flatten(schema{t.follow(l.file, ref)})...)
			continue
		}
		out = append(out, l)
		all, _ := l.node["allOf"].([]any)
		for _, one := range all {
			n, _ := one.(node)
			out = append(out, t.flatten(schema{{n, l.file}})...)
		}
	}
	return out
}

func (t *tree) follow(file, ref string) located {
	name, path, _ := strings.Cut(ref, "#/definitions/")
	if name != "" {
		file = filepath.Base(name)
	}
	n := t.file(file)
	if path != "" {
		definitions, _ := n["definitions"].(node)
		n, _ = definitions[path].(node)
	}
	if n == nil {
		t.faults = append(t.faults, fmt.Sprintf("%s: nothing is at %s", file, ref))
	}
	return located{n, file}
}

func (t *tree) file(name string) node {
	if n, ok := t.files[name]; ok {
		return n
	}
	n := node{}
	text, err := os.ReadFile(filepath.Join(t.folder, "schemas", name))
	if err == nil {
		err = json.Unmarshal(text, &n)
	}
	if err != nil {
		t.faults = append(t.faults, err.Error())
	}
	t.files[name] = n
	return n
}

// types that a value may have; none where the schema does not say.
func (s schema) types() (out []string) {
	for _, l := range s {
		switch t := l.node["type"].(type) {
		case string:
			out = append(out, t)
		case []any:
			for _, one := range t {
				out = append(out, fmt.Sprint(one))
			}
		}
	}
	return out
}

// values that a value may have, as JSON; nil: any.
func (s schema) values() (out []string) {
	for _, l := range s {
		list, _ := l.node["enum"].([]any)
		if v, ok := l.node["const"]; ok {
			list = append(list, v)
		}
		for _, v := range list {
			text, _ := json.Marshal(v) // it was JSON
			out = append(out, string(text))
		}
	}
	return out
}

func (s schema) word(name string) string {
	for _, l := range s {
		if text, ok := l.node[name].(string); ok {
			return text
		}
	}
	return ""
}

func (s schema) number(name string) (float64, bool) {
	for _, l := range s {
		if n, ok := l.node[name].(float64); ok {
			return n, true
		}
	}
	return 0, false
}

// words are all that is said under a name, as JSON.
func (s schema) words(name string) (out string) {
	for _, l := range s {
		if v, ok := l.node[name]; ok {
			out += form(schema{{node{name: v}, l.file}})
		}
	}
	return out
}

func (s schema) sub(name string) (out schema) {
	for _, l := range s {
		if n, ok := l.node[name].(node); ok {
			out = append(out, located{n, l.file})
		}
	}
	return out
}

func (s schema) list(name string) (out []schema) {
	for _, l := range s {
		all, _ := l.node[name].([]any)
		for _, one := range all {
			n, _ := one.(node)
			out = append(out, schema{{n, l.file}})
		}
	}
	return out
}

func (s schema) properties() map[string]schema {
	out := map[string]schema{}
	for _, l := range s {
		props, _ := l.node["properties"].(node)
		for name, p := range props {
			n, _ := p.(node)
			out[name] = append(out[name], located{n, l.file})
		}
	}
	return out
}

func (s schema) required() (names []string) {
	for _, l := range s {
		all, _ := l.node["required"].([]any)
		for _, one := range all {
			names = append(names, fmt.Sprint(one))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (s schema) requires(name string) bool { return slices.Contains(s.required(), name) }

// closed: no field may stand there that the schema does not have.
func (s schema) closed() bool {
	return slices.ContainsFunc(s, func(l located) bool { return l.node["additionalProperties"] == false })
}

// form is a schema without its words for people.
func form(s schema) string {
	var out strings.Builder
	for _, l := range s {
		n := maps.Clone(l.node)
		for _, word := range []string{"title", "description", "examples", "$schema", "allOf", "definitions"} {
			delete(n, word)
		}
		text, _ := json.Marshal(n) // it was JSON
		out.Write(text)
	}
	return out.String()
}
