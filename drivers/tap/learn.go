package tap

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"mostrador/drivers"
	"mostrador/printer/escpos"
)

// A Lesson is what a profile is learned from.
type Lesson struct {
	// Samples are streams that the POS sent to its printer, each with one receipt
	// or several.
	Samples [][]byte
	// Decoder returns a decoder as the printer is when it was just switched on.
	Decoder func() *escpos.Decoder
	// Decimals of the currency, and the marks that may stand beside an amount.
	Decimals int
	Currency []string
	// Adds says whether a receipt adds up.
	Adds func(drivers.Receipt) bool
}

// Learn proposes a profile that reads as many of the samples' papers as it can:
// the strictest of those that read the most. Nothing in it is certain; a person
// looks at what it reads. The error says that the samples hold nothing that looks
// like a receipt.
func Learn(l Lesson) (*Profile, error) {
	var papers []paper
	for _, sample := range l.Samples {
		papers = append(papers, papersOf(l.Decoder(), sample)...)
	}
	lines := textsOf(papers)
	if len(lines) == 0 {
		return nil, fmt.Errorf("the %d papers of the samples hold no text: they are pictures, or no printer's bytes", len(papers))
	}
	var best *Profile
	most := -1
	templates := map[string]*regexp.Regexp{}
	for _, choice := range choices() {
		s := student{Lesson: l, choice: choice, templates: templates}
		p, err := parseProfile([]byte(s.write(lines)), templates)
		if err != nil {
			continue
		}
		reads := 0
		for _, of := range papers {
			if r := p.Read(of); r.Cause == "" && !r.NoSale && l.Adds(r) {
				reads++
			}
		}
		if reads > most {
			best, most = p, reads
		}
		if reads == len(papers) {
			break
		}
	}
	if best == nil {
		return nil, fmt.Errorf("no line of the samples looks like a thing sold with its amount, or none like the total: write the profile by hand")
	}
	return best, nil
}

// A choice is what the lines themselves do not tell.
type choice struct {
	amounts  string
	taxes    string
	subtotal string // what a line that says so is
	item     int    // which of the layouts of an item comes first
}

// choices are all of them, the strictest first.
func choices() (all []choice) {
	for item := range itemLayouts {
		for _, subtotal := range []string{Subtotal, Net, Note} {
			for _, taxes := range []string{"included", "added"} {
				for _, amounts := range []string{"aligned", "ragged"} {
					all = append(all, choice{amounts, taxes, subtotal, item})
				}
			}
		}
	}
	return all
}

// itemLayouts are how receipts write what was sold, the one that says the most
// first. A profile takes one and, for lines that it does not fit, those behind
// it with the same beginning.
var itemLayouts = [][]string{
	{"item: {quantity} {name} {price} {amount}"},
	{"item: {quantity} x {name} {price} {amount}"},
	{"item: {quantity}x {name} {price} {amount}"},
	{"item: {name} {quantity} x {price} {amount}"},
	{"item: {name} {quantity} {price} {amount}"},
	{"item: {quantity} x {price} {amount}", "name: {name}"},
	{"item: {quantity} {price} {amount}", "name: {name}"},
	{"item: {quantity} x {name} {amount}"},
	{"item: {quantity}x {name} {amount}"},
	{"item: {name} x {quantity} {amount}"},
	{"item: {name} x{quantity} {amount}"},
	{"item: {quantity} {name} {amount}"},
	{"item: {name} {amount}"},
}

