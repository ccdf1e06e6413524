package escpos

import (
	"unicode/utf8"

	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

// Of Epson's defaults, which others share: a line feeds 30 dots or as far as its
// tallest letter, 24 dots and their multiples.
const (
	lineDots   = 30
	letterDots = 24
)

// What is taken where the profile does not say.
const (
	usualDPI    = 203
	usualCutter = 15 // mm
	bandDPI     = 72 // of ESC *, eight dots high
)

// Height is how much paper a page takes on a model, in dots of 8 to a
// millimetre, from its first line to the cut: how long the mechanism has to run
// for it. It is at most a little more than what comes out: codes are counted at
// the size that they have at most.
func Height(page layout.Page, p profile.Profile) int {
	e := encoder{p: &p, columns: page.Columns}
	dpi := p.DPI
	if dpi == 0 {
		dpi = usualDPI
	}
	total := 0.0
	for i := range page.Rows {
		r := &page.Rows[i]
		switch r.Kind {
		case layout.TextRow:
			total += inches(e.lineHeight(r.Runs), dpi)
		case layout.FeedRow:
			total += inches(r.Feed*lineDots, dpi)
		case layout.CodeRow:
			total += e.codeHeight(r.Code, dpi)
		case layout.PictureRow:
			total += e.pictureHeight(r, dpi)
		case layout.CutRow:
			total += e.cutHeight(dpi)
		}
	}
	return int(total*25.4*8 + 0.5)
}

func inches(dots, dpi int) float64 { return float64(dots) / float64(dpi) }

func (e *encoder) lineHeight(runs []layout.Run) int {
	tall := 1
	for i := range runs {
		tall = max(tall, e.full(runs[i].Style).Height)
	}
	return max(lineDots, tall*letterDots)
}

// codeHeight knows which way code would take.
func (e *encoder) codeHeight(c layout.Code, dpi int) float64 {
	c = sized(c)
	caption := func() float64 {
		lines := (min(utf8.RuneCountInString(c.Data), maxCaption) + e.columns - 1) / max(e.columns, 1)
		return inches(max(lines, 1)*lineDots, dpi)
	}
	modules, drawnDPI := 0, dpi
	if e.p.Graphics == profile.GraphicsColumns {
		drawnDPI = bandDPI
	}
	switch {
	case check(c) != nil:
		return caption()
	case c.Type == "qrcode":
		modules = qrModules(len(c.Data), c.Level)
	default:
		modules = barcodeModules(c)
	}
	size := min(c.Cell, e.dots()/modules)
	switch {
	case size < 1:
		return caption()
	case c.Type == "qrcode":
		return inches(modules*size, drawnDPI)
	case c.HRI:
		return inches(c.Height, drawnDPI) + inches(lineDots, dpi)
	}
	return inches(c.Height, drawnDPI)
}

func (e *encoder) pictureHeight(r *layout.Row, dpi int) float64 {
	switch {
	case r.Picture == nil || r.Picture.Width < 1:
		return 0
	case e.p.Graphics == profile.GraphicsColumns:
		high := r.Picture.Height
		if r.Picture.Width > e.dots() {
			high = high * e.dots() / r.Picture.Width
		}
		return inches(high, bandDPI)
	}
	return inches(r.Picture.Height, dpi)
}

func (e *encoder) cutHeight(dpi int) float64 {
	switch e.p.Cut {
	case profile.CutHere:
		return inches(e.p.Tear*lineDots, dpi)
	case profile.CutNone:
		return inches(max(e.p.Tear, 4)*lineDots, dpi)
	}
	if e.p.Cutter > 0 {
		return float64(e.p.Cutter) / 25.4
	}
	return usualCutter / 25.4
}
