package escpos_test

import (
	"bytes"
	"strings"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

func TestDecode(t *testing.T) {
	for _, c := range []struct{ about, in, want string }{
		{"text by the page in force", "\x1bt\x13\xa5\xd5\x1bt\x11\x80\n", "Setting 1b 74 13\nText \"Ñ€\"\nSetting 1b 74 11\nText \"А\"\nLineFeed\n"},
		{"a page that the profile lacks", "\x1bt\x63\xa5a\n", "Setting 1b 74 63\nText \"\ufffda\"\nLineFeed\n"},
		{"styles", "\x1bE\x01\x1b-\x02\x1dB\x01\x1d!\x21\x1ba\x01a\x1b!\x00b", "Setting 1b 45 01\nSetting 1b 2d 02\nSetting 1d 42 01\nSetting 1d 21 21\nSetting 1b 61 01\nText \"a\" bold underline invert 3x2 align=1\nSetting 1b 21 00\nText \"b\" invert align=1\n"},
		{"ESC ! sets all at once", "\x1b!\xb8a", "Setting 1b 21 b8\nText \"a\" bold underline 2x2\n"},
		{"digits as numbers", "\x1ba1\x1b-1a", "Setting 1b 61 31\nSetting 1b 2d 31\nText \"a\" underline align=1\n"},
		{"init forgets", "\x1bE\x01a\x1b@b", "Setting 1b 45 01\nText \"a\" bold\nInitialise\nText \"b\"\n"},
		{"NUL and CR are nothing", "a\x00\rb\n", "Text \"ab\"\nLineFeed\n"},
		{"feeds", "\x1bd\x05\x1bJ\x20", "FeedLines 5\nFeedDots 32\n"},
		{"cuts", "\x1dV\x00\x1dV1\x1dVA\x03\x1dVB\x00\x1bi\x1bm", "Cut partial=false advance=false\nCut partial=true advance=false\nCut partial=false advance=true\nCut partial=true advance=true\nCut partial=true advance=false\nCut partial=true advance=false\n"},
		{"positions", "\x1b$\xf8\x01\x1b\\\xff\xff\t", "Position 504\nPosition -1\nTab\n"},
		{"QR", "\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x05\x1d(k\x03\x001E2\x1d(k\x07\x001P0hola\x1d(k\x03\x001Q0", "Setting 1d 28 6b 04 00 31 41 32 00\nSetting 1d 28 6b 03 00 31 43 05\nSetting 1d 28 6b 03 00 31 45 32\nSetting 1d 28 6b 07 00 31 50 30 68 6f 6c 61\nCode qrcode \"hola\" 5 q\n"},
		{"barcode of both forms", "\x1dk\x04AB1\x00\x1dw\x02\x1dkI\x06{BA{{1\x1dkI\x06{C\x10\x04{B", "Code code39 \"AB1\" 3 \nSetting 1d 77 02\nCode code128 \"A{1\" 2 \nCode code128 \"1604\" 2 \n"},
		{"raster", "\x1dv0\x00\x01\x00\x02\x00\xf0\x0f\n", "Picture 8x2 f0 0f\nLineFeed\n"},
		{"raster of double width", "\x1dv01\x01\x00\x01\x00\x81", "Picture 16x1 c0 03\n"},
		{"graphics that were stored", "\x1d(L\x0b\x000p0\x01\x011\x08\x00\x01\x00\xaa\x1d(L\x02\x0002", "Setting 1d 28 4c 0b 00 30 70 30 01 01 31 08 00 01 00 aa\nPicture 8x1 aa\n"},
		{"large graphics", "\x1d8L\x0b\x00\x00\x000p0\x01\x011\x08\x00\x01\x00\xaa\x1d(L\x02\x0002", "Setting 1d 38 4c 0b 00 00 00 30 70 30 01 01 31 08 00 01 00 aa\nPicture 8x1 aa\n"},
		{"bit image", "\x1b*\x01\x02\x00\x80\x01", "Picture 2x24 " + strings.Repeat("80 ", 3) + strings.Repeat("00 ", 18) + "40 40 40\n"},
		{"logos", "\x1cp\x01\x00\x1d(L\x06\x000E01\x01\x01", "Logo 1\nLogo 12337\n"},
		{"drawer", "\x1bp\x00\x19\xfa\x1bp\x31\x19\xfa", "Pulse 2\nPulse 5\n"},
		{"drawer without its times", "\x1bp\x00\x1b@a\x1bp\x01\x1dV\x00", "Pulse 2\nInitialise\nText \"a\"\nPulse 5\nCut partial=false advance=false\n"},
		{"drawer with half its times", "\x1bp\x00\x19\x1b@", "Pulse 2\nInitialise\n"},
		{"requests", "\x1dr\x01\x1dI\x42\x1da\x0f\x1d(H\x06\x0000abcd\x1bv\x1bu\x00", "FenceRequest 1\nIdentify 66\nAutoStatusRequest 15\nProcessIDRequest 61 62 63 64\nFenceRequest 1\nFenceRequest 2\n"},
		{"real time between commands", "a\x10\x04\x01b\x10\x05\x02\x10\x14\x01\x00\x05", "Text \"a\"\nStatusRequest 1\nText \"b\"\nClear\nPulse 2\n"},
		{"real time inside of a picture", "\x1dv0\x00\x04\x00\x01\x00\x10\x04\x02\xff", "StatusRequest 2\nPicture 32x1 10 04 02 ff\n"},
		{"real time across a header", "\x1bJ\x10\x04\x04a", "FeedDots 16\nStatusRequest 4\nText \"a\"\n"},
		{"clear buffers", "\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08a", "Clear\nText \"a\"\n"},
		{"real-time pulse switched off", "\x1d(D\x05\x00\x14\x01\x00\x02\x00\x10\x14\x01\x00\x05\x1b@\x10\x14\x01\x01\x05", "Setting 1d 28 44 05 00 14 01 00 02 00\nInitialise\nPulse 5\n"},
		{"what a proxy is asked first", "\x1b@\x1b=\x01\x10\x04\x01", "Initialise\nSetting 1b 3d 01\nStatusRequest 1\n"},
		{"a display on the same line", "\x1b=\x02Total 5\n\x1b=\x01a\n", "Setting 1b 3d 01\nText \"a\"\nLineFeed\n"},
		{"UTF-8 mode", "\x1c(C\x02\x0002ñ漢\xff\n\x1c(C\x02\x0001a", "Setting 1c 28 43 02 00 30 32\nText \"ñ漢\ufffd\"\nLineFeed\nSetting 1c 28 43 02 00 30 31\nText \"a\"\n"},
		{"kanji mode", "\x1bt\x13\x1c&\xb0\xa1a\x1c.\xa5", "Setting 1b 74 13\nSetting 1c 26\nText \"\ufffda\"\nSetting 1c 2e\nText \"Ñ\"\n"},
		{"Star's buzzer", "\x1b\x1d\x07\x01\x05\x05\x1b\x1d\x19\x11\x01\x02\x03a", "Setting 1b 1d 07 01 05 05\nSetting 1b 1d 19 11 01 02 03\nText \"a\"\n"},
		{"an introducer too many", "\x1b\x1b@\x1b\x1dV\x00\x10\x1b@\x10a", "Unknown 1b\nInitialise\nUnknown 1b\nCut partial=false advance=false\nUnknown 10\nInitialise\nUnknown 10\nText \"a\"\n"},
		{"commands that nobody knows", "\x1b~a\x1d\x01b", "Unknown 1b 7e\nText \"a\"\nUnknown 1d\nText \"b\"\n"},
		{"glyphs, tabs and macros", "\x1b&\x03\x41\x42\x01abc\x02abcdef\x1bD\x08\x10\x00\tx\x1d:\x1d^\x01\x02\x01", "Setting 1b 26 03 41 42 01 61 62 63 02 61 62 63 64 65 66\nSetting 1b 44 08 10 00\nTab\nText \"x\"\nSetting 1d 3a\nSetting 1d 5e 01 02 01\n"},
		{"NV pictures", "\x1cq\x01\x01\x00\x01\x00abcdefghz", "Setting 1c 71 01 01 00 01 00 61 62 63 64 65 66 67 68\nText \"z\"\n"},
	} {
		t.Run(c.about, func(t *testing.T) {
			p := lookup(t, "TM-T20II")
			if got := short(events(p, []byte(c.in))); got != c.want {
				t.Errorf("\n got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// A clone that starts in a two-byte mode swallows accents until it is told not
// to, which every ticket of ours does.
func TestClonesStartInKanjiMode(t *testing.T) {
	p := lookup(t, "POS-5890")
	if got := lines(events(p, []byte("\x1bt\x13\xa5and\xa3\n")))[0]; got == "Ñandú" {
		t.Error("the clone prints accents as delivered")
	}
	b, err := escpos.Encode(layout.Page{Columns: 32, Rows: []layout.Row{{Runs: []layout.Run{{Text: "Ñandú"}}}}}, p, escpos.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(events(p, b))[0]; got != "Ñandú" {
		t.Errorf("%q", got)
	}
}

// A picture that claims gigabytes must not take memory, and must not swallow
// more than it claims.
func TestDecodeBoundsBlocks(t *testing.T) {
	p := lookup(t, "TM-T20II")
	d := escpos.NewDecoder(p)
	var kinds []escpos.Kind
	tell := func(e escpos.Event) { kinds = append(kinds, e.Kind) }
	d.Feed([]byte("\x1dv0\x00\xff\x00\xff\xff"), tell) // 255 bytes, 65,535 rows
	row := make([]byte, 255)
	for range 65535 {
		d.Feed(row, tell)
	}
	d.Feed([]byte("a\n"), tell)
	if len(kinds) != 3 || kinds[0] != escpos.Unknown || kinds[1] != escpos.Text {
		t.Errorf("%v", kinds)
	}
	d.Feed([]byte("\x1d8L\xff\xff\xff\xff"), tell)
	if w := d.Waiting(); w != 0xffffffff {
		t.Errorf("the printer waits for %d bytes", w)
	}
}

func TestDecodeBoundsText(t *testing.T) {
	n := 0
	for _, e := range events(lookup(t, "TM-T20II"), bytes.Repeat([]byte("x"), 10000)) {
		n += len(e.Text)
		if len(e.Text) > 4200 {
			t.Errorf("one event of %d bytes", len(e.Text))
		}
	}
	if n != 10000 {
		t.Errorf("%d of 10000 characters came through", n)
	}
}

// A text that is too long for one event is split between letters.
func TestDecodeSplitsLongUTF8BetweenLetters(t *testing.T) {
	n := 0
	for _, e := range events(lookup(t, "TM-m30II"), []byte("\x1c(C\x02\x0002x"+strings.Repeat("ế", 5000))) {
		if strings.ContainsRune(e.Text, '\ufffd') {
			t.Fatalf("a letter was split: …%q", e.Text[len(e.Text)-4:])
		}
		n += strings.Count(e.Text, "ế")
	}
	if n != 5000 {
		t.Errorf("%d of 5000 letters", n)
	}
}

// However a stream is split, it says the same; nothing makes the decoder fall
// over; events stand in the order of the bytes, and what is made of them takes
// no more memory than they warrant.
func FuzzDecode(f *testing.F) {
	ticket, err := escpos.Encode(reference(), lookup(f, "TM-T20II"), escpos.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ticket, uint64(7), byte(0))
	for i, s := range []string{
		"\x1d(k\x04\x001A2\x00\x10\x04\x01", "\x1bp\x00\x1b@", "\x1dkI\x05{C\x10\x04", "\x1b&\x03\x41\x42\x01abc", "\x1b*\x21\x02\x00abcdef",
		"\x1cq\x02\x01\x00\x01\x00abcdefgh", "\x1cg1\x00\x00\x00\x00\x00\x01\x00a", "\x1d(L\x02\x0002", "\x1d8L\xff\xff\xff\xff", "\x1c(C\x02\x0002ñ",
		"\x1d*\x01\x01abcdefgh", "\x1dC0\x01\x02", "\x1bD\x01\x02\x00", "\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08", "\x1dQ0\x00\x01\x00\x01\x00abcdefgh",
		"\x1d(L\x0c\x000C0A1\x01\x08\x00\x01\x001\xaa", "\x1d(L\x04\x000@KC", "\x1d(L\x0b\x000p0\x02\x021\x08\x00\x01\x00\xaa\x1d(L\x02\x0002", "\x1b*\x00\x01\x00\x80\n", "\x1b!\x39a",
	} {
		f.Add([]byte(s), uint64(i), byte(i))
		f.Add([]byte(s+"\x1b@abc\n"+s), uint64(i+3), byte(i+7))
	}
	names := profile.Names()
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64, which byte) {
		p := lookup(t, names[int(which)%len(names)])
		whole := events(p, stream)
		want := told(whole)
		if got := told(events(p, pieces(stream, seed)...)); got != want {
			t.Fatalf("in pieces:\n%s\nat once:\n%s", got, want)
		}
		last, bits, text := uint64(0), 0, 0
		for _, e := range whole {
			if e.End < last && !e.RealTime || e.End > uint64(len(stream)) {
				t.Fatalf("%v ends at %d, after %d of %d", e.Kind, e.End, last, len(stream))
			}
			if !e.RealTime {
				last = e.End
			}
			bits += len(e.Raster.Bits)
			text += len(e.Text)
			if e.Raster.Bits != nil && len(e.Raster.Bits) != e.Raster.Stride()*e.Raster.Height {
				t.Fatalf("a picture of %d × %d dots has %d bytes", e.Raster.Width, e.Raster.Height, len(e.Raster.Bits))
			}
		}
		if bits > 24*len(stream) || text > 3*len(stream) {
			t.Fatalf("%d bytes made %d of pictures and %d of text", len(stream), bits, text)
		}
		if n := escpos.MaxBlock(stream); n < 0 || n > 4<<20 {
			t.Fatalf("a block of %d bytes", n)
		}
	})
}

// told is everything that events say, for comparison.
func told(all []escpos.Event) string {
	if len(all) > 2000 {
		all = all[:2000]
	}
	var b strings.Builder
	for _, e := range all {
		if len(e.Raster.Bits) > 4096 {
			e.Raster.Bits = e.Raster.Bits[:4096]
		}
		b.WriteString(short([]escpos.Event{e}))
		b.WriteByte(byte('0' + e.End%10))
	}
	return b.String()
}
