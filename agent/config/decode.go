package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A decoder fills a Config from the values of a file and collects what is wrong
// with them on the way.
type decoder struct {
	at     positions
	faults []Fault
	// partial: lines were taken out because they are not TOML, so that a missing
	// key may be one of them.
	partial bool
}

// fault reports something at a key, or at the nearest table around it.
func (d *decoder) fault(name, problem, mend string) {
	fault := Fault{Line: 1, Column: 1, Key: name, Problem: problem, Mend: mend}
	for around := name; around != ""; around = parent(around) {
		if at, ok := d.at[around]; ok {
			fault.Line, fault.Column = at.line, at.column
			break
		}
	}
	d.faults = append(d.faults, fault)
}

// parent is the name of the table or array around a key.
func parent(name string) string {
	return name[:max(0, strings.LastIndexAny(name, ".["))]
}

// A field is one key as its tags describe it.
type field struct {
	index    int
	key      string
	required bool
	check    string
	min, max string
	secret   bool
}

// fieldsOf lists the keys of a section's type in the order of their
// declaration.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		key, option, _ := strings.Cut(tag.Get("toml"), ",")
		if key == "-" {
			continue
		}
		fields = append(fields, field{
			index: i, key: key, required: option == "required", check: tag.Get("check"),
			min: tag.Get("min"), max: tag.Get("max"), secret: tag.Get("secret") == "true",
		})
	}
	return fields
}

