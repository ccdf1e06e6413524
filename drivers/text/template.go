package text

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Template reads the template of a line as a regular expression whose groups
// are the fields. In it, {FIELD} is a field, {FIELD:A|B} one that is A or B,
// {_} any word and {_:A|B} A or B, a space any number of them, and what stands
// in brackets may be missing; all else must stand in the line as it is written,
// in capitals or not. fields are the names that it may use; patterns say what
// each looks like, one that is not there is one word.
func Template(template string, fields []string, patterns map[string]string) (*regexp.Regexp, error) {
	expression, err := translateTemplate(template, func(field string) (string, string, error) {
		return placeholder(field, fields, patterns)
	})
	if err != nil {
		return nil, err
	}
	pattern, err := regexp.Compile(`(?i)^` + expression + `$`)
	if err != nil {
		return nil, fmt.Errorf("it cannot be read: %w", err)
	}
	return pattern, nil
}

// translateTemplate writes a template as a regular expression.
func translateTemplate(template string, placeholder func(string) (part, name string, err error)) (string, error) {
	var b strings.Builder
	var fields []string
	optional := false
	for rest := template; rest != ""; {
		switch c := rest[0]; {
		case c == '{':
			field, after, ok := strings.Cut(rest[1:], "}")
			if !ok {
				return "", errors.New("a { is not closed")
			}
			part, name, err := placeholder(field)
			if err != nil {
				return "", err
			}
			if name != "" && slices.Contains(fields, name) {
				return "", fmt.Errorf("the field %s is named twice", name)
			}
			fields = append(fields, name)
			b.WriteString(part)
			rest = after
			continue
		case c == '[' && !optional:
			optional = true
			b.WriteString(`(?:`)
		case c == ']' && optional:
			optional = false
			b.WriteString(`)?`)
		case c == '[' || c == ']' || c == '}':
			return "", fmt.Errorf("a %c has no partner", c)
		case c == ' ':
			b.WriteString(`\s+`)
			rest = strings.TrimLeft(rest, " ")
			continue
		default:
			next := strings.IndexAny(rest, "{[]} ")
			if next < 0 {
				next = len(rest)
			}
			b.WriteString(regexp.QuoteMeta(rest[:next]))
			rest = rest[next:]
			continue
		}
		rest = rest[1:]
	}
	if optional {
		return "", errors.New("a [ is not closed")
	}
	return b.String(), nil
}

// placeholder is one field as a regular expression.
func placeholder(field string, fields []string, patterns map[string]string) (expression, name string, err error) {
	name, choice, chosen := strings.Cut(field, ":")
	switch {
	case name == "_":
	case !slices.Contains(fields, name):
		return "", "", fmt.Errorf("there is no field %q: the fields are %s", name, strings.Join(fields, ", "))
	case name == "kind":
		return "", "", errors.New("the kind stands before the colon")
	}
	pattern, ok := patterns[name]
	if !ok {
		pattern = `\S+?`
	}
	if chosen {
		words := strings.Split(choice, "|")
		for i, w := range words {
			if w == "" {
				return "", "", fmt.Errorf("{%s} has an empty choice", field)
			}
			words[i] = strings.ReplaceAll(regexp.QuoteMeta(w), " ", `\s+`)
		}
		pattern = strings.Join(words, "|")
	}
	if name == "_" {
		return `(?:` + pattern + `)`, "", nil
	}
	return `(?P<` + name + `>` + pattern + `)`, name, nil
}
