package profile

// A Measure counts the cells of texts that a printer prints as they are, as most
// texts of a ticket are. It remembers which letters the printer holds, and
// belongs to one goroutine.
type Measure struct {
	profile     *Profile
	asked, held [(simpleRunes + 63) / 64]uint64
}

// Measure for a printer.
func (p *Profile) Measure() Measure { return Measure{profile: p} }

// Cells is the width of a text of simple letters alone: printable ASCII, Latin
// and Cyrillic letters that some page of the printer holds, and the euro. Each
// has one cell, and none combines with another. Of all other text ok is false:
// Fit and Keep tell what becomes of it.
func (m *Measure) Cells(text string) (cells int, ok bool) {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' || c > '~' {
			return m.cells(text, i)
		}
	}
	return len(text), true
}

// cells goes on behind ASCII.
func (m *Measure) cells(text string, ascii int) (cells int, ok bool) {
	cells = ascii
	for _, r := range text[ascii:] {
		if (r < ' ' || r > '~') && !m.holds(r) {
			return 0, false
		}
		cells++
	}
	return cells, true
}

func (m *Measure) holds(r rune) bool {
	i := simple(r)
	if i < 0 {
		return false
	}
	word, bit := i/64, uint64(1)<<(i%64)
	if m.asked[word]&bit == 0 {
		m.asked[word] |= bit
		if m.profile.Holds(r) {
			m.held[word] |= bit
		}
	}
	return m.held[word]&bit != 0
}

// simpleRunes is how many letters simple counts.
const simpleRunes = 'ſ' + 1 + 'я' - 'А' + 1 + 1

// simple numbers the letters beyond ASCII that stand alone, -1 for all others.
func simple(r rune) int {
	switch {
	case r > '\u00a0' && r <= 'ſ' && r != '\u00ad':
		return int(r)
	case r >= 'А' && r <= 'я':
		return int(r - 'А' + 'ſ' + 1)
	case r == '€':
		return simpleRunes - 1
	}
	return -1
}
