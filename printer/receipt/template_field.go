package receipt

import (
	"fmt"
	"reflect"
	"sync/atomic"
)

// A chainExpr goes from a value to a field of it, and to a field of that. The
// last may be a method with arguments.
type chainExpr struct {
	from expr
	hops []hop
	args []expr
}

func chain(from expr, names []string, args []expr) expr {
	e := &chainExpr{from: from, hops: make([]hop, len(names)), args: args}
	for i, name := range names {
		e.hops[i].name = name
	}
	return e
}

func (e *chainExpr) eval(f *frame) (reflect.Value, error) {
	v, err := e.from.eval(f)
	if err != nil {
		return v, err
	}
	for i := range e.hops {
		var args []expr
		if i == len(e.hops)-1 {
			args = e.args
		}
		if v, err = e.hops[i].follow(f, v, args); err != nil {
			return v, err
		}
	}
	return v, nil
}

// A hop leads to a field, a method's result or a map's entry. Where it leads is
// looked up once per type: the data of a template has the same type each time.
type hop struct {
	name string
	way  atomic.Pointer[way]
}

// A way is where a name leads in values of one type.
type way struct {
	typ         reflect.Type
	addressable bool  // has the methods of its pointer, too
	method      int   // or -1
	index       []int // of a field
	err         error
}

func (h *hop) follow(f *frame, v reflect.Value, args []expr) (reflect.Value, error) {
	if !v.IsValid() {
		return v, fmt.Errorf("there is no data to take .%s of", h.name)
	}
	given := v.Type()
	v, isNil := concrete(v)
	w := h.way.Load()
	if w == nil || w.typ != v.Type() || w.addressable != v.CanAddr() {
		w = h.find(v)
		h.way.Store(w)
	}
	switch {
	case w.err != nil:
		return v, w.err
	case w.method >= 0 && !(isNil && v.Kind() == reflect.Interface):
		if v.CanAddr() && v.Kind() != reflect.Pointer {
			v = v.Addr()
		}
		return callValue(f, h.name, v.Method(w.method), args)
	case isNil:
		return v, fmt.Errorf("a nil %s has no .%s", given, h.name)
	case len(args) > 0:
		return v, fmt.Errorf(".%s is no method: it takes no arguments", h.name)
	case v.Kind() == reflect.Map:
		entry := v.MapIndex(reflect.ValueOf(h.name))
		if !entry.IsValid() {
			return v, fmt.Errorf("the map has no entry %q", h.name)
		}
		return bare(entry), nil
	}
	for i, n := range w.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, fmt.Errorf("a nil %s has no .%s", v.Type(), h.name)
			}
			v = v.Elem()
		}
		v = v.Field(n)
	}
	return bare(v), nil
}

// find looks a name up, methods first.
func (h *hop) find(v reflect.Value) *way {
	w := &way{typ: v.Type(), addressable: v.CanAddr(), method: -1}
	methods := w.typ
	if w.addressable && v.Kind() != reflect.Pointer && v.Kind() != reflect.Interface {
		methods = reflect.PointerTo(w.typ)
	}
	if m, ok := methods.MethodByName(h.name); ok {
		w.method = m.Index
		return w
	}
	typ := w.typ
	if typ.Kind() == reflect.Pointer { // a nil one
		typ = typ.Elem()
	}
	switch {
	case typ.Kind() == reflect.Struct:
		if field, ok := typ.FieldByName(h.name); ok && field.IsExported() {
			w.index = field.Index
			return w
		}
	case typ.Kind() == reflect.Map && reflect.TypeFor[string]().AssignableTo(typ.Key()):
		return w
	case typ.Kind() == reflect.Interface:
		return w
	}
	w.err = fmt.Errorf("%s has no .%s", w.typ, h.name)
	return w
}
