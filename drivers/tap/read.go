package tap

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"mostrador/drivers"
)

// Read says what a profile makes of a paper. Whoever looks for a sale in it sees
// every line that counts, or a cause why there is none: from the first line of
// the body to the last, nothing is passed over. A nil profile reads nothing.
func (p *Profile) Read(of paper) drivers.Receipt {
	r := drivers.Receipt{Text: textOf(of.lines), Stream: of.stream, Torn: of.torn}
	if r.Cause = unreadable(of, p); r.Cause != "" {
		return r
	}
	lines := p.classify(of.lines)
	for _, l := range lines {
		if l.kind() == NoSale {
			r.NoSale = true
			return r
		}
	}
	if r.Cause = p.doubt(lines); r.Cause != "" {
		return r
	}
	if r.Cause = p.outOfLine(lines); r.Cause != "" {
		return r
	}
	if lines, r.Cause = joinNames(lines); r.Cause != "" {
		return r
	}
	r.Numbered, r.TaxAdded = p.numbered(), p.taxAdded
	for _, l := range lines {
		if l.fields != nil && l.kind() != Note {
			r.Lines = append(r.Lines, drivers.Record{Fields: l.fields, Raw: []byte(l.text)})
		}
		r.Copy = r.Copy || !l.sold() && wordIn(l.text, copyWords) != ""
	}
	return r
}

// unreadable says why nothing on a paper can be read.
func unreadable(of paper, p *Profile) string {
	text, pictures := false, false
	for _, l := range of.lines {
		text = text || strings.ContainsFunc(l.text, unicode.IsLetter) && !l.code
		pictures = pictures || l.picture
	}
	switch {
	case of.torn:
		return "está incompleto: la línea o el agente se cortó en medio"
	case !text && pictures:
		return "es solo una imagen: el programa de caja imprime por un driver gráfico"
	case !text:
		return "no tiene texto"
	case of.odd != "":
		return of.odd
	case p == nil:
		return "no hay perfil que lo lea: enséñelo con mostrador tap learn"
	}
	return ""
}

// joinNames gives items their names that stand on the line before, or says what
// is missing.
func joinNames(lines []found) (out []found, cause string) {
	var name *found
	for i, l := range lines {
		kind := l.kind()
		switch {
		case kind == Name && name != nil, name != nil && l.counts() && kind != Item, kind == Item && name != nil && l.fields["name"] != "":
			return nil, fmt.Sprintf("la línea %q no trae su importe", short(name.text))
		case kind == Name:
			name = &lines[i]
			continue
		case kind == Item && name != nil:
			l.fields = maps.Clone(l.fields)
			l.fields["name"] = name.fields["name"]
			name = nil
		case kind == Item && l.fields["name"] == "":
			return nil, fmt.Sprintf("la línea %q no dice qué se vendió", short(l.text))
		}
		out = append(out, l)
	}
	if name != nil {
		return nil, fmt.Sprintf("la línea %q no trae su importe", short(name.text))
	}
	return out, ""
}

// A found is a line with what the profile takes it for; no fields: nothing.
type found struct {
	line
	fields map[string]string
}

func (f found) kind() string { return f.fields["kind"] }

// sold says whether a line's words are the name of something sold.
func (f found) sold() bool { return slices.Contains([]string{Item, Name, Modifier, Note}, f.kind()) }

// counts says whether a line belongs to the body.
func (f found) counts() bool { return slices.Contains(counted, f.kind()) }

// classify finds out what each line is. Rules and empty lines are left out.
func (p *Profile) classify(lines []line) []found {
	var out []found
	for _, l := range lines {
		if !l.picture && isRule(l.text) {
			continue
		}
		f := found{line: l}
		if !l.picture && !l.code {
			f.fields = p.match(l.text)
		}
		out = append(out, f)
	}
	forgetTexts(out)
	return out
}

// isRule says whether a line is empty or drawn: without a letter or a digit, or
// of nothing but a run of one character that the decoder does not know.
func isRule(text string) bool {
	unknown := strings.TrimSpace(text)
	if strings.Trim(unknown, "\ufffd") == "" {
		return true
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\ufffd' })
}

// forgetTexts makes plain text of what a profile takes for a name or a modifier
// without an amount where nothing is sold: before the first item, and behind the
// first total. Templates of these kinds often fit any text.
func forgetTexts(lines []found) {
	first := slices.IndexFunc(lines, func(f found) bool { return f.kind() == Item })
	if first > 0 && lines[first-1].kind() == Name && lines[first].fields["name"] == "" {
		first--
	}
	total := slices.IndexFunc(lines, func(f found) bool { return f.kind() == Total })
	for i := range lines {
		outside := i < first || first < 0 || total >= 0 && i > total
		if k := lines[i].kind(); outside && (k == Name || k == Modifier && lines[i].fields["amount"] == "") {
			lines[i].fields = nil
		}
	}
}

// doubt says why lines may not be read as a sale although each that is known is
// clear, or "".
func (p *Profile) doubt(lines []found) string {
	first := slices.IndexFunc(lines, found.counts)
	if first < 0 {
		return "ninguna línea es de un recibo que el perfil conozca"
	}
	last := first
	for i, l := range lines {
		if l.counts() {
			last = i
		}
	}
	for i, l := range lines {
		inBody := i > first && i < last
		switch {
		case l.fields != nil:
			if word := wordIn(l.text, noSaleWords); word != "" && !l.sold() {
				return fmt.Sprintf("dice %s: puede no ser una venta (%q)", word, short(l.text))
			}
		case l.code:
		case l.picture && (inBody || l.text != ""):
			return "tiene una imagen entre sus líneas"
		case l.picture:
		case inBody:
			return fmt.Sprintf("el perfil no conoce la línea %q", short(l.text))
		case p.holdsMoney(l.text):
			return fmt.Sprintf("el perfil no conoce la línea %q, que trae un importe", short(l.text))
		default:
			if word := wordIn(l.text, noSaleWords); word != "" {
				return fmt.Sprintf("dice %s: puede no ser una venta (%q)", word, short(l.text))
			}
		}
	}
	return ""
}

// outOfLine says which amount of a thing sold does not end in the column of the
// others, or "". Where a line has lost its beginning and stands behind the one
// before, as "+ sin cALLINA 102.00", the sums are right all the same.
func (p *Profile) outOfLine(lines []found) string {
	edge := 0
	for _, l := range lines {
		switch {
		case !p.aligned || l.kind() != Item && l.kind() != Modifier || l.fields["amount"] == "":
		case edge == 0:
			edge = l.edge
		case l.edge != edge:
			return fmt.Sprintf("el importe de la línea %q no está en la columna de los demás; si este programa de caja no los alinea, escriba amounts: ragged en el perfil", short(l.text))
		}
	}
	return ""
}

// short cuts a line for a message.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}
