package config

import (
	"bytes"
	"fmt"
	"maps"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Show writes the configuration as it is in effect: TOML with every default in
// its place. Secrets stand in files of their own, so that none can be in it;
// passwords inside addresses are hidden.
func Show(cfg *Config) []byte {
	var out bytes.Buffer
	out.WriteString("# The configuration in effect: what the file says, and the defaults.\n")
	for _, f := range fieldsOf(reflect.TypeFor[Config]()) {
		value := reflect.ValueOf(cfg).Elem().Field(f.index)
		if value.Kind() == reflect.Struct {
			fmt.Fprintf(&out, "\n[%s]\n", f.key)
			showSection(&out, value)
			continue
		}
		for i := range value.Len() {
			fmt.Fprintf(&out, "\n[[%s]]\n", f.key)
			showSection(&out, value.Index(i))
		}
	}
	return out.Bytes()
}

func showSection(out *bytes.Buffer, section reflect.Value) {
	for _, f := range fieldsOf(section.Type()) {
		if isOthers(section, f) {
			continue
		}
		fmt.Fprintf(out, "%s = %s\n", f.key, showValue(section.Field(f.index)))
	}
	for _, env := range secretsFromEnvironment(section.Interface()) {
		fmt.Fprintf(out, "# %s is set and holds a secret (hidden).\n", env)
	}
}

// isOthers reports whether a key of a device is not set. Most of them belong to
// other drivers, and what an empty one means is the driver's own affair.
func isOthers(section reflect.Value, f field) bool {
	return section.Type() == reflect.TypeFor[Device]() && section.Field(f.index).IsZero()
}

// secretsFromEnvironment names the variables that are set and take the place of
// a section's secret files.
func secretsFromEnvironment(section any) []string {
	var names []string
	switch s := section.(type) {
	case Uplink:
		names = []string{uplinkPasswordEnv}
	case Integration:
		names = []string{s.envPrefix() + "_TOKEN", s.envPrefix() + "_WEBHOOK_SECRET"}
	}
	return slices.DeleteFunc(names, func(name string) bool { return os.Getenv(name) == "" })
}

func showValue(value reflect.Value) string {
	switch v := value.Interface().(type) {
	case time.Duration:
		return tomlText(FormatDuration(v))
	case Size:
		return tomlText(v.String())
	case TimeOfDay:
		return tomlText(v.String())
	case string:
		return tomlText(hidePassword(v))
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case map[string]string:
		var pairs []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, tomlText(key)+" = "+tomlText(v[key]))
		}
		return "{ " + strings.Join(pairs, ", ") + " }"
	case []string:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = tomlText(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	var pairs []string
	for _, f := range fieldsOf(value.Type()) {
		pairs = append(pairs, f.key+" = "+showValue(value.Field(f.index)))
	}
	return "{ " + strings.Join(pairs, ", ") + " }"
}

func hidePassword(s string) string {
	if u, err := url.Parse(s); err == nil && u.User != nil {
		return u.Redacted()
	}
	return s
}

// tomlText writes a text as TOML has it: single quotes where nothing needs an
// escape and something looks like one.
func tomlText(s string) string {
	plain := !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\'' })
	if plain && strings.ContainsAny(s, `\"`) {
		return "'" + s + "'"
	}
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&out, `\u%04X`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}

// Effective is what Show writes, as maps and lists for JSON.
func Effective(cfg *Config) map[string]any {
	return effective(reflect.ValueOf(cfg).Elem()).(map[string]any)
}

func effective(value reflect.Value) any {
	switch v := value.Interface().(type) {
	case time.Duration:
		return FormatDuration(v)
	case Size, TimeOfDay:
		return fmt.Sprint(v)
	case string:
		return hidePassword(v)
	}
	switch value.Kind() {
	case reflect.Struct:
		out := map[string]any{}
		for _, f := range fieldsOf(value.Type()) {
			if isOthers(value, f) {
				continue
			}
			out[f.key] = effective(value.Field(f.index))
		}
		return out
	case reflect.Slice:
		out := make([]any, value.Len())
		for i := range out {
			out[i] = effective(value.Index(i))
		}
		return out
	default:
		return value.Interface()
	}
}