// A keyword is how receipts call a line; folded.
var keywords = []struct{ kind, words string }{
	{Subtotal, "SUBTOTAL|SUB TOTAL|SOTTOTALE|SUBTOTALE|SOUS TOTAL|ПРОМІЖНИЙ ПІДСУМОК"},
	{Net, "OP GRAVADA|OP GRAVADAS|OP EXONERADA|OP INAFECTA|GRAVADA|GRAVADO|EXONERADA|INAFECTA|BASE IMPONIBLE|VALOR VENTA|NETO|NET|IMPONIBILE|TOTAL HT|BASE|MONTO NETO"},
	{Tax, "IGV|I G V|IVA|I V A|TAX|SALES TAX|VAT|TVA|MWST|ПДВ|IMPUESTO|IMPUESTOS|IMPOCONSUMO|ICBPER|INC|ISC"},
	{Tip, "PROPINA|TIP|GRATUITY|POURBOIRE|MANCIA|ЧАЙОВІ"},
	{Discount, "DESCUENTO|DSCTO|DCTO|DTO|DISCOUNT|REMISE|SCONTO|ЗНИЖКА|CUPON|PROMOCION"},
	{Charge, "DELIVERY|ENVIO|COSTO DE ENVIO|DESPACHO|SERVICIO|RECARGO|SERVICE|SERVICE CHARGE|DELIVERY FEE|LIVRAISON|CONSEGNA|ДОСТАВКА|CUBIERTO|COPERTO"},
	{Change, "VUELTO|CAMBIO|CHANGE|RENDU|RESTO|РЕШТА|VUELTA|DEVUELTA|SU VUELTO"},
	{Total, "TOTAL|TOTAL A PAGAR|IMPORTE TOTAL|MONTO TOTAL|TOTAL VENTA|GRAND TOTAL|AMOUNT DUE|TOTALE|TOTALE EURO|TOTAL TTC|NET A PAYER|ВСЬОГО|СУМА|РАЗОМ|ДО СПЛАТИ"},
	{Payment, "EFECTIVO|CASH|TARJETA|VISA|MASTERCARD|AMEX|CARD|CREDIT CARD|DEBIT CARD|CREDITO|DEBITO|YAPE|PLIN|TRANSFERENCIA|ESPECES|CARTE|CB|CONTANTI|CARTA|ГОТІВКА|КАРТКА|PAGO|PAGADO|RECIBIDO|PAID|TENDERED|MERCADO PAGO|NEQUI|DAVIPLATA"},
}

// wordsOfNumber stand before a receipt's number.
const wordsOfNumber = "BOLETA|FACTURA|TICKET|RECIBO|COMPROBANTE|NRO|NUMERO|NUM|FOLIO|ORDEN|PEDIDO|VENTA|INVOICE|RECEIPT|CHECK|ORDER|BILL|FATTURA|SCONTRINO|FACTURE|RECU|COMMANDE|ЧЕК|N|NO|DOCUMENTO"

// A student writes a profile for one choice.
type student struct {
	Lesson
	choice

	decimal   byte
	money     *regexp.Regexp // an amount at the end of a line
	written   []string
	known     map[string]bool
	templates map[string]*regexp.Regexp
}