// section fills a struct from a table. Its defaults are there already.
func (d *decoder) section(name string, table map[string]any, target reflect.Value) {
	fields := fieldsOf(target.Type())
	var keys []string
	for _, f := range fields {
		keys = append(keys, f.key)
		value, given := table[f.key]
		if given {
			d.value(join(name, f.key), value, f, target.Field(f.index))
		} else if f.required && !d.partial {
			d.missing(name, f, target.Field(f.index))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if !slices.Contains(keys, key) && key != lost {
			d.unknown(name, key, keys)
		}
	}
}

func (d *decoder) missing(name string, f field, target reflect.Value) {
	if target.Kind() == reflect.Struct {
		d.fault(join(name, f.key), "the section is missing", "add ["+join(name, f.key)+"]")
		return
	}
	d.fault(join(name, f.key), "the key is missing", "add "+f.key+": "+checks[f.check].right)
}

func (d *decoder) unknown(name, key string, keys []string) {
	mend := didYouMean(key, keys)
	for _, secret := range []string{"password", "token", "webhook_secret"} {
		if key == secret && slices.Contains(keys, secret+"_file") {
			mend = "a secret stands in a file of its own: name it with " + secret + "_file"
		}
	}
	d.fault(join(name, key), "there is no such key here", mend)
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	sizeType     = reflect.TypeFor[Size]()
	clockType    = reflect.TypeFor[TimeOfDay]()
)

// value fills one key of any type.
func (d *decoder) value(name string, value any, f field, target reflect.Value) {
	switch target.Type() {
	case durationType:
		quantity(d, name, value, f, target, ParseDuration, `write a number with d, h, m, s or ms, in quotes, such as "45m"`)
		return
	case sizeType:
		quantity(d, name, value, f, target, ParseSize, `write a whole number with a unit, in quotes, such as "2GiB"`)
		return
	case clockType:
		quantity(d, name, value, f, target, ParseTimeOfDay, `write hours and minutes in quotes, such as "05:00"`)
		return
	}
	switch target.Kind() {
	case reflect.Struct:
		if table, ok := d.table(name, value); ok {
			d.section(name, table, target)
		}
	case reflect.Slice:
		d.list(name, value, f, target)
	case reflect.Map:
		d.words(name, value, target)
	case reflect.Bool:
		if v, ok := value.(bool); ok {
			target.SetBool(v)
		} else {
			d.fault(name, "this is "+describe(value), "write true or false, without quotes")
		}
	case reflect.Int:
		d.integer(name, value, f, target)
	default:
		d.text(name, value, f, target)
	}
}

func (d *decoder) table(name string, value any) (map[string]any, bool) {
	table, ok := value.(map[string]any)
	if !ok {
		d.fault(name, "this is "+describe(value), "write a section ["+name+"], with its keys below")
	}
	return table, ok
}

// quantity fills a value that is written as a text with a unit.
func quantity[T ~int | ~int64](d *decoder, name string, value any, f field, target reflect.Value, parse func(string) (T, error), mend string) {
	s, ok := value.(string)
	if !ok {
		d.fault(name, "this is "+describe(value), mend)
		return
	}
	v, err := parse(s)
	if err != nil {
		d.fault(name, err.Error(), mend)
		return
	}
	if low, err := parse(f.min); err == nil && v < low {
		d.fault(name, quote(s)+" is too little", "use "+f.min+" or more")
		return
	}
	if high, err := parse(f.max); err == nil && v > high {
		d.fault(name, quote(s)+" is too much", "use "+f.max+" or less")
		return
	}
	target.SetInt(int64(v))
}

func (d *decoder) integer(name string, value any, f field, target reflect.Value) {
	low, _ := strconv.ParseInt(f.min, 10, 64)
	high, _ := strconv.ParseInt(f.max, 10, 64)
	mend := fmt.Sprintf("use a whole number from %d to %d, without quotes", low, high)
	n, ok := value.(int64)
	switch {
	case !ok:
		d.fault(name, "this is "+describe(value), mend)
	case n < low || n > high:
		d.fault(name, fmt.Sprintf("%d is out of range", n), mend)
	default:
		target.SetInt(n)
	}
}

func (d *decoder) text(name string, value any, f field, target reflect.Value) {
	s, ok := value.(string)
	if !ok {
		d.fault(name, "this is "+describe(value), "write a text in quotes")
		return
	}
	if problem, mend := checks[f.check].examine(s); problem != "" {
		d.fault(name, problem, mend)
		return
	}
	target.SetString(s)
}

// list fills a list of texts or an array of tables.
func (d *decoder) list(name string, value any, f field, target reflect.Value) {
	items, ok := value.([]any)
	tables := target.Type().Elem().Kind() == reflect.Struct
	if !ok && tables {
		d.fault(name, "this is "+describe(value), "write one [["+name+"]] for each, with two brackets")
		return
	}
	if !ok {
		d.fault(name, "this is "+describe(value), `write a list, as in ["a", "b"]`)
		return
	}
	if low, _ := strconv.Atoi(f.min); len(items) < low {
		d.fault(name, "the list is empty", checks[f.check].right)
	}
	if high, _ := strconv.Atoi(f.max); high > 0 && len(items) > high {
		d.fault(name, fmt.Sprintf("the list has %d entries", len(items)), fmt.Sprintf("use at most %d", high))
	}
	out := reflect.MakeSlice(target.Type(), len(items), len(items))
	for i, item := range items {
		if section, ok := out.Index(i).Addr().Interface().(defaulter); ok {
			section.setDefaults()
		}
		d.value(element(name, i), item, field{check: f.check}, out.Index(i))
	}
	target.Set(out)
}

// words fills a table of texts with free keys.
func (d *decoder) words(name string, value any, target reflect.Value) {
	table, ok := d.table(name, value)
	if !ok {
		return
	}
	out := make(map[string]string, len(table))
	for key, item := range table {
		s, ok := item.(string)
		if !ok {
			d.fault(join(name, key), "this is "+describe(item), "write a text in quotes")
			continue
		}
		out[key] = s
	}
	target.Set(reflect.ValueOf(out))
}

// setDefaults fills the sections of a Config that have any, and theirs.
func setDefaults(target reflect.Value) {
	if section, ok := target.Addr().Interface().(defaulter); ok {
		section.setDefaults()
		return
	}
	for i := range target.NumField() {
		if target.Field(i).Kind() == reflect.Struct {
			setDefaults(target.Field(i))
		}
	}
}
