package profile

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// substitute gives the printable replacement of a rune that no page of the
// profile holds. It may be empty (the hard sign has no letter in Latin).
func (p Profile) substitute(r rune) (string, bool) {
	if s, ok := signs[r]; ok {
		return s, true
	}
	if s, ok := letters(r, p.Holds('д')); ok {
		return s, true
	}
	if r >= 0x2500 && r <= 0x259f {
		return box(r), true
	}
	return p.decompose(r)
}

// decompose takes a rune apart and keeps what the printer has: ő becomes o, ﬁ
// becomes fi, ② becomes 2.
func (p Profile) decompose(r rune) (string, bool) {
	parts := norm.NFKD.String(string(r))
	if parts == string(r) {
		return "", false
	}
	var b strings.Builder
	for _, part := range parts {
		switch {
		case part == ' ' || p.Holds(part):
			b.WriteRune(part)
		case unicode.In(part, unicode.M, unicode.Cf):
		default:
			s, ok := signs[part]
			if !ok {
				s, ok = letters(part, p.Holds('д'))
			}
			if !ok {
				return "", false
			}
			b.WriteString(s)
		}
	}
	return b.String(), b.Len() > 0
}

// signs are what a typewriter has instead of punctuation, currencies and the
// letters that do not come apart.
var signs = map[rune]string{
	'…': "...", '‥': "..", '“': `"`, '”': `"`, '„': `"`, '‟': `"`, '«': `"`, '»': `"`, '″': `"`,
	'‘': "'", '’': "'", '‚': "'", '‛': "'", '‹': "'", '›': "'", '′': "'", 'ʼ': "'", '´': "'", 'ʹ': "'",
	'‐': "-", '‑': "-", '‒': "-", '–': "-", '—': "-", '―': "-", '−': "-", '⁃': "-", '¬': "-", '¯': "-",
	'•': "*", '·': "*", '∙': "*", '●': "*", '○': "o", '■': "#", '□': "#", '★': "*", '☆': "*", '※': "*",
	'✓': "v", '✔': "v", '✗': "x", '✘': "x", '×': "x", '÷': "/", '⁄': "/", '∕': "/", '≈': "~", '≤': "<=", '≥': ">=", '±': "+-",
	'→': "->", '←': "<-", '↑': "^", '↓': "v", '⇒': "=>", '¦': "|", '†': "+", '‡': "+", '‰': "o/oo", '¶': "", '§': "S.",
	'€': "EUR", '£': "GBP", '¥': "JPY", '₡': "C", '₲': "Gs.", '₱': "P", '₴': "UAH", '₽': "RUB", '₺': "TL", '₿': "BTC",
	'₹': "Rs", '₦': "N", '¢': "c", 'ƒ': "f", '¤': "$", '©': "(c)", '®': "(R)", '№': "No.", '¡': "!", '¿': "?", '°': "o",
	'º': "o", 'ª': "a", 'µ': "u",
	'œ': "oe", 'Œ': "OE", 'æ': "ae", 'Æ': "AE", 'ø': "o", 'Ø': "O", 'ß': "ss", 'ẞ': "SS", 'ł': "l", 'Ł': "L",
	'đ': "d", 'Đ': "D", 'ð': "d", 'Ð': "D", 'þ': "th", 'Þ': "Th", 'ı': "i", 'ŋ': "n", 'Ŋ': "N", 'ħ': "h", 'Ħ': "H",
	'ŧ': "t", 'Ŧ': "T", 'ĸ': "k", 'ə': "e", 'Ə': "E", 'ȷ': "j",
}

// likeness are Cyrillic letters with a twin that Cyrillic pages or ASCII have.
var likeness = map[rune]string{
	'і': "i", 'ї': "i", 'ґ': "г", 'є': "е", 'ў': "у", 'ё': "е", 'ј': "j", 'ѕ': "s", 'џ': "ц", 'ђ': "h", 'ћ': "h",
	'љ': "ль", 'њ': "нь", 'ѓ': "г", 'ќ': "к", 'ѐ': "е", 'ѝ': "и",
}

// latin writes Cyrillic and Greek in Latin letters, as on passports and road
// signs, but without marks.
var latin = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "g", 'ґ': "g", 'д': "d", 'е': "e", 'є': "ye", 'ё': "yo", 'ж': "zh", 'з': "z",
	'и': "i", 'і': "i", 'ї': "yi", 'й': "y", 'к': "k", 'л': "l", 'м': "m", 'н': "n", 'о': "o", 'п': "p", 'р': "r",
	'с': "s", 'т': "t", 'у': "u", 'ў': "u", 'ф': "f", 'х': "kh", 'ц': "ts", 'ч': "ch", 'ш': "sh", 'щ': "shch",
	'ъ': "", 'ы': "y", 'ь': "", 'э': "e", 'ю': "yu", 'я': "ya", 'ј': "j", 'љ': "lj", 'њ': "nj", 'ћ': "c", 'ђ': "dj",
	'џ': "dz", 'ѓ': "g", 'ќ': "k", 'ѕ': "dz", 'ѐ': "e", 'ѝ': "i",
	'α': "a", 'β': "v", 'γ': "g", 'δ': "d", 'ε': "e", 'ζ': "z", 'η': "i", 'θ': "th", 'ι': "i", 'κ': "k", 'λ': "l", 'μ': "m",
	'ν': "n", 'ξ': "x", 'ο': "o", 'π': "p", 'ρ': "r", 'σ': "s", 'ς': "s", 'τ': "t", 'υ': "y", 'φ': "f", 'χ': "ch",
	'ψ': "ps", 'ω': "o",
}

// letters replaces a Cyrillic or Greek letter, keeping its case.
func letters(r rune, cyrillic bool) (string, bool) {
	low := unicode.ToLower(r)
	s, ok := "", false
	if cyrillic {
		s, ok = likeness[low]
	}
	if !ok {
		s, ok = latin[low]
	}
	if ok && low != r && s != "" {
		first, size := utf8.DecodeRuneInString(s)
		s = string(unicode.ToUpper(first)) + s[size:]
	}
	return s, ok
}

// box draws rules and frames with the signs of a typewriter.
func box(r rune) string {
	switch r {
	case '─', '━', '┄', '┅', '┈', '┉', '╌', '╍', '╴', '╶', '╸', '╺', '╼', '╾':
		return "-"
	case '═':
		return "="
	case '│', '┃', '┆', '┇', '┊', '┋', '╎', '╏', '║', '╵', '╷', '╹', '╻', '╽', '╿':
		return "|"
	case '╱':
		return "/"
	case '╲':
		return `\`
	case '╳':
		return "X"
	}
	if r >= 0x2580 { // block elements
		return "#"
	}
	return "+"
}
