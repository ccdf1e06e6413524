package ticket

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"mostrador/store"
)

// A ticket may have 2,000 rows (layout.MaxRows). These bounds keep any order
// below them on the narrowest paper; what they leave out is said on the paper.
const (
	maxRows   = 1500 // for the lines of an order, by estimate
	maxText   = 500  // runes of one text
	maxRunes  = 8000 // of all of a ticket's lines; past them each text is shortened
	shortText = 60   // to so many
	longText  = 200  // and the order's own texts to so many
)

// How many runes of a text fill a row of the narrowest paper, half empty as
// words wrap at worst.
const (
	bigRow   = 6  // double size
	smallRow = 12 // single width
)

// A clipper keeps the texts of one ticket within its bounds.
type clipper struct {
	most int  // runes of one text
	rows int  // left for the order's lines
	cut  bool // something was shortened
}

// clipperFor picks the room for each text from how much there is in all.
func clipperFor(runes int) *clipper {
	if runes > maxRunes {
		return &clipper{most: shortText, rows: maxRows}
	}
	return &clipper{most: maxText, rows: maxRows}
}

// full: the order's further lines have no room.
func (c *clipper) full() bool { return c.rows <= 0 }

// line is a text among the order's lines, as far as the ticket has room for it,
// and takes its rows.
func (c *clipper) line(s string, perRow int) string {
	s = c.clip(s, c.most)
	c.spend(s, perRow)
	return s
}

// spend takes the rows that a text needs.
func (c *clipper) spend(s string, perRow int) {
	c.rows -= 1 + utf8.RuneCountInString(s)/perRow + strings.Count(s, "\n")
}

// extra is a line that is not there when it has no text.
func (c *clipper) extra(s string, perRow int) string {
	if s == "" {
		return ""
	}
	return c.line(s, perRow)
}

// short is for names of which a ticket has a few on one line.
func (c *clipper) short(s string) string { return c.clip(s, shortText) }

// long is for texts of which a ticket has one.
func (c *clipper) long(s string) string { return c.clip(s, longText) }

// clip shortens s to a number of runes, the last of them an ellipsis.
func (c *clipper) clip(s string, most int) string {
	if len(s) <= most || utf8.RuneCountInString(s) <= most {
		return s
	}
	c.cut = true
	n := 0
	for i := range s {
		if n == most-1 {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

func itemRunes(items []store.Item) int {
	n := 0
	for _, it := range items {
		n += len(it.Name) + len(it.Note) + len(it.Group) + len(it.Parent) + itemRunes(it.Modifiers)
	}
	return n
}

func lineRunes(o *store.Order) int {
	n := 0
	for _, l := range o.Lines {
		n += len(l.Name) + len(l.Note) + modifierRunes(l.Modifiers)
	}
	return n
}

func modifierRunes(ms []store.Modifier) int {
	n := 0
	for _, m := range ms {
		n += len(m.Name) + len(m.Group) + modifierRunes(m.Modifiers)
	}
	return n
}

func decimal(n int) string { return strconv.Itoa(n) }
