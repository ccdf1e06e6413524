package font

import "unicode"

// A Cell is the size of a character of single width and height, in dots: 12 by
// 24 for font A of most printers.
type Cell struct{ Width, Height int }

// A Style is how a sign looks. Width and Height multiply the cell, 1 to 8; 0
// means 1.
type Style struct {
	Bold, Underline, Invert bool
	Width, Height           int
}

// A Cluster is one character as a reader sees it: a letter with its marks, an
// emoji with its joiners. Cells is how many cells it takes at single width.
type Cluster struct {
	Text  string
	Cells int
	Style Style
}

// A Text is what stands together and is read as one, in the order of reading.
// It is drawn from its column on to the right, whatever its direction.
type Text struct {
	Column   int // the first cell, from 0, at single width
	Clusters []Cluster
}

// A Bitmap is a picture of one bit a dot.
type Bitmap struct {
	Width, Height int
	// Bits by rows from the top, each row filled up to whole bytes, the most
	// significant bit leftmost, 1 black.
	Bits []byte
}

// The bounds of what Line draws.
const (
	maxSize    = 8
	maxColumns = 256
	maxCell    = 64
)

// Line draws one line of a ticket, columns cells wide and as high as its
// highest sign. Ink beyond its edges is cut off. Signs of different heights
// stand on the same ground, as on printers.
//
// Text from right to left (Arabic, Hebrew) is set in its order, Arabic letters
// are joined, marks stand on their letters. An emoji of several parts is drawn
// as its first one, a flag as the letters of its country, a sign that the font
// does not have as an empty box.
func (f *Font) Line(texts []Text, columns int, cell Cell) Bitmap {
	columns = min(max(columns, 1), maxColumns)
	cell = Cell{min(max(cell.Width, 1), maxCell), min(max(cell.Height, 1), maxCell)}
	tall := 1
	for _, t := range texts {
		for _, c := range t.Clusters {
			tall = max(tall, times(c.Style.Height))
		}
	}
	b := Bitmap{Width: columns * cell.Width, Height: tall * cell.Height}
	b.Bits = make([]byte, b.stride()*b.Height)
	for _, t := range texts {
		f.text(&b, t, cell)
	}
	return b
}

func times(n int) int { return min(max(n, 1), maxSize) }

func (b *Bitmap) stride() int { return (b.Width + 7) / 8 }

// text draws signs from left to right as they are seen.
func (f *Font) text(b *Bitmap, t Text, cell Cell) {
	x := max(t.Column, 0) * cell.Width
	for _, s := range setText(t.Clusters) {
		wide := min(max(s.cluster.Cells, 0), 4) * times(s.cluster.Style.Width) * cell.Width
		if x+wide > b.Width {
			break
		}
		f.sign(b, s, x, wide, cell)
		x += wide
	}
}

// sign draws one sign into its box, wide dots from x on, on the ground.
func (f *Font) sign(b *Bitmap, s sign, x, wide int, cell Cell) {
	style := s.cluster.Style
	high := times(style.Height) * cell.Height
	top := b.Height - high
	var dots [maxSign * 16]byte
	if m := f.compose(s, dots[:]); m.width > 0 && wide > 0 {
		natural := m.width * times(style.Width) * cell.Width / 8
		room := min(natural, wide)
		m = f.buffer.fit(m, room, high)
		if style.Bold {
			m.embolden(max(times(style.Width)*cell.Width/12, 1))
		}
		b.stamp(m, x+(wide-room)/2, top)
	}
	if style.Underline {
		thick := times(style.Height) * max(cell.Height/12, 1)
		b.fill(x, b.Height-thick, wide, thick)
	}
	if style.Invert {
		b.invert(x, top, wide, high)
	}
}

// embolden adds n dots at the right of every stroke, but closes no gap.
func (m mask) embolden(n int) {
	for range n {
		for y := range m.height {
			row := m.dots[y*m.width : (y+1)*m.width]
			for x := len(row) - 1; x > 0; x-- {
				if row[x-1] == 1 && (x+1 == len(row) || row[x+1] == 0) {
					row[x] = 1
				}
			}
		}
	}
}

func (b *Bitmap) stamp(m mask, x, y int) {
	for my := range m.height {
		for mx := range m.width {
			if m.dots[my*m.width+mx] == 1 {
				at := x + mx
				b.Bits[(y+my)*b.stride()+at/8] |= 0x80 >> (at % 8)
			}
		}
	}
}

func (b *Bitmap) fill(x, y, wide, high int) {
	for ; high > 0; high-- {
		for at := x; at < x+wide; at++ {
			b.Bits[y*b.stride()+at/8] |= 0x80 >> (at % 8)
		}
		y++
	}
}

func (b *Bitmap) invert(x, y, wide, high int) {
	for ; high > 0; high-- {
		for at := x; at < x+wide; at++ {
			b.Bits[y*b.stride()+at/8] ^= 0x80 >> (at % 8)
		}
		y++
	}
}

// mark tells what stands on a letter instead of beside it.
func mark(r rune) bool { return unicode.In(r, unicode.M) }
