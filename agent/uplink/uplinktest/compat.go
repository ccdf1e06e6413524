package uplinktest

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Breaks lists in words what of a contract that was published does not hold any
// more in a later one, by the folders of both (asyncapi.yaml and schemas): what
// would break a backend that was built on the published one. What is only new
// breaks nothing, as docs/mqtt.md asks backends to ignore what they do not know.
func Breaks(published, current string) ([]string, error) {
	before, _, err := readAPI(filepath.Join(published, "asyncapi.yaml"))
	if err != nil {
		return nil, err
	}
	after, _, err := readAPI(filepath.Join(current, "asyncapi.yaml"))
	if err != nil {
		return nil, err
	}
	c := comparison{seen: map[string]bool{}}
	c.before = tree{folder: published, doc: before, files: map[string]node{}}
	c.after = tree{folder: current, doc: after, files: map[string]node{}}
	c.topics()
	if len(c.before.faults)+len(c.after.faults) > 0 {
		return nil, fmt.Errorf("the contract cannot be read: %v", slices.Concat(c.before.faults, c.after.faults))
	}
	return c.breaks, nil
}

// A comparison walks two contracts side by side.
type comparison struct {
	before, after tree
	breaks        []string
	seen          map[string]bool // places that were compared: modifiers nest
}

func (c *comparison) broke(place, format string, args ...any) {
	c.breaks = append(c.breaks, place+": "+fmt.Sprintf(format, args...))
}

// topics compares what stands in asyncapi.yaml, and with each message its schema.
func (c *comparison) topics() {
	after := c.after.doc.topics()
	for address, was := range c.before.doc.topics() {
		is, ok := after[address]
		switch {
		case !ok:
			c.broke(address, "the topic is gone: backends listen or publish there. Keep it, and say things anew on a topic of its own")
			continue
		case was.send != is.send:
			c.broke(address, "who speaks and who listens have changed sides")
			continue
		case was.qos != is.qos || was.retain != is.retain:
			c.broke(address, "QoS and retain were %d and %v, and are %d and %v", was.qos, was.retain, is.qos, is.retain)
		}
		for name, payload := range was.messages {
			now, ok := is.messages[name]
			if !ok {
				c.broke(address, "%s is gone: backends wait for it. Send it beside a newer version until all have changed", name)
				continue
			}
			w := walk{comparison: c, up: was.send}
			w.compare(name, schema{{payload, "asyncapi"}}, schema{{now, "asyncapi"}})
		}
	}
	slices.Sort(c.breaks)
}

// A walk goes through one message. up: the terminal sends it.
type walk struct {
	*comparison
	up bool
}

// compare holds one place of a schema against what it was.
func (w walk) compare(place string, was, is schema) {
	was, is = w.before.flatten(was), w.after.flatten(is)
	key := fmt.Sprint(w.up, was.name(), is.name())
	if w.seen[key] {
		return
	}
	w.seen[key] = true
	w.types(place, was, is)
	w.values(place, was, is)
	w.bounds(place, was, is)
	w.fields(place, was, is)
	w.choices(place, was, is)
	if items := was.sub("items"); len(items) > 0 {
		w.compare(place+"[]", items, is.sub("items"))
	}
}

func (w walk) types(place string, was, is schema) {
	before, after := was.types(), is.types()
	for _, t := range after {
		if w.up && len(before) > 0 && !accepts(before, t) {
			w.broke(place, "may be %s now and was %s: what reads it fails", t, strings.Join(before, " or "))
		}
	}
	for _, t := range before {
		if !w.up && len(after) > 0 && !accepts(after, t) {
			w.broke(place, "was %s and must be %s now: what backends send is refused", t, strings.Join(after, " or "))
		}
	}
	if w.up && len(before) > 0 && len(after) == 0 {
		w.broke(place, "was %s and may be anything now: what reads it fails", strings.Join(before, " or "))
	}
}

// accepts reports whether a type is among others; an integer is a number.
func accepts(types []string, t string) bool {
	return slices.Contains(types, t) || t == "integer" && slices.Contains(types, "number")
}

