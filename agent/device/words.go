package device

import "strings"

// boardWords are what a display for guests says.
type boardWords struct{ ready, items, total string }

// boardWordsOf are those of a locale's language.
func boardWordsOf(locale string) boardWords {
	language, _, _ := strings.Cut(strings.ReplaceAll(locale, "_", "-"), "-")
	switch strings.ToLower(language) {
	case "en":
		return boardWords{"READY", "items", "TOTAL"}
	case "fr":
		return boardWords{"PRÊTES", "articles", "TOTAL"}
	case "it":
		return boardWords{"PRONTI", "articoli", "TOTALE"}
	case "uk":
		return boardWords{"ГОТОВО", "товари", "РАЗОМ"}
	}
	return boardWords{"LISTOS", "artículos", "TOTAL"}
}