// textsOf are the lines of text of each paper.
func textsOf(papers []paper) (all [][]string) {
	for _, p := range papers {
		var lines []string
		for _, l := range p.lines {
			if strings.ContainsFunc(l.text, isWordRune) && !l.picture && !l.code {
				lines = append(lines, strings.TrimSpace(l.text))
			}
		}
		if len(lines) > 0 {
			all = append(all, lines)
		}
	}
	return all
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// write is the profile as text.
func (s *student) write(all [][]string) string {
	s.known = map[string]bool{}
	s.decimal = s.markOf(all)
	s.prepareMoney()
	s.add("decimal: %c", s.decimal)
	s.add("decimals: %d", s.Decimals)
	if len(s.Currency) > 0 {
		s.add("currency: %s", strings.Join(s.Currency, " "))
	}
	s.add("taxes: %s", s.taxes)
	s.add("amounts: %s", s.amounts)
	s.dates(all)
	s.numbers(all)
	for _, lines := range all {
		s.labels(lines)
	}
	for _, lines := range all {
		s.modifiers(lines)
	}
	for _, t := range itemLayouts[s.item] {
		s.add("%s", t)
	}
	for _, lines := range all {
		s.rest(lines)
	}
	return strings.Join(s.written, "\n") + "\n"
}

// add writes a line once.
func (s *student) add(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if !s.known[line] && len(line) <= maxTemplate {
		s.known[line] = true
		s.written = append(s.written, line)
	}
}

// markOf finds the decimal mark: the one before as many digits as the currency
// has at the end of lines, or where it has none, the one that does not group.
func (s *student) markOf(all [][]string) byte {
	point, comma := 0, 0
	behind := fmt.Sprintf(`\d{%d}\D{0,4}$`, cmp.Or(s.Decimals, 3))
	points, commas := regexp.MustCompile(`\d\.`+behind), regexp.MustCompile(`\d,`+behind)
	for _, lines := range all {
		for _, l := range lines {
			if points.MatchString(l) {
				point++
			}
			if commas.MatchString(l) {
				comma++
			}
		}
	}
	if (s.Decimals > 0) == (comma > point) {
		return ','
	}
	return '.'
}

// prepareMoney prepares what an amount at the end of a line looks like.
func (s *student) prepareMoney() {
	p := Profile{decimal: s.decimal, decimals: s.Decimals, currency: s.Currency}
	s.money = regexp.MustCompile(`(?i)^(.*?)[\s.:_]*(?:^|[\s.:_])` + p.moneyPattern() + `$`)
}

// label splits a line that ends with an amount.
func (s *student) label(l string) (label string, ok bool) {
	groups := s.money.FindStringSubmatch(l)
	if groups == nil {
		return "", false
	}
	return strings.TrimSpace(groups[1]), true
}

// kindOf finds what a label says that its line is.
func (s *student) kindOf(label string) string {
	in := strings.TrimSpace(folded(withoutRate(label)))
	for _, k := range keywords {
		for w := range strings.SplitSeq(k.words, "|") {
			if in == w || k.kind == Payment && strings.HasPrefix(in, w+" ") || k.kind == Tax && strings.HasPrefix(in, w+" ") || k.kind == Discount && strings.HasPrefix(in, w+" ") {
				if k.kind == Subtotal {
					return s.subtotal
				}
				return k.kind
			}
		}
	}
	return ""
}

var rate = regexp.MustCompile(`\(?\d+(?:[.,]\d+)? ?%\)?|\bS/\.?|[$€]`)

// withoutRate leaves out 18% and the currency's mark.
func withoutRate(label string) string { return rate.ReplaceAllString(label, " ") }

// literal writes a text for a template; words that a template cannot hold, and
// those that are to vary, are any word.
func literal(l string, varies func(word string) string) string {
	words := strings.Fields(l)
	for i, w := range words {
		if v := varies(w); v != "" {
			words[i] = v
		} else if strings.ContainsAny(w, "{}[]") {
			words[i] = "{_}"
		}
	}
	return strings.Join(words, " ")
}

func asIs(string) string { return "" }

// digits is any word for one that holds a digit.
func digits(word string) string {
	if strings.ContainsFunc(word, unicode.IsDigit) {
		return "{_}"
	}
	return ""
}

// labels writes the lines that say by a word what they are.
func (s *student) labels(lines []string) {
	for _, l := range lines {
		label, ok := s.label(l)
		kind := s.kindOf(label)
		if !ok || kind == "" {
			continue
		}
		between := " "
		if rest := strings.TrimPrefix(l, label); strings.HasPrefix(strings.TrimSpace(rest), ":") {
			between = "[ ]: "
			if strings.HasPrefix(rest, ":") {
				between = ": "
			}
		} else if strings.Contains(rest, "..") {
			continue // leaders: rest writes them as they are
		}
		key := kind
		if slices.Contains([]string{Payment, Tax, Discount, Charge, Net}, kind) {
			key += " " + strings.ReplaceAll(strings.ReplaceAll(strings.Join(strings.Fields(label), " "), ":", ""), "#", "")
		}
		s.add("%s: %s%s{amount}", key, literal(label, asIs), between)
	}
}

var (
	dateToken = regexp.MustCompile(`^(\d{1,4})([-/.])(\d{1,2})([-/.])(\d{2,4})$`)
	timeToken = regexp.MustCompile(`^\d{1,2}:\d{2}(:\d{2})?$`)
	halfDay   = regexp.MustCompile(`(?i)^[ap]\.?m\.?$`)
)

// dates writes how dates and times are written, by the first that is found.
func (s *student) dates(all [][]string) {
	for _, lines := range all {
		for _, l := range lines {
			words := strings.Fields(l)
			for i, w := range words {
				w = strings.Trim(w, ",;")
				if d := dateToken.FindStringSubmatch(w); d != nil && !s.known["date"] {
					s.known["date"] = true
					s.add("date: %s", dateLayout(d))
				}
				if timeToken.MatchString(w) && !s.known["time"] {
					s.known["time"] = true
					layout := "HH:MM[:SS]"
					if i+1 < len(words) && halfDay.MatchString(words[i+1]) {
						layout = "hh:MM AM"
						if strings.Count(w, ":") == 2 {
							layout = "hh:MM:SS AM"
						}
					}
					s.add("time: %s", layout)
				}
			}
		}
	}
}

// dateLayout writes the layout of a date: a year of four digits says where it
// stands, and otherwise the day comes first.
func dateLayout(d []string) string {
	day, month := "DD", "MM"
	if len(d[3]) == 1 {
		month = "M"
	}
	year := strings.Repeat("Y", len(d[5]))
	if len(d[1]) == 4 {
		return "YYYY" + d[2] + month + d[4] + "DD"
	}
	if len(d[1]) == 1 {
		day = "D"
	}
	return day + d[2] + month + d[4] + year
}

var numberWord = regexp.MustCompile(`^(` + wordsOfNumber + `)$`)

// numbers writes the lines of a head that name the receipt's number, its date and
// its time.
func (s *student) numbers(all [][]string) {
	for _, lines := range all {
		for _, l := range lines {
			if label, money := s.label(l); money {
				if s.kindOf(label) != "" {
					break // the sums: what comes behind is the foot
				}
				continue
			}
			if t := s.headTemplate(l); t != "" {
				s.add("open: %s", t)
			}
		}
	}
}

// headTemplate is a line of a head as a template, "" when it names nothing.
func (s *student) headTemplate(l string) string {
	words := strings.Fields(l)
	named, afterWord := map[string]bool{}, false
	for i := 0; i < len(words); i++ {
		w := words[i]
		bare := strings.Trim(w, ",;")
		switch {
		case dateToken.MatchString(bare) && !named["date"]:
			words[i], named["date"] = strings.Replace(w, bare, "{date}", 1), true
		case timeToken.MatchString(bare) && !named["time"]:
			words[i], named["time"] = strings.Replace(w, bare, "{time}", 1), true
			if i+1 < len(words) && halfDay.MatchString(words[i+1]) {
				words = slices.Delete(words, i+1, i+2)
			}
		case !named["receipt"] && numberIn(w) != "" && (afterWord || strings.HasPrefix(w, "#")):
			words[i], named["receipt"] = strings.Replace(w, numberIn(w), "{receipt}", 1), true
		case strings.ContainsFunc(w, unicode.IsDigit), strings.ContainsAny(w, "{}[]"):
			words[i] = "{_}"
		default:
			afterWord = afterWord || numberWord.MatchString(strings.TrimSpace(folded(w)))
		}
	}
	if len(named) == 0 {
		return ""
	}
	return strings.Join(words, " ")
}

var number = regexp.MustCompile(`#?([\pL]{0,5}-?\d[\d/-]*\d|\d)$`)

// numberIn is the number of a word such as #48213, N°17 or B001-17.
func numberIn(word string) string {
	if strings.Contains(word, "%") {
		return ""
	}
	groups := number.FindStringSubmatch(word)
	if groups == nil {
		return ""
	}
	return groups[1]
}

// inItems are the lines between the first amount and the sums.
func (s *student) inItems(lines []string) []string {
	first, last := -1, len(lines)
	for i, l := range lines {
		label, money := s.label(l)
		switch {
		case !money:
		case s.kindOf(label) != "":
			return lines[max(first, 0):min(i, last)]
		case first < 0:
			first = i
		}
	}
	return nil
}

var modifierMark = regexp.MustCompile(`^(\+|-|\*|>|»|•|·|\(|c/|s/|con |sin |extra )`)

// modifiers writes the lines between items that have a mark before them.
func (s *student) modifiers(lines []string) {
	for _, l := range s.inItems(lines) {
		m := strings.TrimSpace(modifierMark.FindString(strings.ToLower(l)))
		switch {
		case m == "" || m == "(":
		case len(m) == 1 && strings.HasPrefix(l, m+" ") || len(m) > 3 || m == "con" || m == "sin":
			s.add("modifier: %s {name} {amount}", m)
			s.add("modifier: %s {name}", m)
		default:
			s.add("modifier: %s{name} {amount}", m)
			s.add("modifier: %s{name}", m)
		}
	}
}

// rest writes what no line so far fits: text between items belongs to the item
// before, and an amount elsewhere means nothing. A line that may say that the
// paper is no sale is left to a person.
func (s *student) rest(lines []string) {
	p, err := parseProfile([]byte(strings.Join(s.written, "\n")), s.templates)
	if err != nil {
		return
	}
	items := s.inItems(lines)
	sums := false
	for _, l := range lines {
		label, money := s.label(l)
		sums = sums || money && s.kindOf(label) != ""
		inItems := slices.Contains(items, l)
		switch {
		case p.match(l) != nil, wordIn(l, noSaleWords) != "", wordIn(l, copyWords) != "":
		case inItems && !p.holdsMoney(l):
			s.add("modifier: {name}")
		case inItems:
		case p.holdsMoney(l) && !money || money && sums && s.kindOf(label) == "" && !looksSold(label):
			s.add("note: %s", literal(l, digits))
		}
	}
}

// looksSold says whether a label begins as a thing sold does, with a quantity.
func looksSold(label string) bool { return label == "" || unicode.IsDigit([]rune(label)[0]) }
