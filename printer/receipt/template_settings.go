package receipt

import (
	"reflect"
	"sync/atomic"
)

// A base is the settings above a line.
type base struct {
	Format Format
	Option Option
}

// changes are what a line of properties sets. They are found by reading it below
// two bases that differ in every field: what comes out the same is what it sets.
type changes []change

// A change sets one field of a base.
type change struct {
	part, field int
	value       reflect.Value
}

// settings are the changes of a line, and what they made of the settings above it
// the last time: a template goes the same way each time, and no format is written
// to once it is in force.
type settings struct {
	changes changes
	last    atomic.Pointer[transition]
}

// A transition is the settings above and below a line.
type transition struct {
	above  *Format
	option Option
	below  base
}

func lowBase() base { return base{} }

// highBase has no field as lowBase has it, nor as any property sets it.
func highBase() base {
	var b base
	v := reflect.ValueOf(&b).Elem()
	for part := range v.NumField() {
		for field := range v.Field(part).NumField() {
			fillField(v.Field(part).Field(field))
		}
	}
	return b
}

func fillField(f reflect.Value) {
	switch f.Kind() {
	case reflect.Bool:
		f.SetBool(true)
	case reflect.String:
		f.SetString("\x00")
	case reflect.Slice:
		f.Set(reflect.MakeSlice(f.Type(), 1, 1))
	case reflect.Uint8:
		f.SetUint(0xFF)
	case reflect.Int:
		f.SetInt(-1 << 20)
	}
}

// changesOf compares what two readings of a line left behind. It is not ok where
// the line sets something that depends on what was set before.
func changesOf(low, high parser) (set changes, ok bool) {
	before := [2]base{lowBase(), highBase()}
	after := [2]base{{*low.format, low.option}, {*high.format, high.option}}
	field := func(b *base, part, i int) reflect.Value { return reflect.ValueOf(b).Elem().Field(part).Field(i) }
	same := func(a, b reflect.Value) bool { return reflect.DeepEqual(a.Interface(), b.Interface()) }
	for part := range reflect.TypeFor[base]().NumField() {
		for i := range reflect.TypeFor[base]().Field(part).Type.NumField() {
			value := field(&after[0], part, i)
			switch {
			case same(field(&before[0], part, i), field(&before[1], part, i)):
				return nil, false // a field that fillField does not know
			case same(value, field(&after[1], part, i)):
				set = append(set, change{part, i, value})
			case !same(value, field(&before[0], part, i)) || !same(field(&after[1], part, i), field(&before[1], part, i)):
				return nil, false
			}
		}
	}
	return set, true
}

// apply sets the fields below the line. Lines above keep their format.
func (s *settings) apply(p *parser) {
	if len(s.changes) == 0 {
		return
	}
	last := s.last.Load()
	if last == nil || last.above != p.format || last.option != p.option {
		last = &transition{above: p.format, option: p.option, below: base{*p.format, p.option}}
		v := reflect.ValueOf(&last.below).Elem()
		for _, c := range s.changes {
			v.Field(c.part).Field(c.field).Set(c.value)
		}
		s.last.Store(last)
	}
	p.format, p.option = &last.below.Format, last.below.Option
}
