package tap

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"mostrador/drivers/text"
)

// The kinds of a line of a receipt. agent/sale says what each does to the sale.
const (
	// Open is a line of the receipt's head or foot that names its number, date,
	// time, point of sale or order.
	Open = "open"
	// Item is one thing sold; Name is its name where that stands on a line of its
	// own before it. Modifier belongs to the item before it, with an
	// amount of its own or without.
	Item     = "item"
	Name     = "name"
	Modifier = "modifier"
	// Discount lowers the total, Charge raises it: delivery, service.
	Discount = "discount"
	Charge   = "charge"
	// Tax is within the lines or on top of them, as the profile says. Net is what
	// remains of the total without taxes.
	Tax = "tax"
	Net = "net"
	// Subtotal is what the lines above come to.
	Subtotal = "subtotal"
	// Total is what the receipt comes to.
	Total = "total"
	// Tip is beside the total, or within it.
	Tip = "tip"
	// Payment is what was paid by one means, Change what was given back.
	Payment = "payment"
	Change  = "change"
	// Note means nothing, wherever it stands.
	Note = "note"
	// NoSale says that the paper is no sale: a kitchen ticket, a report.
	NoSale = "nosale"
)

var kinds = []string{
	Open, Item, Name, Modifier, Discount, Charge, Tax, Net, Subtotal, Total, Tip, Payment, Change, Note, NoSale,
}

// counted are the kinds that make the body of a receipt: between the first and
// the last of them every line must be understood.
var counted = []string{Item, Name, Modifier, Discount, Charge, Tax, Net, Subtotal, Total, Tip, Payment, Change}

// fields are what a template may name.
var fields = []string{"name", "quantity", "price", "amount", "plu", "receipt", "date", "time", "pos", "order"}

// The bounds of a profile.
const (
	maxProfile  = 64 << 10
	maxRules    = 200
	maxTemplate = 300
	maxDecimals = 3
)

// A Profile says how the receipts of one POS are read. It is written as text,
// one KEY: VALUE a line; an empty line, and one that begins with #, means
// nothing.
//
//	decimal: .                  the decimal mark; the other one stands between thousands
//	decimals: 2                 how many digits stand behind it, always
//	currency: S/ PEN            what may stand before or behind an amount; else only bare ones are read
//	taxes: included             or added: on top of the lines
//	amounts: aligned            what things sold cost ends in one column; or ragged
//	date: DD/MM/YYYY            how {date} is written; time: HH:MM[:SS]
//	item: {quantity} {name} {amount}
//	payment EFECTIVO: EFECTIVO {amount}
//	total: TOTAL {amount}
//
// The lines with a kind are templates as text.Template has them. The first that
// fits a line decides what it is.
type Profile struct {
	source   string
	decimal  byte
	decimals int
	currency []string
	taxAdded bool
	aligned  bool // the amounts of items and modifiers end in one column
	date     text.Layout
	time     text.Layout
	rules    []rule
	money    *regexp.Regexp // an amount within a line
}

// A rule reads one kind of line.
type rule struct {
	kind, name string // name: the fixed one, if any
	pattern    *regexp.Regexp
}

// ParseProfile reads a profile. Its error joins every fault, each with its line.
func ParseProfile(source []byte) (*Profile, error) {
	return parseProfile(source, map[string]*regexp.Regexp{})
}

// parseProfile is ParseProfile that remembers the templates that it has read, for
// who reads many profiles that are much alike.
func parseProfile(source []byte, templates map[string]*regexp.Regexp) (*Profile, error) {
	if len(source) > maxProfile {
		return nil, fmt.Errorf("the profile has %d bytes: at most %d are allowed", len(source), maxProfile)
	}
	if !utf8.Valid(source) {
		return nil, errors.New("the profile is not UTF-8: save it as that")
	}
	p := &Profile{source: string(source), decimal: '.', decimals: 2}
	b := builder{profile: p, set: map[string]bool{}, templates: templates}
	lines := strings.Split(strings.ReplaceAll(string(source), "\r\n", "\n"), "\n")
	for i, l := range lines { // the settings first: they say what an amount is
		b.line(i+1, l, b.setting)
	}
	b.defaults()
	for i, l := range lines {
		b.line(i+1, l, b.rule)
	}
	if err := errors.Join(append(b.faults, p.check()...)...); err != nil {
		return nil, err
	}
	return p, nil
}

// String is the profile as it was written.
func (p *Profile) String() string { return p.source }

// Decimals is how many digits stand behind the decimal mark of each amount: those
// of the currency.
func (p *Profile) Decimals() int { return p.decimals }

