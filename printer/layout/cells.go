package layout

import (
	"iter"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Clusters cuts text into characters as a reader sees them (a letter with its
// marks, an emoji with its joiners; lam and alef, which Arabic writes as one),
// each with the cells that it takes at single width: two for Han, emoji and the
// letters of India and its neighbours, none for a mark that stands alone.
func Clusters(text string) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for state := -1; text != ""; {
			var cluster string
			var cells int
			cluster, cells, state = firstCluster(text, state)
			text = text[len(cluster):]
			if !yield(cluster, cells) {
				return
			}
		}
	}
}

// firstCluster is the first character of text; state is that of uniseg.
func firstCluster(text string, state int) (cluster string, cells, next int) {
	cluster, rest, cells, next := uniseg.FirstGraphemeClusterInString(text, state)
	first, _ := utf8.DecodeRuneInString(cluster)
	switch {
	case first < 0x0644:
	case first == 0x0644: // lam
		if second, _ := utf8.DecodeRuneInString(rest); isAlef(second) {
			alef, _, _, after := uniseg.FirstGraphemeClusterInString(rest, next)
			return text[:len(cluster)+len(alef)], cells, after
		}
	case cells == 1 && wideLetter(first):
		cells = 2
	}
	return cluster, cells, next
}

func isAlef(r rune) bool { return r == 0x0622 || r == 0x0623 || r == 0x0625 || r == 0x0627 }

// wideLetter tells the scripts whose letters need the room of two: those of
// India, Sinhala, Tibetan, Burmese, Khmer.
func wideLetter(r rune) bool {
	return r >= 0x0900 && r < 0x0e00 || r >= 0x0f00 && r < 0x10a0 || r >= 0x1780 && r < 0x1800
}
