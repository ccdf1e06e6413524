package receipt

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The sizes that a run of one to seven carets selects, by the language's table.
var caretSizes = [...]struct{ width, height uint8 }{
	{0, 0}, {2, 0}, {0, 2}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6},
}

// readText reads the text of a column into spans. Styles end with the column.
func (p *parser) readText(s string) []Span {
	first := len(p.spans)
	var style Style
	p.text = p.text[:0]
	start := 0 // s[start:i] follows p.text in the span that is being read
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf && !special[c] {
			i++
			continue
		}
		var size int
		switch c {
		case '\\':
			p.text = append(p.text, s[start:i]...)
			size = p.escape(s[i:], textEscapes)
		case '~':
			p.text = append(append(p.text, s[start:i]...), ' ')
			size = 1
		case '"', '_', '`', '^':
			p.endSpan(s[start:i], style)
			size = style.toggle(s[i:])
		case '{', '}':
			p.fault("a brace stands in text", `write \`+string(c)+` for the character, or give the property a line of its own`)
			return nil
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if printable(r) && (r != utf8.RuneError || n == len("\uFFFD")) {
				i += n
				continue
			}
			p.text = append(p.text, s[start:i]...)
			p.text = appendPrintable(p.text, r)
			size = n
		}
		i += size
		start = i
	}
	p.endSpan(s[start:], style)
	return p.spans[first:len(p.spans):len(p.spans)]
}

// endSpan closes the span that is being read, whose last part is tail. Most
// spans hold no escape and stay a part of the source.
func (p *parser) endSpan(tail string, style Style) {
	if len(p.text) > 0 {
		tail = string(append(p.text, tail...))
		p.text = p.text[:0]
	}
	if tail != "" {
		p.spans = append(p.spans, Span{Text: tail, Style: style})
	}
}

// toggle applies the style character that s starts with and tells how many
// bytes it took: the same character, or the same number of carets, again ends
// what it began.
func (st *Style) toggle(s string) int {
	switch s[0] {
	case '"':
		st.Bold = !st.Bold
	case '_':
		st.Underline = !st.Underline
	case '`':
		st.Invert = !st.Invert
	default:
		carets, n := 1, 1
		for end := 1; end < len(s); {
			if s[end] == '^' {
				carets++
				end++
				n = end
			} else if size := controlSize(s[end:]); size > 0 {
				end += size // carets on both sides of it make one size
			} else {
				break
			}
		}
		size := caretSizes[min(carets, len(caretSizes)-1)]
		if st.Width == size.width && st.Height == size.height {
			size = caretSizes[0]
		}
		st.Width, st.Height = size.width, size.height
		return n
	}
	return 1
}

// controlSize is the length of the control character that s starts with, as it
// is or as \xnn, or 0. In text it counts as if it were not there.
func controlSize(s string) int {
	switch c := s[0]; {
	case c < ' ' || c == 0x7F:
		return 1
	case c == '\\' && len(s) >= 4 && s[1] == 'x':
		if code, err := strconv.ParseUint(s[2:4], 16, 8); err == nil && (code < ' ' || code == 0x7F) {
			return 4
		}
	}
	return 0
}

// The characters that a backslash makes ordinary, in text and in property
// values. A backslash before any other character takes that away too.
const (
	textEscapes  = "\\|{}-=~_\"`^"
	valueEscapes = `\|{};`
)

// escape appends what the escape sequence at the start of s means to p.text and
// tells how many bytes it took.
func (p *parser) escape(s, ordinary string) int {
	if len(s) == 1 {
		return 1
	}
	if rest := strings.TrimLeftFunc(s[1:], unicode.IsControl); len(rest) < len(s)-1 {
		return len(s) - 1 - len(rest) + p.escape(`\`+rest[:min(len(rest), utf8.UTFMax)], ordinary)
	}
	c, n := utf8.DecodeRuneInString(s[1:])
	switch {
	case c == 'n':
		p.text = append(p.text, '\n')
	case c == 'x':
		code, err := strconv.ParseUint(s[min(2, len(s)):min(4, len(s))], 16, 8)
		if err != nil || len(s) < 4 {
			p.fault(`\x wants two hexadecimal digits`, `write \x41 for A`)
			return len(s)
		}
		p.text = appendPrintable(p.text, rune(code))
		return 4
	default:
		for i := 0; i < len(ordinary); i++ {
			if rune(ordinary[i]) == c {
				p.text = append(p.text, ordinary[i])
			}
		}
	}
	return 1 + n
}

// special marks the ASCII bytes that are not simply text.
var special = func() (t [utf8.RuneSelf]bool) {
	for c := range t {
		t[c] = c < ' ' || c == 0x7F
	}
	for _, c := range []byte("\\{}~_\"`^") {
		t[c] = true
	}
	return t
}()
