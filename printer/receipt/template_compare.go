package receipt

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
)

var errNotOrdered = errors.New("only numbers and texts have an order")

// equal tells whether the first argument is one of the others.
func equal(a []reflect.Value) (reflect.Value, error) {
	one := inside(a[0])
	for _, other := range a[1:] {
		same, err := equals(one, inside(other))
		if same || err != nil {
			return boolean(same), err
		}
	}
	return boolean(false), nil
}

func inside(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Interface {
		return v.Elem()
	}
	return v
}

func equals(a, b reflect.Value) (bool, error) {
	if c, err := compare(a, b); err == nil {
		return c == 0, nil
	}
	switch {
	case a.Kind() == reflect.Bool && b.Kind() == reflect.Bool:
		return a.Bool() == b.Bool(), nil
	case a.CanComplex() && b.CanComplex():
		return a.Complex() == b.Complex(), nil
	case isNothing(a) || isNothing(b):
		return isNothing(a) == isNothing(b), nil
	case a.Type() != b.Type() || !a.Comparable() || !b.Comparable():
		return false, fmt.Errorf("%s and %s do not compare", a.Type(), b.Type())
	}
	return a.Equal(b), nil
}

// isNothing tells nil.
func isNothing(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
		return v.IsNil()
	}
	return false
}

// compare orders two values: -1, 0, 1.
func compare(a, b reflect.Value) (int, error) {
	switch {
	case a.CanInt() && b.CanInt():
		return cmp.Compare(a.Int(), b.Int()), nil
	case a.CanUint() && b.CanUint():
		return cmp.Compare(a.Uint(), b.Uint()), nil
	case a.CanInt() && b.CanUint():
		if a.Int() < 0 {
			return -1, nil
		}
		return cmp.Compare(uint64(a.Int()), b.Uint()), nil
	case a.CanUint() && b.CanInt():
		c, err := compare(b, a)
		return -c, err
	case a.CanFloat() && b.CanFloat():
		return compareFloats(a.Float(), b.Float()), nil
	case a.Kind() == reflect.String && b.Kind() == reflect.String:
		return cmp.Compare(a.String(), b.String()), nil
	}
	return 0, errNotOrdered
}

// compareFloats: what is not a number is equal to nothing.
func compareFloats(a, b float64) int {
	if a == b {
		return 0
	}
	if a < b {
		return -1
	}
	return 1
}

func ordered(holds func(int) bool) func(a []reflect.Value) (reflect.Value, error) {
	return func(a []reflect.Value) (reflect.Value, error) {
		c, err := compare(inside(a[0]), inside(a[1]))
		return boolean(err == nil && holds(c)), err
	}
}
