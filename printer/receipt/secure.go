package receipt

import (
	"fmt"
	"strings"
	"text/template/parse"
)

// secure refuses the places of a template where even data that is no markup would
// change the structure.
func secure(list *parse.ListNode) error {
	var at context
	if list == nil {
		return nil
	}
	for _, node := range list.Nodes {
		var err error
		switch n := node.(type) {
		case *parse.TextNode:
			at.read(string(n.Text))
			if at.escaping {
				err = fmt.Errorf(`a backslash stands before an action or an end: write \\ for the character`)
			}
		case *parse.ActionNode:
			err = at.admit(n)
		case *parse.IfNode:
			err = at.control(&n.BranchNode)
		case *parse.RangeNode:
			err = at.control(&n.BranchNode)
		case *parse.WithNode:
			err = at.control(&n.BranchNode)
		case *parse.TemplateNode:
			if at.property {
				err = errInProperty
			}
		}
		if err != nil {
			return fmt.Errorf("near %s: %w", shorten(node.String()), err)
		}
	}
	if at.property {
		return fmt.Errorf("a property is not closed where its block ends: close it with }")
	}
	return nil
}

var errInProperty = fmt.Errorf("a control action stands inside of a property: put the whole line {…} into the block")

// A context is where in the markup a template stands.
type context struct {
	property bool   // between { and }
	value    bool   // behind the colon of a member
	key      string // of the member
	escaping bool   // an escape sequence is not complete
}

func (c *context) control(n *parse.BranchNode) error {
	if c.property {
		return errInProperty
	}
	if err := secure(n.List); err != nil {
		return err
	}
	return secure(n.ElseList)
}

// admit tells whether an action that prints may stand here.
func (c *context) admit(n *parse.ActionNode) error {
	if len(n.Pipe.Decl) > 0 {
		return nil
	}
	if c.property {
		switch key := strings.ToLower(strings.TrimSpace(c.key)); {
		case !c.value:
			return fmt.Errorf("data stands where a property has its name: write the name")
		case key != "code" && key != "c" && key != "image" && key != "i" && key != "comment" && key != "_":
			return fmt.Errorf("data stands in the property %q: only code, image and comment take data", key)
		}
	}
	return nil
}

// read moves the context over markup.
func (c *context) read(text string) {
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case ch == '\\':
			i++
			if i < len(text) && text[i] == 'x' {
				i += 2
			}
			if c.escaping = i >= len(text); !c.escaping && text[i] == '\n' {
				*c = context{}
			}
		case ch == '\n':
			*c = context{}
		case ch == '{':
			*c = context{property: true}
		case ch == '}':
			*c = context{}
		case c.property && ch == ';':
			*c = context{property: true}
		case c.property && ch == ':':
			c.value = true
		case c.property && !c.value:
			c.key += string(ch)
		}
	}
}
