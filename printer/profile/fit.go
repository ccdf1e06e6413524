package profile

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"
)

// Fit makes of any text one that the printer can print as it is: every rune of
// the result is held by some page of the profile, and none is a control.
//
// Controls, escape sequences, bidi marks and everything of no width are
// dropped; newlines, tabs and special spaces become a space. What no page holds
// is replaced by what readers of the script would write on a plain typewriter
// (… becomes ..., ł becomes l, Cyrillic becomes Latin where there is no
// Cyrillic page), and by one question mark per character where there is no such
// thing (emoji, Han, Arabic). Fit(Fit(s)) is Fit(s).
func (p *Profile) Fit(s string) string {
	if plain(s) || p.asItIs(s) {
		return s
	}
	s = norm.NFC.String(dropEscapes(strings.ToValidUTF8(s, "\ufffd")))
	var b strings.Builder
	b.Grow(len(s))
	state := -1
	for s != "" {
		var cluster string
		cluster, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		p.fitCluster(&b, cluster)
	}
	return b.String()
}

// plain reports whether s is printable ASCII, which every page holds.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// asItIs reports whether s is made of what the printer holds and of nothing
// that could combine with its neighbour, as most texts of a menu are.
func (p Profile) asItIs(s string) bool {
	for _, r := range s {
		switch {
		case r >= ' ' && r <= '~':
		case r > '\u00a0' && r <= 'ſ', r >= 'А' && r <= 'я', r == '€':
			if !p.Holds(r) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// fitCluster appends one character as a reader sees it: a letter with its
// marks, an emoji with its joiners.
func (p Profile) fitCluster(b *strings.Builder, cluster string) {
	if cluster == "\r\n" {
		b.WriteByte(' ')
		return
	}
	before, missing := b.Len(), false
	for _, r := range cluster {
		switch {
		case r >= ' ' && r <= '~', p.Holds(r):
			b.WriteRune(r)
		case blank(r):
			b.WriteByte(' ')
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.M):
			// nothing of its own on paper
		default:
			sub, ok := p.substitute(r)
			b.WriteString(sub)
			missing = missing || !ok
		}
	}
	if missing && b.Len() == before {
		b.WriteByte('?')
	}
}

// blank reports whether r separates words.
func blank(r rune) bool {
	return unicode.IsSpace(r) || unicode.In(r, unicode.Z)
}

// dropEscapes removes the escape sequences of terminals (ECMA-48), whole: their
// letters would otherwise stay behind as text. A sequence that does not end
// within maxEscape bytes loses its introducer only.
func dropEscapes(s string) string {
	if !strings.ContainsAny(s, "\x1b\u009b\u009d") {
		return s
	}
	var b strings.Builder
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		if r == '\x1b' || r == '\u009b' || r == '\u009d' {
			s = s[escapeLen(s, r, size):]
			continue
		}
		b.WriteString(s[:size])
		s = s[size:]
	}
	return b.String()
}

const maxEscape = 256

// escapeLen is the length of the escape sequence at the start of s, which
// begins with the introducer r of the given size.
func escapeLen(s string, r rune, size int) int {
	rest := s[size:min(len(s), maxEscape)]
	kind := r
	if r == '\x1b' {
		if rest == "" {
			return size
		}
		switch rest[0] {
		case '[':
			kind, rest, size = '\u009b', rest[1:], size+1
		case ']':
			kind, rest, size = '\u009d', rest[1:], size+1
		}
	}
	switch kind {
	case '\u009b': // control sequence: parameters, then a final byte
		if n := strings.IndexFunc(rest, func(r rune) bool { return r < ' ' || r > '?' }); n >= 0 && rest[n] >= '@' && rest[n] <= '~' {
			return size + n + 1
		}
	case '\u009d': // operating system command: up to BEL or ST
		if n := strings.IndexByte(rest, '\a'); n >= 0 {
			return size + n + 1
		}
	default: // ESC, intermediates, a final byte
		n := 0
		for n < len(rest) && rest[n] >= ' ' && rest[n] <= '/' {
			n++
		}
		if n < len(rest) && rest[n] >= '0' && rest[n] <= '~' {
			return size + n + 1
		}
	}
	return size
}
