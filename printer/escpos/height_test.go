package escpos_test

import (
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/printer/receipt"
)

func TestHeight(t *testing.T) {
	line := func(h int) layout.Row {
		return layout.Row{Runs: []layout.Run{{Text: "x", Style: layout.Style{Height: h}}, {Column: 4, Text: "y"}}}
	}
	picture := &receipt.Image{Width: 16, Height: 160, Bits: make([]byte, 320)}
	for _, c := range []struct {
		about, model string
		rows         []layout.Row
		want         int // 8 to a millimetre
	}{
		{"nothing", "TM-T20II", nil, 0},
		{"ten lines", "TM-T20II", []layout.Row{line(0), line(1), line(0), line(0), line(0), line(0), line(0), line(0), line(0), line(0)}, 300},
		{"ten lines of coarser dots", "TM-T88V", []layout.Row{line(0), line(1), line(0), line(0), line(0), line(0), line(0), line(0), line(0), line(0)}, 339},
		{"tall letters", "TM-T20II", []layout.Row{line(2), line(4)}, 144},
		{"letters taller than the model has", "TM-U220", []layout.Row{line(8)}, 51},
		{"a feed", "TM-T20II", []layout.Row{{Kind: layout.FeedRow, Feed: 10}}, 300},
		{"a picture", "TM-T20II", []layout.Row{{Kind: layout.PictureRow, Picture: picture}}, 160},
		{"a QR symbol of 25 modules", "TM-T20II", []layout.Row{{Kind: layout.CodeRow, Code: layout.Code{Type: "qrcode", Data: "https://example.com/", Cell: 4}}}, 100},
		{"a barcode with its digits", "TM-T20II", []layout.Row{{Kind: layout.CodeRow, Code: layout.Code{Type: "code128", Data: "48213", Height: 70, HRI: true}}}, 100},
		{"a code that is written out", "TM-T20II", []layout.Row{{Kind: layout.CodeRow, Code: layout.Code{Type: "ean", Data: "123"}}}, 30},
		{"a cut", "TM-T20II", []layout.Row{{Kind: layout.CutRow}}, 120},
		{"a cut far from the head", "TM-U220", []layout.Row{{Kind: layout.CutRow}}, 216},
		{"no cutter", "POS-5890", []layout.Row{{Kind: layout.CutRow}}, 120},
	} {
		got := escpos.Height(layout.Page{Columns: 32, Rows: c.rows}, lookup(t, c.model))
		if got < c.want-2 || got > c.want+2 {
			t.Errorf("%s: %d dots, want %d", c.about, got, c.want)
		}
	}
	if got := escpos.Height(reference(), profile.Profile{}); got < 1400 || got > 1900 {
		t.Errorf("the reference receipt has %d dots: 44 lines, a code of 53 modules, a cut", got)
	}
}