// check finds what a profile cannot be without.
func (p *Profile) check() (faults []error) {
	for _, kind := range []string{Item, Total} {
		if !slices.ContainsFunc(p.rules, func(r rule) bool { return r.kind == kind }) {
			faults = append(faults, fmt.Errorf("there is no line of the kind %s: without it nothing adds up", kind))
		}
	}
	return faults
}

// numbered says whether the profile knows where a receipt's number stands.
func (p *Profile) numbered() bool {
	return slices.ContainsFunc(p.rules, func(r rule) bool { return slices.Contains(r.pattern.SubexpNames(), "receipt") })
}

// A builder reads a profile line by line.
type builder struct {
	profile  *Profile
	set      map[string]bool
	patterns map[string]string
	// templates are those that were read, by what an amount looks like, which tells
	// what a quantity does, and by themselves.
	templates map[string]*regexp.Regexp
	faults    []error
}

// line reads one line with use, which gets what stands before and behind the
// colon and says nothing of lines that are not its own.
func (b *builder) line(n int, l string, use func(key, value string) error) {
	l = strings.TrimSpace(strings.TrimPrefix(l, "\ufeff"))
	if l == "" || strings.HasPrefix(l, "#") {
		return
	}
	key, value, ok := strings.Cut(l, ":")
	var err error
	switch {
	case len(l) > maxTemplate:
		err = fmt.Errorf("it has %d bytes: at most %d are allowed", len(l), maxTemplate)
	case !ok || strings.TrimSpace(value) == "":
		err = errors.New("write KEY: VALUE, such as item: {name} {amount}")
	default:
		err = use(strings.TrimSpace(key), strings.TrimSpace(value))
	}
	if err == nil || b.set[fmt.Sprint("fault in line ", n)] {
		return
	}
	b.set[fmt.Sprint("fault in line ", n)] = true
	b.faults = append(b.faults, fmt.Errorf("line %d: %w", n, err))
}

// settings are the keys that are no kind of line.
var settings = []string{"decimal", "decimals", "currency", "taxes", "amounts", "date", "time"}

// setting reads a line that is no template.
func (b *builder) setting(key, value string) (err error) {
	if !slices.Contains(settings, key) {
		return nil
	}
	if b.set[key] {
		return fmt.Errorf("%s stands there twice", key)
	}
	b.set[key] = true
	p := b.profile
	switch key {
	case "decimal":
		if value != "." && value != "," {
			return fmt.Errorf("decimal: %q: the decimal mark is . or ,", value)
		}
		p.decimal = value[0]
	case "decimals":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n > maxDecimals {
			return fmt.Errorf("decimals: %q: write how many digits the currency has, 0 to %d", value, maxDecimals)
		}
		p.decimals = n
	case "currency":
		p.currency = strings.Fields(value)
		slices.SortStableFunc(p.currency, func(a, b string) int { return len(b) - len(a) }) // S/. before S/
		if i := slices.IndexFunc(p.currency, func(c string) bool { return strings.ContainsAny(c, "0123456789") }); i >= 0 {
			return fmt.Errorf("currency: %q holds a digit", p.currency[i])
		}
	case "taxes":
		if value != "included" && value != "added" {
			return fmt.Errorf("taxes: %q: they are included in the lines, or added to them", value)
		}
		p.taxAdded = value == "added"
	case "amounts":
		if value != "aligned" && value != "ragged" {
			return fmt.Errorf("amounts: %q: those of things sold are aligned, all ending in one column, or ragged", value)
		}
		p.aligned = value == "aligned"
	case "date":
		p.date, err = text.ParseLayout(value, text.Date)
	case "time":
		p.time, err = text.ParseLayout(value, text.Time)
	}
	return err
}

// defaults fills in what was not set, and says what fields look like.
func (b *builder) defaults() {
	p := b.profile
	if p.date == nil {
		p.date, _ = text.ParseLayout("DD/MM/YYYY", text.Date)
	}
	if p.time == nil {
		p.time, _ = text.ParseLayout("HH:MM[:SS]", text.Time)
	}
	money := p.moneyPattern()
	p.money = regexp.MustCompile(`(?i)(?:^|\s)` + money + `(?:\s|$)`)
	mark := regexp.QuoteMeta(string(p.decimal))
	b.patterns = map[string]string{
		"amount": money, "price": money,
		"quantity": `-?\d{1,5}(?:` + mark + `\d{1,3})?`,
		"receipt":  `[\pL\d/#-]*\d`,
		"name":     `\S(?:.*?\S)?`,
		"date":     `\d\S*`,
		"time":     `\d\S*(?: ?[AaPp]\.?[Mm]\.?)?`,
	}
}

