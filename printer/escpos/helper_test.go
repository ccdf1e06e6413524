package escpos_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

func lookup(t testing.TB, name string) profile.Profile {
	t.Helper()
	p, ok := profile.Lookup(name)
	if !ok {
		t.Fatalf("no profile %s", name)
	}
	return p
}

// events decodes a stream that comes in the given pieces.
func events(p profile.Profile, pieces ...[]byte) []escpos.Event {
	var all []escpos.Event
	keep := func(e escpos.Event) {
		e.Raw = bytes.Clone(e.Raw)
		all = append(all, e)
	}
	d := escpos.NewDecoder(p)
	for _, piece := range pieces {
		d.Feed(piece, keep)
	}
	d.Flush(keep)
	return all
}

// pieces splits a stream at random places, now and then into single bytes.
func pieces(b []byte, seed uint64) [][]byte {
	random := rand.New(rand.NewPCG(seed, 1))
	most := 1 + random.IntN(40)
	var all [][]byte
	for len(b) > 0 {
		n := min(1+random.IntN(most), len(b))
		all, b = append(all, b[:n]), b[n:]
	}
	return all
}

// lines puts text events where they would stand: by spaces and positions, a
// character of double width taking one cell and one blank.
func lines(all []escpos.Event) []string {
	var done []string
	var line []rune
	column := 0
	for _, e := range all {
		switch e.Kind {
		case escpos.Text:
			for _, r := range e.Text {
				for len(line) < column+e.Style.Width {
					line = append(line, ' ')
				}
				line[column] = r
				column += e.Style.Width
			}
		case escpos.Position:
			column = e.N / 12
		case escpos.LineFeed:
			done = append(done, strings.TrimRight(string(line), " "))
			line, column = nil, 0
		}
	}
	return done
}

// short tells events in one line each, for tables.
func short(all []escpos.Event) string {
	var b strings.Builder
	for _, e := range all {
		fmt.Fprintf(&b, "%s", e.Kind)
		switch e.Kind {
		case escpos.Text:
			fmt.Fprintf(&b, " %q%s", e.Text, look(e))
		case escpos.Unknown, escpos.Setting, escpos.ProcessIDRequest:
			fmt.Fprintf(&b, " % x", e.Raw)
		case escpos.Code:
			fmt.Fprintf(&b, " %s %q %d %s", e.Code.Type, e.Code.Data, e.Code.Cell, e.Code.Level)
		case escpos.Picture:
			fmt.Fprintf(&b, " %dx%d % x", e.Raster.Width, e.Raster.Height, e.Raster.Bits)
		case escpos.Cut:
			fmt.Fprintf(&b, " partial=%v advance=%v", e.Partial, e.Advance)
		case escpos.LineFeed, escpos.Initialise, escpos.Recover, escpos.Clear, escpos.Tab:
		default:
			fmt.Fprintf(&b, " %d", e.N)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func look(e escpos.Event) string {
	var s string
	if e.Style.Bold {
		s += " bold"
	}
	if e.Style.Underline {
		s += " underline"
	}
	if e.Style.Invert {
		s += " invert"
	}
	if e.Style.Width != 1 || e.Style.Height != 1 {
		s += fmt.Sprintf(" %dx%d", e.Style.Width, e.Style.Height)
	}
	if e.Align != 0 {
		s += fmt.Sprintf(" align=%d", e.Align)
	}
	return s
}

// reference is the receipt of the project's reference: 41 printed lines, a QR code of
// 190 bytes, the cut, on 48 columns.
func reference() layout.Page {
	p := layout.Page{Columns: 48}
	add := func(runs ...layout.Run) { p.Rows = append(p.Rows, layout.Row{Runs: runs}) }
	centre := func(s string) layout.Run { return layout.Run{Column: (48 - len([]rune(s))) / 2, Text: s} }
	two := func(l, r string, style layout.Style) {
		add(layout.Run{Text: l, Style: style}, layout.Run{Column: 48 - len([]rune(r)), Text: r, Style: style})
	}
	name := "Café Müller & Söhne"
	add(layout.Run{Column: 24 - len([]rune(name)), Text: name, Style: layout.Style{Bold: true, Width: 2, Height: 2}})
	add(centre("Calle de la Constitución 128"))
	add(centre("28013 Madrid · 915 550 123"))
	add(centre("NIF B-12345678"))
	two("Pedido", "#48213", layout.Style{})
	two("14/03/2026", "21:47", layout.Style{})
	two("Mesa 7", "Atiende: Begoña", layout.Style{})
	rule := layout.Run{Text: strings.Repeat("─", 48)}
	add(rule)
	items := []string{
		"Käsespätzle groß", "Jalapeños rellenos", "Gulaschsuppe", "Piña colada sin alcohol", "Bratwurst mit Senf und Brot", "Crème brûlée",
		"Patatas bravas", "Rösti con huevo", "Ensalada mixta de la casa", "Wiener Schnitzel", "Cerveza 0,5 l", "Agua mineral", "Pan y mantequilla", "Weißwein Grauburgunder 0,2",
	}
	for i, item := range items {
		add(layout.Run{Text: fmt.Sprint(1 + i%3)}, layout.Run{Column: 3, Text: item}, layout.Run{Column: 42, Text: fmt.Sprintf("%2d,%d0", 3+i, i%10)})
		if i%4 == 0 {
			add(layout.Run{Column: 5, Text: "+ extra de queso"})
		}
		if i%7 == 3 {
			add(layout.Run{Column: 5, Text: "* sin cebolla, por favor"})
		}
	}
	add(rule)
	for _, l := range [][2]string{{"Subtotal", "142,30"}, {"Descuento", "-10,00"}, {"Envío", "2,50"}, {"Propina", "5,00"}, {"IVA 10 %", "12,03"}, {"IVA 21 %", "1,57"}} {
		two(l[0], l[1], layout.Style{})
	}
	two("TOTAL", "139,80 €", layout.Style{Bold: true, Height: 2})
	for _, l := range [][2]string{{"Tarjeta", "100,00"}, {"Efectivo", "50,00"}, {"Cambio", "10,20"}} {
		two(l[0], l[1], layout.Style{})
	}
	add(centre("¡Gracias por su visita!"))
	add(centre("Documento no fiscal"))
	p.Rows = append(p.Rows,
		layout.Row{Kind: layout.CodeRow, Align: 1, Code: layout.Code{Type: "qrcode", Level: "m", Cell: 4, Data: "https://example.com/r/" + strings.Repeat("0123456789abcdef", 10) + "?t=48213"}},
		layout.Row{Kind: layout.CutRow})
	return p
}
