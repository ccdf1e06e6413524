package escpos

import (
	"fmt"

	"mostrador/printer/font"
	"mostrador/printer/layout"
)

// drawn prints a line of text as a picture of itself. It takes as much paper as
// the text would: what the picture lacks of a line's height is fed.
func (e *encoder) drawn(runs []layout.Run) error {
	texts, err := e.texts(runs)
	if err != nil {
		return err
	}
	if e.font == nil {
		e.font = new(font.Font)
	}
	line := e.font.Line(texts, e.columns, font.Cell{Width: cell, Height: letterDots})
	picture, above := trimmed(Raster(line))
	below := max(line.Height, lineDots) - above - picture.Height
	e.setAlign(0)
	switch {
	case picture.Height == 0:
		e.out = append(e.out, lf)
		return nil
	case e.p.NoDotFeed:
		e.raster(picture.padded(above, below))
	default:
		e.feedDots(above)
		e.raster(picture)
		e.feedDots(below)
	}
	return nil
}

// texts cuts runs into what the font draws. Runs that are one text are one.
func (e *encoder) texts(runs []layout.Run) ([]font.Text, error) {
	texts := make([]font.Text, 0, len(runs))
	column := 0
	for _, r := range runs {
		if r.Column < column {
			return nil, errOverlap
		}
		style := e.full(r.Style)
		if column = r.Column; !r.Joined || len(texts) == 0 {
			texts = append(texts, font.Text{Column: column})
		}
		t := &texts[len(texts)-1]
		for cluster, cells := range layout.Clusters(r.Text) {
			t.Clusters = append(t.Clusters, font.Cluster{Text: cluster, Cells: cells, Style: font.Style(style)})
			column += cells * style.Width
		}
		if column > e.columns {
			return nil, fmt.Errorf("the text needs %d columns and the paper has %d", column, e.columns)
		}
	}
	return texts, nil
}

// feedDots feeds the paper by less than a line.
func (e *encoder) feedDots(n int) {
	if n > 0 {
		e.out = append(e.out, esc, 'J', byte(n))
	}
}

// trimmed leaves the white out at the top, the bottom and the right of a
// picture, and tells how many rows there were above.
func trimmed(r Raster) (ink Raster, above int) {
	top, bottom, wide := r.Height, 0, 0
	stride := r.Stride()
	for y := range r.Height {
		for x, b := range r.Bits[y*stride : (y+1)*stride] {
			if b != 0 {
				top, bottom, wide = min(top, y), y+1, max(wide, x+1)
			}
		}
	}
	if bottom == 0 {
		return Raster{}, 0
	}
	ink = Raster{Width: 8 * wide, Height: bottom - top, Bits: make([]byte, 0, wide*(bottom-top))}
	for y := top; y < bottom; y++ {
		ink.Bits = append(ink.Bits, r.Bits[y*stride:y*stride+wide]...)
	}
	return ink, top
}

// padded adds white rows.
func (r Raster) padded(above, below int) Raster {
	bits := make([]byte, r.Stride()*(above+r.Height+below))
	copy(bits[above*r.Stride():], r.Bits)
	r.Bits, r.Height = bits, above+r.Height+below
	return r
}
