package receipt

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"text/template"
)

// A function is one that templates may call.
type function struct {
	most  int // arguments, -1 for any number
	least int
	// run is set for those of the language, call for all others.
	run  func(args []reflect.Value) (reflect.Value, error)
	call reflect.Value
}

// functions are those of text/template, and the given ones.
func functions(given template.FuncMap) map[string]function {
	fs := map[string]function{
		"not": {least: 1, most: 1, run: func(a []reflect.Value) (reflect.Value, error) { return boolean(!truth(a[0])), nil }},
		"len": {least: 1, most: 1, run: length},
		"eq":  {least: 2, most: -1, run: equal},
		"ne": {least: 2, most: 2, run: func(a []reflect.Value) (reflect.Value, error) {
			v, err := equal(a)
			return boolean(!truth(v)), err
		}},
		"lt":    {least: 2, most: 2, run: ordered(func(c int) bool { return c < 0 })},
		"le":    {least: 2, most: 2, run: ordered(func(c int) bool { return c <= 0 })},
		"gt":    {least: 2, most: 2, run: ordered(func(c int) bool { return c > 0 })},
		"ge":    {least: 2, most: 2, run: ordered(func(c int) bool { return c >= 0 })},
		"index": {least: 1, most: -1, run: index},
		"slice": {least: 1, most: 4, run: slice},
	}
	others := template.FuncMap{
		"print": fmt.Sprint, "printf": fmt.Sprintf, "println": fmt.Sprintln,
		"html": template.HTMLEscaper, "js": template.JSEscaper, "urlquery": template.URLQueryEscaper,
		"lines": Lines,
	}
	maps.Copy(others, given)
	for name, f := range others {
		fs[name] = function{call: reflect.ValueOf(f)}
	}
	return fs
}

// boolean is a truth as a value.
func boolean(b bool) reflect.Value { return reflect.ValueOf(b) }

// callOf compiles a call.
func (c *compiler) callOf(name string, args []expr) (expr, error) {
	switch name {
	case "and", "or":
		if len(args) == 0 {
			return nil, fmt.Errorf("%s needs an argument", name)
		}
		return &shortExpr{ends: name == "or", args: args}, nil
	}
	f, ok := c.funcs[name]
	if !ok {
		return nil, fmt.Errorf("there is no function %q", name)
	}
	if f.run == nil {
		return &callExpr{name: name, function: f.call, args: args}, nil
	}
	if len(args) < f.least || f.most >= 0 && len(args) > f.most {
		return nil, fmt.Errorf("%s does not take %d arguments", name, len(args))
	}
	return &builtinExpr{name: name, run: f.run, args: args}, nil
}

// A shortExpr is and, or: the first argument whose truth decides, or the last.
type shortExpr struct {
	ends bool
	args []expr
}

func (e *shortExpr) eval(f *frame) (v reflect.Value, err error) {
	for _, arg := range e.args {
		if v, err = arg.eval(f); err != nil || truth(v) == e.ends {
			break
		}
	}
	return bare(v), err
}

// A builtinExpr calls a function of the language.
type builtinExpr struct {
	name string
	run  func(args []reflect.Value) (reflect.Value, error)
	args []expr
}

func (e *builtinExpr) eval(f *frame) (reflect.Value, error) {
	args := make([]reflect.Value, len(e.args))
	for i, arg := range e.args {
		var err error
		if args[i], err = arg.eval(f); err != nil {
			return args[i], err
		}
	}
	v, err := e.run(args)
	if err != nil {
		return v, fmt.Errorf("%s: %w", e.name, err)
	}
	return bare(v), nil
}

// A callExpr calls a function of Go.
type callExpr struct {
	name     string
	function reflect.Value
	args     []expr
}

func (e *callExpr) eval(f *frame) (reflect.Value, error) {
	return callValue(f, e.name, e.function, e.args)
}

// callValue calls a function or a method, which may panic. It has one result, or
// one and an error.
func callValue(f *frame, name string, function reflect.Value, args []expr) (result reflect.Value, err error) {
	typ := function.Type()
	if n := typ.NumOut(); n == 0 || n > 2 || n == 2 && typ.Out(1) != reflect.TypeFor[error]() {
		return result, fmt.Errorf("%s returns neither a value nor a value and an error", name)
	}
	if len(args) < typ.NumIn() && !(typ.IsVariadic() && len(args) == typ.NumIn()-1) || len(args) > typ.NumIn() && !typ.IsVariadic() {
		return result, fmt.Errorf("%s does not take %d arguments", name, len(args))
	}
	values := make([]reflect.Value, len(args))
	for i, arg := range args {
		wanted := typ.In(min(i, typ.NumIn()-1))
		if typ.IsVariadic() && i >= typ.NumIn()-1 {
			wanted = wanted.Elem()
		}
		if values[i], err = argument(f, arg, wanted); err != nil {
			return result, fmt.Errorf("%s: %w", name, err)
		}
	}
	defer recovered(name, &err)
	results := function.Call(values)
	if len(results) == 2 && !results[1].IsNil() {
		return result, fmt.Errorf("%s: %w", name, results[1].Interface().(error))
	}
	return bare(results[0]), nil
}

