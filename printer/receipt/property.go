package receipt

import (
	"fmt"
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
	hasCode := false
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
		value := p.value(trimBlanks(raw))
		switch key := strings.ToLower(trimBlanks(key)); {
		case key == "code" || key == "c":
			code, hasCode = value, true
		case value == "" && key != "comment" && key != "_":
			p.fault(fmt.Sprintf("the property %q has no value", shorten(key)), "write key: value")
		default:
			p.set(&next, key, value)
		}
	}
	p.format = &next
	if hasCode {
		p.add(Line{Kind: CodeLine, Code: &Code{Data: code, Option: p.option}, Align: c.align})
	}
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
	case "image", "i":
		p.fault("images are not printed yet", "remove the image property")
	case "command", "x":
		p.fault("the command property would send raw bytes to the printer", "remove it")
	default:
		p.fault(fmt.Sprintf("there is no property %q", shorten(key)), "use code, option, align, width, border, text or comment")
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
	switch value {
	case "line":
		f.Border = BorderLine
	case "space", "1":
		f.Border = BorderSpace
	case "none", "0":
		f.Border = BorderNone
	case "2":
		f.Border = BorderWide
	default:
		p.fault(fmt.Sprintf("a border cannot be %q", shorten(value)), "use line, space, none, 0, 1 or 2")
	}
}

func (p *parser) setWrap(f *Format, value string) {
	switch value {
	case "wrap", "nowrap":
		f.NoWrap = value == "nowrap"
	default:
		p.fault(fmt.Sprintf("text cannot be %q", shorten(value)), "use wrap or nowrap")
	}
}

func (p *parser) setWidths(f *Format, value string) {
	words := splitList(value)
	if len(words) > maxColumns {
		p.fault(fmt.Sprintf("%d widths", len(words)), fmt.Sprintf("use at most %d columns", maxColumns))
		return
	}
	widths := make([]int, 0, len(words))
	for _, word := range words {
		switch word {
		case "auto":
			f.Widths = nil
			return
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
	}
	f.Widths = widths
}

func (p *parser) setOption(value string) {
	for _, word := range splitList(value) {
		switch word {
		case "":
		case "upc", "ean", "code39", "itf", "codabar", "code93", "code128", "qrcode":
			p.option.Type = word
		case "jan":
			p.option.Type = "ean"
		case "nw7":
			p.option.Type = "codabar"
		case "hri":
			p.option.HRI = true
		case "nohri":
			p.option.HRI = false
		case "l", "m", "q", "h":
			p.option.Level = word
		default:
			p.setOptionSize(word)
		}
	}
}

// setOptionSize reads a number: 2 to 4 is a barcode's module, 3 to 8 a QR
// cell, 24 to 240 a height. The same number may be both of the first two.
func (p *parser) setOptionSize(word string) {
	n, err := strconv.Atoi(word)
	module, cell, height := n >= 2 && n <= 4, n >= 3 && n <= 8, n >= 24 && n <= 240
	if err != nil || !module && !cell && !height {
		p.fault(fmt.Sprintf("a code has no option %q", shorten(word)),
			"use a type (qrcode, code128, code39, ean, upc, itf, codabar, code93), hri or nohri, l, m, q or h, a width of 2 to 8 or a height of 24 to 240 dots")
		return
	}
	if module {
		p.option.Module = n
	}
	if cell {
		p.option.Cell = n
	}
	if height {
		p.option.Height = n
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

// splitList splits a value at commas and blanks; two commas have an empty
// member between them.
func splitList(s string) []string {
	var words []string
	for _, part := range strings.Split(s, ",") {
		fields := strings.Fields(part)
		if len(fields) == 0 {
			fields = []string{""}
		}
		words = append(words, fields...)
	}
	return words
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
