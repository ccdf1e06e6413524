package font

import "unicode/utf8"

// A sign is a cluster in the place where it is seen.
type sign struct {
	cluster Cluster
	// first is the cluster's first rune, in its shape between its neighbours and
	// mirrored where it stands in text from right to left.
	first rune
	// ligature: the cluster is lam and alef, and first is both.
	ligature bool
	japanese bool // the text has kana: Han is drawn as Japan writes it
}

// setText puts clusters into the order in which they are seen, shaped.
func setText(clusters []Cluster) []sign {
	firsts := make([]rune, len(clusters))
	japanese := false
	for i, c := range clusters {
		firsts[i], _ = utf8.DecodeRuneInString(c.Text)
		japanese = japanese || kana(firsts[i])
	}
	signs := make([]sign, len(clusters))
	for i, c := range clusters {
		signs[i] = sign{cluster: c, first: firsts[i], japanese: japanese}
	}
	plain := true
	for _, r := range firsts {
		plain = plain && r < 0x590 || r >= 0x2000 && r < 0xFB1D && r != 0x200F
	}
	if plain { // nothing that is written from right to left
		return signs
	}
	join(signs)
	levels := levelsOf(firsts, baseOf(firsts))
	seen := make([]sign, 0, len(signs))
	for _, i := range visual(levels) {
		s := signs[i]
		if levels[i]&1 == 1 {
			s.first = mirrored(s.first)
		}
		seen = append(seen, s)
	}
	return seen
}

func kana(r rune) bool { return r >= 0x3041 && r <= 0x30FF || r >= 0xFF66 && r <= 0xFF9D }

// join gives the letters of Arabic their shapes. It looks at neighbours in the
// order of writing.
func join(signs []sign) {
	reached := false // the letter before joins what comes now
	for i := range signs {
		s := &signs[i]
		letter := s.first
		first, alef := lamAlefOf(s.cluster.Text)
		joinsBefore, joinsAfter := joins(letter)
		reaches := joinsAfter && !alef && i+1 < len(signs)
		if reaches {
			reaches, _ = joins(signs[i+1].first)
		}
		if alef {
			s.ligature = true
			s.first = first
			if reached {
				s.first++
			}
		} else {
			s.first = shaped(letter, reached && joinsBefore, reaches)
		}
		reached = reaches
	}
}

// lamAlefOf tells whether a cluster is lam and alef in one.
func lamAlefOf(text string) (first rune, ok bool) {
	for i, r := range text {
		if i == 0 && r != lam {
			return 0, false
		}
		if first, ok := lamAlef(r); ok {
			return first, true
		}
	}
	return 0, false
}

// maxSign is the widest sign in dots: two whole ones side by side.
const maxSign = 32

// compose lays the glyphs of a sign over each other, into dots.
func (f *Font) compose(s sign, dots []byte) mask {
	if letters, ok := flag(s.cluster.Text); ok {
		return f.flag(letters, dots)
	}
	m := mask{dots: dots, height: 16}
	g, ok := f.find(s.first, s.japanese)
	if !ok {
		g = missing
	}
	m.add(g)
	_, size := utf8.DecodeRuneInString(s.cluster.Text)
	for _, r := range s.cluster.Text[min(size, len(s.cluster.Text)):] {
		if r == zeroWidthJoiner && !indic(s.first) {
			break // the first part of a joined emoji stands for all
		}
		if _, alef := lamAlef(r); s.ligature && alef || quiet(r) {
			continue
		}
		g, ok := f.find(r, s.japanese)
		if !ok {
			continue
		}
		if mark(r) {
			m.lay(g)
		} else {
			m.add(g)
		}
	}
	return m
}

func (f *Font) find(r rune, japanese bool) (Glyph, bool) {
	if r == ' ' || r == '\u3000' || r == '\u00a0' {
		return Glyph{Width: 8}, true
	}
	if japanese {
		return f.JapaneseGlyph(r)
	}
	return f.Glyph(r)
}

const zeroWidthJoiner = '\u200d'

func indic(r rune) bool { return r >= 0x900 && r < 0xE00 }

// quiet tells the runes of a cluster that change how others are drawn in
// colour, and leave no ink of their own.
func quiet(r rune) bool {
	return r == zeroWidthJoiner || r == '\u200c' || r >= 0xFE00 && r <= 0xFE0F || // variation selectors
		r >= 0x1F3FB && r <= 0x1F3FF || r >= 0xE0000 && r <= 0xE01EF
}

// add puts a glyph at the right of what there is.
func (m *mask) add(g Glyph) {
	if m.width+g.Width > maxSign {
		return
	}
	m.widen(m.width+g.Width, 0)
	m.ink(g, m.width-g.Width)
}

// lay puts a mark over what there is, in its middle.
func (m *mask) lay(g Glyph) {
	if g.Width > m.width {
		m.widen(g.Width, (g.Width-m.width)/2)
	}
	m.ink(g, (m.width-g.Width)/2)
}

// widen makes room, with what there is shifted to the right.
func (m *mask) widen(width, shift int) {
	for y := m.height - 1; y >= 0; y-- {
		var row [maxSign]byte
		copy(row[shift:], m.dots[y*m.width:(y+1)*m.width])
		copy(m.dots[y*width:(y+1)*width], row[:width])
	}
	m.width = width
}

func (m *mask) ink(g Glyph, x int) {
	for y, row := range g.Rows {
		for gx := range g.Width {
			if row&(0x8000>>gx) != 0 {
				m.dots[y*m.width+x+gx] = 1
			}
		}
	}
}

// missing is drawn for what the font does not have.
var missing = Glyph{Width: 8, Rows: [16]uint16{
	2: 0x7E00, 3: 0x4200, 4: 0x4200, 5: 0x4200, 6: 0x4200, 7: 0x4200, 8: 0x4200,
	9: 0x4200, 10: 0x4200, 11: 0x4200, 12: 0x4200, 13: 0x7E00,
}}

// flag reads the country of a flag from its two regional indicators.
func flag(text string) (letters [2]rune, ok bool) {
	n := 0
	for _, r := range text {
		if r < 0x1F1E6 || r > 0x1F1FF || n == len(letters) {
			return letters, false
		}
		letters[n] = 'A' + r - 0x1F1E6
		n++
	}
	return letters, n == len(letters)
}

// flag draws the letters of a country in white on a flag of black.
func (f *Font) flag(letters [2]rune, dots []byte) mask {
	m := mask{dots: dots, height: 16}
	for _, letter := range letters {
		g, _ := f.Glyph(letter)
		m.add(g)
	}
	for y := 2; y < 16; y++ {
		for x := range m.width {
			m.dots[y*m.width+x] ^= 1
		}
	}
	return m
}
