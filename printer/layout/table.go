package layout

import (
	"fmt"

	"mostrador/printer/receipt"
)

// A table is where the columns of one line stand.
type table struct {
	left   int   // cells before the table, its edge included
	widths []int // of the columns, 0 for one that is not shown
	gap    int   // cells between two columns
	edge   int   // cells of the lines around it
}

// newTable gives the columns of a line their widths. Columns that share get
// what the fixed ones leave, the last ones the cell that does not divide; when
// the fixed ones are too wide for the paper, the widest give way. Of more columns
// than the paper has cells for, the last are not shown; text of words is not left
// out, so that there it is an error.
func newTable(f *receipt.Format, columns, paper int) (table, error) {
	t := table{gap: gapOf(f.Border), widths: widthsOf(f, columns, paper)}
	if f.Border == receipt.BorderLine {
		t.edge = 1
	}
	most := (paper - 2*t.edge + t.gap) / (1 + t.gap)
	fixed, stars, shown := 0, 0, 0
	for i, w := range t.widths {
		if w != 0 && shown == most {
			if f.Words {
				return t, fmt.Errorf("more than %d columns do not fit into %d cells: use fewer", most, paper)
			}
			w, t.widths[i] = 0, 0
		}
		switch {
		case w == receipt.Star:
			stars++
			shown++
		case w > 0:
			fixed += w
			shown++
		}
	}
	if shown == 0 {
		return table{widths: t.widths}, nil
	}
	room := paper - 2*t.edge - t.gap*(shown-1)
	t.narrow(fixed - (room - stars))
	t.share(room, stars)
	t.left = t.edge
	if stars == 0 {
		free := paper - t.width()
		switch f.Align {
		case receipt.Center:
			t.left += free / 2
		case receipt.Right:
			t.left += free
		}
	}
	return t, nil
}

// extent is where the table in force stands, whatever a line has of it.
func extent(f *receipt.Format, paper int) (left, width int) {
	shown := 0
	for _, w := range f.Widths {
		if w == receipt.Star {
			return 0, paper
		}
		if w > 0 {
			width += w
			shown++
		}
	}
	if shown == 0 {
		return 0, paper
	}
	width += gapOf(f.Border) * (shown - 1)
	if f.Border == receipt.BorderLine {
		width += 2
	}
	width = min(width, paper)
	switch free := paper - width; f.Align {
	case receipt.Center:
		left = free / 2
	case receipt.Right:
		left = free
	}
	return left, width
}

func gapOf(b receipt.Border) int {
	switch b {
	case receipt.BorderNone:
		return 0
	case receipt.BorderWide:
		return 2
	}
	return 1
}

// widthsOf are the widths as the format asks for them, none wider than the
// paper.
func widthsOf(f *receipt.Format, columns, paper int) []int {
	if f.Widths == nil {
		widths := make([]int, columns)
		for i := range widths {
			widths[i] = receipt.Star
		}
		return widths
	}
	widths := make([]int, len(f.Widths))
	for i, w := range f.Widths {
		widths[i] = min(w, paper)
	}
	return widths
}

// narrow takes cells from the widest columns, the last of them first.
func (t *table) narrow(excess int) {
	for ; excess > 0; excess-- {
		widest := 0
		for i, w := range t.widths {
			if w >= t.widths[widest] {
				widest = i
			}
		}
		t.widths[widest]--
	}
}

// share divides what the fixed columns leave among the others.
func (t *table) share(room, stars int) {
	for _, w := range t.widths {
		if w > 0 {
			room -= w
		}
	}
	for i, w := range t.widths {
		if w == receipt.Star {
			t.widths[i] = room / stars
			room -= t.widths[i]
			stars--
		}
	}
}

// start is the first cell of a column.
func (t *table) start(column int) int {
	x := t.left
	for _, w := range t.widths[:column] {
		if w > 0 {
			x += w + t.gap
		}
	}
	return x
}

// width of the whole table, its edges included.
func (t *table) width() int {
	width, shown := 2*t.edge, 0
	for _, w := range t.widths {
		if w > 0 {
			width += w
			shown++
		}
	}
	return width + t.gap*max(shown-1, 0)
}
