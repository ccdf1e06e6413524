package register

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"mostrador/drivers/text"
)

// The kinds of a line in a journal of several lines a receipt, beside those of
// a single record. agent/sale says what each does to the receipt.
const (
	// Open is a line of a receipt's head: its date, time, number, clerk.
	Open = "open"
	// Unread is such a line of a receipt that is not to be read: a refund mode,
	// training.
	Unread = "unread"
	// Times is the quantity and the price of the item on the next line.
	Times = "times"
	// Discount is taken from the sum, or put upon it, by its sign.
	Discount = "discount"
	// Tax is a tax, which the receipt's total may hold or not.
	Tax = "tax"
	// Subtotal says nothing of a receipt; in a day report it is the net.
	Subtotal = "subtotal"
	// Due is what a receipt comes to, before its payments.
	Due = "due"
	// Change is what is given back of the payments.
	Change = "change"
	// Correct takes back the entry on the line before.
	Correct = "correct"
	// Cancel takes back the whole receipt that is open.
	Cancel = "cancel"
	// End is a receipt's or a report's foot.
	End = "end"
	// Day begins a report that resets the register's totals (Z); in a format
	// of one record a line it is the whole report.
	Day = "day"
	// Read begins a report that resets nothing (X).
	Read = "read"
	// Net, Gross and Tender are figures of a report: what the receipts came
	// to, what that was before deductions, and what was paid by one means.
	Net, Gross, Tender = "net", "gross", "tender"
	// Figure is the amount of the figure on the line before.
	Figure = "figure"
	// Done is the last line of a report that has no foot.
	Done = "done"
	// Note means nothing.
	Note = "note"
)

// lineKinds are the kinds that a line may have.
var lineKinds = []string{
	Item, Payment, Total, Void, Open, Unread, Times, Discount, Tax, Subtotal, Due, Change, Correct, Cancel, End,
	Day, Read, Net, Gross, Tender, Figure, Done, Note,
}

// patterns are what a field may look like in a line; one that is not here is
// one word.
var patterns = map[string]string{
	"amount": money, "price": money, "tip": money,
	"quantity": `-?\d+(?:[.,]\d+)?`,
	"receipt":  `\d+`, "z": `\d+`, "count": `\d+`,
	"name": `\S.*?`,
	"time": `\d\S*(?: ?[AaPp][Mm])?`,
	"date": `\d\S*`,
}

// money is an amount. It has a sign, a sign of a currency, or a decimal mark: a
// bare number may be a table or a telephone.
const (
	money = `(?:[-−]?` + currency + `[-−]?` + number + `-?|[-−]` + number + `|\d*[.,]\d[\d.,]*-?)`

	currency = `(?:S/\.? ?|R\$ ?|[^\s\pL\d.,:;%#@/+()−-] ?)`
	number   = `[.,]?\d[\d.,]*`
)

const (
	// maxLines is how many kinds of lines a journal may have.
	maxLines = 200
	// maxTemplate is the longest of them, in bytes.
	maxTemplate = 200
)

// A lineRule reads one kind of line.
type lineRule struct {
	kind, name string // name: the fixed one, if any
	pattern    *regexp.Regexp
}

// ParseLines reads the lines of a journal. Each is
//
//	KIND [NAME]: TEMPLATE
//
// such as "payment CASH: CASH {amount}", with a template as text.Template has
// it. NAME is the field name of lines that do not hold it. The first template
// that fits a line decides.
func ParseLines(lines []string) error {
	_, err := parseLines(lines)
	return err
}

func parseLines(lines []string) ([]lineRule, error) {
	if len(lines) > maxLines {
		return nil, fmt.Errorf("there are %d: at most %d are allowed", len(lines), maxLines)
	}
	var rules []lineRule
	var faults []error
	for _, line := range lines {
		rule, err := parseLine(line)
		if err != nil {
			faults = append(faults, fmt.Errorf("%q: %w", line, err))
			continue
		}
		rules = append(rules, rule)
	}
	return rules, errors.Join(faults...)
}

func parseLine(line string) (lineRule, error) {
	head, template, ok := strings.Cut(line, ":")
	kind, name, _ := strings.Cut(strings.TrimSpace(head), " ")
	template = strings.TrimSpace(template)
	switch {
	case len(line) > maxTemplate:
		return lineRule{}, fmt.Errorf("it has %d bytes: at most %d are allowed", len(line), maxTemplate)
	case !ok || template == "":
		return lineRule{}, errors.New("write KIND: TEMPLATE, such as item: {name} {amount}")
	case !slices.Contains(lineKinds, kind):
		return lineRule{}, fmt.Errorf("there is no kind %q: the kinds are %s", kind, strings.Join(lineKinds, ", "))
	}
	pattern, err := text.Template(template, append(slices.Clone(fields), lineFields...), patterns)
	if err != nil {
		return lineRule{}, err
	}
	if err := checkLine(kind, pattern.SubexpNames()); err != nil {
		return lineRule{}, err
	}
	return lineRule{kind: kind, name: strings.TrimSpace(name), pattern: pattern}, nil
}

// checkLine finds what a kind cannot be without.
func checkLine(kind string, fields []string) error {
	switch kind {
	case Item, Payment, Total, Void, Discount, Tax, Due, Change, Correct, Figure:
		if !slices.Contains(fields, "amount") {
			return fmt.Errorf("%s needs {amount}", kind)
		}
	case Times:
		if !slices.Contains(fields, "quantity") && !slices.Contains(fields, "price") {
			return errors.New("times needs {quantity} or {price}")
		}
	case Net, Gross, Tender:
		if !slices.ContainsFunc(fields, func(f string) bool { return f == "amount" || f == "count" || f == "quantity" }) {
			return fmt.Errorf("%s needs {amount}, or {count} with the amount on the next line", kind)
		}
	}
	return nil
}

// lineFields are the fields that only lines have.
var lineFields = []string{"clerk", "z", "count"}

// readLine makes a record of a line by the first rule that fits. A line without
// a digit that none fits is a text, such as the shop's thanks: a note.
func (r *reader) readLine(line string) (map[string]string, bool) {
	line = strings.TrimSpace(strings.ReplaceAll(line, "·", "."))
	for _, rule := range r.lines {
		groups := rule.pattern.FindStringSubmatch(line)
		if groups == nil {
			continue
		}
		found := map[string]string{"kind": rule.kind}
		if rule.name != "" {
			found["name"] = rule.name
		}
		for i, name := range rule.pattern.SubexpNames() {
			if value := strings.TrimSpace(groups[i]); name != "" && value != "" {
				found[name] = plainMoney(name, value)
			}
		}
		if r.normaliseTimes(found) && r.normaliseNumbers(found) {
			return found, true
		}
	}
	if strings.IndexFunc(line, unicode.IsDigit) < 0 {
		return map[string]string{"kind": Note}, true
	}
	return nil, false
}

// plainMoney takes the currency out of an amount, and writes its sign as "-".
func plainMoney(field, value string) string {
	if patterns[field] != money {
		return value
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c == '−':
			return '-'
		case unicode.IsDigit(c), c == '-', c == '.', c == ',':
			return c
		}
		return -1
	}, strings.ReplaceAll(strings.ToUpper(value), "S/.", ""))
}
