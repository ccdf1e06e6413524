package font

import "golang.org/x/text/unicode/bidi"

// The order of text that is written from both sides: the Unicode Bidirectional
// Algorithm (UAX 9) for one line, without its explicit controls, which layout
// drops because they can show a text as another one.

// levelsOf resolves the level of each sign, odd for those from right to left.
// signs are the first runes of the clusters, base is 0 or 1.
func levelsOf(signs []rune, base uint8) []uint8 {
	p := paragraph{signs: signs, base: base, was: make([]bidi.Class, len(signs))}
	for i, r := range signs {
		properties, _ := bidi.LookupRune(r)
		p.was[i] = properties.Class()
	}
	p.is = append([]bidi.Class(nil), p.was...)
	p.weak()
	p.brackets()
	p.neutral()
	return p.levels()
}

// baseOf is the direction of a text: from right to left only if it begins so.
// A text that begins with a number or a sign keeps that at its left, where the
// other rows of a ticket have theirs.
func baseOf(signs []rune) uint8 {
	for _, r := range signs {
		if r == ' ' {
			continue
		}
		properties, _ := bidi.LookupRune(r)
		if c := properties.Class(); c == bidi.R || c == bidi.AL {
			return 1
		}
		break
	}
	return 0
}

type paragraph struct {
	signs   []rune
	was, is []bidi.Class
	base    uint8
}

// strong is the class of the base direction.
func (p *paragraph) strong() bidi.Class { return direction(p.base) }

func direction(level uint8) bidi.Class {
	if level&1 == 1 {
		return bidi.R
	}
	return bidi.L
}

// weak resolves numbers and what belongs to them: rules W1 to W7.
func (p *paragraph) weak() {
	p.marksAndLetters()
	for i, c := range p.is { // W4
		if i == 0 || i+1 == len(p.is) {
			continue
		}
		before, after := p.is[i-1], p.is[i+1]
		if c == bidi.ES && before == bidi.EN && after == bidi.EN ||
			c == bidi.CS && before == after && (before == bidi.EN || before == bidi.AN) {
			p.is[i] = before
		}
	}
	for i, c := range p.is { // W5
		if c != bidi.EN {
			continue
		}
		for j := i - 1; j >= 0 && p.is[j] == bidi.ET; j-- {
			p.is[j] = bidi.EN
		}
		for j := i + 1; j < len(p.is) && p.is[j] == bidi.ET; j++ {
			p.is[j] = bidi.EN
		}
	}
	last := p.strong()
	for i, c := range p.is { // W6, W7
		switch c {
		case bidi.L, bidi.R:
			last = c
		case bidi.EN:
			if last == bidi.L {
				p.is[i] = bidi.L
			}
		case bidi.AN:
		default:
			p.is[i] = bidi.ON
		}
	}
}

// marksAndLetters gives marks the class of what they stand on, and numbers
// behind Arabic letters that of Arabic numbers: rules W1 to W3.
func (p *paragraph) marksAndLetters() {
	before, last := p.strong(), p.strong()
	for i, c := range p.is {
		if c == bidi.NSM {
			c = before
		}
		before = c
		switch c {
		case bidi.L, bidi.R:
			last = c
		case bidi.AL:
			last, c = c, bidi.R
		case bidi.EN:
			if last == bidi.AL {
				c = bidi.AN
			}
		}
		p.is[i] = c
	}
}

// maxBrackets is how many open brackets are remembered (BD16).
const maxBrackets = 63

// brackets gives the two brackets of a pair one direction: rule N0.
func (p *paragraph) brackets() {
	var open [maxBrackets]int
	closes := make([]int, len(p.signs)) // of an opening bracket, its closing one
	n := 0
pairs:
	for i, r := range p.signs {
		properties, _ := bidi.LookupRune(r)
		if p.is[i] != bidi.ON || !properties.IsBracket() {
			continue
		}
		if properties.IsOpeningBracket() {
			if n == maxBrackets {
				clear(closes)
				break pairs
			}
			open[n] = i
			n++
			continue
		}
		for j := n - 1; j >= 0; j-- {
			if mirrored(canonical(p.signs[open[j]])) == canonical(r) {
				closes[open[j]] = i
				n = j
				break
			}
		}
	}
	for i, end := range closes {
		if end > 0 {
			p.pair(i, end)
		}
	}
}

