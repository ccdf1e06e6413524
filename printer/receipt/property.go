package receipt

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxWidth is the widest column that can be asked for, in cells; layout narrows
// columns to the paper anyway.
const maxWidth = 1000

// maxColumns bounds the widths of one line.
const maxColumns = 64

// properties reads a line {key: value; key: value}. What it sets holds for the
// lines below; code is printed in this place.
func (p *parser) properties(c cell) {
	body, ok := propertyBody(c.text)
	if !ok {
		p.fault("a property is not closed, or text follows it", `end the line with } and write \{ and \} for the characters`)
		return
	}
	next, code := *p.format, ""
	hasCode, endsBox := false, false
	var picture *Image
	for body != "" {
		var member string
		member, body = cutMember(body)
		if trimBlanks(member) == "" {
			continue
		}
		key, raw, ok := strings.Cut(member, ":")
		if !ok {
			p.fault(fmt.Sprintf("the property %q has no value", shorten(member)), "write key: value")
			continue
		}
		if key := trimBlanks(key); p.trusted && (key == "command" || key == "x") {
			p.command(trimBlanks(raw))
			continue
		}
		value := p.value(trimBlanks(raw))
		switch key := trimBlanks(key); {
		case key == "code" || key == "c":
			code, hasCode = value, true
		case key == "image" || key == "i":
			picture = p.image(value)
		case value == "" && key != "comment" && key != "_":
			p.fault(fmt.Sprintf("the property %q has no value", shorten(key)), "write key: value")
		default:
			p.set(&next, key, value)
			endsBox = key == "border" || key == "b" || endsBox
		}
	}
	p.format = &next
	if endsBox && next.Border != BorderLine {
		p.add(Line{Kind: BoxEnd})
	}
	if picture != nil {
		p.add(Line{Kind: ImageLine, Image: picture, Align: c.align})
	}
	if hasCode {
		p.add(Line{Kind: CodeLine, Code: &Code{Data: code, Option: p.option}, Align: c.align})
	}
}

// image reads a picture. One that came as data and cannot be read is left out.
func (p *parser) image(value string) *Image {
	picture, dots, err := imageOf(value, maxImageDots-p.dots)
	p.dots += dots
	switch {
	case err == nil:
		return &picture
	case !p.data:
		p.fault("the picture cannot be printed: "+err.Error(), "give a PNG in base64")
	case value != "":
		p.leftOut++
	}
	return nil
}

// set applies one property that changes how the lines below look.
func (p *parser) set(f *Format, key, value string) {
	lower := strings.ToLower(value)
	switch key {
	case "option", "o":
		p.setOption(lower)
	case "align", "a":
		p.setAlign(f, lower)
	case "width", "w":
		p.setWidths(f, lower)
	case "border", "b":
		p.setBorder(f, lower)
	case "text", "t":
		p.setWrap(f, lower)
	case "comment", "_":
	case "command", "x":
		p.fault("the command property would send raw bytes to the printer", "remove it, or put it into a template of your own")
	default:
		p.fault(fmt.Sprintf("there is no property %q", shorten(key)), "use code, image, option, align, width, border, text or comment")
	}
}

func (p *parser) setAlign(f *Format, value string) {
	switch value {
	case "left":
		f.Align = Left
	case "center":
		f.Align = Center
	case "right":
		f.Align = Right
	default:
		p.fault(fmt.Sprintf("a line cannot be aligned %q", shorten(value)), "use left, center or right")
	}
}

func (p *parser) setBorder(f *Format, value string) {
	if digits := strings.TrimLeft(value, "0"); digits != value {
		value = "0" + digits // as a number, 02 is 2
	}
	switch value {
	case "line":
		f.Border = BorderLine
	case "space", "1", "01":
		f.Border = BorderSpace
	case "none", "0":
		f.Border = BorderNone
	case "2", "02":
		f.Border = BorderWide
	default:
		p.fault(fmt.Sprintf("a border cannot be %q", shorten(value)), "use line, space, none, 0, 1 or 2")
	}
}

