package receipt

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"math/bits"
	"strings"
	"testing"
)

// encoded is a PNG of a colour for each dot, in base64.
func encoded(t testing.TB, width, height int, at func(x, y int) color.Color) string {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.Set(x, y, at(x, y))
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func black(i Image) (n int) {
	for _, b := range i.Bits {
		n += bits.OnesCount8(b)
	}
	return n
}

func TestImages(t *testing.T) {
	chess := func(x, y int) color.Color { return color.Gray{uint8((x/4 + y/4) % 2 * 255)} }
	even := func(int, int) color.Color { return color.Gray{64} }
	clear := func(int, int) color.Color { return color.NRGBA{0, 0, 0, 0} }
	for _, c := range []struct {
		about         string
		source        string
		width, height int
		shades        bool
		ink           float64 // share of black dots
	}{
		{"a drawing", encoded(t, 40, 16, chess), 40, 16, false, 0.5},
		{"a photograph", encoded(t, 64, 64, even), 64, 64, true, 0.75},
		{"transparent is white", encoded(t, 20, 10, clear), 20, 10, false, 0},
		{"wider than any paper", encoded(t, 1152, 100, even), 576, 50, true, 0.75},
	} {
		doc, err := Parse("|{image:" + c.source + "}")
		if err != nil || len(doc.Lines) != 1 || doc.Lines[0].Kind != ImageLine || doc.Lines[0].Align != Left {
			t.Fatalf("%s: %v %+v", c.about, err, doc)
		}
		got := *doc.Lines[0].Image
		if got.Width != c.width || got.Height != c.height || got.Shades != c.shades || len(got.Bits) != (c.width+7)/8*c.height {
			t.Errorf("%s: %d × %d, shades %v", c.about, got.Width, got.Height, got.Shades)
		}
		if share := float64(black(got)) / float64(c.width*c.height); share < c.ink-0.02 || share > c.ink+0.02 {
			t.Errorf("%s: %.2f of it is black, want %.2f", c.about, share, c.ink)
		}
		if narrow := got.Narrowed(16); narrow.Width != 16 || narrow.Height != max(c.height*16/c.width, 1) {
			t.Errorf("%s: narrowed to %d × %d", c.about, narrow.Width, narrow.Height)
		}
	}
}

// bomb is some kilobytes that would be 16 million dots.
func bomb(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 4096, 4096))); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestImagesThatCannotBePrinted(t *testing.T) {
	for source, want := range map[string]string{
		"ñandú":                               "no base64",
		"AAAA":                                "no PNG",
		bomb(t):                               "are allowed",
		strings.Repeat("A", maxImageSource+1): "bytes of base64",
		encoded(t, 9, 9, func(int, int) color.Color { return color.White })[:80]: "PNG",
	} {
		if _, err := Parse("{image:" + source + "}"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20s: %v does not say %q", source, err, want)
		}
		tmpl, err := NewTemplate("t", "a\n{image:{{.}}}\nb", nil)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := tmpl.Execute(source)
		if err != nil || len(doc.Lines) != 2 || doc.LeftOut != 1 {
			t.Errorf("as data, %.20s: %v, %d lines, %d left out", source, err, len(doc.Lines), doc.LeftOut)
		}
	}
}

// TestManyImages: what a document may have read is bounded, not what it prints of
// it. A hundred pictures of 230 bytes would take half a minute.
func TestManyImages(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewPaletted(image.Rect(0, 0, 4096, 256), color.Palette{color.White, color.Black})); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	// The last four bytes of its dots are a sum: one is wrong, and all was read.
	broken := bytes.Clone(whole)
	broken[bytes.Index(broken, []byte("IEND"))-9]++
	for about, source := range map[string][]byte{"whole": whole, "broken": broken} {
		line := "{image:" + base64.StdEncoding.EncodeToString(source) + "}\n"
		if p := newParser(roomFor(9)); true {
			for range 9 {
				p.line(strings.TrimSuffix(line, "\n"))
			}
			if p.dots != maxImageDots {
				t.Errorf("%s: %d dots were read", about, p.dots)
			}
		}
		if _, err := Parse(strings.Repeat(line, 9)); err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("%s: %v", about, err)
		}
	}
	tmpl, err := NewTemplate("t", "{{range .}}\n{image:{{.}}}\n{{end}}", nil)
	if err != nil {
		t.Fatal(err)
	}
	source := base64.StdEncoding.EncodeToString(whole)
	if doc, err := tmpl.Execute([]string{source, source, source, source, source, source}); err != nil || doc.LeftOut != 2 {
		t.Errorf("as data: %v, %d left out", err, doc.LeftOut)
	}
}

func TestImageOfATemplate(t *testing.T) {
	tmpl, err := NewTemplate("t", "{image:{{.}}}", nil)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := tmpl.Execute(encoded(t, 8, 8, func(int, int) color.Color { return color.Black }))
	if err != nil || len(doc.Lines) != 1 || black(*doc.Lines[0].Image) != 64 || doc.LeftOut != 0 {
		t.Errorf("%v %+v", err, doc)
	}
	if doc, err := tmpl.Execute(""); err != nil || len(doc.Lines) != 0 || doc.LeftOut != 0 {
		t.Errorf("no picture: %v %+v", err, doc)
	}
}

func FuzzImage(f *testing.F) {
	source, err := base64.StdEncoding.DecodeString(encoded(f, 9, 5, func(x, y int) color.Color { return color.Gray{uint8(x * y)} }))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(source, 4)
	f.Fuzz(func(t *testing.T, source []byte, dots int) {
		picture, err := NewImage(source)
		if err != nil {
			return
		}
		for _, i := range []Image{picture, picture.Narrowed(dots % 600)} {
			if i.Width > widestHead || i.Width*i.Height > maxImagePixels || len(i.Bits) != (i.Width+7)/8*i.Height {
				t.Fatalf("%d × %d in %d bytes", i.Width, i.Height, len(i.Bits))
			}
		}
	})
}
