package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A pending key is accepted and checked, and not followed yet: whoever sets it
// must hear that it does nothing, or they will rely on it.
type pending struct {
	// key with its elements' numbers left out.
	key string
	// unless are the values that ask for nothing that is missing.
	unless []string
	// instead is what holds in the meantime.
	instead string
}

// pendingKeys grow shorter with each version.
func pendingKeys() []pending {
	return []pending{
		{"web.listen", nil, "there is no page; the command speaks with the agent over its socket"},
		{"integration.via", []string{"relay"}, "orders come and are answered through the relay only"},
		{"integration.token_file", nil, "orders come and are answered through the relay only"},
	}
}

// textAt is the value of a key as text.
func textAt(values map[string]any, key string) string {
	var at any = values
	for _, step := range strings.Split(numberedKey.ReplaceAllString(key, ".$1"), ".") {
		switch node := at.(type) {
		case map[string]any:
			at = node[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 1 || n > len(node) {
				return ""
			}
			at = node[n-1]
		}
	}
	return fmt.Sprint(at)
}

var numberedKey = regexp.MustCompile(`\[(\d+)\]`)

// numbered finds the numbers of tables in a key, and the kind of a ticket.
var numbered = regexp.MustCompile(`\[\d+\](\.)|^(tickets)\.[a-z]+`)

// warnPending warns of every key of the file that is not followed yet.
func (c *Config) warnPending(values map[string]any, at positions) {
	for key := range at {
		plain := numbered.ReplaceAllString(key, "$1$2")
		for _, p := range pendingKeys() {
			if p.key == plain && !slices.Contains(p.unless, textAt(values, key)) {
				c.Warnings = append(c.Warnings, Fault{Key: key, Problem: "is accepted and not followed yet", Mend: p.instead})
			}
		}
	}
}