// values compares lists of values. A new one is growth on the way up.
func (w walk) values(place string, was, is schema) {
	before, after := was.values(), is.values()
	switch {
	case before == nil && after == nil:
	case before == nil && !w.up:
		w.broke(place, "was free and must be one of %s now: what backends send is refused", strings.Join(after, ", "))
	case after == nil && w.up:
		w.broke(place, "was one of %s and is free now: what reads it fails", strings.Join(before, ", "))
	case before != nil && after != nil:
		for _, v := range before {
			if !slices.Contains(after, v) {
				w.broke(place, "the value %s is gone: backends %s it", v, verb(w.up))
			}
		}
	}
}

func verb(up bool) string {
	if up {
		return "wait for"
	}
	return "send"
}

// bounds compares what limits a value: on the way up it may become narrower, on
// the way down wider.
func (w walk) bounds(place string, was, is schema) {
	for _, word := range []string{"pattern", "format", "contentEncoding"} {
		before, after := was.word(word), is.word(word)
		loosened, tightened := after == "", before == ""
		if before != after && !(w.up && tightened) && !(!w.up && loosened) {
			w.broke(place, "%s was %q and is %q", word, before, after)
		}
	}
	for _, word := range []string{"minimum", "minLength", "minItems", "maximum", "maxLength", "maxItems"} {
		before, bounded := was.number(word)
		after, still := is.number(word)
		lower := strings.HasPrefix(word, "min")
		wider := bounded && (!still || lower && after < before || !lower && after > before)
		narrower := still && (!bounded || lower && after > before || !lower && after < before)
		switch {
		case w.up && wider:
			w.broke(place, "%s was %v and is %s: what reads it may fail", word, before, orNone(after, still))
		case !w.up && narrower:
			w.broke(place, "%s was %s and is %v: what backends send may be refused", word, orNone(before, bounded), after)
		}
	}
}

func orNone(n float64, ok bool) string {
	if !ok {
		return "none"
	}
	return fmt.Sprint(n)
}

func (w walk) fields(place string, was, is schema) {
	before, after := was.properties(), is.properties()
	for _, name := range slices.Sorted(maps.Keys(before)) {
		at := place + "." + name
		now, ok := after[name]
		if !ok {
			w.broke(at, "is gone%s: backends %s it", w.renamed(before, after, name), map[bool]string{true: "read", false: "send"}[w.up])
			continue
		}
		if w.up && was.requires(name) && !is.requires(name) {
			w.broke(at, "was always there and may be missing now: what reads it fails")
		}
		w.compare(at, before[name], now)
	}
	if w.up {
		return
	}
	for _, name := range is.required() {
		if !was.requires(name) {
			w.broke(place+"."+name, "must be there now: backends do not send it")
		}
	}
	if is.closed() && !was.closed() {
		w.broke(place, "other fields are refused now: backends may send them")
	}
}

// renamed guesses what a field is called now: one that is new and of the same form.
func (w walk) renamed(before, after map[string]schema, name string) string {
	for _, other := range slices.Sorted(maps.Keys(after)) {
		if _, known := before[other]; !known && form(w.before.flatten(before[name])) == form(w.after.flatten(after[other])) {
			return fmt.Sprintf(" (%q looks like it)", other)
		}
	}
	return ""
}

// choices compares alternatives, found again by their place, and conditions,
// which must stay as they are.
func (w walk) choices(place string, was, is schema) {
	for _, word := range []string{"oneOf", "anyOf"} {
		before, after := was.list(word), is.list(word)
		for i, one := range before {
			switch {
			case i < len(after):
				w.compare(fmt.Sprintf("%s(%d)", place, i+1), one, after[i])
			case !w.up && len(after) > 0:
				w.broke(place, "one of the forms that it may have is gone: backends send it")
			}
		}
		if w.up && len(after) > len(before) || !w.up && len(after) > 0 && len(before) == 0 {
			w.broke(place, "%s has forms that were not there: %d became %d", word, len(before), len(after))
		}
	}
	for _, word := range []string{"if", "then", "else", "not"} {
		if before, after := was.words(word), is.words(word); before != after {
			w.broke(place, "the condition %q has changed", word)
		}
	}
}
