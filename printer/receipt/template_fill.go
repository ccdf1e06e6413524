package receipt

import (
	"errors"
	"reflect"
	"strings"
)

// A filler fills a template with data: it runs the template's program, and holds
// the document that comes of it. Its parser reads the few lines whose structure
// is not known before (those with a branch in them); for them data is escaped.
type filler struct {
	parser parser
	texts  strings.Builder // the texts that are joined of several, one behind the other
	line   []byte          // markup of a line that has begun
	markup bool            // nothing is read: line is the whole markup
	lines  int             // that have ended
	data   []string        // of the line at hand
	vars   []reflect.Value // of all frames, the innermost last
	bytes  int             // of markup and data so far
	depth  int             // of templates in templates
	steps  int             // rounds of range, and templates, so far
}

var (
	errTooLong = errors.New("the ticket is longer than a megabyte: shorten its data")
	errTooDeep = errors.New("the templates call each other without an end: let one of them stop")
	errNoEnd   = errors.New("the template goes on without an end: let range go over less")
)

// maxSteps bounds templates that do much and print nothing. A ticket of 2,000
// rows takes some thousands.
const maxSteps = 1 << 20

// step counts what may have no end.
func (f *filler) step() error {
	if f.steps++; f.steps > maxSteps {
		return errNoEnd
	}
	return nil
}

// maxDepth bounds templates that call themselves. Go's stack holds far more.
const maxDepth = 10_000

// reset prepares for a document, in the memory of the last. The texts of that one
// stay as they are.
func (f *filler) reset(r *room, first *Format) {
	*f = filler{parser: f.parser.anew(r, first), line: f.line[:0], data: f.data[:0], vars: f.vars[:0]}
}

// fill runs the program of a template.
func (f *filler) fill(b *block, data any) error {
	if err := f.block(b, reflect.ValueOf(data)); err != nil {
		return err
	}
	if !f.markup && (len(f.line) > 0 || f.lines == 0) {
		f.endLine()
	}
	return nil
}

func (f *filler) block(b *block, dot reflect.Value) error {
	if f.depth++; f.depth > maxDepth {
		return errTooDeep
	}
	if err := f.step(); err != nil {
		return err
	}
	first := len(f.vars)
	f.vars = append(f.vars, make([]reflect.Value, b.slots)...)
	fr := frame{filler: f, dot: dot, vars: f.vars[first:len(f.vars):len(f.vars)]}
	fr.vars[0] = dot
	_, err := fr.run(b.ops)
	f.vars = f.vars[:first]
	f.depth--
	return err
}

// grow counts what is added to a ticket, and stops one that has no end.
func (f *filler) grow(n int) error {
	if f.bytes += n; f.bytes > MaxSource {
		return errTooLong
	}
	return nil
}

// endLine reads the line that has begun. After many faults the others do not
// matter.
func (f *filler) endLine() {
	f.lines++
	f.parser.number++
	if len(f.parser.faults) < maxFaults {
		f.parser.line(string(f.line))
	}
	f.parser.data = false
	f.line = f.line[:0]
}

// A frame is a block that is being run: what dot and the variables are.
type frame struct {
	filler *filler
	dot    reflect.Value
	vars   []reflect.Value
}

// A flow says how a list of operations ended.
type flow uint8

const (
	goesOn flow = iota
	breaks
	continues
)

// An op is one step of a program.
type op interface {
	run(f *frame) (flow, error)
}

func (f *frame) run(ops []op) (flow, error) {
	for _, o := range ops {
		if next, err := o.run(f); next != goesOn || err != nil {
			return next, err
		}
	}
	return goesOn, nil
}

// flowOp is break or continue.
type flowOp flow

func (o flowOp) run(*frame) (flow, error) { return flow(o), nil }

// A lineOp adds a line to the document, or a part of one.
type lineOp struct {
	pieces []piece
	shape  *shape
	ends   bool
}

