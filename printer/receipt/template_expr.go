package receipt

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
)

// An expr yields a value. The rules are those of text/template: what is no value
// at all is nil, and an empty interface is what it holds.
type expr interface {
	eval(f *frame) (reflect.Value, error)
}

// located is an expression and its place in the template, for errors.
type located struct {
	expr  expr
	place string
}

func (l *located) mark(err error) error { return fmt.Errorf("%s: %w", l.place, err) }

func (l *located) eval(f *frame) (reflect.Value, error) {
	v, err := l.expr.eval(f)
	if err != nil {
		return v, l.mark(err)
	}
	return v, nil
}

// text is the value as it is written.
func (l *located) text(f *frame) (string, error) {
	v, err := l.expr.eval(f)
	if err == nil {
		var text string
		if text, err = textOf(v); err == nil {
			return text, nil
		}
	}
	return "", l.mark(err)
}

// textOf writes a value as fmt.Sprint does, and nil as nothing.
func textOf(v reflect.Value) (text string, err error) {
	switch {
	case !v.IsValid():
		return "", nil
	case v.Type() == reflect.TypeFor[string]():
		return v.String(), nil
	case v.Type() == reflect.TypeFor[int]():
		return strconv.FormatInt(v.Int(), 10), nil
	case !v.CanInterface():
		return "", fmt.Errorf("a %s that is not exported cannot be printed", v.Type())
	}
	defer recovered("String", &err)
	switch v := v.Interface().(type) {
	case nil:
		return "", nil
	case fmt.Stringer:
		return v.String(), nil
	default:
		return fmt.Sprint(v), nil
	}
}

// bare takes a value out of an empty interface.
func bare(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Interface && v.NumMethod() == 0 {
		return v.Elem()
	}
	return v
}

// concrete follows pointers and interfaces to what they lead to; isNil where they
// lead to nothing.
func concrete(v reflect.Value) (_ reflect.Value, isNil bool) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return v, true
		}
		v = v.Elem()
	}
	return v, false
}

// truth tells what if does with a value: zero and empty are false, structs true.
func truth(v reflect.Value) bool {
	switch v = bare(v); v.Kind() {
	case reflect.Invalid:
		return false
	case reflect.Struct:
		return true
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() > 0
	}
	return !v.IsZero()
}

// elements are what range goes over: of slices, arrays, maps in the order of
// their keys, and the numbers below an integer.
type elements struct {
	of    reflect.Value
	count int
	keys  []reflect.Value // of a map
}

func elementsOf(v reflect.Value, variables int) (elements, error) {
	v, _ = concrete(v)
	e := elements{of: v}
	switch {
	case !v.IsValid():
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		e.count = v.Len()
	case v.Kind() == reflect.Map:
		e.keys, e.count = v.MapKeys(), v.Len()
		slices.SortStableFunc(e.keys, compareKeys)
	case (v.CanInt() || v.CanUint()) && variables == 2:
		return e, fmt.Errorf("a number has no keys: range over it with one variable")
	case v.CanInt():
		e.count = int(max(v.Int(), 0))
	case v.CanUint():
		e.count = int(min(v.Uint(), math.MaxInt))
	default:
		return e, fmt.Errorf("range does not go over %s", v.Type())
	}
	return e, nil
}

// at is the i-th element and its key.
func (e *elements) at(i int) (key, element reflect.Value) {
	switch {
	case e.keys != nil:
		return e.keys[i], e.of.MapIndex(e.keys[i])
	case e.of.Kind() == reflect.Slice || e.of.Kind() == reflect.Array:
		return reflect.ValueOf(i), e.of.Index(i)
	}
	return reflect.Value{}, reflect.ValueOf(i).Convert(e.of.Type())
}

func compareKeys(a, b reflect.Value) int {
	a, _ = concrete(a)
	b, _ = concrete(b)
	switch {
	case a.Kind() != b.Kind():
		return cmp.Compare(a.Kind(), b.Kind())
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	}
	return strings.Compare(a.String(), b.String())
}

