package receipt

import "unicode/utf8"

// printable tells whether a rune may stand in a document. Not printable are the
// control characters (C0, DEL, C1) and the invisible ones that change the
// direction or the joining of what stands around them: they could drive a
// printer, or show a text as another one.
func printable(r rune) bool {
	switch {
	case r < ' ', r >= 0x7F && r <= 0x9F:
		return false
	case r < 0x061C:
		return r != 0x00AD // soft hyphen
	case r == 0x061C, r == 0x180E, r == 0xFEFF:
		return false
	case r >= 0x200B && r <= 0x200F && r != 0x200D, r >= 0x2028 && r <= 0x202E, r >= 0x2060 && r <= 0x206F:
		return false
	case r >= 0xFFF9 && r <= 0xFFFB, r >= 0xE0000 && r <= 0xE007F:
		return false
	}
	return true
}

// appendPrintable appends a rune that may stand in a document, and nothing for
// one that may not. What was no valid UTF-8 shows as U+FFFD.
func appendPrintable(text []byte, r rune) []byte {
	if !printable(r) {
		return text
	}
	return utf8.AppendRune(text, r)
}