func (o *lineOp) run(fr *frame) (flow, error) {
	f := fr.filler
	if o.shape == nil || len(f.line) > 0 || f.markup || f.parser.dots+o.shape.dots > maxImageDots {
		return goesOn, o.append(fr)
	}
	size := o.shape.bytes + 1
	f.data = f.data[:0]
	for i := range o.shape.pieces {
		text, err := o.shape.pieces[i].data.text(fr)
		if err != nil {
			return goesOn, err
		}
		text = shown(text)
		size += len(text)
		f.data = append(f.data, text)
	}
	f.lines++
	o.shape.add(f, f.data)
	return goesOn, f.grow(size)
}

// append adds to the markup of a line that is read when it ends.
func (o *lineOp) append(fr *frame) error {
	f := fr.filler
	for i := range o.pieces {
		text := o.pieces[i].text
		if text == "" {
			data, err := o.pieces[i].data.text(fr)
			if err != nil {
				return err
			}
			text, f.parser.data = Escape(data), true
		}
		if err := f.grow(len(text)); err != nil {
			return err
		}
		f.line = append(f.line, text...)
	}
	switch {
	case !o.ends:
		return nil
	case f.markup:
		f.line = append(f.line, '\n')
	default:
		f.endLine()
	}
	return f.grow(1)
}

// An assignOp gives a variable its value.
type assignOp struct {
	value located
	slot  int
}

func (o *assignOp) run(f *frame) (flow, error) {
	v, err := o.value.eval(f)
	f.vars[o.slot] = v
	return goesOn, err
}

// A callOp fills another template in this place.
type callOp struct {
	value located // without an expr: nil
	block *block
}

func (o *callOp) run(f *frame) (flow, error) {
	var dot reflect.Value
	if o.value.expr != nil {
		var err error
		if dot, err = o.value.eval(f); err != nil {
			return goesOn, err
		}
	}
	return goesOn, f.filler.block(o.block, dot)
}

// A branchOp is what if, with and range have in common.
type branchOp struct {
	value       located
	slots       []int // of the variables that it sets
	list, other []op
}

// begin finds the value, and gives it to the variables.
func (o *branchOp) begin(f *frame) (reflect.Value, error) {
	v, err := o.value.eval(f)
	for _, slot := range o.slots {
		f.vars[slot] = v
	}
	return v, err
}

type ifOp struct{ branchOp }

func (o *ifOp) run(f *frame) (flow, error) {
	v, err := o.begin(f)
	switch {
	case err != nil:
		return goesOn, err
	case truth(v):
		return f.run(o.list)
	}
	return f.run(o.other)
}

type withOp struct{ branchOp }

func (o *withOp) run(f *frame) (flow, error) {
	v, err := o.begin(f)
	switch {
	case err != nil:
		return goesOn, err
	case truth(v):
		return f.with(v, o.list)
	}
	return f.run(o.other)
}

// with runs operations with another dot.
func (f *frame) with(dot reflect.Value, ops []op) (flow, error) {
	before := f.dot
	f.dot = dot
	next, err := f.run(ops)
	f.dot = before
	return next, err
}

type rangeOp struct{ branchOp }

func (o *rangeOp) run(f *frame) (flow, error) {
	v, err := o.begin(f)
	if err != nil {
		return goesOn, err
	}
	all, err := elementsOf(v, len(o.slots))
	if err != nil {
		return goesOn, o.value.mark(err)
	}
	if all.count == 0 {
		return f.run(o.other)
	}
	for i := range all.count {
		if err := f.filler.step(); err != nil {
			return goesOn, o.value.mark(err)
		}
		key, element := all.at(i)
		switch len(o.slots) {
		case 1:
			f.vars[o.slots[0]] = element
		case 2:
			f.vars[o.slots[0]], f.vars[o.slots[1]] = key, element
		}
		if next, err := f.with(element, o.list); next == breaks || err != nil {
			return goesOn, err
		}
	}
	return goesOn, nil
}
