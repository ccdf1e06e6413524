package virtual_test

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
	"mostrador/printer/virtual"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// load makes a printer of a model with the named paper in it.
func load(t testing.TB, model, paper string, o virtual.Options) (*virtual.Printer, profile.Profile) {
	t.Helper()
	p, ok := profile.Lookup(model)
	if !ok {
		t.Fatalf("no profile %s", model)
	}
	return virtual.New(p, p.Papers[paper], o), p
}

func encode(t testing.TB, p profile.Profile, columns int, rows ...layout.Row) []byte {
	t.Helper()
	b, err := escpos.Encode(layout.Page{Columns: columns, Rows: rows}, p, escpos.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func text(runs ...layout.Run) layout.Row { return layout.Row{Runs: runs} }

func TestPaperText(t *testing.T) {
	for _, c := range []struct{ about, in, want string }{
		{"lines", "a\n\nb\n\n\n", "a\n\nb\n"},
		{"what is not fed is not printed", "a\nb", "a\n"},
		{"a line that ESC @ forgets", "a\nb\x1b@c\n", "a\nc\n"},
		{"double width keeps the column behind it", "\x1d!\x10TOTAL\x1d!\x009\n", "TOTAL     9\n"},
		{"positions", "ab\x1b$\xf0\x00c\n", "ab                  c\n"},
		{"relative positions", "ab\x1b\\\x0c\x00c\n", "ab c\n"},
		{"tabs", "a\tb\x1bD\x02\x0c\x00\n\tc\td\n", "a       b\n  c         d\n"},
		{"centre and right", "\x1ba\x01abcd\n\x1ba\x02ef\n", "              abcd\n" + strings.Repeat(" ", 30) + "ef\n"},
		{"the end of the paper breaks a line", strings.Repeat("x", 40) + "\n", strings.Repeat("x", 32) + "\nxxxxxxxx\n"},
		{"feeds", "a\x1bd\x03b\n\x1bJ\x3cc\n", "a\n\n\nb\n\n\nc\n"},
		{"codes and pictures", "\x1dkC\x0d4006381333931\x1dv0\x00\x01\x00\x08\x00ABCDEFGH\x1dv0\x00\x01\x00\x08\x00ABCDEFGH\x1cp\x01\x00", "[ean 4006381333931]\n[picture 8×16]\n[logo 1]\n"},
		{"the line below a barcode", "\x1dH\x02\x1dw\x02\x1dkI\x05{BABC", "[code128 ABC]\n    ABC\n"},
		{"a code in the middle of a line", "ab\x1dkD\x0896385074cd\n", "ab\n[ean 96385074]\ncd\n"},
	} {
		t.Run(c.about, func(t *testing.T) {
			v, _ := load(t, "generic", "58mm", virtual.Options{})
			v.Write([]byte(c.in))
			paper := v.Current()
			if got := paper.Text(); got != c.want {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
			if !paper.Torn || len(v.Papers()) != 0 || string(paper.Bytes()) != c.in {
				t.Errorf("torn %v, %d finished, bytes %q", paper.Torn, len(v.Papers()), paper.Bytes())
			}
		})
	}
}

func TestPapersAreCutApart(t *testing.T) {
	var handed []string
	v, p := load(t, "TM-T20II", "80mm", virtual.Options{
		Keep:    2,
		OnPaper: func(p virtual.Paper) { handed = append(handed, fmt.Sprint(p.Number, " ", p.Text())) },
	})
	var sent [][]byte
	for _, name := range []string{"Ñandú", "Pérez", "Łódź"} {
		b := encode(t, p, 48, text(layout.Run{Text: name}), layout.Row{Kind: layout.CodeRow, Code: layout.Code{Type: "qrcode", Data: name}}, layout.Row{Kind: layout.CutRow})
		sent = append(sent, b)
	}
	v.Write(bytes.Join(sent, nil)) // all at once: the cuts are inside of one write
	v.Write(escpos.Resync(10))     // a strip with nothing on it
	want := []string{"1 Ñandú\n[qrcode Ñandú]\n", "2 Pérez\n[qrcode Pérez]\n", "3 Łódź\n[qrcode Łódź]\n"}
	if strings.Join(handed, "") != strings.Join(want, "") {
		t.Errorf("handed on: %q", handed)
	}
	kept := v.Papers()
	if len(kept) != 2 || kept[0].Number != 2 {
		t.Fatalf("%d papers are kept", len(kept))
	}
	for i, paper := range kept {
		if !bytes.Equal(paper.Bytes(), sent[i+1]) {
			t.Errorf("bytes of paper %d: %q", paper.Number, paper.Bytes())
		}
		if codes := paper.Codes(); len(codes) != 1 || codes[0].Data+"\n" != strings.SplitAfter(paper.Text(), "\n")[0] {
			t.Errorf("codes of paper %d: %v", paper.Number, codes)
		}
	}
}

// A printer without a cutter ends a ticket at its tear bar, and only there.
func TestTearBar(t *testing.T) {
	v, p := load(t, "POS-5890", "58mm", virtual.Options{})
	v.Write(encode(t, p, 32, text(layout.Run{Text: "uno"}), layout.Row{Kind: layout.FeedRow, Feed: 9}, text(layout.Run{Text: "dos"}), layout.Row{Kind: layout.CutRow}))
	v.Write([]byte("\x1dV\x00tres\n"))
	papers := v.Papers()
	if len(papers) != 1 || papers[0].Text() != "uno"+strings.Repeat("\n", 10)+"dos\n" || v.Current().Text() != "tres\n" {
		t.Errorf("%d papers, then %q", len(papers), v.Current().Text())
	}
}

func TestAnswersOfTheProfile(t *testing.T) {
	ask := "\x10\x04\x01\x10\x04\x04\x1dr\x01\x1dr\x02\x1dI\x43\x1da\x0f\x1d(H\x06\x0000abcd"
	for _, c := range []struct {
		model, paper string
		silent       bool
		want         string
	}{
		{"TM-T88V", "80mm", false, "\x16\x12\x00\x01_TM-T88V\x00\x14\x00\x00\x0f7\"abcd\x00"},
		{"Star-ESCPOS", "80mm", false, "\x16\x12\x00\x01_Star-ESCPOS\x00\x14\x00\x00\x0f"},
		{"XP-N160I", "80mm", false, "\x16\x12"},
		{"POS-5890", "58mm", false, ""},
		{"TM-T88V", "80mm", true, ""},
	} {
		var said []byte
		v, _ := load(t, c.model, c.paper, virtual.Options{Silent: c.silent, OnAnswer: func(b []byte) { said = append(said, b...) }})
		v.Write([]byte(ask))
		if string(said) != c.want {
			t.Errorf("%s said %q, want %q", c.model, said, c.want)
		}
	}
}

func TestPulsesAreCounted(t *testing.T) {
	v, _ := load(t, "TM-T20II", "80mm", virtual.Options{})
	kick, err := escpos.Drawer(2)
	if err != nil {
		t.Fatal(err)
	}
	v.Write(kick)
	v.Write([]byte("\x10\x14\x01\x00\x05"))
	if v.Pulses() != 2 || v.Received() != uint64(len(kick)+5) {
		t.Errorf("%d pulses, %d bytes", v.Pulses(), v.Received())
	}
}

// A kick opens the drawer, which is closed by a person, or after its time.
func TestDrawerOpensOnKick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kick, err := escpos.Drawer(2)
		if err != nil {
			t.Fatal(err)
		}
		var said []byte
		v, _ := load(t, "TM-T20II", "80mm", virtual.Options{Drawer: true, DrawerFor: 5 * time.Second, OnAnswer: func(b []byte) { said = append(said, b...) }})
		defer v.Close()
		ask := func(want byte) {
			t.Helper()
			said = nil
			v.Write([]byte("\x10\x04\x01"))
			if len(said) != 1 || said[0] != want {
				t.Errorf("DLE EOT 1 says % x, want %x", said, want)
			}
		}
		ask(0x16)
		v.Write(kick)
		v.Write(kick)
		ask(0x12)
		v.Mend(virtual.DrawerOpen)
		ask(0x16)
		v.Write([]byte("\x10\x14\x01\x00\x05"))
		ask(0x12)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		ask(0x16)
		if v.Pulses() != 3 {
			t.Errorf("%d pulses", v.Pulses())
		}
	})
}

