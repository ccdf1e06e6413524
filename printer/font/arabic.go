package font

// Letters of the Arabic script join their neighbours. Unicode has a code of its
// own for each shape (Arabic Presentation Forms A and B), which the font's
// glyphs are found by.

// A letterForms is a letter and where its shapes begin: isolated, final and,
// for letters that join on both sides, initial and medial.
type letterForms struct {
	letter, first rune
	both          bool
}

// formsOf has the letters of Arabic, Persian, Urdu, Pashto, Sindhi and Uighur
// that Unicode gives shapes to, sorted.
var formsOf = [...]letterForms{
	{0x0621, 0xFE80, false}, {0x0622, 0xFE81, false}, {0x0623, 0xFE83, false}, {0x0624, 0xFE85, false},
	{0x0625, 0xFE87, false}, {0x0626, 0xFE89, true}, {0x0627, 0xFE8D, false}, {0x0628, 0xFE8F, true},
	{0x0629, 0xFE93, false}, {0x062A, 0xFE95, true}, {0x062B, 0xFE99, true}, {0x062C, 0xFE9D, true},
	{0x062D, 0xFEA1, true}, {0x062E, 0xFEA5, true}, {0x062F, 0xFEA9, false}, {0x0630, 0xFEAB, false},
	{0x0631, 0xFEAD, false}, {0x0632, 0xFEAF, false}, {0x0633, 0xFEB1, true}, {0x0634, 0xFEB5, true},
	{0x0635, 0xFEB9, true}, {0x0636, 0xFEBD, true}, {0x0637, 0xFEC1, true}, {0x0638, 0xFEC5, true},
	{0x0639, 0xFEC9, true}, {0x063A, 0xFECD, true}, {0x0641, 0xFED1, true}, {0x0642, 0xFED5, true},
	{0x0643, 0xFED9, true}, {0x0644, 0xFEDD, true}, {0x0645, 0xFEE1, true}, {0x0646, 0xFEE5, true},
	{0x0647, 0xFEE9, true}, {0x0648, 0xFEED, false}, {0x0649, 0xFEEF, false}, {0x064A, 0xFEF1, true},
	{0x0671, 0xFB50, false}, {0x0679, 0xFB66, true}, {0x067A, 0xFB5E, true}, {0x067B, 0xFB52, true},
	{0x067E, 0xFB56, true}, {0x067F, 0xFB62, true}, {0x0680, 0xFB5A, true}, {0x0683, 0xFB76, true},
	{0x0684, 0xFB72, true}, {0x0686, 0xFB7A, true}, {0x0687, 0xFB7E, true}, {0x0688, 0xFB88, false},
	{0x068C, 0xFB84, false}, {0x068D, 0xFB82, false}, {0x068E, 0xFB86, false}, {0x0691, 0xFB8C, false},
	{0x0698, 0xFB8A, false}, {0x06A4, 0xFB6A, true}, {0x06A6, 0xFB6E, true}, {0x06A9, 0xFB8E, true},
	{0x06AD, 0xFBD3, true}, {0x06AF, 0xFB92, true}, {0x06B1, 0xFB9A, true}, {0x06B3, 0xFB96, true},
	{0x06BA, 0xFB9E, false}, {0x06BB, 0xFBA0, true}, {0x06BE, 0xFBAA, true}, {0x06C0, 0xFBA4, false},
	{0x06C1, 0xFBA6, true}, {0x06C5, 0xFBE0, false}, {0x06C6, 0xFBD9, false}, {0x06C7, 0xFBD7, false},
	{0x06C8, 0xFBDB, false}, {0x06C9, 0xFBE2, false}, {0x06CB, 0xFBDE, false}, {0x06CC, 0xFBFC, true},
	{0x06D0, 0xFBE4, true}, {0x06D2, 0xFBAE, false}, {0x06D3, 0xFBB0, false},
}

const (
	hamza   = 0x0621 // joins nothing
	tatweel = 0x0640 // a stroke that joins both sides
	lam     = 0x0644
)

// lamAlef is the first shape of the ligature of lam and an alef, which ends
// what lam begins; isolated, then final.
func lamAlef(alef rune) (first rune, ok bool) {
	switch alef {
	case 0x0622:
		return 0xFEF5, true
	case 0x0623:
		return 0xFEF7, true
	case 0x0625:
		return 0xFEF9, true
	case 0x0627:
		return 0xFEFB, true
	}
	return 0, false
}

func lookUpForms(r rune) (letterForms, bool) {
	if r < formsOf[0].letter || r > formsOf[len(formsOf)-1].letter {
		return letterForms{}, false
	}
	low, high := 0, len(formsOf)
	for low < high {
		if middle := (low + high) / 2; formsOf[middle].letter < r {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low < len(formsOf) && formsOf[low].letter == r {
		return formsOf[low], true
	}
	return letterForms{}, false
}

// joins tells whether a letter reaches out to what comes before and after it.
func joins(r rune) (before, after bool) {
	if r == tatweel {
		return true, true
	}
	f, ok := lookUpForms(r)
	return ok && r != hamza, f.both
}

// shaped is the shape of a letter between its neighbours.
func shaped(r rune, before, after bool) rune {
	f, ok := lookUpForms(r)
	switch {
	case !ok:
		return r
	case r == hamza:
		return f.first
	case before && after && f.both:
		return f.first + 3
	case after && f.both:
		return f.first + 2
	case before:
		return f.first + 1
	}
	return f.first
}
