package uplinktest

import (
	"encoding"
	"encoding/json"
	"iter"
	"reflect"
	"strings"
	"time"
)

// A field of a Go struct as encoding/json writes it.
type field struct {
	name     string
	typ      reflect.Type
	optional bool
}

// fields yields what encoding/json writes of a struct.
func fields(typ reflect.Type) iter.Seq[field] {
	return func(yield func(field) bool) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			tag := f.Tag.Get("json")
			if tag == "-" || !f.IsExported() && !f.Anonymous {
				continue
			}
			if f.Anonymous && tag == "" {
				for inner := range fields(f.Type) {
					if !yield(inner) {
						return
					}
				}
				continue
			}
			name, options, _ := strings.Cut(tag, ",")
			if name == "" {
				name = f.Name
			}
			optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
			if !yield(field{name, f.Type, optional}) {
				return
			}
		}
	}
}

// kindOf is the JSON type that a Go type becomes; "" where that is not fixed.
func kindOf(typ reflect.Type) string {
	switch typ {
	case reflect.TypeFor[time.Time]():
		return "string"
	case reflect.TypeFor[json.RawMessage]():
		return ""
	case reflect.TypeFor[[]byte](): // base64
		return "string"
	}
	// Records that write themselves are strings (store.Quantity); another form
	// would need a case here.
	for _, own := range []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()} {
		if typ.Implements(own) || reflect.PointerTo(typ).Implements(own) {
			return "string"
		}
	}
	switch typ.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "integer"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Struct:
		return "object"
	}
	return ""
}