func TestBuzzesAreCounted(t *testing.T) {
	for _, kind := range []profile.Buzzer{profile.BuzzerEpson, profile.BuzzerStar, profile.BuzzerClone} {
		v, _ := load(t, "TM-T20II", "80mm", virtual.Options{})
		cmd, ok := escpos.Buzzer(kind)
		v.Write(append(cmd, '\n'))
		if !ok || v.Buzzes() != 1 || v.Pulses() != 0 {
			t.Errorf("%s: % x buzzes %d times and kicks %d times", kind, cmd, v.Buzzes(), v.Pulses())
		}
	}
}

// What a scanner reads from the picture of a paper is what was printed, whether
// the printer drew the symbol or we did.
func TestCodesOnPaperCanBeRead(t *testing.T) {
	scanner, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Fatal("zbarimg is missing: install Debian's zbar-tools, as the project's script under packaging/ does")
	}
	url := "https://example.com/pedido/48213?mesa=7&total=139.80"
	codes := []struct {
		code layout.Code
		want string
	}{
		{layout.Code{Type: "qrcode", Data: url, Cell: 4, Level: "m"}, "QR-Code:" + url},
		{layout.Code{Type: "qrcode", Data: strings.Repeat("0123456789abcdef", 12), Cell: 3, Level: "l"}, "QR-Code:" + strings.Repeat("0123456789abcdef", 12)},
		{layout.Code{Type: "qrcode", Data: "Ñandú €5", Cell: 6, Level: "h"}, "QR-Code:Ñandú €5"},
		{layout.Code{Type: "code128", Data: "PED-48213", HRI: true}, "CODE-128:PED-48213"},
		{layout.Code{Type: "code39", Data: "A-123", HRI: true}, "CODE-39:A-123"},
		{layout.Code{Type: "itf", Data: "12345678"}, "I2/5:12345678"},
		{layout.Code{Type: "ean", Data: "4006381333931", Cell: 3}, "EAN-13:4006381333931"},
		{layout.Code{Type: "ean", Data: "96385074", Cell: 3}, "EAN-8:96385074"},
		{layout.Code{Type: "upc", Data: "036000291452", Cell: 3}, "EAN-13:0036000291452"},
		{layout.Code{Type: "codabar", Data: "A12345B", Cell: 3}, "Codabar:A12345B"},
	}
	dir := t.TempDir()
	var files []string
	var want []string
	for _, model := range [][2]string{{"TM-T20II", "80mm"}, {"generic", "58mm"}} {
		for i, c := range codes {
			v, p := load(t, model[0], model[1], virtual.Options{})
			v.Write(encode(t, p, 32, text(layout.Run{Text: "Café Müller"}), layout.Row{Kind: layout.CodeRow, Align: 1, Code: c.code}, layout.Row{Kind: layout.CutRow}))
			file := filepath.Join(dir, fmt.Sprintf("%s-%02d.png", model[0], i))
			save(t, v.Papers()[0], file)
			files, want = append(files, file), append(want, c.want)
		}
	}
	for i, file := range files {
		cmd := exec.Command(scanner, "--quiet", "--nodbus", "-Sqr.binary", "-Sisbn10.disable", "-Sisbn13.disable", file)
		out, err := cmd.Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != want[i] {
			t.Errorf("%s: read %q (%v), want %q", filepath.Base(file), got, err, want[i])
		}
	}
}

