package virtual

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"

	"mostrador/printer/escpos"
)

// The look of a picture, in dots.
const (
	desk       = 24 // around the paper
	topMargin  = 64 // from the cutter to the first line, as between head and cutter
	endMargin  = 56
	toothWidth = 14
)

// PNG writes a picture of the paper, one pixel a dot: the paper in its full
// width with its edge cut or torn, on a plain ground.
func (p Paper) PNG(w io.Writer) error {
	c, err := newCanvas(p)
	if err != nil {
		return fmt.Errorf("draw the paper: %w", err)
	}
	y := topMargin
	for i := range p.rows {
		if err := c.row(&p.rows[i], y); err != nil {
			return fmt.Errorf("draw the paper: %w", err)
		}
		y += p.rows[i].height
	}
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	return encoder.Encode(w, c.finish())
}

// maxHeight bounds a picture: a ticket of two metres has 16,000 dots.
const maxHeight = 32000

// canvas collects ink on one paper: 0 none, 255 black.
type canvas struct {
	ink    *image.Gray // the paper with its margins, without the desk
	margin int         // from the paper's edge to the first dot
	ragged bool
	glyphs *glyphs
}

func newCanvas(p Paper) (*canvas, error) {
	width := 640 // 80 mm at 8 dots a millimetre
	if p.paper.Dots <= 432 {
		width = 464 // 58 mm
	}
	width = max(width, p.paper.Dots+16)
	height := topMargin + endMargin
	for _, r := range p.rows {
		height += r.height
	}
	g, err := newGlyphs()
	if err != nil {
		return nil, err
	}
	return &canvas{
		ink:    image.NewGray(image.Rect(0, 0, width, min(height, maxHeight))),
		margin: (width - p.paper.Dots) / 2,
		ragged: p.ragged,
		glyphs: g,
	}, nil
}

// row draws one strip whose top is at y.
func (c *canvas) row(r *row, y int) error {
	switch {
	case r.picture.Bits != nil:
		c.picture(r.picture, r.x, y)
		return nil
	case r.label != "":
		s := span{text: r.label}
		s.style.Width, s.style.Height = 1, 1
		return c.span(&s, y+cellHeight)
	}
	base := y
	for i := range r.spans {
		_, h := r.spans[i].cell()
		base = max(base, y+max(h, r.spans[i].picture.Height))
	}
	for i := range r.spans {
		s := &r.spans[i]
		if s.picture.Bits != nil {
			c.picture(s.picture, s.x, base-s.picture.Height)
			continue
		}
		if err := c.span(s, base); err != nil {
			return err
		}
	}
	return nil
}

// span writes text whose cells end at base.
func (c *canvas) span(s *span, base int) error {
	w, h := s.cell()
	x := c.margin + s.x
	for _, r := range s.text {
		mask, err := c.glyphs.glyph(r, w, h, s.style.Bold)
		if err != nil {
			return err
		}
		c.stamp(mask, x, base-h)
		x += w
	}
	cells := image.Rect(c.margin+s.x, base-h, x, base)
	if s.style.Underline {
		thick := s.style.Height
		c.fill(image.Rect(cells.Min.X, base-thick, cells.Max.X, base+thick))
	}
	if s.style.Invert {
		c.invert(cells)
	}
	return nil
}

// stamp adds a glyph's ink.
func (c *canvas) stamp(mask *image.Alpha, x, y int) {
	b := mask.Bounds()
	for my := b.Min.Y; my < b.Max.Y; my++ {
		for mx := b.Min.X; mx < b.Max.X; mx++ {
			if a := mask.AlphaAt(mx, my).A; a > c.ink.GrayAt(x+mx, y+my).Y {
				c.ink.SetGray(x+mx, y+my, color.Gray{Y: a})
			}
		}
	}
}

func (c *canvas) fill(r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c.ink.SetGray(x, y, color.Gray{Y: 255})
		}
	}
}

func (c *canvas) invert(r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c.ink.SetGray(x, y, color.Gray{Y: 255 - c.ink.GrayAt(x, y).Y})
		}
	}
}

// picture prints dots as they are.
func (c *canvas) picture(p escpos.Raster, x, y int) {
	for py := range p.Height {
		for px := range p.Width {
			if p.Black(px, py) {
				c.ink.SetGray(c.margin+x+px, y+py, color.Gray{Y: 255})
			}
		}
	}
}

// The palette: shades from paper to ink, then those of the ground.
const (
	shades    = 232
	ground    = shades
	shadowEnd = 256
)

func palette() color.Palette {
	p := make(color.Palette, shadowEnd)
	mix := func(from, to [3]float64, t float64) color.RGBA {
		at := func(i int) uint8 { return uint8(from[i] + (to[i]-from[i])*t + 0.5) }
		return color.RGBA{at(0), at(1), at(2), 255}
	}
	paper, ink := [3]float64{253, 252, 248}, [3]float64{28, 27, 30}
	for i := range shades {
		p[i] = mix(paper, ink, float64(i)/(shades-1))
	}
	plain, dark := [3]float64{222, 225, 228}, [3]float64{176, 180, 186}
	for i := ground; i < shadowEnd; i++ {
		p[i] = mix(plain, dark, float64(i-ground)/(shadowEnd-ground-1))
	}
	return p
}

// finish lays the paper on the ground, with its shadow and its edge.
func (c *canvas) finish() *image.Paletted {
	size := c.ink.Bounds().Size()
	img := image.NewPaletted(image.Rect(0, 0, size.X+2*desk, size.Y+2*desk), palette())
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			px, py := x-desk, y-desk
			index := uint8(c.shadowAt(px, py))
			if px >= 0 && px < size.X && py >= 0 && py < c.edge(px) {
				index = uint8(int(c.ink.GrayAt(px, py).Y) * (shades - 1) / 255)
			}
			img.Pix[y*img.Stride+x] = index
		}
	}
	return img
}

// edge is where the paper ends in column x: straight where it was cut, in teeth
// where it was torn.
func (c *canvas) edge(x int) int {
	height := c.ink.Rect.Dy()
	if !c.ragged {
		return height
	}
	at := x % toothWidth
	return height - toothWidth/2 + min(at, toothWidth-at)
}

// shadowAt is the ground's colour: darker close to the paper, mostly below it.
func (c *canvas) shadowAt(x, y int) int {
	const reach, drop = 12, 4
	size := c.ink.Rect.Size()
	dx := max(-x-1, x-size.X, 0)
	dy := max(drop-y, y-drop-c.edge(min(max(x, 0), size.X-1)), 0)
	far := dx*dx + dy*dy
	if far >= reach*reach {
		return ground
	}
	near := reach*reach - far
	return ground + near*near*(shadowEnd-1-ground)/(reach*reach*reach*reach)
}
