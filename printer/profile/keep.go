package profile

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"
)

// Keep is Fit for text whose line can be drawn as a picture: what no page holds
// stays as it was written, and drawn tells that there is such a thing. Only what
// reads the same is replaced, as Fit does: … by ..., curly quotes, dashes and
// exotic blanks, ligatures, currencies. A letter that would lose a mark, another
// script and an emoji are kept.
//
// It is as safe as Fit: controls, escape sequences and bidi marks are dropped.
// What stays beyond the pages is letters, signs and marks, and the joiner within
// a character. Letters that are written from right to left always count as
// drawn: printers set them in the order of their bytes.
func (p *Profile) Keep(s string) (text string, drawn bool) {
	if plain(s) || p.asItIs(s) {
		return s, false
	}
	s = norm.NFC.String(dropEscapes(strings.ToValidUTF8(s, "\ufffd")))
	var b strings.Builder
	b.Grow(len(s))
	state := -1
	for s != "" {
		var cluster string
		cluster, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		if p.writes(cluster) {
			p.fitCluster(&b, cluster)
		} else {
			keepCluster(&b, cluster)
			drawn = true
		}
	}
	return b.String(), drawn
}

// writes reports whether the pages show a character as it is, or by something
// that reads the same.
func (p Profile) writes(cluster string) bool {
	for i, r := range cluster {
		if i == 0 && blank(r) {
			return true
		}
		switch {
		case r >= ' ' && r <= '~', p.Holds(r) && !fromTheRight(r), blank(r):
		case r == utf8.RuneError, !unicode.IsGraphic(r) && !unicode.In(r, unicode.Cf):
			// a question mark, or nothing
		case r >= 0xFE00 && r <= 0xFE0F, r == '\u20e3', unicode.In(r, unicode.Cf):
			// looks of emoji, the frame of a keycap
		case i > 0 && i < maxMarks && unicode.In(r, unicode.M):
			return false
		case unicode.In(r, unicode.M):
		case !p.alike(r):
			return false
		}
	}
	return true
}

// alike reports whether a rune has a substitute that reads the same.
func (p Profile) alike(r rune) bool {
	switch r {
	case 'º', 'ª', 'µ', 'ʼ', 'ʹ':
		return true
	case '✓', '✔', '✗', '✘', '★', '☆':
		return false
	}
	if unicode.IsLetter(r) && norm.NFKD.String(string(r)) == string(r) {
		return false
	}
	if _, ok := signs[r]; ok || r >= 0x2500 && r <= 0x259f {
		return !unicode.IsLetter(r)
	}
	if r >= 0x2460 && r <= 0x24ff || norm.NFD.String(string(r)) != string(r) {
		return false // a number in a circle, a letter with marks
	}
	parts := norm.NFKD.String(string(r))
	for _, part := range parts {
		if _, ok := signs[part]; part != ' ' && !p.Holds(part) && (!ok || unicode.IsLetter(part)) {
			return false
		}
	}
	return parts != string(r)
}

// The bounds of a character that is drawn: the marks on a letter, the parts of a
// joined emoji.
const (
	maxMarks = 24 // bytes
	maxParts = 12 // runes
)

const zeroWidthJoiner = '\u200d'

// keepCluster appends a character that is drawn, without what leaves no ink.
func keepCluster(b *strings.Builder, cluster string) {
	parts := 0
	for i, r := range cluster {
		switch {
		case r == zeroWidthJoiner && i > 0:
		case !unicode.IsGraphic(r), blank(r), i >= maxMarks && unicode.In(r, unicode.M):
			continue
		}
		if parts++; parts > maxParts {
			return
		}
		b.WriteRune(r)
	}
}

// fromTheRight reports whether a letter is of a script that runs from right to
// left: Hebrew, Arabic, Syriac and their neighbours.
func fromTheRight(r rune) bool {
	return r >= 0x0590 && r <= 0x08ff || r >= 0xfb1d && r <= 0xfdff || r >= 0xfe70 && r <= 0xfefc
}
