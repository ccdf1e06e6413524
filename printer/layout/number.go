package layout

import (
	"slices"

	"mostrador/printer/profile"
	"mostrador/printer/receipt"
)

// keepNumbers makes room for the numbers of a line that are wider than their
// columns: a number in two pieces reads as two numbers. The columns beside it
// give what their longest words do not need; where that is too little, wide
// characters become narrow, first theirs, then the number's own, and at last
// their words break. Only a number that is wider than the paper breaks, too.
func (s *setter) keepNumbers(t *table, l *receipt.Line) []receipt.Column {
	t.widths = slices.Clone(t.widths) // other lines have this table, too
	columns := slices.Clone(l.Columns[:min(len(l.Columns), len(t.widths))])
	for {
		needs := s.needs(columns)
		t.giveTo(needs, l.Format)
		if t.holds(needs) {
			return columns
		}
		if !narrowOthers(columns, needs, t) && !narrowNumbers(columns, needs, t) {
			for i := range needs {
				needs[i].word = max(needs[i].number, needs[i].least)
			}
			t.giveTo(needs, l.Format)
			return columns
		}
	}
}

// A need is how many cells a column's longest number takes, its longest word of
// any kind, and what is left to it in any case: few words would make many rows.
type need struct{ number, word, least int }

// leastWidth is the least that a column keeps which has so much text.
const leastWidth = 6

func (s *setter) needs(columns []receipt.Column) []need {
	needs := make([]need, len(columns))
	for i := range columns {
		needs[i] = s.wrap.need(&s.profile, &columns[i], s.columns)
	}
	return needs
}

// holds reports whether every number has room.
func (t *table) holds(needs []need) bool {
	for i, n := range needs {
		if t.lacks(i, n) > 0 {
			return false
		}
	}
	return true
}

// lacks is how many cells more a column's number needs than the column has.
func (t *table) lacks(column int, n need) int {
	if t.widths[column] == 0 {
		return 0
	}
	return max(n.number-t.widths[column], 0)
}

// giveTo moves cells to the columns that lack them, from the columns that have
// the most to spare: those that share the paper before those of a fixed width.
// Columns between lines stay where they are.
func (t *table) giveTo(needs []need, f *receipt.Format) {
	if t.edge > 0 {
		return
	}
	for i, n := range needs {
		for lack := t.lacks(i, n); lack > 0; lack-- {
			giver := -1
			for j := range t.widths {
				if j != i && t.spare(j, needs) > 0 && (giver < 0 || t.before(j, giver, needs, f)) {
					giver = j
				}
			}
			if giver < 0 {
				break
			}
			t.widths[giver]--
			t.widths[i]++
		}
	}
}

// spare is what a column has beyond its longest word; a column is never left
// without a cell.
func (t *table) spare(column int, needs []need) int {
	word := 1
	if column < len(needs) {
		word = max(needs[column].word, 1)
	}
	return t.widths[column] - word
}

func (t *table) before(a, b int, needs []need, f *receipt.Format) bool {
	shares := func(i int) bool { return f.Widths == nil || f.Widths[i] == receipt.Star }
	if shares(a) != shares(b) {
		return shares(a)
	}
	return t.spare(a, needs) > t.spare(b, needs)
}

// narrowOthers narrows the characters of the columns that have room enough, if
// there are wide ones.
func narrowOthers(columns []receipt.Column, needs []need, t *table) bool {
	done := false
	for i := range columns {
		if t.edge == 0 && t.lacks(i, needs[i]) == 0 {
			done = narrowColumn(&columns[i]) || done
		}
	}
	return done
}

// narrowNumbers narrows the characters of the columns whose numbers lack room.
func narrowNumbers(columns []receipt.Column, needs []need, t *table) bool {
	done := false
	for i := range columns {
		if t.lacks(i, needs[i]) > 0 {
			done = narrowColumn(&columns[i]) || done
		}
	}
	return done
}

// narrowColumn takes one from the width of a column's widest characters.
func narrowColumn(c *receipt.Column) bool {
	widest := uint8(1)
	for _, span := range c.Spans {
		widest = max(widest, span.Style.Width)
	}
	if widest == 1 {
		return false
	}
	c.Spans = slices.Clone(c.Spans)
	for i := range c.Spans {
		if style := &c.Spans[i].Style; style.Width == widest {
			style.Width--
		}
	}
	return true
}

// need measures the words of a column as if it were as wide as the paper.
func (w *wrapper) need(p *profile.Profile, c *receipt.Column, paper int) need {
	w.marks = w.marks[:0]
	for i, span := range c.Spans {
		w.read(p, span, i, paper, true)
	}
	n := need{least: min(len(w.marks), leastWidth)}
	n.word = n.least
	for start := 0; start < len(w.marks); {
		end := w.wordEnd(start)
		cells := 0
		for _, m := range w.marks[start:end] {
			cells += m.cells
		}
		n.word = max(n.word, cells)
		if w.isNumber(start, end) {
			n.number = max(n.number, cells)
		}
		for start = end; start < len(w.marks) && w.marks[start].kind != letter && w.marks[start].kind != wide; {
			start++
		}
	}
	return n
}

// wordEnd is where the word that begins at start ends.
func (w *wrapper) wordEnd(start int) int {
	end := start
	for end < len(w.marks) && w.marks[end].kind == letter {
		end++
	}
	return max(end, min(start+1, len(w.marks)))
}

// splitsNumber reports whether a line that ends before a mark splits a number.
func (w *wrapper) splitsNumber(at int) bool {
	start := at
	for start > 0 && w.marks[start-1].kind == letter {
		start--
	}
	return start < at && w.marks[at].kind == letter && w.isNumber(start, w.wordEnd(at))
}

// isNumber reports whether a word has a digit, as an amount, a telephone or an
// order's number has.
func (w *wrapper) isNumber(start, end int) bool {
	for _, m := range w.marks[start:end] {
		if m.text != "" && m.text[0] >= '0' && m.text[0] <= '9' {
			return true
		}
	}
	return false
}
