package receipt

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Escape writes data as markup that shows it and nothing else: wherever a
// template puts the result, in a column or in the value of a property, it adds
// no line, column, property, rule, cut or style, and takes none away. Line
// breaks and tabs become blanks; control characters and invisible direction
// marks are dropped.
func Escape(data string) string {
	if !needsEscape(data) {
		return data
	}
	var b strings.Builder
	b.Grow(len(data) + 16)
	last := 0 // where the last blank was written, if nothing has been since
	blank := false
	for _, r := range data {
		if isBreak(r) {
			r = ' '
		}
		if !printable(r) {
			continue
		}
		blank = r == ' '
		edge := b.Len() == 0
		last = b.Len()
		switch {
		case r < utf8.RuneSelf && marked[r], edge && (blank || r == '-' || r == '='):
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	switch {
	case b.Len() == 0:
		return emptyMark
	case blank && b.Len() == last+1:
		return b.String()[:last] + `\x20`
	}
	return b.String()
}

// emptyMark shows nothing, and yet keeps a line that would be a rule without it
// from being one: the language drops a backslash before a character that needs
// none, and that character.
const emptyMark = `\.`

func needsEscape(s string) bool {
	if s == "" || isEdge(s[0]) || s[len(s)-1] == ' ' {
		return true
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || marked[c] || c < ' ' {
			return needsEscapeRunes(s[i:])
		}
	}
	return false
}

func needsEscapeRunes(s string) bool {
	for _, r := range s {
		if r < utf8.RuneSelf && marked[r] || !printable(r) || isBreak(r) || r == utf8.RuneError {
			return true
		}
	}
	return false
}

// isEdge marks what counts at the start of a column: a blank moves the text, and
// lines of - or = alone are rules and cuts.
func isEdge(c byte) bool { return c == ' ' || c == '-' || c == '=' }

// isBreak tells the characters that break or shift lines.
func isBreak(r rune) bool {
	return r >= '\t' && r <= '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// marked are the ASCII characters with a meaning in text or in property values.
var marked = func() (t [utf8.RuneSelf]bool) {
	for _, c := range []byte("\\|{}~_\"`^;") {
		t[c] = true
	}
	return t
}()

// maxDataLines bounds the lines that Lines makes of one text.
const maxDataLines = 40

// Lines splits data at its line breaks, for templates that give each its own
// line: {{range lines .Note}}. Blank lines are left out. Past 40 lines the rest
// stands on the last one.
func Lines(data string) []string {
	var lines []string
	for len(lines) < maxDataLines-1 {
		i := strings.IndexFunc(data, func(r rune) bool { return isBreak(r) && r != '\t' })
		if i < 0 {
			break
		}
		if line := strings.TrimSpace(data[:i]); line != "" {
			lines = append(lines, line)
		}
		_, n := utf8.DecodeRuneInString(data[i:])
		data = data[i+n:]
	}
	if line := strings.TrimSpace(data); line != "" {
		lines = append(lines, line)
	}
	return lines
}
