package escpos_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

func TestDrawFitsThePaper(t *testing.T) {
	for _, c := range []struct {
		code layout.Code
		dots int
		ok   bool
	}{
		{layout.Code{Type: "qrcode", Data: strings.Repeat("x", 1000), Cell: 8, Level: "h"}, 384, true},
		{layout.Code{Type: "qrcode", Data: "x", Cell: 8}, 384, true},
		{layout.Code{Type: "qrcode", Data: strings.Repeat("x", 1001)}, 576, false},
		{layout.Code{Type: "qrcode", Data: "a\x10\x04"}, 576, false},
		{layout.Code{Type: "code128", Data: "ORDER-48213", Cell: 4}, 384, true},
		{layout.Code{Type: "code128", Data: strings.Repeat("x", 80)}, 384, false},
		{layout.Code{Type: "code39", Data: "ABC-123"}, 384, true},
		{layout.Code{Type: "code39", Data: "abc"}, 384, false},
		{layout.Code{Type: "itf", Data: "123456"}, 384, true},
		{layout.Code{Type: "itf", Data: "12345"}, 384, false},
		{layout.Code{Type: "ean", Data: "4006381333931"}, 384, true},
		{layout.Code{Type: "ean", Data: "96385074"}, 384, true},
		{layout.Code{Type: "ean", Data: "4006381333930"}, 384, false},
		{layout.Code{Type: "upc", Data: "036000291452"}, 384, true},
		{layout.Code{Type: "codabar", Data: "A123-45B"}, 384, true},
		{layout.Code{Type: "codabar", Data: "123"}, 384, false},
		{layout.Code{Type: "hieroglyph", Data: "1"}, 384, false},
	} {
		r, err := escpos.Draw(c.code, c.dots)
		if (err == nil) != c.ok {
			t.Errorf("%s %.20q: %v", c.code.Type, c.code.Data, err)
		}
		if r.Width > c.dots || err == nil && (r.Width == 0 || len(r.Bits) != r.Stride()*r.Height) {
			t.Errorf("%s %.20q: %d × %d dots of %d, %d bytes", c.code.Type, c.code.Data, r.Width, r.Height, c.dots, len(r.Bits))
		}
	}
}

// Native symbols are never wider than their drawn twins were measured to be, so
// none is lost because it does not fit.
func TestNativeQRFits(t *testing.T) {
	p := lookup(t, "TM-T20II")
	for _, level := range []string{"l", "m", "q", "h"} {
		for _, n := range []int{1, 14, 17, 18, 119, 120, 213, 214} {
			code := layout.Code{Type: "qrcode", Data: strings.Repeat("x", n), Cell: 8, Level: level}
			drawn, err := escpos.Draw(code, 576)
			if err != nil {
				t.Fatal(err)
			}
			page := layout.Page{Columns: 48, Rows: []layout.Row{{Kind: layout.CodeRow, Code: code}}}
			stream, err := escpos.Encode(page, p, escpos.Options{})
			if err != nil {
				t.Fatal(err)
			}
			cell := bytes.Index(stream, []byte("\x1d(k\x03\x001C")) + 7
			native := int(stream[cell])
			if modules := drawn.Width / (drawnCell(drawn)); modules*native > 576 || native < min(8, 576/modules) {
				t.Errorf("%d bytes at level %s: %d modules of %d dots", n, level, modules, native)
			}
		}
	}
}

// drawnCell measures a module by the finder pattern, whose bar is seven wide.
func drawnCell(r escpos.Raster) int {
	n := 0
	for r.Black(n, 0) {
		n++
	}
	return n / 7
}

// A printer without QR gets the symbol as a picture, the same as it would draw.
func TestDrawnCodesArrive(t *testing.T) {
	p := lookup(t, "generic")
	code := layout.Code{Type: "qrcode", Data: "https://example.com/48213?mesa=7", Cell: 4, Level: "m"}
	want, err := escpos.Draw(code, 384)
	if err != nil {
		t.Fatal(err)
	}
	page := layout.Page{Columns: 32, Rows: []layout.Row{{Kind: layout.CodeRow, Code: code, Align: 1}}}
	stream, err := escpos.Encode(page, p, escpos.Options{})
	if err != nil {
		t.Fatal(err)
	}
	y := 0
	for _, e := range events(p, stream) {
		if e.Kind != escpos.Picture {
			continue
		}
		if e.Align != 1 {
			t.Error("the picture is not centred")
		}
		for row := range e.Raster.Height {
			for x := range want.Width {
				if e.Raster.Black(x, row) != want.Black(x, y) {
					t.Fatalf("the dot at %d, %d differs", x, y)
				}
			}
			y++
		}
	}
	if y != want.Height {
		t.Errorf("%d of %d rows arrived", y, want.Height)
	}
}

// No stream of ours holds a real-time command, whatever is drawn.
func TestNoRealTimeCommandInOurStreams(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	types := []string{"qrcode", "code128", "itf", "ean"}
	for range 150 {
		data := make([]byte, 2*(1+random.IntN(12)))
		for i := range data {
			data[i] = "0123456789"[random.IntN(10)]
		}
		row := layout.Row{Kind: layout.CodeRow, Code: layout.Code{Type: types[random.IntN(len(types))], Data: string(data), Cell: 2 + random.IntN(4), Height: random.IntN(256)}}
		name := profile.Names()[random.IntN(len(profile.Names()))]
		stream, err := escpos.Encode(layout.Page{Columns: 32, Rows: []layout.Row{row}}, lookup(t, name), escpos.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events(lookup(t, name), stream) {
			if e.RealTime {
				t.Fatalf("%s: %v in %q", name, e.Kind, stream)
			}
		}
		for _, bad := range []string{"\x10\x04", "\x10\x05", "\x10\x14"} {
			if bytes.Contains(stream, []byte(bad)) {
				t.Fatalf("%s: % x in %q", name, bad, stream)
			}
		}
	}
}

// TestCodesThatAPrinterRefuses are not left to it: what it would print nothing of
// is drawn where it fits, else its data is text.
func TestCodesThatAPrinterRefuses(t *testing.T) {
	p := lookup(t, "TM-T20II")
	for _, c := range []struct {
		about string
		code  layout.Code
		want  escpos.Kind
	}{
		{"a symbol that fits", layout.Code{Type: "code128", Data: "ORDER-48213"}, escpos.Code},
		{"modules finer than GS w has", layout.Code{Type: "code128", Data: strings.Repeat("x7", 12)}, escpos.Picture},
		{"wider than the paper", layout.Code{Type: "code128", Data: strings.Repeat("x", 60)}, escpos.Text},
		{"a sum that is wrong", layout.Code{Type: "ean", Data: "4006381333930"}, escpos.Text},
		{"letters in an EAN", layout.Code{Type: "ean", Data: "40063813339ab"}, escpos.Text},
		{"a digit alone", layout.Code{Type: "itf", Data: "12345"}, escpos.Text},
		{"a type that no printer has", layout.Code{Type: "hieroglyph", Data: "12345"}, escpos.Text},
	} {
		page := layout.Page{Columns: 32, Rows: []layout.Row{{Kind: layout.CodeRow, Code: c.code}}}
		stream, err := escpos.Encode(page, p, escpos.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events(p, stream) {
			if e.Kind != escpos.Code && e.Kind != escpos.Picture && e.Kind != escpos.Text {
				continue
			}
			if e.Kind != c.want || e.Kind == escpos.Text && e.Text != c.code.Data {
				t.Errorf("%s: %s %q, want %s", c.about, e.Kind, e.Text, c.want)
			}
		}
	}
}