func save(t *testing.T, p virtual.Paper, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.PNG(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// The picture is as wide as the paper, and a line of text has ink where its
// cells are and nowhere else.
func TestPictureOfThePaper(t *testing.T) {
	v, p := load(t, "TM-T20II", "80mm", virtual.Options{})
	v.Write(encode(t, p, 48,
		text(layout.Run{Column: 4, Text: "MM"}),
		text(layout.Run{Column: 4, Text: "M", Style: layout.Style{Bold: true, Width: 2, Height: 2}}),
		text(layout.Run{Column: 4, Text: " ", Style: layout.Style{Invert: true}}, layout.Run{Column: 8, Text: "x"}),
		layout.Row{Kind: layout.CutRow}))
	var b bytes.Buffer
	if err := v.Papers()[0].PNG(&b); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	const left, top = 24 + 32, 24 + 64 // desk and margins
	if size := img.Bounds().Size(); size.X != 640+2*24 || size.Y != 2*24+64+30+48+30+56 {
		t.Errorf("the picture has %v dots", size)
	}
	ink := func(x0, y0, x1, y1 int) (n int) {
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				if r, _, _, _ := img.At(left+x, top+y).RGBA(); r < 0x8000 {
					n++
				}
			}
		}
		return n
	}
	for _, c := range []struct {
		about          string
		x0, y0, x1, y1 int
		least, most    int
	}{
		{"before the first line", 0, 0, 48, 30, 0, 0},
		{"MM", 48, 0, 72, 24, 100, 450},
		{"behind it", 72, 0, 576, 30, 0, 0},
		{"M of double size", 48, 30, 72, 78, 300, 900},
		{"behind it", 72, 30, 576, 78, 0, 0},
		{"a reversed blank", 48, 78, 60, 102, 12 * 24, 12 * 24},
	} {
		if n := ink(c.x0, c.y0, c.x1, c.y1); n < c.least || n > c.most {
			t.Errorf("%s: %d black dots, want %d to %d", c.about, n, c.least, c.most)
		}
	}
}

