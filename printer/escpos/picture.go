package escpos

import (
	"mostrador/printer/profile"
	"mostrador/printer/receipt"
)

// picture prints a picture: from the printer's memory where it is there, else
// dot by dot.
func (e *encoder) picture(p *receipt.Image, align int) {
	if p == nil || p.Width < 1 || p.Height < 1 || len(p.Bits) < (p.Width+7)/8*p.Height {
		return
	}
	e.setAlign(align)
	if len(e.logos) > 0 && e.p.Logos {
		if key, ok := e.logos[SumLogo(*p)]; ok {
			e.out = append(e.out, LogoPrint(key)...)
			return
		}
	}
	e.raster(Raster{Width: p.Width, Height: p.Height, Bits: p.Bits})
}

// dots is how many of the printer's own dots its lines have.
func (e *encoder) dots() int {
	if e.p.Graphics == profile.GraphicsColumns {
		return e.columns * coarse
	}
	return e.columns * cell
}

// A printer of nine pins has 200 dots to 40 columns in the mode in which dots
// may touch (ESC *, m 0: five to a column), 80 to an inch across and 72 down
// (Epson: TM-U230 Specification; the TM-U220 has the same mechanism).
const (
	coarse      = 5
	bandColumns = 8
)

// columnsPicture sends a picture in bands of eight rows, each a line of its own
// that feeds just as far: ESC 3 16 is 16/144 of an inch.
func (e *encoder) columnsPicture(r Raster) {
	r = r.shrunk(e.dots())
	e.out = append(e.out, esc, '3', 16)
	for top := 0; top < r.Height; top += bandColumns {
		// 8-dot bands are at most 200 wide, so the count is one byte.
		e.out = append(e.out, esc, '*', 0, byte(r.Width), byte(r.Width>>8))
		start := len(e.out)
		for x := range r.Width {
			var column byte
			for y := range bandColumns {
				if r.Black(x, top+y) {
					column |= 0x80 >> y
				}
			}
			e.out = append(e.out, column)
		}
		defuse(e.out[start:])
		e.out = append(e.out, lf)
	}
	e.out = append(e.out, esc, '2')
}

// shrunk makes a picture no wider than so many dots; a dot is black where a
// third of what it stands for is.
func (r Raster) shrunk(dots int) Raster {
	if r.Width <= dots {
		return r
	}
	small := blank(dots, max(r.Height*dots/r.Width, 1))
	for y := range small.Height {
		for x := range small.Width {
			black, all := 0, 0
			for sy := y * r.Height / small.Height; sy < max((y+1)*r.Height/small.Height, y*r.Height/small.Height+1); sy++ {
				for sx := x * r.Width / dots; sx < (x+1)*r.Width/dots; sx++ {
					all++
					if r.Black(sx, sy) {
						black++
					}
				}
			}
			if 3*black >= all {
				small.Bits[y*small.Stride()+x/8] |= 0x80 >> (x % 8)
			}
		}
	}
	return small
}
