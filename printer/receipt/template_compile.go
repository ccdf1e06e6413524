package receipt

import (
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// A block is a compiled template: the one that was read, or a part that it
// defines.
type block struct {
	name  string
	ops   []op
	slots int // of its variables; the first is $
}

// A compiler makes blocks of the trees that text/template/parse has read. What
// stands between two line breaks of one list of nodes becomes one lineOp.
type compiler struct {
	trees  *template.Template
	funcs  map[string]function
	blocks map[string]*block
	mark   rune // stands for data while a line is read

	tree   *parse.Tree // of the block at hand
	block  *block
	scope  []string // the variables in sight, by slot
	pieces []piece  // of the line at hand
	ops    []op     // of the list at hand
}

// compile makes the program of a template that secure has admitted.
func compile(t *template.Template, text string, funcs template.FuncMap) (*block, error) {
	c := compiler{trees: t, funcs: functions(funcs), blocks: map[string]*block{}, mark: unusedRune(text)}
	return c.define(t.Name())
}

// unusedRune is one of private use that the text does not hold.
func unusedRune(text string) rune {
	r := '\U00100000'
	for strings.ContainsRune(text, r) {
		r++
	}
	return r
}

// define compiles a block, or finds it where it is compiled or being compiled.
func (c *compiler) define(name string) (*block, error) {
	if b := c.blocks[name]; b != nil {
		return b, nil
	}
	t := c.trees.Lookup(name)
	if t == nil || t.Tree == nil {
		return nil, fmt.Errorf("there is no template %q: define it, or mend its name", name)
	}
	inner := *c
	inner.tree, inner.block, inner.scope = t.Tree, &block{name: name}, nil
	c.blocks[name] = inner.block
	inner.declare("$")
	ops, err := inner.list(t.Tree.Root)
	inner.block.ops = ops
	return inner.block, err
}

// declare gives a variable its slot, which it has until its scope ends.
func (c *compiler) declare(name string) int {
	c.scope = append(c.scope, name)
	c.block.slots = max(c.block.slots, len(c.scope))
	return len(c.scope) - 1
}

// slot of the innermost variable of a name. The parser has seen to it that there
// is one.
func (c *compiler) slot(name string) int {
	for i, s := range slices.Backward(c.scope) {
		if s == name {
			return i
		}
	}
	return 0
}

// list compiles the nodes of a branch, which is a scope.
func (c *compiler) list(l *parse.ListNode) ([]op, error) {
	if l == nil {
		return nil, nil
	}
	ops, pieces, sight := c.ops, c.pieces, len(c.scope)
	c.ops, c.pieces = nil, nil
	for _, n := range l.Nodes {
		if err := c.node(n); err != nil {
			return nil, err
		}
	}
	c.endPieces(false)
	list := c.ops
	c.ops, c.pieces, c.scope = ops, pieces, c.scope[:sight]
	return list, nil
}

func (c *compiler) node(n parse.Node) error {
	switch n := n.(type) {
	case *parse.TextNode:
		c.text(string(n.Text))
		return nil
	case *parse.ActionNode:
		return c.action(n)
	case *parse.IfNode:
		return c.branch(&n.BranchNode, func(o branchOp) op { return &ifOp{o} })
	case *parse.WithNode:
		return c.branch(&n.BranchNode, func(o branchOp) op { return &withOp{o} })
	case *parse.RangeNode:
		return c.rangeOver(n)
	case *parse.TemplateNode:
		return c.call(n)
	case *parse.BreakNode:
		c.add(flowOp(breaks))
	case *parse.ContinueNode:
		c.add(flowOp(continues))
	}
	return nil
}

// text takes markup apart into lines.
func (c *compiler) text(s string) {
	for {
		line, rest, ends := strings.Cut(s, "\n")
		if line != "" {
			c.pieces = append(c.pieces, piece{text: line})
		}
		if !ends {
			return
		}
		c.endPieces(true)
		s = rest
	}
}

// endPieces closes what has been read of a line: at its line break, or where
// something else than text and data begins.
func (c *compiler) endPieces(ends bool) {
	if ends || len(c.pieces) > 0 {
		o := &lineOp{pieces: c.pieces, ends: ends}
		if ends {
			o.shape = shapeOf(c.pieces, c.mark)
		}
		c.ops = append(c.ops, o)
	}
	c.pieces = nil
}

func (c *compiler) add(o op) {
	c.endPieces(false)
	c.ops = append(c.ops, o)
}

// action compiles {{data}} and {{$name := data}}.
func (c *compiler) action(n *parse.ActionNode) error {
	value, slots, err := c.pipe(n.Pipe)
	if err != nil {
		return err
	}
	if len(slots) > 0 {
		c.add(&assignOp{value: value, slot: slots[0]})
		return nil
	}
	c.pieces = append(c.pieces, piece{data: value})
	return nil
}

// pipe compiles a pipeline, and then declares or finds its variables.
func (c *compiler) pipe(n *parse.PipeNode) (value located, slots []int, err error) {
	e, err := c.pipeline(n)
	if err != nil {
		return located{}, nil, err
	}
	for _, v := range n.Decl {
		if n.IsAssign {
			slots = append(slots, c.slot(v.Ident[0]))
		} else {
			slots = append(slots, c.declare(v.Ident[0]))
		}
	}
	where, what := c.tree.ErrorContext(n)
	return located{expr: e, place: fmt.Sprintf("%s: <%s>", where, what)}, slots, nil
}

func (c *compiler) branch(n *parse.BranchNode, wrap func(branchOp) op) error {
	c.endPieces(false)
	sight := len(c.scope)
	value, slots, err := c.pipe(n.Pipe)
	if err != nil {
		return err
	}
	o := branchOp{value: value, slots: slots}
	if o.list, err = c.list(n.List); err != nil {
		return err
	}
	if o.other, err = c.list(n.ElseList); err != nil {
		return err
	}
	c.scope = c.scope[:sight]
	c.add(wrap(o))
	return nil
}

func (c *compiler) rangeOver(n *parse.RangeNode) error {
	return c.branch(&n.BranchNode, func(o branchOp) op { return &rangeOp{o} })
}

func (c *compiler) call(n *parse.TemplateNode) error {
	b, err := c.define(n.Name)
	if err != nil {
		return err
	}
	o := &callOp{block: b}
	if n.Pipe != nil {
		if o.value, _, err = c.pipe(n.Pipe); err != nil {
			return err
		}
	}
	c.add(o)
	return nil
}
