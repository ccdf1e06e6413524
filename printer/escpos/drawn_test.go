package escpos_test

import (
	"bytes"
	"fmt"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/font"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/printer/receipt"
)

// drawnPage is a page of a printer that holds code page 437 alone.
func drawnPage(t testing.TB, p profile.Profile, paper, markup string) layout.Page {
	t.Helper()
	p.Pages = []profile.CodePage{{Number: 0, Encoding: "CP437"}}
	doc, err := receipt.Parse(markup)
	if err != nil {
		t.Fatal(err)
	}
	page, err := layout.Layout(doc, p, paper)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

const drawnMarkup = "{width:*,8}\n|Empanada |3,50\n|Вареники з картоплею |12,50\n|親子丼 🍣 شاورما |9,00\n\n^^^Борщ"

// Only the lines that need it are pictures, and each takes the paper of a line.
func TestDrawnLines(t *testing.T) {
	for _, name := range []string{"generic", "TM-T20II", "NT-5890K"} {
		p := lookup(t, name)
		stream, err := escpos.Encode(drawnPage(t, p, "58mm", drawnMarkup), p, escpos.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		high := 0
		for _, e := range events(p, stream) {
			switch e.Kind {
			case escpos.Text, escpos.LineFeed:
				kinds = append(kinds, e.Kind.String())
				if e.Kind == escpos.LineFeed {
					high += 30
				}
			case escpos.Picture:
				kinds = append(kinds, "Picture")
				high += e.Raster.Height
			case escpos.FeedDots:
				high += e.N
			}
		}
		if high != 4*30+48 {
			t.Errorf("%s: %d dots of paper", name, high)
		}
		want := "[Text LineFeed Picture Picture LineFeed Picture]"
		if got := fmt.Sprint(merged(kinds)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// merged leaves repeated text out.
func merged(kinds []string) []string {
	var out []string
	for i, k := range kinds {
		if i == 0 || k != "Text" || kinds[i-1] != "Text" {
			out = append(out, k)
		}
	}
	return out
}

// A font that is used again draws the same.
func TestFontIsUsedAgain(t *testing.T) {
	p := lookup(t, "generic")
	page := drawnPage(t, p, "80mm", drawnMarkup)
	first, err := escpos.Encode(page, p, escpos.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var f font.Font
	for range 2 {
		again, err := escpos.Encode(page, p, escpos.Options{Font: &f})
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("%d bytes, then %d: %v", len(first), len(again), err)
		}
	}
}

func TestDrawnRowsThatContradictThemselves(t *testing.T) {
	for _, runs := range [][]layout.Run{
		{{Text: "Борщ"}, {Column: 3, Text: "x"}},
		{{Column: 46, Text: "Борщ"}},
		{{Column: 44, Text: "丼", Style: layout.Style{Width: 3}}},
	} {
		page := layout.Page{Columns: 48, Rows: []layout.Row{{Runs: runs, Drawn: true}}}
		if _, err := escpos.Encode(page, lookup(t, "generic"), escpos.Options{}); err == nil {
			t.Errorf("%+v is printed", runs)
		}
	}
}

// No text that is drawn makes a real-time command, whatever is in it.
func FuzzDrawnText(f *testing.F) {
	for _, seed := range []string{"Вареники", "شاورما", "親子丼", "👨‍👩‍👧", "\u0301я\x10\x04\x01"} {
		f.Add(seed, byte(0), 0)
	}
	f.Fuzz(func(t *testing.T, text string, look byte, column int) {
		if len(text) > 300 {
			return
		}
		style := layout.Style{Bold: look&1 != 0, Invert: look&2 != 0, Underline: look&4 != 0, Width: int(look >> 3 & 3), Height: int(look >> 5)}
		p := lookup(t, "generic")
		stream, err := escpos.Encode(layout.Page{Columns: 48, Rows: []layout.Row{
			{Drawn: true, Runs: []layout.Run{{Column: max(column%48, 0), Text: text, Style: style}}},
		}}, p, escpos.Options{})
		if err != nil {
			return
		}
		for _, e := range events(p, stream) {
			if e.RealTime || e.Kind == escpos.Pulse || e.Kind == escpos.Unknown {
				t.Fatalf("%v of %q", e.Kind, text)
			}
		}
	})
}

func BenchmarkDrawnLine(b *testing.B) {
	p := lookup(b, "generic")
	for _, text := range []string{"Вареники з картоплею", "شاورما دجاج بالثوم", "親子丼とラーメン"} {
		b.Run(text, func(b *testing.B) {
			page := layout.Page{Columns: 48, Rows: []layout.Row{{Drawn: true, Runs: []layout.Run{{Text: text}, {Column: 43, Text: "12,50"}}}}}
			var f font.Font
			var out []byte
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if out, err = escpos.Append(out[:0], page, p, escpos.Options{Font: &f}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(out)), "B/line")
		})
	}
}
