package escpos

import (
	"errors"
	"fmt"
	"image/color"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/codabar"
	"github.com/boombuler/barcode/code128"
	"github.com/boombuler/barcode/code39"
	"github.com/boombuler/barcode/ean"
	"github.com/boombuler/barcode/twooffive"

	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

// A Raster is a picture of one bit per dot.
type Raster struct {
	// Width and Height in dots.
	Width, Height int
	// Bits by rows from the top, each row filled up to whole bytes, the most
	// significant bit leftmost, 1 black.
	Bits []byte
}

// Stride is the number of bytes of a row.
func (r Raster) Stride() int { return (r.Width + 7) / 8 }

// Black reports whether a dot is black. Dots outside of the picture are not.
func (r Raster) Black(x, y int) bool {
	if x < 0 || y < 0 || x >= r.Width || y >= r.Height {
		return false
	}
	return r.Bits[y*r.Stride()+x/8]&(0x80>>(x%8)) != 0
}

// Draw draws a code without its quiet zone, at most the given number of dots
// wide: its modules shrink until it fits.
func Draw(c layout.Code, dots int) (Raster, error) {
	c = sized(c)
	if err := check(c); err != nil {
		return Raster{}, err
	}
	symbol, err := encodeSymbol(c)
	if err != nil {
		return Raster{}, fmt.Errorf("draw %s: %w", c.Type, err)
	}
	return drawSymbol(symbol, c, dots)
}

func encodeSymbol(c layout.Code) (barcode.Barcode, error) {
	switch c.Type {
	case "qrcode":
		return encodeQR(c.Data, c.Level)
	case "code128":
		return code128.Encode(c.Data)
	case "code39":
		return code39.Encode(c.Data, false, false)
	case "itf":
		return twooffive.Encode(c.Data, true)
	case "ean":
		return ean.Encode(c.Data)
	case "upc":
		return ean.Encode("0" + c.Data)
	case "codabar":
		return codabar.Encode(c.Data)
	}
	return nil, fmt.Errorf("code type %q is not known", c.Type)
}

var errTooWide = errors.New("the symbol is wider than the paper")

// drawSymbol scales a symbol's modules to dots.
func drawSymbol(symbol barcode.Barcode, c layout.Code, dots int) (Raster, error) {
	bounds := symbol.Bounds()
	size := min(c.Cell, dots/bounds.Dx())
	if size < 1 {
		return Raster{}, errTooWide
	}
	high := bounds.Dy() * size
	if symbol.Metadata().Dimensions == 1 {
		high = c.Height
	}
	r := Raster{Width: bounds.Dx() * size, Height: high}
	r.Bits = make([]byte, r.Stride()*r.Height)
	for y := range r.Height {
		row := r.Bits[y*r.Stride() : (y+1)*r.Stride()]
		if y > 0 && (symbol.Metadata().Dimensions == 1 || y%size != 0) {
			copy(row, r.Bits[(y-1)*r.Stride():])
			continue
		}
		for x := range r.Width {
			if symbol.At(bounds.Min.X+x/size, bounds.Min.Y+y/size) == color.Black {
				row[x/8] |= 0x80 >> (x % 8)
			}
		}
	}
	return r, nil
}

// bandRows is how many rows one GS v 0 carries: little enough for a printer of
// 4 kB, and below 256, so that the header stays free of real-time commands.
const bandRows = 48

// raster sends a picture in bands, aligned as the line is.
func (e *encoder) raster(r Raster) {
	if e.p.Graphics == profile.GraphicsColumns {
		e.columnsPicture(r)
		return
	}
	stride := r.Stride()
	for top := 0; top < r.Height; top += bandRows {
		rows := min(bandRows, r.Height-top)
		e.out = append(e.out, gs, 'v', '0', 0, byte(stride), byte(stride>>8), byte(rows), 0)
		start := len(e.out)
		e.out = append(e.out, r.Bits[top*stride:(top+rows)*stride]...)
		defuse(e.out[start:])
	}
	if e.p.SwallowsFeed {
		e.out = append(e.out, lf)
	}
}

// defuse takes real-time commands (10 04, 10 05, 10 14) out of a picture, in
// which a printer would obey them. 10 is a lone dot between white ones: it gets
// a black neighbour, which no eye and no reader of codes sees.
func defuse(bits []byte) {
	for i := range len(bits) - 1 {
		if bits[i] == dle && (bits[i+1] == 0x04 || bits[i+1] == 0x05 || bits[i+1] == 0x14) {
			bits[i] |= 0x08
		}
	}
}
