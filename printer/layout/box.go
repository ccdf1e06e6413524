package layout

import (
	"strings"

	"mostrador/printer/profile"
)

// A box is the lines around the rows of a table. A rule of the markup is only
// remembered until the next row tells what it stands between.
type box struct {
	edges []int // where the vertical lines of the last row are; nil outside
	rule  bool  // a rule waits
}

// openBox draws the line above a row of a table: the box's top, or the rule
// that waits.
func (s *setter) openBox(t table) {
	edges := t.edges()
	if s.box.edges == nil || s.box.rule {
		s.addBoxRule(s.box.edges, edges)
	}
	s.box = box{edges: edges}
}

// closeBox draws the bottom of a box that is open.
func (s *setter) closeBox() {
	if s.box.edges != nil {
		s.addBoxRule(s.box.edges, nil)
	}
	s.box = box{}
}

// addEdges draws the vertical lines of a row whose runs begin at first, as tall
// as the row, each between the columns' runs where it belongs.
func (s *setter) addEdges(first, tall int) {
	texts := append([]Run(nil), s.runs[first:]...)
	s.runs = s.runs[:first]
	style := Style{}
	if tall > 1 {
		style.Height = tall
	}
	for _, x := range s.box.edges {
		for len(texts) > 0 && texts[0].Column < x {
			s.runs = append(s.runs, texts[0])
			texts = texts[1:]
		}
		s.runs = append(s.runs, Run{Column: x, Text: s.glyphs[up|down], Style: style})
	}
}

// addBoxRule draws a horizontal line between a row with vertical lines at above
// and one with vertical lines at below. Where they stand apart, so do the lines.
func (s *setter) addBoxRule(above, below []int) {
	left, right := span(above, below)
	var b strings.Builder
	for x := left; x <= right; x++ {
		arms := 0
		if within(above, x-1) && within(above, x) || within(below, x-1) && within(below, x) {
			arms |= toLeft
		}
		if within(above, x) && within(above, x+1) || within(below, x) && within(below, x+1) {
			arms |= toRight
		}
		if contains(above, x) {
			arms |= up
		}
		if contains(below, x) {
			arms |= down
		}
		b.WriteString(s.glyphs[arms])
	}
	s.addRule(left, 1, b.String())
}

// within reports whether a cell is between the first and the last edge.
func within(edges []int, x int) bool {
	return len(edges) > 0 && edges[0] <= x && x <= edges[len(edges)-1]
}

func span(above, below []int) (left, right int) {
	if len(above) == 0 {
		return below[0], below[len(below)-1]
	}
	left, right = above[0], above[len(above)-1]
	if len(below) > 0 {
		left, right = min(left, below[0]), max(right, below[len(below)-1])
	}
	return left, right
}

func contains(sorted []int, x int) bool {
	for _, y := range sorted {
		if y == x {
			return true
		}
	}
	return false
}

// edges are the cells of the vertical lines of a table with lines.
func (t *table) edges() []int {
	edges := []int{t.left - 1}
	x := t.left
	for _, w := range t.widths {
		if w > 0 {
			x += w + t.gap
			edges = append(edges, x-1)
		}
	}
	return edges
}

// The arms of a line character.
const (
	up = 1 << iota
	down
	toLeft
	toRight
)

// glyphs are the line characters by their arms.
type glyphs [16]string

// glyphsOf picks the line characters that a printer has: those of code page 437
// and its relatives, or plain ASCII.
func glyphsOf(p profile.Profile) glyphs {
	drawn := glyphs{
		up | down: "│", toLeft | toRight: "─",
		down | toRight: "┌", down | toLeft: "┐", up | toRight: "└", up | toLeft: "┘",
		up | down | toRight: "├", up | down | toLeft: "┤",
		down | toLeft | toRight: "┬", up | toLeft | toRight: "┴", up | down | toLeft | toRight: "┼",
	}
	for _, glyph := range drawn {
		for _, r := range glyph {
			if !p.Holds(r) {
				return typed()
			}
		}
	}
	drawn[0] = " "
	return drawn
}

func typed() glyphs {
	var g glyphs
	for arms := range g {
		switch arms {
		case 0:
			g[arms] = " "
		case up | down:
			g[arms] = "|"
		case toLeft | toRight:
			g[arms] = "-"
		default:
			g[arms] = "+"
		}
	}
	return g
}

func (g glyphs) rule() string { return g[toLeft|toRight] }