// canonical is the one of two codes for the same angle bracket.
func canonical(r rune) rune {
	switch r {
	case '\u2329':
		return '\u3008'
	case '\u232a':
		return '\u3009'
	}
	return r
}

// pair resolves the brackets at two places.
func (p *paragraph) pair(start, end int) {
	other := false
	for _, c := range p.is[start+1 : end] {
		switch strongOf(c) {
		case p.strong():
			p.setPair(start, end, p.strong())
			return
		case bidi.L, bidi.R:
			other = true
		}
	}
	if !other {
		return
	}
	before := p.strong()
	for i := start - 1; i >= 0; i-- {
		if c := strongOf(p.is[i]); c != bidi.ON {
			before = c
			break
		}
	}
	p.setPair(start, end, before)
}

// setPair gives brackets a direction, and so the marks that stand on them.
func (p *paragraph) setPair(start, end int, c bidi.Class) {
	for _, i := range [...]int{start, end} {
		p.is[i] = c
		for i++; i < len(p.is) && p.was[i] == bidi.NSM; i++ {
			p.is[i] = c
		}
	}
}

// strongOf counts numbers as written from right to left (N0 to N2).
func strongOf(c bidi.Class) bidi.Class {
	switch c {
	case bidi.L:
		return bidi.L
	case bidi.R, bidi.EN, bidi.AN:
		return bidi.R
	}
	return bidi.ON
}

// neutral gives what has no direction that of its neighbours if they agree,
// else the base direction: rules N1 and N2.
func (p *paragraph) neutral() {
	before := p.strong()
	for i := 0; i < len(p.is); i++ {
		if c := strongOf(p.is[i]); c != bidi.ON {
			before = c
			continue
		}
		end, after := i, p.strong()
		for ; end < len(p.is); end++ {
			if c := strongOf(p.is[end]); c != bidi.ON {
				after = c
				break
			}
		}
		if before != after {
			after = p.strong()
		}
		for ; i < end; i++ {
			p.is[i] = after
		}
		i--
		before = after
	}
}

// levels are the implicit levels (I1, I2), with the blanks at the end at the
// base's (L1).
func (p *paragraph) levels() []uint8 {
	levels := make([]uint8, len(p.is))
	for i, c := range p.is {
		switch level := p.base; {
		case c == bidi.EN || c == bidi.AN:
			levels[i] = (level + 2) &^ 1
		case c != direction(level):
			levels[i] = level + 1
		default:
			levels[i] = level
		}
	}
	for i := len(levels) - 1; i >= 0 && (p.was[i] == bidi.WS || p.was[i] == bidi.BN); i-- {
		levels[i] = p.base
	}
	return levels
}

// visual is the order from left to right in which signs of these levels stand:
// rule L2.
func visual(levels []uint8) []int {
	order := make([]int, len(levels))
	highest := uint8(0)
	for i, level := range levels {
		order[i] = i
		highest = max(highest, level)
	}
	for level := highest; level > 0; level-- {
		for i := 0; i < len(order); i++ {
			start := i
			for i < len(order) && levels[order[i]] >= level {
				i++
			}
			for a, b := start, i-1; a < b; a, b = a+1, b-1 {
				order[a], order[b] = order[b], order[a]
			}
		}
	}
	return order
}

// mirrors are the signs that open to one side, in pairs.
var mirrors = [...]rune{
	'(', ')', '[', ']', '{', '}', '<', '>', '«', '»', '‹', '›', '≤', '≥', '⁅', '⁆', '⁽', '⁾', '₍', '₎', '〈', '〉', '⟨', '⟩',
	'⟪', '⟫', '⟦', '⟧', '⦅', '⦆', '〈', '〉', '《', '》', '「', '」', '『', '』', '【', '】', '〔', '〕', '〖', '〗', '〘', '〙', '〚', '〛',
	'（', '）', '［', '］', '｛', '｝', '＜', '＞', '｢', '｣',
}

// mirrored is the sign that stands for r in text from right to left.
func mirrored(r rune) rune {
	for i, m := range mirrors {
		if m == r {
			return mirrors[i^1]
		}
	}
	return r
}