// A constant stands in the template. A number takes the type that it is wanted
// in.
type constant struct {
	value  reflect.Value
	number *parse.NumberNode
}

func (e *constant) eval(*frame) (reflect.Value, error) { return e.value, nil }

type dotExpr struct{}

func (dotExpr) eval(f *frame) (reflect.Value, error) { return f.dot, nil }

type varExpr struct{ slot int }

func (e varExpr) eval(f *frame) (reflect.Value, error) { return f.vars[e.slot], nil }

// pipeline compiles commands, each the last argument of the next.
func (c *compiler) pipeline(n *parse.PipeNode) (expr, error) {
	var value expr
	for _, cmd := range n.Cmds {
		var err error
		if value, err = c.command(cmd, value); err != nil {
			return nil, err
		}
	}
	return value, nil
}

// command compiles a value, or a call of a function or a method. The last
// argument may come from the command before it.
func (c *compiler) command(cmd *parse.CommandNode, last expr) (expr, error) {
	var args []expr
	for _, n := range cmd.Args[1:] {
		arg, err := c.operand(n, nil)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	if last != nil {
		args = append(args, last)
	}
	if _, isNil := cmd.Args[0].(*parse.NilNode); isNil {
		return nil, fmt.Errorf("near %s: nil is not a command", shorten(cmd.String()))
	}
	e, err := c.operand(cmd.Args[0], args)
	if err != nil {
		return nil, fmt.Errorf("near %s: %w", shorten(cmd.String()), err)
	}
	return e, nil
}

// operand compiles one word. Only functions and methods take arguments.
func (c *compiler) operand(n parse.Node, args []expr) (expr, error) {
	switch n := n.(type) {
	case *parse.FieldNode:
		return chain(dotExpr{}, n.Ident, args), nil
	case *parse.VariableNode:
		if e := (varExpr{c.slot(n.Ident[0])}); len(n.Ident) > 1 {
			return chain(e, n.Ident[1:], args), nil
		} else if len(args) == 0 {
			return e, nil
		}
	case *parse.ChainNode:
		e, err := c.operand(n.Node, nil)
		if err != nil {
			return nil, err
		}
		return chain(e, n.Field, args), nil
	case *parse.IdentifierNode:
		return c.callOf(n.Ident, args)
	}
	if len(args) > 0 {
		return nil, fmt.Errorf("%s takes no arguments", n)
	}
	switch n := n.(type) {
	case *parse.PipeNode:
		return c.pipeline(n)
	case *parse.DotNode:
		return dotExpr{}, nil
	case *parse.NilNode:
		return &constant{}, nil
	case *parse.BoolNode:
		return &constant{value: reflect.ValueOf(n.True)}, nil
	case *parse.StringNode:
		return &constant{value: reflect.ValueOf(n.Text)}, nil
	case *parse.NumberNode:
		return numberOf(n)
	}
	return nil, fmt.Errorf("%s is not a value", n)
}

// numberOf is a number as Go takes it where no type is wanted.
func numberOf(n *parse.NumberNode) (expr, error) {
	e := &constant{number: n}
	rounded := strings.HasPrefix(n.Text, "'") || strings.HasPrefix(strings.ToLower(n.Text), "0x") && !strings.ContainsAny(n.Text, "pP")
	switch {
	case n.IsComplex:
		e.value = reflect.ValueOf(n.Complex128)
	case n.IsFloat && !rounded && strings.ContainsAny(n.Text, ".eEpP"):
		e.value = reflect.ValueOf(n.Float64)
	case n.IsInt && int64(int(n.Int64)) == n.Int64:
		e.value = reflect.ValueOf(int(n.Int64))
	default:
		return nil, fmt.Errorf("%s overflows int", n.Text)
	}
	return e, nil
}
