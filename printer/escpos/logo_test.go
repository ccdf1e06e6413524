package escpos_test

import (
	"bytes"
	"reflect"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/printer/receipt"
)

// logo is a picture whose dots spell real-time commands wherever they can.
func logo(width, height int) receipt.Image {
	size := (width + 7) / 8 * height
	return receipt.Image{Width: width, Height: height, Bits: bytes.Repeat([]byte{0x10, 0x04, 0x10, 0x14, 0x10, 0x05, 0xaa}, size/7+1)[:size]}
}

func TestLogoIsStoredAndRecalled(t *testing.T) {
	p := lookup(t, "TM-T20II")
	picture := logo(200, 80)
	key := escpos.SumLogo(picture).Key()
	define, err := escpos.LogoDefine(key, picture)
	if err != nil {
		t.Fatal(err)
	}
	n := int(key[0])<<8 | int(key[1])
	all := events(p, define)
	if len(all) != 1 || all[0].Kind != escpos.LogoStore || all[0].N != n || all[0].Raster.Width != 200 || all[0].Raster.Height != 80 {
		t.Fatalf("%s", short(all))
	}
	for i, b := range all[0].Raster.Bits {
		if picture.Bits[i]&^b != 0 || b&^picture.Bits[i]&^0x08 != 0 {
			t.Fatalf("byte %d is %02x, was %02x", i, b, picture.Bits[i])
		}
	}
	page := layout.Page{Columns: 48, Rows: []layout.Row{{Kind: layout.PictureRow, Align: 1, Picture: &picture}}}
	known := escpos.Options{Logos: map[escpos.LogoSum]escpos.LogoKey{escpos.SumLogo(picture): key}}
	recalled, err := escpos.Encode(page, p, known)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := escpos.Encode(page, p, escpos.Options{})
	if err != nil {
		t.Fatal(err)
	}
	empty, err := escpos.Encode(layout.Page{Columns: 48}, p, escpos.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(recalled) - len(empty) - 3; got != 11 { // 3 to centre it
		t.Errorf("a logo that is stored costs %d bytes", got)
	}
	if len(drawn) < 80*25 {
		t.Errorf("a logo that is not known to be stored is drawn in %d bytes", len(drawn))
	}
	if got, err := escpos.Encode(page, lookup(t, "RP326"), known); err != nil || len(got) < 80*25 {
		t.Errorf("a model without a memory recalls one: %d bytes, %v", len(got), err)
	}
	other := logo(200, 80)
	other.Bits[7] ^= 1
	if escpos.SumLogo(other) == escpos.SumLogo(picture) || escpos.SumLogo(receipt.Image{Width: 80, Height: 200, Bits: picture.Bits}) == escpos.SumLogo(picture) {
		t.Error("another picture has the same sum")
	}
}

// No size of a logo puts a real-time command into its header, or into its data.
func TestLogoDefinitionsAreHarmless(t *testing.T) {
	p := lookup(t, "TM-T88V")
	for _, width := range []int{8, 16, 272, 576} {
		for height := 1; height <= 2304; height++ {
			if height%16 > 1 || height > 40 && height%256 > 17 {
				continue
			}
			picture := logo(width, height)
			b, err := escpos.LogoDefine(escpos.LogoKey{'A', '1'}, picture)
			if err != nil {
				t.Fatal(err)
			}
			for _, bad := range []string{"\x10\x04", "\x10\x05", "\x10\x14"} {
				if bytes.Contains(b, []byte(bad)) {
					t.Fatalf("%d × %d dots hold % x", width, height, bad)
				}
			}
			all := events(p, b)
			if len(all) != 1 || all[0].Kind != escpos.LogoStore || all[0].Raster.Height < height || all[0].Raster.Height > height+2 {
				t.Fatalf("%d × %d dots: %d events", width, height, len(all))
			}
		}
	}
}

func TestLogoDefineRefuses(t *testing.T) {
	for about, c := range map[string]struct {
		key     escpos.LogoKey
		picture receipt.Image
	}{
		"no picture":    {escpos.LogoKey{'A', 'B'}, receipt.Image{}},
		"too few bytes": {escpos.LogoKey{'A', 'B'}, receipt.Image{Width: 16, Height: 2, Bits: make([]byte, 3)}},
		"too wide":      {escpos.LogoKey{'A', 'B'}, logo(577, 1)},
		"too high":      {escpos.LogoKey{'A', 'B'}, logo(8, 2305)},
		"a bad key":     {escpos.LogoKey{0x10, 0x04}, logo(8, 8)},
	} {
		if b, err := escpos.LogoDefine(c.key, c.picture); err == nil {
			t.Errorf("%s: no error, but %d bytes", about, len(b))
		}
	}
}

func TestLogoCommands(t *testing.T) {
	key := escpos.LogoKey{'A', '1'}
	for want, b := range map[string][]byte{
		"Logo 16689\n":        escpos.LogoPrint(key),
		"LogoErase 16689\n":   escpos.LogoDelete(key),
		"LogoListRequest 0\n": escpos.LogoList(),
		"LogoErase -1\n":      []byte("\x1d(L\x05\x000ACLR"),
	} {
		if got := short(events(lookup(t, "TM-T20II"), b)); got != want {
			t.Errorf("% x: %q, want %q", b, got, want)
		}
	}
	if got := escpos.LogoNext(); !bytes.Equal(got, []byte{6}) {
		t.Errorf("% x", got)
	}
}

func TestLogoListAnswers(t *testing.T) {
	for _, c := range []struct {
		about, in string
		keys      []escpos.LogoKey
		more, ok  bool
	}{
		{"two keys", "7r\x40A1zz\x00", []escpos.LogoKey{{'A', '1'}, {'z', 'z'}}, false, true},
		{"more to come, with XOFF inside", "7r\x41\x13A1\x00", []escpos.LogoKey{{'A', '1'}}, true, true},
		{"none", "7r\x40\x00", nil, false, true},
		{"half a key", "7r\x40A\x00", nil, false, false},
		{"another block", "7s\x40A1\x00", nil, false, false},
		{"a model", "_r@A1\x00", nil, false, false},
		{"a process id", "7\"0042\x00", nil, false, false},
	} {
		var a escpos.Answers
		told := 0
		a.Feed([]byte(c.in), func(a escpos.Answer) {
			if a.Kind == escpos.AnswerBusy {
				return
			}
			told++
			if keys, more, ok := a.Logos(); !reflect.DeepEqual(keys, c.keys) || more != c.more || ok != c.ok {
				t.Errorf("%s: %v, %v, %v", c.about, keys, more, ok)
			}
		})
		if told != 1 {
			t.Errorf("%s: %d answers", c.about, told)
		}
	}
}

func TestUnicodeMode(t *testing.T) {
	const begin, on, off = "\x1b@\x1c.\x1bR\x00\x1bt\x13", "\x1c(C\x02\x0002", "\x1c(C\x02\x0001"
	text := func(s string) layout.Row { return layout.Row{Runs: []layout.Run{{Text: s}}} }
	for _, c := range []struct {
		about string
		rows  []layout.Row
		want  string
	}{
		{"never where pages do", []layout.Row{text("Ñandú")}, "\xa5and\xa3\n"},
		{"from the first rune that no page holds", []layout.Row{text("ñ Phở ñ")}, "\xa4 Ph" + on + "ở ñ\n" + off},
		{"further while that is shorter", []layout.Row{text("Phở"), text("ñ"), text("bún")}, "Ph" + on + "ở\nñ\nbún\n" + off},
		{"not further than that", []layout.Row{text("Phở"), text("────────"), text("ñ")}, "Ph" + on + "ở\n" + off + "\xc4\xc4\xc4\xc4\xc4\xc4\xc4\xc4\n\xa4\n"},
		{"what nobody holds is asked for", []layout.Row{text("ở漢")}, on + "ở?\n" + off},
	} {
		got, err := escpos.Encode(layout.Page{Columns: 48, Rows: c.rows}, lookup(t, "TM-m30II"), escpos.Options{})
		if err != nil || string(got) != begin+c.want {
			t.Errorf("%s: %v\n got %q\nwant %q", c.about, err, got, begin+c.want)
		}
	}
}

// The kitchen's impact printer: ESC ! for letters, ESC * for dots, and nothing
// that it does not know.
func TestImpactPrinter(t *testing.T) {
	const begin = "\x1b@\x1c.\x1bR\x00\x1bt\x13\x1b!\x01"
	p := lookup(t, "TM-U220")
	for _, c := range []struct {
		about string
		row   layout.Row
		want  string
	}{
		{"double letters", layout.Row{Runs: []layout.Run{{Text: "a", Style: layout.Style{Bold: true, Width: 2, Height: 2}}, {Column: 4, Text: "b"}}}, "\x1b!\x39a\x1b!\x01  b\n"},
		{"letters that are too large", layout.Row{Runs: []layout.Run{{Text: "ab", Style: layout.Style{Width: 4, Height: 4}}}}, "  \x1b!\x31ab\n"},
		{"white on black", layout.Row{Runs: []layout.Run{{Text: "a", Style: layout.Style{Invert: true}}}}, "\x1b!\x09a\n"},
		{"a picture", layout.Row{Kind: layout.PictureRow, Picture: &receipt.Image{Width: 2, Height: 9, Bits: []byte{0x80, 0, 0, 0, 0, 0, 0, 0, 0xc0}}}, "\x1b3\x10\x1b*\x00\x02\x00\x80\x00\n\x1b*\x00\x02\x00\x80\x80\n\x1b2"},
	} {
		got, err := escpos.Encode(layout.Page{Columns: 40, Rows: []layout.Row{c.row}}, p, escpos.Options{})
		if err != nil || string(got) != begin+c.want {
			t.Errorf("%s: %v\n got %q\nwant %q", c.about, err, got, begin+c.want)
		}
	}
}

func TestBuzzer(t *testing.T) {
	for kind, want := range map[string]string{
		"epson": "\x1b(A\x04\x0001\x02\x0a", "star": "\x1b\x1d\x07\x01\x19\x19", "clone": "\x1bB\x02\x04", "drawer": "\x1bp\x0122",
	} {
		b, ok := escpos.Buzzer(profile.Buzzer(kind))
		if !ok || string(b) != want {
			t.Errorf("%s: %q", kind, b)
		}
		for _, e := range events(lookup(t, "generic"), b) {
			if e.Kind != escpos.Setting && (e.Kind != escpos.Pulse || kind != "drawer") {
				t.Errorf("%s is read as %v", kind, e.Kind)
			}
		}
	}
	if b, ok := escpos.Buzzer(""); ok || b != nil {
		t.Errorf("no buzzer sounds %q", b)
	}
}
