package virtual

import (
	"fmt"
	"image"

	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// glyphs draws characters of Go Mono into cells of any width and height, and
// remembers them.
type glyphs struct {
	regular, bold *sfnt.Font
	buffer        sfnt.Buffer
	drawn         map[glyphKey]*image.Alpha
}

type glyphKey struct {
	r             rune
	width, height int
	bold          bool
}

func newGlyphs() (*glyphs, error) {
	regular, err := sfnt.Parse(gomono.TTF)
	if err != nil {
		return nil, fmt.Errorf("read the font: %w", err)
	}
	bold, err := sfnt.Parse(gomonobold.TTF)
	if err != nil {
		return nil, fmt.Errorf("read the bold font: %w", err)
	}
	return &glyphs{regular: regular, bold: bold, drawn: map[glyphKey]*image.Alpha{}}, nil
}

// The font's measures in a cell of font A: Go Mono is 0.6 em wide, so that 20
// dots an em fill 12; printers draw their letters taller than it does.
const (
	emWidth  = 20.0
	emHeight = 23.0
	baseline = 19.5
)

// glyph returns the ink of a character in a cell.
func (g *glyphs) glyph(r rune, width, height int, bold bool) (*image.Alpha, error) {
	key := glyphKey{r, width, height, bold}
	if mask := g.drawn[key]; mask != nil {
		return mask, nil
	}
	mask, ok := ruled(r, width, height)
	if !ok {
		var err error
		if mask, err = g.outline(r, width, height, bold); err != nil {
			return nil, fmt.Errorf("draw %q: %w", r, err)
		}
	}
	g.drawn[key] = mask
	return mask, nil
}

// outline fills the outline of a character, stretched to the cell.
func (g *glyphs) outline(r rune, width, height int, bold bool) (*image.Alpha, error) {
	f := g.regular
	if bold {
		f = g.bold
	}
	index, err := f.GlyphIndex(&g.buffer, r)
	if err != nil {
		return nil, err
	}
	units := fixed.Int26_6(f.UnitsPerEm())
	segments, err := f.LoadGlyph(&g.buffer, index, units*64, nil)
	if err != nil {
		return nil, err
	}
	kx := emWidth / float32(units) / 64 * float32(width) / cellWidth
	ky := emHeight / float32(units) / 64 * float32(height) / cellHeight
	up := float32(baseline) * float32(height) / cellHeight
	// Descenders and accents may leave the cell by a few dots.
	pad := height / 6
	raster := vector.NewRasterizer(width, height+2*pad)
	at := func(p fixed.Point26_6) (x, y float32) {
		return float32(p.X) * kx, float32(p.Y)*ky + up + float32(pad)
	}
	for _, s := range segments {
		x0, y0 := at(s.Args[0])
		x1, y1 := at(s.Args[1])
		x2, y2 := at(s.Args[2])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			raster.MoveTo(x0, y0)
		case sfnt.SegmentOpLineTo:
			raster.LineTo(x0, y0)
		case sfnt.SegmentOpQuadTo:
			raster.QuadTo(x0, y0, x1, y1)
		case sfnt.SegmentOpCubeTo:
			raster.CubeTo(x0, y0, x1, y1, x2, y2)
		}
	}
	mask := image.NewAlpha(image.Rect(0, 0, width, height+2*pad))
	raster.Draw(mask, mask.Bounds(), image.Opaque, image.Point{})
	mask.Rect = mask.Rect.Add(image.Pt(0, -pad))
	return mask, nil
}

// arms tells where the lines of a frame's character go: left, right, up, down;
// 1 single, 2 double.
var arms = map[rune][4]int{
	'─': {1, 1, 0, 0}, '│': {0, 0, 1, 1}, '┌': {0, 1, 0, 1}, '┐': {1, 0, 0, 1}, '└': {0, 1, 1, 0}, '┘': {1, 0, 1, 0},
	'├': {0, 1, 1, 1}, '┤': {1, 0, 1, 1}, '┬': {1, 1, 0, 1}, '┴': {1, 1, 1, 0}, '┼': {1, 1, 1, 1},
	'═': {2, 2, 0, 0}, '║': {0, 0, 2, 2},
}

// ruled draws the characters of frames from edge to edge, so that they join.
func ruled(r rune, width, height int) (*image.Alpha, bool) {
	a, ok := arms[r]
	if !ok {
		return nil, false
	}
	// A frame joins the next line, which is up to lineSpacing away.
	gap := max((lineSpacing-cellHeight)*height/cellHeight, 0)
	mask := image.NewAlpha(image.Rect(0, -gap, width, height))
	thickX, thickY := max(width/8, 2), max(height/12, 2)
	bar := func(r image.Rectangle) {
		r = r.Intersect(mask.Rect)
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				mask.Pix[mask.PixOffset(x, y)] = 255
			}
		}
	}
	midX, midY := (width-thickX)/2, (height-thickY)/2
	across := func(from, to, lines int) {
		for i := range lines {
			y := midY + (2*i-lines+1)*thickY
			bar(image.Rect(from, y, to, y+thickY))
		}
	}
	down := func(from, to, lines int) {
		for i := range lines {
			x := midX + (2*i-lines+1)*thickX
			bar(image.Rect(x, from, x+thickX, to))
		}
	}
	across(0, midX+thickX, a[0])
	across(midX, width, a[1])
	down(-gap, midY+thickY, a[2])
	down(midY, height, a[3])
	return mask, true
}
