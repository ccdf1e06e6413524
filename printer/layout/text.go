package layout

import (
	"fmt"
	"strings"

	"github.com/rivo/uniseg"
)

// Text shows a page as plain text, one line per row, every character in its own
// cells: one of double width is followed by a blank. Heights and styles do not
// show. A cut is a line of =, a code its type and data in brackets.
func Text(p Page) string {
	var b strings.Builder
	for _, row := range p.Rows {
		switch row.Kind {
		case TextRow:
			b.WriteString(strings.TrimRight(rowText(row), " "))
			b.WriteByte('\n')
		case FeedRow:
			b.WriteString(strings.Repeat("\n", row.Feed))
		case CodeRow:
			label := fmt.Sprintf("[%s %s]", row.Code.Type, row.Code.Data)
			free := max(p.Columns-uniseg.StringWidth(label), 0)
			b.WriteString(strings.Repeat(" ", free*row.Align/2) + label + "\n")
		case CutRow:
			b.WriteString(strings.Repeat("=", p.Columns) + "\n")
		}
	}
	return b.String()
}

func rowText(row Row) string {
	var b strings.Builder
	cells := 0
	for _, run := range row.Runs {
		for ; cells < run.Column; cells++ {
			b.WriteByte(' ')
		}
		for cluster, width := range Clusters(run.Text) {
			b.WriteString(cluster)
			b.WriteString(strings.Repeat(" ", width*(max(run.Style.Width, 1)-1)))
			cells += width * max(run.Style.Width, 1)
		}
	}
	return b.String()
}
