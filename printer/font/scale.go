package font

// Glyphs are enlarged by rounding their steps off (the Scale3x rule of Andrea
// Mazzoleni: a dot's corner follows its two neighbours where they agree) and
// then reduced to the cell, a dot being black where half of it or more is. From
// 8 × 16 dots to a cell of 12 × 24 every stroke becomes two dots wide and every
// gap of one dot stays one.

// A mask is a picture of one byte a dot, 1 black.
type mask struct {
	width, height int
	dots          []byte
}

// scratch is the memory that enlarging needs, used again for every glyph.
type scratch struct {
	a, b, out, edged []byte
	sums             []int
}

// fit enlarges a sign to width × height dots. The result is valid until the
// next call.
func (s *scratch) fit(m mask, width, height int) mask {
	up := m
	for up.width < width || up.height < height {
		s.a = grow(s.a, 9*up.width*up.height)
		up = s.triple(up, s.a)
		s.a, s.b = s.b, s.a
	}
	s.out = grow(s.out, width*height)
	out := mask{width, height, s.out}
	s.reduce(up, out)
	return out
}

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// triple makes a picture three times as large, into dots.
func (s *scratch) triple(m mask, dots []byte) mask {
	wide := m.width + 2 // with an edge of white dots around
	s.edged = grow(s.edged, wide*(m.height+2))
	clear(s.edged)
	for y := range m.height {
		copy(s.edged[(y+1)*wide+1:], m.dots[y*m.width:(y+1)*m.width])
	}
	out := mask{3 * m.width, 3 * m.height, dots}
	for y := range m.height {
		above, row, below := s.edged[y*wide:(y+1)*wide], s.edged[(y+1)*wide:(y+2)*wide], s.edged[(y+2)*wide:(y+3)*wide]
		for x := range m.width {
			at := 3*y*out.width + 3*x
			b, d, e, f, h := above[x+1], row[x], row[x+1], row[x+2], below[x+1]
			nine := [9]byte{e, e, e, e, e, e, e, e, e}
			if b != h && d != f {
				nine = rounded([9]byte{above[x], b, above[x+2], d, e, f, below[x], h, below[x+2]})
			}
			copy(dots[at:at+3], nine[0:3])
			copy(dots[at+out.width:at+out.width+3], nine[3:6])
			copy(dots[at+2*out.width:at+2*out.width+3], nine[6:9])
		}
	}
	return out
}

// rounded is one dot as nine. The names are those of the rule: e is the dot, b,
// d, f and h are above it, left, right and below, a, c, g and i the corners. The
// inner corners of strokes that meet are left sharp. It is called only where the
// dots above and below differ, and those left and right.
func rounded(around [9]byte) [9]byte {
	a, b, c := around[0], around[1], around[2]
	d, e, f := around[3], around[4], around[5]
	g, h, i := around[6], around[7], around[8]
	nine := [9]byte{e, e, e, e, e, e, e, e, e}
	topLeft := d == b && (e == 1 || a == 0)
	topRight := b == f && (e == 1 || c == 0)
	bottomLeft := d == h && (e == 1 || g == 0)
	bottomRight := h == f && (e == 1 || i == 0)
	pick := func(at int, yes bool, dot byte) {
		if yes {
			nine[at] = dot
		}
	}
	pick(0, topLeft, d)
	pick(1, topLeft && e != c || topRight && e != a, b)
	pick(2, topRight, f)
	pick(3, topLeft && e != g || bottomLeft && e != a, d)
	pick(5, topRight && e != i || bottomRight && e != c, f)
	pick(6, bottomLeft, d)
	pick(7, bottomLeft && e != i || bottomRight && e != g, h)
	pick(8, bottomRight, f)
	return nine
}

// reduce fills out with the dots of m that are black for the half of them or
// more. A dot of out covers m.width/out.width × m.height/out.height of m's.
func (s *scratch) reduce(m, out mask) {
	if m.width == 2*out.width && m.height == 2*out.height {
		halve(m, out)
		return
	}
	if cap(s.sums) < out.width*m.height {
		s.sums = make([]int, out.width*m.height)
	}
	sums := s.sums[:out.width*m.height]
	for y := range m.height {
		row := m.dots[y*m.width : (y+1)*m.width]
		for x := range out.width {
			sum := 0
			for at, end := x*m.width, (x+1)*m.width; at < end; {
				dot := at / out.width
				next := min((dot+1)*out.width, end)
				sum += (next - at) * int(row[dot])
				at = next
			}
			sums[y*out.width+x] = sum
		}
	}
	for y := range out.height {
		for x := range out.width {
			ink := 0
			for at, end := y*m.height, (y+1)*m.height; at < end; {
				dot := at / out.height
				next := min((dot+1)*out.height, end)
				ink += (next - at) * sums[dot*out.width+x]
				at = next
			}
			out.dots[y*out.width+x] = 0
			if 2*ink >= m.width*m.height {
				out.dots[y*out.width+x] = 1
			}
		}
	}
}

// halve is reduce by two, as cells of 12 × 24 want it.
func halve(m, out mask) {
	for y := range out.height {
		upper, lower := m.dots[2*y*m.width:(2*y+1)*m.width], m.dots[(2*y+1)*m.width:(2*y+2)*m.width]
		row := out.dots[y*out.width : (y+1)*out.width]
		for x := range row {
			row[x] = 0
			if upper[2*x]+upper[2*x+1]+lower[2*x]+lower[2*x+1] >= 2 {
				row[x] = 1
			}
		}
	}
}