func BenchmarkPNG(b *testing.B) {
	v, p := load(b, "TM-T20II", "80mm", virtual.Options{})
	rows := []layout.Row{{Kind: layout.CodeRow, Code: layout.Code{Type: "qrcode", Data: "https://example.com/48213"}}}
	for range 40 {
		rows = append(rows, text(layout.Run{Text: "2 Jalapeños rellenos"}, layout.Run{Column: 40, Text: "12,50"}))
	}
	v.Write(encode(b, p, 48, append(rows, layout.Row{Kind: layout.CutRow})...))
	paper := v.Papers()[0]
	for b.Loop() {
		var out bytes.Buffer
		if err := paper.PNG(&out); err != nil {
			b.Fatal(err)
		}
	}
}

// Nothing that is written breaks the printer, and how it is split makes no
// difference to the paper.
func FuzzWrite(f *testing.F) {
	p, _ := profile.Lookup("TM-T20II")
	b, err := escpos.Encode(layout.Page{Columns: 48, Rows: []layout.Row{
		{Runs: []layout.Run{{Text: "Ñandú", Style: layout.Style{Width: 2}}, {Column: 40, Text: "5,00"}}},
		{Kind: layout.CodeRow, Code: layout.Code{Type: "ean", Data: "96385074", HRI: true}}, {Kind: layout.CutRow},
	}}, p, escpos.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("\x1b\\\xff\xff\x1b$\xff\xffabc\t\x1bd\xff\x1b*\x21\x01\x00abcd\n\x1dV\x00\x10\x04\x01"))
	f.Add([]byte("\x1dv0\x00\x01\x00\x02\x00ab\x1dv0\x03\x01\x00\x02\x00ab\x1bd\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, model := range []string{"TM-T20II", "POS-5890"} {
			p, _ := profile.Lookup(model)
			whole, split := virtual.New(p, p.Papers["58mm"], virtual.Options{}), virtual.New(p, p.Papers["58mm"], virtual.Options{})
			whole.Write(b)
			for i := range b {
				split.Write(b[i : i+1])
			}
			one, two := append(whole.Papers(), whole.Current()), append(split.Papers(), split.Current())
			if len(one) != len(two) {
				t.Fatalf("%d papers at once, %d byte by byte", len(one), len(two))
			}
			for i := range one {
				if one[i].Text() != two[i].Text() || !bytes.Equal(one[i].Bytes(), two[i].Bytes()) {
					t.Fatalf("paper %d\n at once %q\nbytewise %q", i, one[i].Text(), two[i].Text())
				}
			}
			if len(b) < 40 {
				var out bytes.Buffer
				if err := one[0].PNG(&out); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	v, p := load(b, "TM-T20II", "80mm", virtual.Options{})
	var rows []layout.Row
	for range 40 {
		rows = append(rows, text(layout.Run{Text: "2 Jalapeños rellenos"}, layout.Run{Column: 40, Text: "12,50"}))
	}
	ticket := encode(b, p, 48, append(rows, layout.Row{Kind: layout.CutRow})...)
	b.SetBytes(int64(len(ticket)))
	for b.Loop() {
		v.Write(ticket)
	}
}
