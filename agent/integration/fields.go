package integration

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
)

// An Object is JSON as the world writes it: numbers come as strings, booleans
// as "false", nothing as "null". Its methods read the likely meaning; numbers
// keep their text.
type Object map[string]any

// Decode reads one JSON object, and nothing behind it.
func Decode(body []byte) (Object, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, &Unreadable{NotJSON, "no es JSON (" + jsonFault(err) + ")"}
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, &Unreadable{NotJSON, "hay algo más detrás del JSON"}
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, &Unreadable{WrongType, "no es un objeto JSON"}
	}
	return o, nil
}

// scalar returns the text of a string or number; what only stands for nothing
// is empty.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		v = strings.TrimSpace(v)
		switch strings.ToLower(v) {
		case "null", "undefined", "nan", "none":
			return ""
		}
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// Text returns the first of the named fields that holds text or a number.
func (o Object) Text(names ...string) string {
	for _, name := range names {
		if s := scalar(o[name]); s != "" {
			return s
		}
	}
	return ""
}

// Has reports whether the field is there with something in it.
func (o Object) Has(name string) bool {
	switch v := o[name].(type) {
	case nil:
		return false
	case string:
		return scalar(v) != ""
	}
	return true
}

// Bool reads true, "true", "1", 1 and the like; anything else is false.
func (o Object) Bool(name string) bool {
	switch v := o[name].(type) {
	case bool:
		return v
	case string:
		yes, _ := strconv.ParseBool(strings.ToLower(strings.TrimSpace(v)))
		return yes
	case json.Number:
		return strings.Trim(v.String(), "0.-") != ""
	}
	return false
}

// Object returns a field that is an object, else an empty one.
func (o Object) Object(name string) Object {
	m, _ := o[name].(map[string]any)
	return m
}

// List returns a field that is a list. What stands for nothing is an empty
// one; ok is false where it is something else than a list.
func (o Object) List(name string) (list []any, ok bool) {
	switch v := o[name].(type) {
	case nil:
		return nil, true
	case []any:
		return v, true
	case bool:
		return nil, !v
	case string:
		s := strings.ToLower(scalar(v))
		return nil, s == "" || s == "false" || s == "[]"
	}
	return nil, false
}

// Texts returns the scalars of a field that is a list of them, or one.
func (o Object) Texts(name string) []string {
	list, ok := o[name].([]any)
	if !ok {
		list = []any{o[name]}
	}
	var out []string
	for _, v := range list {
		if s := scalar(v); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// The layouts of times without a zone.
var localLayouts = []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04"}

// Time reads a moment: RFC 3339, a local time of zone, or seconds or
// milliseconds since 1970. ok is false where there is none, or one outside the
// years 2000 to 2099, which no order is from.
func Time(text string, zone *time.Location) (t time.Time, ok bool) {
	if text == "" {
		return time.Time{}, false
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if n > 1e11 {
			return sane(time.UnixMilli(n))
		}
		return sane(time.Unix(n, 0))
	}
	if t, err := time.Parse(time.RFC3339, strings.Replace(text, " ", "T", 1)); err == nil {
		return sane(t)
	}
	for _, layout := range localLayouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return sane(t)
		}
	}
	return time.Time{}, false
}

func sane(t time.Time) (time.Time, bool) {
	t = t.UTC()
	if t.Year() < 2000 || t.Year() > 2099 {
		return time.Time{}, false
	}
	return t, true
}
