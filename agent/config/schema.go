package config

import (
	_ "embed"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// descriptionsJSON has the doc comment of each key, by its type and name, such
// as Terminal.store. A test keeps it equal to the comments in config.go.
//
//go:embed descriptions.json
var descriptionsJSON []byte

// Schema is the JSON Schema (draft-07) of the file, for editors. It is made
// from the types that the file is read into, with the names that this build
// knows. What only all keys together can tell (that a printer of that name
// exists, say) is checked when the file is read.
func Schema(known Known) []byte {
	s := schemaWriter{known: known}
	if err := json.Unmarshal(descriptionsJSON, &s.descriptions); err != nil {
		panic("descriptions.json does not parse: " + err.Error()) // a test reads it
	}
	cfg := reflect.New(reflect.TypeFor[Config]()).Elem()
	setDefaults(cfg)
	schema := s.section(cfg)
	schema["$schema"] = "http://json-schema.org/draft-07/schema#"
	schema["title"] = "The configuration of a Mostrador terminal"
	out, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		panic("the schema does not marshal: " + err.Error()) // it has only maps, texts and numbers
	}
	return append(out, '\n')
}

type object = map[string]any

type schemaWriter struct {
	known        Known
	descriptions map[string]string
}

func (s schemaWriter) section(value reflect.Value) object {
	properties, required := object{}, []string{}
	for _, f := range fieldsOf(value.Type()) {
		property := s.value(value.Field(f.index), f)
		property["description"] = s.descriptions[value.Type().Name()+"."+f.key]
		if fallback := schemaDefault(value.Field(f.index)); fallback != nil && !f.required {
			property["default"] = fallback
		}
		properties[f.key] = property
		if f.required {
			required = append(required, f.key)
		}
	}
	out := object{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func (s schemaWriter) value(value reflect.Value, f field) object {
	switch value.Type() {
	case durationType:
		return object{"type": "string", "pattern": durationWhole.String(), "examples": []string{"45m", "30d"}}
	case sizeType:
		return object{"type": "string", "pattern": `^[0-9]+([KMGT]iB|[kMGT]?B)$`, "examples": []string{"2GiB", "768MiB"}}
	case clockType:
		return object{"type": "string", "pattern": `^([01][0-9]|2[0-3]):[0-5][0-9]$`, "examples": []string{"05:00"}}
	}
	switch value.Kind() {
	case reflect.Struct:
		return s.section(value)
	case reflect.Slice:
		return s.list(value, f)
	case reflect.Map:
		return object{"type": "object", "additionalProperties": object{"type": "string"}}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int:
		low, _ := strconv.Atoi(f.min)
		high, _ := strconv.Atoi(f.max)
		return object{"type": "integer", "minimum": low, "maximum": high}
	default:
		return s.text(f.check)
	}
}

func (s schemaWriter) list(value reflect.Value, f field) object {
	item := reflect.New(value.Type().Elem()).Elem()
	if section, ok := item.Addr().Interface().(defaulter); ok {
		section.setDefaults()
	}
	out := object{"type": "array", "items": s.value(item, field{check: f.check})}
	if low, _ := strconv.Atoi(f.min); low > 0 {
		out["minItems"] = low
	}
	if high, _ := strconv.Atoi(f.max); high > 0 {
		out["maxItems"] = high
	}
	return out
}

func (s schemaWriter) text(name string) object {
	c := checks[name]
	if len(c.oneOf) > 0 {
		return object{"type": "string", "enum": c.oneOf}
	}
	if names := s.names(name); len(names) > 0 {
		return object{"type": "string", "enum": names}
	}
	out := object{"type": "string"}
	if c.pattern != nil {
		out["pattern"] = c.pattern.String()
	}
	if c.longest > 0 {
		out["maxLength"] = c.longest
	}
	if name == "id" {
		out["not"] = object{"enum": []string{"up", "down"}}
	}
	return out
}

// names are what this build knows of one kind, in order.
func (s schemaWriter) names(kind string) []string {
	var names []string
	switch kind {
	case "profile":
		if s.known.Profiles != nil {
			names = append(slices.Sorted(maps.Keys(s.known.Profiles)), "auto")
		}
	case "paper":
		for _, papers := range s.known.Profiles {
			names = append(names, papers...)
		}
		slices.Sort(names)
		names = slices.Compact(names)
	case "driver":
		names = slices.Sorted(maps.Keys(s.known.Drivers))
	case "provider":
		names = slices.Sorted(slices.Values(s.known.Providers))
	}
	return names
}

// schemaDefault is the default of a key as JSON has it, or nil for one that is
// empty by default.
func schemaDefault(value reflect.Value) any {
	switch v := value.Interface().(type) {
	case time.Duration:
		if v == 0 {
			return nil
		}
		return FormatDuration(v)
	case Size:
		return v.String()
	case TimeOfDay:
		return v.String()
	case bool, int:
		return v
	case string:
		if v != "" {
			return v
		}
	}
	return nil
}
