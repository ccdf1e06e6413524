package order

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"mostrador/store"
)

// fold brings a text into the form in which patterns are compared: lower case,
// without accents, white space collapsed.
func fold(s string) string {
	if plainASCII(s) {
		return strings.ToLower(strings.Join(strings.Fields(s), " "))
	}
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
	return strings.Join(strings.Fields(s), " ")
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// glob reports whether the whole of s matches pattern, in which * stands for
// any text and ? for one character. It takes time of at most len(pattern) ×
// len(s), whatever the pattern.
func glob(pattern, s []rune) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// A matcher is the patterns of one station, folded once.
type matcher struct {
	station                     Station
	products, categories, names [][]rune
}

func newMatcher(s Station) matcher {
	return matcher{s, foldAll(s.Products), foldAll(s.Categories), foldAll(s.Names)}
}

func foldAll(patterns []string) [][]rune {
	out := make([][]rune, 0, len(patterns))
	for _, p := range patterns {
		out = append(out, []rune(fold(p)))
	}
	return out
}

// line reports whether the station takes a line: by the restaurant's own id of
// the product (or the channel's, where it has none), by category or by name.
func (m *matcher) line(l *store.Line) bool {
	id := l.ExternalID
	if id == "" {
		id = l.ProductID
	}
	return anyGlob(m.products, id) || anyGlob(m.categories, l.Category) || anyGlob(m.names, l.Name)
}

// modifier is line for a choice within one.
func (m *matcher) modifier(mod *store.Modifier) bool {
	id := mod.ExternalID
	if id == "" {
		id = mod.ID
	}
	return anyGlob(m.products, id) || anyGlob(m.names, mod.Name)
}

func anyGlob(patterns [][]rune, s string) bool {
	if len(patterns) == 0 || s == "" {
		return false
	}
	text := []rune(fold(s))
	for _, p := range patterns {
		if glob(p, text) {
			return true
		}
	}
	return false
}
