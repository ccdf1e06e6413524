package escpos_test

import (
	"bytes"
	"strings"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

func TestEncode(t *testing.T) {
	const begin = "\x1b@\x1c.\x1bR\x00\x1bt\x13"
	bold := layout.Style{Bold: true}
	big := layout.Style{Bold: true, Width: 2, Height: 2}
	text := func(runs ...layout.Run) layout.Row { return layout.Row{Runs: runs} }
	for _, c := range []struct {
		about   string
		profile string
		rows    []layout.Row
		want    string
	}{
		{"accents by the first page", "TM-T20II", []layout.Row{text(layout.Run{Text: "Ñandú 5 €"})}, "\xa5and\xa3 5 \xd5\n"},
		{"another page only while it is needed", "TM-T20II", []layout.Row{text(layout.Run{Text: "ñ “ñ” ñ"}), text(layout.Run{Text: "Borscht Борщ"})},
			"\xa4 \x1bt\x10\x93\xf1\x94 \xf1\nBorscht \x1bt\x11\x81\xae\xe0\xe9\n"},
		{"a gap of few cells", "TM-T20II", []layout.Row{text(layout.Run{Text: "ab"}, layout.Run{Column: 6, Text: "c"})}, "ab    c\n"},
		{"a gap by position", "TM-T20II", []layout.Row{text(layout.Run{Text: "ab"}, layout.Run{Column: 42, Text: "c"})}, "ab\x1b$\xf8\x01c\n"},
		{"a gap by spaces where dots are not known", "generic", []layout.Row{text(layout.Run{Text: "ab"}, layout.Run{Column: 12, Text: "c"})}, "ab          c\n"},
		{"a gap inside of a text", "TM-T20II", []layout.Row{text(layout.Run{Text: "ab          c   d     "})}, "ab\x1b$\x90\x00c   d\n"},
		{"a short gap between inks", "TM-T20II", []layout.Row{text(layout.Run{Text: "a", Style: layout.Style{Invert: true}}, layout.Run{Column: 3, Text: "b", Style: layout.Style{Invert: true}})}, "\x1dB\x01a\x1b$\x24\x00b\n"},
		{"styles change once", "TM-T20II", []layout.Row{text(layout.Run{Text: "a", Style: bold}, layout.Run{Column: 2, Text: "b", Style: bold}), text(layout.Run{Text: "c"})},
			"\x1bE\x01a b\n\x1bE\x00c\n"},
		{"big text after a gap", "generic", []layout.Row{text(layout.Run{Column: 3, Text: "x", Style: big}, layout.Run{Column: 8, Text: "y", Style: big})},
			"   \x1bE\x01\x1d!\x11x\x1d!\x01   \x1d!\x11y\n"},
		{"a gap is no taller than its line", "generic", []layout.Row{text(layout.Run{Text: "x", Style: layout.Style{Width: 4, Height: 4}}), text(layout.Run{Column: 2, Text: "y", Style: layout.Style{Width: 2, Height: 2}}),
			text(layout.Run{Column: 2, Text: "z"})}, "\x1d!3x\n\x1d!\x01  \x1d!\x11y\n\x1d!\x00  z\n"},
		{"no ink in gaps", "generic", []layout.Row{text(layout.Run{Text: "a", Style: layout.Style{Underline: true}}, layout.Run{Column: 3, Text: "b", Style: layout.Style{Invert: true}})},
			"\x1b-\x01a\x1b-\x00  \x1dB\x01b\n"},
		{"blanks with ink stay", "generic", []layout.Row{text(layout.Run{Text: " a  ", Style: layout.Style{Invert: true}})}, "\x1dB\x01 a  \n"},
		{"feeds", "TM-T20II", []layout.Row{{Kind: layout.FeedRow, Feed: 2}, {Kind: layout.FeedRow, Feed: 300}}, "\n\n\x1bd\xff\x1bd\x2d"},
		{"cut", "TM-T20II", []layout.Row{{Kind: layout.CutRow}}, "\x1dVB\x00"},
		{"no cutter", "POS-5890", []layout.Row{{Kind: layout.CutRow}}, "\x1bd\x04"},
		{"QR", "TM-T20II", []layout.Row{{Kind: layout.CodeRow, Align: 1, Code: layout.Code{Type: "qrcode", Data: "hola", Cell: 4, Level: "m"}}, text(layout.Run{Text: "x"})},
			"\x1ba\x01\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x04\x1d(k\x03\x001E1\x1d(k\x07\x001P0hola\x1d(k\x03\x001Q0\x1ba\x00x\n"},
		{"barcode", "TM-T20II", []layout.Row{{Kind: layout.CodeRow, Code: layout.Code{Type: "code128", Data: "A{1604", HRI: true, Height: 60}}},
			"\x1dh\x3c\x1dw\x02\x1dH\x02\x1dkI\x09{BA{{1604"},
		{"EAN", "TM-T20II", []layout.Row{{Kind: layout.CodeRow, Code: layout.Code{Type: "ean", Data: "4006381333931", Height: 60, Cell: 3}}}, "\x1dh\x3c\x1dw\x03\x1dkC\x0d4006381333931"},
		{"data that the symbology cannot hold", "TM-T20II", []layout.Row{{Kind: layout.CodeRow, Align: 1, Code: layout.Code{Type: "ean", Data: "4006381333930\x1bp"}}}, "\x1ba\x014006381333930\n"},
		{"runes that layout should have replaced", "TM-T20II", []layout.Row{text(layout.Run{Text: "a\x1bp\x00漢"})}, "a?p??\n"},
		{"an empty line", "TM-T20II", []layout.Row{text()}, "\n"},
	} {
		t.Run(c.about, func(t *testing.T) {
			got, err := escpos.Encode(layout.Page{Columns: 48, Rows: c.rows}, lookup(t, c.profile), escpos.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != begin+c.want {
				t.Errorf("\n got %q\nwant %q", got, begin+c.want)
			}
		})
	}
}

func TestEncodeRefusesPagesThatContradictThemselves(t *testing.T) {
	for about, row := range map[string]layout.Row{
		"too wide":     {Runs: []layout.Run{{Column: 40, Text: "123456789"}}},
		"double width": {Runs: []layout.Run{{Text: strings.Repeat("x", 25), Style: layout.Style{Width: 2}}}},
		"overlap":      {Runs: []layout.Run{{Text: "abc"}, {Column: 2, Text: "d"}}},
		"unknown row":  {Kind: 99},
	} {
		if got, err := escpos.Encode(layout.Page{Columns: 48, Rows: []layout.Row{row}}, lookup(t, "generic"), escpos.Options{}); err == nil {
			t.Errorf("%s: no error, but %q", about, got)
		}
	}
}

func TestASBIsSwitchedOnAgain(t *testing.T) {
	got, err := escpos.Encode(layout.Page{Columns: 48}, lookup(t, "TM-T88V"), escpos.Options{ASB: 0x0f})
	if err != nil || !strings.HasSuffix(string(got), "\x1da\x0f") {
		t.Errorf("%q, %v", got, err)
	}
}

// The receipt that is measured: at most 1.8 kB, and every line of it readable.
func TestReceipt(t *testing.T) {
	for _, name := range []string{"TM-T20II", "CT-S310II", "Star-ESCPOS", "XP-N160I", "generic"} {
		p := lookup(t, name)
		b, err := escpos.Encode(reference(), p, escpos.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes", name, len(b))
		if p.Position && len(b) > 1800 {
			t.Errorf("%s: %d bytes, 1800 are allowed", name, len(b))
		}
		got := lines(events(p, b))
		for i, want := range pageLines(reference()) {
			if got[i] != want {
				t.Errorf("%s line %d\n got %q\nwant %q", name, i+1, got[i], want)
			}
		}
	}
}

// pageLines is what the text rows of a page look like.
func pageLines(p layout.Page) []string {
	var all []string
	for _, r := range p.Rows {
		if r.Kind != layout.TextRow {
			continue
		}
		line := []rune(strings.Repeat(" ", p.Columns))
		for _, run := range r.Runs {
			at := run.Column
			for _, c := range run.Text {
				line[at] = c
				at += max(run.Style.Width, 1)
			}
		}
		all = append(all, strings.TrimRight(string(line), " "))
	}
	return all
}

func BenchmarkReceipt(b *testing.B) {
	for _, name := range []string{"TM-T20II", "generic"} { // QR by the printer, drawn
		b.Run(name, func(b *testing.B) {
			p, page := lookup(b, name), reference()
			var out []byte
			var err error
			b.ReportAllocs()
			for b.Loop() {
				if out, err = escpos.Append(out[:0], page, p, escpos.Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(out)), "B/receipt")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
		})
	}
}

// A printer that was cut off at any byte of a ticket prints the next one
// whole after Resync.
func TestResyncFromEveryByte(t *testing.T) {
	for _, name := range []string{"TM-T20II", "POS-5890"} {
		p := lookup(t, name)
		page := layout.Page{Columns: 32, Rows: []layout.Row{
			{Runs: []layout.Run{{Text: "Ñandú", Style: layout.Style{Bold: true, Width: 2}}, {Column: 20, Text: "“12”"}}},
			{Kind: layout.CodeRow, Code: layout.Code{Type: "qrcode", Data: "https://example.com/48213"}},
			{Kind: layout.CodeRow, Code: layout.Code{Type: "code128", Data: "48213"}},
			{Kind: layout.CutRow},
		}}
		ticket, err := escpos.Encode(page, p, escpos.Options{})
		if err != nil {
			t.Fatal(err)
		}
		block := escpos.MaxBlock(ticket)
		if block < 25 || block > 60*48 {
			t.Fatalf("%s: the longest block has %d bytes", name, block)
		}
		want := short(events(p, ticket))
		for n := range ticket {
			d := escpos.NewDecoder(p)
			d.Feed(ticket[:n], func(escpos.Event) {})
			cut := false
			d.Feed(escpos.Resync(block), func(e escpos.Event) { cut = cut || e.Kind == escpos.Cut })
			var rest []escpos.Event
			d.Feed(ticket, func(e escpos.Event) {
				e.Raw = bytes.Clone(e.Raw)
				rest = append(rest, e)
			})
			if got := short(rest); got != want || !cut {
				t.Fatalf("%s cut off at byte %d of %d: cut %v, then\n%s", name, n, len(ticket), cut, got)
			}
		}
	}
}

func TestSmallCommands(t *testing.T) {
	if b, err := escpos.Drawer(5); err != nil || string(b) != "\x1bp\x01\x19\xfa" {
		t.Errorf("drawer 5: %q, %v", b, err)
	}
	if _, err := escpos.Drawer(3); err == nil {
		t.Error("there is no drawer pin 3")
	}
	if b, err := escpos.Status(4); err != nil || string(b) != "\x10\x04\x04" {
		t.Errorf("status 4: %q, %v", b, err)
	}
	if _, err := escpos.Status(0); err == nil {
		t.Error("there is no status 0")
	}
	if b, err := escpos.ProcessID([4]byte{'0', '0', '4', '2'}); err != nil || string(b) != "\x1d(H\x06\x00000042" {
		t.Errorf("process id: %q, %v", b, err)
	}
	if _, err := escpos.ProcessID([4]byte{1, 2, 3, 4}); err == nil {
		t.Error("a process id is printable")
	}
}

// Text that customers typed: whatever it is, it comes out as the text that Fit
// made of it, and does nothing else.
func FuzzHostileText(f *testing.F) {
	for _, s := range []string{"Café", "\x1bp\x00\x19\xfa", "\x1d(k\x03\x001Q0", "\x10\x04\x01", "a\x10\x14\x01\x00\x05", "“Łódź” Борщ €", "漢\x1b@", strings.Repeat(" ", 30) + "x"} {
		f.Add(s, s, byte(0), byte(0))
	}
	names := profile.Names()
	f.Fuzz(func(t *testing.T, first, second string, which, style byte) {
		p := lookup(t, names[int(which)%len(names)])
		s := layout.Style{Bold: style&1 != 0, Underline: style&2 != 0, Invert: style&4 != 0, Width: min(int(style>>3&3), p.LargestLetter()), Height: int(style >> 5 & 3)}
		page := layout.Page{Columns: 32}
		a, b := clip(p.Fit(first), 10), clip(p.Fit(second), 4)
		page.Rows = append(page.Rows, layout.Row{Runs: []layout.Run{{Column: 1, Text: a}, {Column: 14, Text: b, Style: s}}})
		page.Rows = append(page.Rows,
			layout.Row{Kind: layout.CodeRow, Code: layout.Code{Type: "qrcode", Data: first}},
			layout.Row{Kind: layout.CodeRow, Code: layout.Code{Type: "code128", Data: second}})
		if len(first) > 300 || len(second) > 300 {
			return // drawing long symbols is slow
		}
		stream, err := escpos.Encode(page, p, escpos.Options{})
		if err != nil {
			t.Fatal(err)
		}
		all := events(p, stream)
		if got, want := lines(all)[0], pageLines(page)[0]; got != want {
			t.Fatalf("\n got %q\nwant %q\nfrom %q", got, want, stream)
		}
		for _, e := range all {
			switch e.Kind {
			case escpos.Text, escpos.LineFeed, escpos.Position, escpos.Initialise, escpos.Picture:
			case escpos.Setting:
				if !ours(e.Raw) {
					t.Fatalf("the setting % x is not ours", e.Raw)
				}
			case escpos.Code:
				if e.Code.Data != first && e.Code.Data != second {
					t.Fatalf("a code of %q", e.Code.Data)
				}
			default:
				t.Fatalf("%v was not asked for: % x in %q", e.Kind, e.Raw, stream)
			}
		}
	})
}

func clip(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}

// ours reports whether the encoder sends such a setting.
func ours(raw []byte) bool {
	for _, begin := range []string{"\x1c.", "\x1c(C\x02\x000", "\x1bR\x00", "\x1bt", "\x1b!", "\x1b2", "\x1b3", "\x1bE", "\x1b-", "\x1bG", "\x1ba", "\x1d!", "\x1dB", "\x1dh", "\x1dw", "\x1dH", "\x1d(k"} {
		if strings.HasPrefix(string(raw), begin) {
			return true
		}
	}
	return false
}

// What the installer commands goes out as it is, where it stands, and takes no
// paper.
func TestCommandRow(t *testing.T) {
	p := lookup(t, "TM-T20II")
	row := func(s string) layout.Row { return layout.Row{Runs: []layout.Run{{Text: s}}} }
	page := layout.Page{Columns: 48, Rows: []layout.Row{row("antes"), {Kind: layout.CommandRow, Command: []byte("\x1bp\x00\x19\xfa")}, row("después")}}
	b, err := escpos.Encode(page, p, escpos.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte("antes\n\x1bp\x00\x19\xfadespu")) {
		t.Errorf("%q", b)
	}
	with := escpos.Height(page, p)
	page.Rows = append(page.Rows[:1:1], page.Rows[2])
	if without := escpos.Height(page, p); with != without {
		t.Errorf("%d dots with the command, %d without", with, without)
	}
}