func (p *parser) setWrap(f *Format, value string) {
	switch value {
	case "wrap", "nowrap", "words":
		f.NoWrap, f.Words = value == "nowrap", value == "words"
	default:
		p.fault(fmt.Sprintf("text cannot be %q", shorten(value)), "use wrap, nowrap or words")
	}
}

func (p *parser) setWidths(f *Format, value string) {
	words := splitList(value)
	if len(words) > maxColumns {
		p.fault(fmt.Sprintf("%d widths", len(words)), fmt.Sprintf("use at most %d columns", maxColumns))
		return
	}
	if slices.Contains(words, "auto") {
		f.Widths = nil
		return
	}
	widths, shown := make([]int, 0, len(words)), false
	for _, word := range words {
		switch word {
		case "*":
			widths = append(widths, Star)
		case "":
			widths = append(widths, 0)
		default:
			n, err := strconv.Atoi(word)
			if err != nil || n < 0 || n > maxWidth {
				p.fault(fmt.Sprintf("a column cannot be %q wide", shorten(word)), fmt.Sprintf("use a number of characters from 0 to %d, * or auto", maxWidth))
				return
			}
			widths = append(widths, n)
		}
		shown = shown || widths[len(widths)-1] != 0
	}
	if !shown {
		p.fault("no column would be shown", "give one of them a width")
		return
	}
	f.Widths = widths
}

// setOption reads the words of an option from the last to the first, because
// the first of a kind counts. What it does not name gets its default.
func (p *parser) setOption(value string) {
	o := defaultOption()
	for _, word := range slices.Backward(splitList(value)) {
		switch word {
		case "", "nohri":
		case "upc", "ean", "code39", "itf", "codabar", "code93", "code128", "qrcode":
			o.Type = word
		case "jan":
			o.Type = "ean"
		case "nw7":
			o.Type = "codabar"
		case "hri":
			o.HRI = true
		case "l", "m", "q", "h":
			o.Level = word
		default:
			p.setOptionSize(&o, word)
		}
	}
	p.option = o
}

// setOptionSize reads a number: 2 to 4 is a barcode's module, 3 to 8 a QR
// cell, 24 to 240 a height. The same number may be both of the first two.
func (p *parser) setOptionSize(o *Option, word string) {
	n, err := strconv.Atoi(word)
	module, cell, height := n >= 2 && n <= 4, n >= 3 && n <= 8, n >= 24 && n <= 240
	if err != nil || !module && !cell && !height {
		p.fault(fmt.Sprintf("a code has no option %q", shorten(word)),
			"use a type (qrcode, code128, code39, ean, upc, itf, codabar, code93), hri, l, m, q or h, a width of 2 to 8 or a height of 24 to 240 dots")
		return
	}
	if module {
		o.Module = n
	}
	if cell {
		o.Cell = n
	}
	if height {
		o.Height = n
	}
}

// value reads the escapes of a property value.
func (p *parser) value(raw string) string {
	p.text = p.text[:0]
	for i := 0; i < len(raw); {
		if raw[i] == '\\' {
			i += p.escape(raw[i:], valueEscapes)
			continue
		}
		end := i
		for end < len(raw) && raw[end] != '\\' {
			end++
		}
		for _, r := range raw[i:end] {
			p.text = appendPrintable(p.text, r)
		}
		i = end
	}
	value := string(p.text)
	p.text = p.text[:0]
	return value
}

// propertyBody is what stands between the braces that open and close a whole
// column.
func propertyBody(s string) (string, bool) {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '{':
			return "", false
		case '}':
			return s[1:i], i == len(s)-1
		}
	}
	return "", false
}

func cutMember(s string) (member, rest string) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ';':
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// splitList splits a value at each comma and at each run of blanks. So a comma
// and a blank have an empty member between them, as two commas do.
func splitList(s string) []string {
	var words []string
	start := 0
	for i := 0; i < len(s); i++ {
		if s[i] != ',' && !isBlank(s[i]) {
			continue
		}
		words = append(words, s[start:i])
		for isBlank(s[i]) && i+1 < len(s) && isBlank(s[i+1]) {
			i++
		}
		start = i + 1
	}
	return append(words, s[start:])
}

// shorten bounds what an error repeats of the source.
func shorten(s string) string {
	const most = 40
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