// moneyPattern is an amount: digits, thousands in threes, and exactly the
// decimals of the currency, with a sign before or behind and its mark on either
// side. What is written otherwise is no amount.
func (p *Profile) moneyPattern() string {
	group, fraction := `,`, ``
	if p.decimal == ',' {
		group = `\.`
	}
	if p.decimals > 0 {
		fraction = fmt.Sprintf(`%s\d{%d}`, regexp.QuoteMeta(string(p.decimal)), p.decimals)
	}
	marks := slices.Clone(p.currency)
	for i, m := range marks {
		marks[i] = regexp.QuoteMeta(m)
	}
	before, behind := ``, ``
	if len(marks) > 0 {
		any := `(?:` + strings.Join(marks, `|`) + `)`
		before, behind = `(?:`+any+` ?)?`, `(?: ?`+any+`)?`
	}
	number := `(?:\d{1,3}(?:` + group + `\d{3})+|\d{1,12})` + fraction
	return `(?:[-−]?` + before + number + behind + `|` + before + `[-−]` + number + behind + `|` + before + number + `[-−]` + behind + `)`
}

// rule reads a template.
func (b *builder) rule(key, value string) error {
	kind, name, _ := strings.Cut(key, " ")
	p := b.profile
	switch {
	case slices.Contains(settings, key):
		return nil
	case !slices.Contains(kinds, kind):
		return fmt.Errorf("there is no key %q: it is %s, or one of %s", kind, strings.Join(settings, ", "), strings.Join(kinds, ", "))
	case len(p.rules) == maxRules:
		return fmt.Errorf("at most %d templates are allowed", maxRules)
	}
	pattern, err := b.template(value)
	if err != nil {
		return err
	}
	names := pattern.SubexpNames()
	needs := map[string][]string{
		Item: {"amount"}, Name: {"name"}, Modifier: {"name"}, Discount: {"amount"}, Charge: {"amount"}, Tax: {"amount"}, Net: {"amount"},
		Subtotal: {"amount"}, Total: {"amount"}, Tip: {"amount"}, Payment: {"amount"}, Change: {"amount"},
	}
	for _, need := range needs[kind] {
		if !slices.Contains(names, need) {
			return fmt.Errorf("%s needs {%s}", kind, need)
		}
	}
	p.rules = append(p.rules, rule{kind: kind, name: strings.TrimSpace(name), pattern: pattern})
	return nil
}

// template reads one, unless it is known.
func (b *builder) template(value string) (pattern *regexp.Regexp, err error) {
	key := b.patterns["amount"] + "\x00" + value
	if pattern = b.templates[key]; pattern != nil {
		return pattern, nil
	}
	if pattern, err = text.Template(value, fields, b.patterns); err == nil {
		b.templates[key] = pattern
	}
	return pattern, err
}

// match reads a line by the first rule that fits; nil when none does.
func (p *Profile) match(l string) map[string]string {
	l = strings.TrimSpace(l)
	for _, r := range p.rules {
		groups := r.pattern.FindStringSubmatch(l)
		if groups == nil {
			continue
		}
		found := map[string]string{"kind": r.kind}
		if r.name != "" {
			found["name"] = r.name
		}
		for i, field := range r.pattern.SubexpNames() {
			if value := strings.TrimSpace(groups[i]); field != "" && value != "" {
				found[field] = value
			}
		}
		if p.plain(found) {
			return found
		}
	}
	return nil
}

// plain writes the values of a line in one form. It says false when they are not
// what they should be, and when a name holds an amount that should be a field.
func (p *Profile) plain(found map[string]string) bool {
	for field, value := range maps.Clone(found) {
		ok := true
		switch field {
		case "amount", "price":
			found[field], ok = p.plainMoney(value)
		case "quantity":
			found[field], ok = text.Decimal(value, p.decimal)
		case "date":
			found[field], ok = p.date.Parse(value, "2006-01-02")
		case "time":
			found[field], ok = p.time.Parse(strings.Replace(strings.ToUpper(value), ".M.", "M", 1), "15:04:05")
		case "name":
			ok = found["kind"] == Note || !p.holdsMoney(value)
		}
		if !ok {
			return false
		}
	}
	return true
}

// holdsMoney says whether an amount stands in a text. Where amounts have no
// decimals, only what is written with thousands or has four digits is one.
func (p *Profile) holdsMoney(s string) bool {
	for _, found := range p.money.FindAllString(s, -1) {
		digits := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, found)
		if p.decimals > 0 || len(digits) > 3 {
			return true
		}
	}
	return false
}

// plainMoney takes the currency out of an amount, and writes its sign as "-".
func (p *Profile) plainMoney(s string) (string, bool) {
	for _, m := range p.currency {
		if at := strings.Index(strings.ToLower(s), strings.ToLower(m)); at >= 0 && len(strings.ToLower(s)) == len(s) {
			s = s[:at] + s[at+len(m):]
		}
	}
	return text.Decimal(strings.ReplaceAll(strings.TrimSpace(s), "−", "-"), p.decimal)
}
