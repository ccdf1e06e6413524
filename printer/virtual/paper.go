package virtual

import (
	"bytes"
	"fmt"
	"strings"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

// A Paper is one piece that came out of the printer.
type Paper struct {
	// Number of the paper since the printer was made, from 1.
	Number int
	// Torn: it was not cut; it is what hung out of the printer.
	Torn bool

	paper  profile.Paper
	rows   []row
	raw    []byte
	ragged bool // torn at the bar instead of cut
}

// Blank reports whether there is nothing on the paper.
func (p Paper) Blank() bool {
	for _, r := range p.rows {
		if len(r.spans) > 0 || r.label != "" {
			return false
		}
	}
	return true
}

// Bytes are what made the paper, from the cut before to its own, the first
// MiB of them.
func (p Paper) Bytes() []byte { return bytes.Clone(p.raw) }

// Codes are the symbols that the printer drew by itself, in order. Those that
// came as pictures are only in the picture of the paper.
func (p Paper) Codes() []layout.Code {
	var codes []layout.Code
	for _, r := range p.rows {
		if r.code != nil {
			codes = append(codes, *r.code)
		}
	}
	return codes
}

// Text shows the paper as lines of cells, each column where it is on paper.
// Text of double width is written without gaps and followed by blanks for the
// rest of its cells, so that it can be searched and the next column stands
// right. Codes and pictures are named in brackets. Blanks at the end of a line
// and empty lines at the end are left out.
func (p Paper) Text() string {
	var b strings.Builder
	for _, r := range p.rows {
		switch {
		case r.label != "":
			b.WriteString(r.label)
			b.WriteByte('\n')
		case len(r.spans) == 0:
			b.WriteString(strings.Repeat("\n", r.lines))
		default:
			b.WriteString(textLine(r.spans))
			b.WriteByte('\n')
		}
	}
	text := strings.TrimRight(b.String(), "\n")
	if text == "" {
		return ""
	}
	return text + "\n"
}

// textLine sets the spans of a line into cells of font A.
func textLine(spans []span) string {
	var cells []rune
	for i := range spans {
		s := &spans[i]
		text := s.text
		if s.picture.Bits != nil {
			text = pictureLabel(s.picture)
		}
		at := (s.x + cellWidth/2) / cellWidth
		for _, c := range text {
			for len(cells) <= at {
				cells = append(cells, ' ')
			}
			cells[at] = c
			at++
		}
	}
	return strings.TrimRight(string(cells), " ")
}

func pictureLabel(r escpos.Raster) string { return fmt.Sprintf("[picture %d×%d]", r.Width, r.Height) }
func logoLabel(n int) string              { return fmt.Sprintf("[logo %d]", n) }
func codeLabel(c layout.Code) string      { return fmt.Sprintf("[%s %s]", c.Type, c.Data) }