// recovered turns a panic of a called function into an error.
func recovered(name string, err *error) {
	switch r := recover().(type) {
	case nil:
	case error:
		*err = fmt.Errorf("%s panicked: %w", name, r)
	default:
		*err = fmt.Errorf("%s panicked: %v", name, r)
	}
}

// argument is a value of the type that a function wants.
func argument(f *frame, arg expr, wanted reflect.Type) (reflect.Value, error) {
	v, err := arg.eval(f)
	if err != nil {
		return v, err
	}
	if c, ok := arg.(*constant); ok && v.IsValid() && v.Type() != wanted {
		return c.as(wanted)
	}
	if !v.IsValid() {
		switch wanted.Kind() {
		case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
			return reflect.Zero(wanted), nil
		}
		return v, fmt.Errorf("nil is no %s", wanted)
	}
	if v.Kind() == reflect.Interface && !v.IsNil() && !v.Type().AssignableTo(wanted) {
		v = v.Elem()
	}
	switch typ := v.Type(); {
	case typ.AssignableTo(wanted):
		return v, nil
	case typ.Kind() == reflect.Pointer && typ.Elem().AssignableTo(wanted) && !v.IsNil():
		return v.Elem(), nil
	case v.CanAddr() && reflect.PointerTo(typ).AssignableTo(wanted):
		return v.Addr(), nil
	}
	return v, fmt.Errorf("it wants %s and gets %s", wanted, v.Type())
}

// as gives a constant the type that is wanted, where it has a value in it.
func (e *constant) as(wanted reflect.Type) (reflect.Value, error) {
	v := reflect.New(wanted).Elem()
	n := e.number
	switch {
	case wanted.Kind() == reflect.Interface && e.value.Type().AssignableTo(wanted):
		return e.value, nil
	case n == nil && e.value.Kind() == wanted.Kind():
		return e.value.Convert(wanted), nil
	case n == nil:
	case v.CanInt() && n.IsInt:
		v.SetInt(n.Int64)
		return v, nil
	case v.CanUint() && n.IsUint:
		v.SetUint(n.Uint64)
		return v, nil
	case v.CanFloat() && n.IsFloat:
		v.SetFloat(n.Float64)
		return v, nil
	case v.CanComplex() && n.IsComplex:
		v.SetComplex(n.Complex128)
		return v, nil
	}
	return v, fmt.Errorf("it wants %s and gets %s", wanted, e.value.Type())
}

var errNoIndex = errors.New("the index is out of range")

func length(a []reflect.Value) (reflect.Value, error) {
	v, isNil := concrete(a[0])
	switch {
	case isNil || !v.IsValid():
		return v, errors.New("nil has no length")
	case v.Kind() == reflect.String, v.Kind() == reflect.Slice, v.Kind() == reflect.Array, v.Kind() == reflect.Map, v.Kind() == reflect.Chan:
		return reflect.ValueOf(v.Len()), nil
	}
	return v, fmt.Errorf("%s has no length", v.Type())
}

// index is x[i][j]….
func index(a []reflect.Value) (reflect.Value, error) {
	v := inside(a[0])
	if !v.IsValid() {
		return v, errors.New("nil has no keys")
	}
	for _, key := range a[1:] {
		v, _ = concrete(v)
		key, _ = concrete(key)
		switch {
		case v.Kind() == reflect.Map && key.IsValid() && key.Type().AssignableTo(v.Type().Key()):
			entry := v.MapIndex(key)
			if !entry.IsValid() {
				entry = reflect.Zero(v.Type().Elem())
			}
			v = entry
		case v.Kind() == reflect.Slice, v.Kind() == reflect.Array, v.Kind() == reflect.String:
			i, ok := place(key, v.Len()-1)
			if !ok {
				return v, errNoIndex
			}
			v = v.Index(i)
		default:
			return v, errors.New("what is indexed has no such keys")
		}
	}
	return v, nil
}

// slice is x[i:j:k].
func slice(a []reflect.Value) (reflect.Value, error) {
	v, _ := concrete(a[0])
	if k := v.Kind(); k != reflect.String && k != reflect.Slice && !(k == reflect.Array && v.CanAddr()) || k == reflect.String && len(a) == 4 {
		return v, errors.New("what is sliced is no slice or text")
	}
	most := v.Len()
	if v.Kind() == reflect.Slice {
		most = v.Cap()
	}
	bounds := [3]int{0, v.Len(), most}
	for i, key := range a[1:] {
		var ok bool
		if bounds[i], ok = place(key, most); !ok {
			return v, errNoIndex
		}
	}
	switch {
	case bounds[0] > bounds[1] || bounds[1] > bounds[2]:
		return v, errNoIndex
	case len(a) == 4:
		return v.Slice3(bounds[0], bounds[1], bounds[2]), nil
	}
	return v.Slice(bounds[0], bounds[1]), nil
}

// place is an integer from 0 to most.
func place(v reflect.Value, most int) (int, bool) {
	switch v, _ = concrete(v); {
	case v.CanInt():
		return int(v.Int()), v.Int() >= 0 && v.Int() <= int64(most)
	case v.CanUint():
		return int(v.Uint()), most >= 0 && v.Uint() <= uint64(most)
	}
	return 0, false
}
