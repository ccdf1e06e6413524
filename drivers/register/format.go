package register

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// fields are the names that a format may use.
var fields = []string{
	"receipt", "date", "time", "kind", "plu", "name", "quantity", "price", "amount", "payment", "tip", "pos", "order",
}

const (
	// maxLine is the longest line that can be a record, in bytes.
	maxLine = 4096
	// maxFormat is the longest format, in bytes.
	maxFormat = 4096
)

// A Format says where the fields of a record stand in a line.
type Format struct {
	columns []column       // by columns,
	pattern *regexp.Regexp // or by pattern
}

// A column is one field at a fixed place: characters first to last of the
// line, counted from 1.
type column struct {
	name        string
	first, last int
}

// Parse reads a format, which is one of
//
//   - columns: receipt:1-6 date:8-17 amount:30-40, each a field and the first
//     and last of its characters, counted from 1 in characters (not bytes); one
//     number alone is a column of one character. A line may end before the
//     last columns.
//   - a regular expression (Go's RE2) whose named groups are the fields:
//     (?P<receipt>\d+);(?P<amount>[\d.]+). It must match the whole line, whose
//     spaces at the end are cut off first.
//
// The fields are receipt, date, time, kind, plu, name, quantity, price, amount,
// payment, tip, pos and order; one of amount, price and payment must be there.
func Parse(format string) (Format, error) {
	var f Format
	var err error
	switch {
	case strings.TrimSpace(format) == "":
		return Format{}, errors.New(`it is empty: write columns such as "receipt:1-6 amount:8-17", or a regular expression with named groups`)
	case len(format) > maxFormat:
		return Format{}, fmt.Errorf("it has %d bytes: at most %d are allowed", len(format), maxFormat)
	case strings.Contains(format, "("):
		f.pattern, err = parsePattern(format)
	default:
		f.columns, err = parseColumns(format)
	}
	if err != nil {
		return Format{}, err
	}
	if err := checkFields(f.Fields()); err != nil {
		return Format{}, err
	}
	return f, nil
}

// Fields returns the names of the fields, in the order of the format.
func (f Format) Fields() []string {
	var names []string
	for _, c := range f.columns {
		names = append(names, c.name)
	}
	if f.pattern != nil {
		for _, name := range f.pattern.SubexpNames() {
			if name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// has says whether the format names a field.
func (f Format) has(name string) bool { return slices.Contains(f.Fields(), name) }

func parsePattern(format string) (*regexp.Regexp, error) {
	pattern, err := regexp.Compile("^(?:" + format + ")$")
	if err != nil {
		return nil, fmt.Errorf("the regular expression cannot be read: %w", err)
	}
	return pattern, nil
}

func parseColumns(format string) ([]column, error) {
	var columns []column
	var faults []error
	for word := range strings.FieldsSeq(format) {
		c, err := parseColumn(word)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		for _, other := range columns {
			if c.first <= other.last && other.first <= c.last {
				faults = append(faults, fmt.Errorf("%s overlaps %s", word, other.name))
			}
		}
		columns = append(columns, c)
	}
	return columns, errors.Join(faults...)
}

func parseColumn(word string) (column, error) {
	name, place, ok := strings.Cut(word, ":")
	first, last, isRange := strings.Cut(place, "-")
	if !isRange {
		last = first
	}
	from, fromErr := strconv.Atoi(first)
	to, toErr := strconv.Atoi(last)
	switch {
	case !ok || fromErr != nil || toErr != nil:
		return column{}, fmt.Errorf("%q is no column: write FIELD:FIRST-LAST, such as receipt:1-6", word)
	case from < 1 || to > maxLine:
		return column{}, fmt.Errorf("%s: columns are counted from 1 to %d", word, maxLine)
	case to < from:
		return column{}, fmt.Errorf("%s ends before it begins", word)
	}
	return column{name, from, to}, nil
}

// checkFields finds names that mean nothing, and what is missing.
func checkFields(names []string) error {
	var faults []error
	for i, name := range names {
		if !slices.Contains(fields, name) {
			faults = append(faults, fmt.Errorf("there is no field %q: the fields are %s", name, strings.Join(fields, ", ")))
		}
		if slices.Contains(names[:i], name) {
			faults = append(faults, fmt.Errorf("the field %s is named twice", name))
		}
	}
	if !slices.Contains(names, "amount") && !slices.Contains(names, "price") && !slices.Contains(names, "payment") {
		faults = append(faults, errors.New("it names no money: one of amount, price and payment must be a field"))
	}
	return errors.Join(faults...)
}

// match finds the fields of a line, trimmed, without the empty ones.
func (f Format) match(line string) (map[string]string, bool) {
	line = strings.TrimRight(line, " \t")
	found := map[string]string{}
	if f.pattern != nil {
		groups := f.pattern.FindStringSubmatch(line)
		if groups == nil {
			return nil, false
		}
		for i, name := range f.pattern.SubexpNames() {
			if value := strings.TrimSpace(groups[i]); name != "" && value != "" {
				found[name] = value
			}
		}
		return found, len(found) > 0
	}
	characters := []rune(line)
	for _, c := range f.columns {
		first, last := min(c.first-1, len(characters)), min(c.last, len(characters))
		if value := strings.TrimSpace(string(characters[first:last])); value != "" {
			found[c.name] = value
		}
	}
	return found, len(found) > 0
}
